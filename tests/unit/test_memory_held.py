"""What a container holds, from the Engine's count under both of the kernel's ways."""

from __future__ import annotations

import pytest

from terraspawner.containers.memory import memory_held


@pytest.mark.parametrize(
    ("counted", "held"),
    [
        ({"usage": 100, "stats": {"total_inactive_file": 30, "inactive_file": 20}}, 70),
        ({"usage": 100, "stats": {"inactive_file": 20}}, 80),
        ({"usage": 100}, 100),
        ({"usage": 10, "stats": {"inactive_file": 20}}, 0),
        ({}, 0),
    ],
)
def test_file_caches_do_not_count(counted: dict[str, object], held: int) -> None:
    assert memory_held({"memory_stats": counted}) == held


def test_a_container_that_has_ended_holds_nothing() -> None:
    assert memory_held({}) == 0
