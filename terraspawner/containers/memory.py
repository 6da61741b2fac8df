"""What memory a container holds, from the Engine's count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CACHES = ("total_inactive_file", "inactive_file")
"""The same under the kernel's first and second way of counting; ``docker stats`` leaves them out too."""


def memory_held(stats: Mapping[str, Any]) -> int:
    """Bytes in use without file caches; 0 where the Engine counts none. `stats` as its API gives them."""
    counted = stats.get("memory_stats", {})
    details = counted.get("stats", {})
    caches = next((details[name] for name in _CACHES if name in details), 0)
    return max(int(counted.get("usage", 0)) - int(caches), 0)


def has_room(held: int, memory: int) -> bool:
    """Whether a container that holds `held` bytes can be given a limit of `memory` while it runs. It goes on growing
    while it is measured, so a tenth is left free."""
    return held <= memory * 9 // 10
