"""One line per step: what, how it went, how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Step:
    """The line that is being written. Set `result` to say how it went."""

    def __init__(self) -> None:
        self.result = "done"


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Prints the name at once and the rest of the line at the end, so that one sees what is being waited for."""
    current = Step()
    started = time.monotonic()
    print(f"  {name:<13} ", end="", flush=True)
    try:
        yield current
    except BaseException:  # Ctrl-C as well: the line that was begun is ended
        print(f"stopped  ({time.monotonic() - started:.1f} s)", flush=True)
        raise
    print(f"{current.result}  ({time.monotonic() - started:.1f} s)", flush=True)


def say(text: str = "") -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    print(f"\n{text}", file=sys.stderr, flush=True)
