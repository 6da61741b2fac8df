"""Why a container ended, from what the Engine says of it."""

from __future__ import annotations

import pytest

from terraspawner.containers.readiness import end_of

GIB = 1024**3


def test_a_server_that_was_ended_for_want_of_memory_is_told_with_the_limit() -> None:
    said = end_of({"OOMKilled": True, "ExitCode": 137}, 2 * GIB)
    assert "ran out of memory (its limit is 2.0 GB)" in said


def test_a_kernel_that_was_ended_earlier_is_not_why_the_container_ended_later() -> None:
    assert "exit code 3" in end_of({"OOMKilled": True, "ExitCode": 3}, 2 * GIB)


@pytest.mark.parametrize("status", [0, 143, 255])
def test_an_end_that_was_asked_for_names_who_may_have_asked(status: int) -> None:
    said = end_of({"OOMKilled": False, "ExitCode": status}, GIB)
    assert "a restart of the Docker Engine or of this machine" in said
    assert "Files are untouched" in said


def test_another_end_is_told_with_its_status_and_what_the_engine_says() -> None:
    said = end_of({"OOMKilled": False, "ExitCode": 127, "Error": "no such file"}, GIB)
    assert said == "The environment's container ended by itself (exit code 127: no such file)."
