"""The playground: copies of workspace notebooks to try things in, on this environment's disk, never sent anywhere.

To Jupyter a copy is a plain file. What is done here is to bring one there, and never to put a fresh copy in the place
of one that its owner has changed without being told to.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from terraspawner_environment.compare import Base
from terraspawner_environment.desk import Desk
from terraspawner_environment.files import sha256_of, write_whole
from terraspawner_environment.ledger import Ledger
from terraspawner_environment.locks import PathLocks
from terraspawner_environment.opening import CannotOpen
from terraspawner_environment.saves import rfc3339
from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.trouble import NotReached, ServiceTrouble


class Choice(StrEnum):
    """What to do where there is a copy already."""

    ASK = "ask"
    FRESH = "fresh"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The copy at Lab's `path`. `asks`: nothing was done, its owner changed it (last when `changed` says).

    `has_moved_on`: the notebook is another than the one that was copied; None where that cannot be told.
    """

    path: str
    state: Literal["copied", "kept", "asks"]
    changed: str | None = None
    has_moved_on: bool | None = None

    def facts(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    content: bytes
    version: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class Playground:
    """Brings copies to the disk. `taken` remembers what each was a copy of."""

    def __init__(self, desk: Desk, service: WorkspaceService, home: Path, taken: Ledger) -> None:
        self._desk = desk
        self._service = service
        self._home = home
        self._taken = taken
        self._turns = PathLocks()

    async def open(self, notebook: str, choice: Choice) -> Copy:
        """Make the copy the one to show; raises CannotOpen, OSError."""
        path = f"{self._desk.paths.playground}/{notebook}"
        file = self._home / path
        async with self._turns.of(notebook):
            local = await asyncio.to_thread(sha256_of, file)
            if local is not None and choice is Choice.KEEP:
                return Copy(path=path, state="kept")
            if local is None or choice is Choice.FRESH:
                await self._take(notebook, file, await self._text(notebook))
                return Copy(path=path, state="copied")
            return await self._look_again(notebook, path, local)

    async def keep(self, notebook: str, content: bytes) -> Copy:
        """Put a text of one's own beside what is there, under a name that is free; raises OSError."""
        path = PurePosixPath(self._desk.paths.playground) / notebook
        async with self._turns.of(notebook):
            free = next(each for each in _names(path) if not (self._home / each).exists())
            file = self._home / free
            await asyncio.to_thread(lambda: file.parent.mkdir(parents=True, exist_ok=True))
            await asyncio.to_thread(write_whole, file, content)
        return Copy(path=str(free), state="copied")

    async def _look_again(self, notebook: str, path: str, local: str) -> Copy:
        """There is a copy. One that was not changed makes room for a newer text; one that was is asked about."""
        base, file = self._taken.of(notebook).base, self._home / path
        try:
            text = await self._text(notebook)
        except CannotOpen:
            text = None
        is_changed = base is None or base.sha256 != local
        if not is_changed and text is not None and text.sha256 != local:
            await self._take(notebook, file, text)
            return Copy(path=path, state="copied")
        if not is_changed or (text is not None and text.sha256 == local):
            return Copy(path=path, state="kept")
        at = datetime.fromtimestamp((await asyncio.to_thread(file.stat)).st_mtime, UTC)
        has_moved_on = text.sha256 != base.sha256 if text is not None and base is not None else None
        return Copy(path=path, state="asks", changed=rfc3339(at), has_moved_on=has_moved_on)

    async def _take(self, notebook: str, file: Path, text: _Text) -> None:
        def write() -> None:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, text.content)
            self._taken.settle(notebook, Base(version=text.version, sha256=text.sha256), self._desk.time())

        await asyncio.to_thread(write)

    async def _text(self, notebook: str) -> _Text:
        """The workspace's; one's own newest, where that is not there yet; that on the disk, where nothing answers."""
        entry = self._desk.outbox.newest(notebook)
        if entry is not None:
            return await self._on_disk(self._desk.outbox.text_of(entry))
        try:
            fetched = await self._service.read(notebook)
        except NotReached as trouble:
            file = self._desk.file_of(notebook)
            if not file.is_file():
                raise CannotOpen(
                    f"“{notebook}” was not copied to the playground: {trouble.sentence}. Try again in a moment.",
                    is_missing=False,
                ) from trouble
            return await self._on_disk(file)
        except ServiceTrouble as trouble:
            raise CannotOpen(trouble.sentence, is_missing=False) from trouble
        if fetched is None or fetched.content is None:
            raise CannotOpen(f"There is no notebook “{notebook}” in this workspace.", is_missing=True)
        return _Text(content=fetched.content, version=fetched.version)

    async def _on_disk(self, file: Path) -> _Text:
        read: Callable[[], bytes] = file.read_bytes
        return _Text(content=await asyncio.to_thread(read), version="")


def _names(path: PurePosixPath) -> Iterator[PurePosixPath]:
    """The path, and then the same with numbers."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")
