"""How full a disk is and what is big on it: run in a throw-away container that has the volume mounted and no more.

``du`` counts, as it is quick with a million files; what people called their folders is only shown, so whatever could
disturb a page or a log is replaced. Prints one line of JSON, however many folders there are.
"""

from __future__ import annotations

import heapq
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

TARGET = "/disk"
OUTBOX = PurePosixPath(".terra/outbox")
"""Where the extension keeps what the workspace does not have yet (images/extension, `outbox.py`)."""
SHOWN = 6
CONSIDERED = 200
DEPTH = 2
LONGEST_NAME = 200
_MOSTLY = 0.8


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Folder:
    """`size` in bytes, with all that is in it; `path` below the disk's own folder."""

    size: int
    path: str


def read(stream: IO[bytes], chunk: int = 1 << 16) -> Iterator[Folder]:
    """What ``du -0`` says: sizes and paths, divided by NUL as names may hold anything else."""
    rest = b""
    while piece := stream.read(chunk):
        *whole, rest = (rest + piece).split(b"\0")
        for entry in whole:
            size, _, path = entry.partition(b"\t")
            below = path.decode(errors="replace").removeprefix(TARGET).lstrip("/")
            yield Folder(size=int(size), path=below)


def summary(folders: Iterable[Folder]) -> dict[str, object]:
    """The whole and the largest folders; of one inside another that is nearly all of it, the inner one says more."""
    total = 0
    kept: list[Folder] = []
    for folder in folders:
        if not folder.path:
            total = folder.size
        elif len(kept) < CONSIDERED:
            heapq.heappush(kept, folder)
        else:
            heapq.heappushpop(kept, folder)
    tellings = [folder for folder in kept if folder.size and not _is_told_by_an_inner_one(folder, kept)]
    shown: list[Folder] = []
    for folder in sorted(tellings, reverse=True):
        inside_one_shown = any(PurePosixPath(each.path) in PurePosixPath(folder.path).parents for each in shown)
        if not inside_one_shown and len(shown) < SHOWN:
            shown.append(folder)
    return {"used": total, "folders": [{"path": printable(each.path), "size": each.size} for each in shown]}


def printable(name: str) -> str:
    """A name that can stand in a page, a log and a terminal."""
    text = "".join(char if char.isprintable() else "\ufffd" for char in name)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def unsent(disk: Path) -> int:
    """How many saves wait in the outbox of a home folder: each has a note there. 0 where there is none, and where
    somebody has put something else in its place."""
    folder = disk
    for part in OUTBOX.parts:
        folder /= part
        if folder.is_symlink() or not folder.is_dir():
            return 0
    return sum(each.name.endswith(".json") and each.name[0].isdigit() for each in os.scandir(folder))


def _is_told_by_an_inner_one(folder: Folder, others: Iterable[Folder]) -> bool:
    outer = PurePosixPath(folder.path)
    return any(each.size >= _MOSTLY * folder.size and outer in PurePosixPath(each.path).parents for each in others)


def main() -> None:
    command = ["du", "-0", "-x", "-B1", f"--max-depth={DEPTH}", TARGET]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as counting:  # noqa: S603
        assert counting.stdout is not None, "a pipe was asked for"  # noqa: S101 - for the type checker
        print(json.dumps(summary(read(counting.stdout)) | {"unsent": unsent(Path(TARGET))}))
    # 1 is "some files vanished or could not be read meanwhile": the sum is as good as it can be
    sys.exit(0 if counting.returncode in (0, 1) else counting.returncode)


if __name__ == "__main__":
    main()
