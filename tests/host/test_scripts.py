"""Startup scripts as `host` runs them: followed to their end, read meanwhile, bounded, one at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from terraspawner.errors import Conflict
from terraspawner.host.scripts import UNKNOWN_END, Scripts, Tail

pytestmark = [pytest.mark.slow, pytest.mark.feature("C11")]
HERE = "0123456789abcdef"


class ScriptThatWaits:
    """Says `says`, then waits until it may end."""

    def __init__(self, *says: bytes, ends_with: int | None = 0, leaves_a_daemon: bool = False) -> None:
        self.says = says
        self.ends_with = ends_with
        self.leaves_a_daemon = leaves_a_daemon
        self.has_spoken, self.may_end, self.daemon_may_end = threading.Event(), threading.Event(), threading.Event()

    def words(self) -> Iterator[bytes]:
        yield from self.says
        self.has_spoken.set()
        (self.daemon_may_end if self.leaves_a_daemon else self.may_end).wait(10)

    def exit_code(self) -> int | None:
        return self.ends_with if self.may_end.is_set() else None


def test_a_script_is_read_while_it_runs_and_handed_over_when_it_is_done() -> None:
    script = ScriptThatWaits(b"one\n", b"two\nthree\n", ends_with=3)
    scripts = Scripts(lambda _: script)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(scripts.run, HERE)
        assert script.has_spoken.wait(10)
        assert scripts.log(HERE, 2) == ["two", "three"]
        assert scripts.log("f" * 16, 2) == []
        script.may_end.set()
        outcome = running.result(10)
    assert (outcome.exit_code, outcome.log) == (3, "one\ntwo\nthree\n")
    assert scripts.log(HERE, 2) == []


def test_a_second_one_at_the_same_place_is_refused() -> None:
    script = ScriptThatWaits(b"one\n")
    scripts = Scripts(lambda _: script)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(scripts.run, HERE)
        assert script.has_spoken.wait(10)
        with pytest.raises(Conflict, match="already"):
            scripts.run(HERE)
        script.may_end.set()
        assert running.result(10).exit_code == 0


def test_a_daemon_that_holds_on_to_the_output_does_not_keep_the_script_from_ending() -> None:
    script = ScriptThatWaits(b"started\n", leaves_a_daemon=True)
    script.may_end.set()
    assert Scripts(lambda _: script).run(HERE).log == "started\n"
    script.daemon_may_end.set()


def test_an_end_that_the_engine_does_not_know_is_no_success() -> None:
    script = ScriptThatWaits(b"hm\n", ends_with=None)
    script.may_end.set()
    outcome = Scripts(lambda _: script, looks_after_end=2).run(HERE)
    assert outcome.exit_code == UNKNOWN_END
    assert "not known" in outcome.log


def test_only_the_end_of_a_long_output_is_kept_and_it_says_so() -> None:
    tail = Tail(most=10)
    for piece in (b"0123456789", b"abcde", b"fg\0\xff"):
        tail.add(piece)
    assert tail.text == "[9 bytes before this are left out]\n9abcdefg\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
