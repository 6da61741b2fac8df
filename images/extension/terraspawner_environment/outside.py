"""Notebooks that git, a terminal or papermill wrote into `edit/`: noticed, and sent like any other save.

Looked for every two seconds, by what the file system says of each file: no library of the image watches folders, the
kernel's own notices are lost when there are many, and a look at a thousand files takes milliseconds. Only a file that
is the same in two looks, and is a whole notebook, is taken; a text of which we know already is left alone.
"""

import asyncio
import hashlib
import json
import logging
import os
import stat
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from terraspawner_environment.courier import Courier
from terraspawner_environment.desk import Desk
from terraspawner_environment.paths import NOTEBOOK_ENDING

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
SHARE = 50
"""A look is followed by a rest of this many times its length, so that it takes a fiftieth of one processor at most."""
MOST_NOTEBOOKS = 2_000
MOST_FOLDERS = 2_000
MOST_BYTES = 100 * 1024**2
MOST_READ = 64 * 1024**2
"""Bytes that are read between two rests, the last file beyond it included."""
MOST_ON_THE_WAY = 20
"""Uploads at once: a checkout of hundreds of notebooks goes out bit by bit."""
LOOKS_UNTIL_ODD = 5
"""For so many looks something may write a notebook with pauses before it is said that it is none."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a file system says of a file, and says otherwise once somebody wrote it."""

    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Signature":
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class OutsideEdits:
    """Looks again and again; `look` is one time."""

    def __init__(self, desk: Desk, courier: Courier) -> None:
        self._desk = desk
        self._courier = courier
        self._done: dict[str, Signature] = {}
        self._moving: dict[str, Signature] = {}
        self._odd: dict[str, int] = {}
        self._is_too_much = False
        self._looking = asyncio.Lock()

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            began = time.monotonic()
            try:
                await self.look()
            except OSError:
                log.exception("Notebooks that were written past JupyterLab could not be looked for")
            await asyncio.sleep(max(LOOK_SECONDS, SHARE * (time.monotonic() - began)))

    async def look(self) -> None:
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        found, is_all = await asyncio.to_thread(scan, self._desk.folder)
        if self._is_too_much == is_all:
            self._is_too_much = not is_all
            if not is_all:
                log.warning("There are more notebooks in %s than are watched: save the others in JupyterLab, "
                            "or have fewer.", self._desk.folder)  # fmt: skip
        for known in (self._done, self._moving, self._odd):
            for notebook in known.keys() - found.keys():
                del known[notebook]
        read = 0
        for notebook, signature in found.items():
            if self._done.get(notebook) == signature:
                continue
            if self._moving.get(notebook) != signature:
                self._moving[notebook] = signature
                self._odd.pop(notebook, None)
            elif read < MOST_READ and self._has_room():
                read += signature.size
                if await self._take(notebook, signature):
                    self._done[notebook] = signature
                    del self._moving[notebook]

    def _has_room(self) -> bool:
        pending = self._desk.outbox.pending()
        return sum(entry.refused is None for entry in pending) < MOST_ON_THE_WAY

    async def _take(self, notebook: str, signature: Signature) -> bool:
        """Send the text if it is news; return whether nothing more is to be done until the file changes."""
        path = self._desk.file_of(notebook)
        if signature.size > MOST_BYTES:
            return self._refuse(notebook, "The file on the disk is too large for a notebook")
        content = await asyncio.to_thread(read_still, path, signature)
        if content is None:
            return False
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        is_whole = await asyncio.to_thread(is_notebook, content)
        async with self._desk.local.of(notebook):
            if await asyncio.to_thread(signature_of, path) != signature:
                return False
            if self._is_known(notebook, sha256):
                return True
            if not is_whole:
                return self._is_odd_for_long(notebook)
            log.info("%s was written past JupyterLab", notebook)
            news = await self._desk.take_in(notebook, content, sha256)
        for name in news:
            self._courier.wake(name)
        return True

    def _is_odd_for_long(self, notebook: str) -> bool:
        self._odd[notebook] = self._odd.get(notebook, 0) + 1
        return self._odd[notebook] >= LOOKS_UNTIL_ODD and self._refuse(
            notebook, "The file on the disk is no whole notebook"
        )

    def _is_known(self, notebook: str, sha256: str) -> bool:
        line, entry = self._desk.ledger.of(notebook), self._desk.outbox.newest(notebook)
        if entry is not None:
            return entry.sha256 == sha256
        if line.kept is not None:
            return line.kept.sha256 == sha256
        return line.base is not None and line.base.sha256 == sha256

    def _refuse(self, notebook: str, what: str) -> bool:
        sentence = f"{what}; it is sent once somebody saves a good one. The workspace has the version before."
        self._desk.show(notebook, "refused", reason=sentence)
        return True


def scan(
    folder: Path, most_notebooks: int = MOST_NOTEBOOKS, most_folders: int = MOST_FOLDERS
) -> tuple[dict[str, Signature], bool]:
    """Return the notebooks below `folder` by their paths there, nearest first, and whether those are all.

    Hidden folders and files (`.git`, `.ipynb_checkpoints`) and whatever is behind a symbolic link are none.
    """
    found: dict[str, Signature] = {}
    waiting, folders = deque([""]), 0
    while waiting:
        inside = waiting.popleft()
        folders += 1
        try:
            with os.scandir(folder / inside) as listed:
                entries = sorted((entry for entry in listed if not entry.name.startswith(".")), key=lambda e: e.name)
        except OSError:
            continue  # gone meanwhile, or closed by its owner
        for entry in entries:
            path = f"{inside}/{entry.name}" if inside else entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif entry.name.endswith(NOTEBOOK_ENDING) and entry.is_file(follow_symlinks=False):
                    found[path] = Signature.of(entry.stat(follow_symlinks=False))
            except OSError:
                continue
            if len(found) >= most_notebooks or folders + len(waiting) > most_folders:
                return found, False
    return found, True


def signature_of(path: Path) -> Signature | None:
    try:
        return Signature.of(path.lstat())
    except OSError:
        return None


def read_still(path: Path, signature: Signature) -> bytes | None:
    """Return the bytes of the very file that was seen, None where it is another one by now or was written meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or Signature.of(status) != signature:
            return None
        content = file.read(signature.size + 1)
        return content if Signature.of(os.fstat(descriptor)) == signature and len(content) == signature.size else None


def is_notebook(content: bytes) -> bool:
    """Is it a whole notebook, and not the beginning of one? What else is wrong with it the service says."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and isinstance(document.get("nbformat"), int)
