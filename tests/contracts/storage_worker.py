"""A process of its own for the tests of the directory store: ``<folder> <attributes or side-files> <deed> <words>``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from terraspawner.storage import ABSENT, ANYTHING, DirectoryBucket, ObjectChanged

KEY = "notebooks/shared.ipynb"


def increment(bucket: DirectoryBucket, count: str) -> None:
    for _ in range(int(count)):
        while True:
            body, info = bucket.read(KEY)
            try:
                bucket.write(KEY, str(int(body) + 1).encode(), info.version)
            except ObjectChanged:
                continue
            break


def create(bucket: DirectoryBucket, count: str, name: str) -> None:
    """Print the numbers of the races won."""
    for n in range(int(count)):
        try:
            bucket.write(f"notebooks/{n}.ipynb", name.encode(), ABSENT)
        except ObjectChanged:
            continue
        print(n)


def scribble(bucket: DirectoryBucket, size: str) -> None:
    """Write for ever, each time one letter only; a line is printed after each write that was acknowledged."""
    n = 0
    while True:
        n += 1
        bucket.write(KEY, bytes([97 + n % 26]) * int(size), ANYTHING)
        print(n, flush=True)


if __name__ == "__main__":
    deeds: dict[str, Callable[..., None]] = {"increment": increment, "create": create, "scribble": scribble}
    folder, store, deed, *words = sys.argv[1:]
    deeds[deed](DirectoryBucket(Path(folder), use_attributes=store == "attributes"), *words)
