"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def until(look: Callable[[], Result], what: str, within: float = 60) -> Result:
    """The first true answer of `look`; fails, saying what was waited for, after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:.0f} s in vain until {what}")
        time.sleep(0.1)
