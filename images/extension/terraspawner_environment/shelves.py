"""Libraries of a drive by the folders that they have below `edit/`: which folder is which library.

A library may be renamed while a notebook of it is open. Its folder here is called as it was then, and what is saved
there belongs to the library all the same: so what is asked of the workspace goes by the library's id as soon as that is
known. Once nothing of it is open or on its way, the folder follows (`ShelfMoves`).
"""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from terraspawner_environment.desk import Desk
from terraspawner_environment.files import write_whole
from terraspawner_environment.leases import Leases
from terraspawner_environment.paths import NOTEBOOK_ENDING

log = logging.getLogger(__name__)


class Shelves:
    """Kept in a file, since work may wait in the outbox over a restart. One that is lost is learnt again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._strange: set[str] = set()

    def load(self) -> None:
        try:
            found = json.loads(self._file.read_bytes())
            self._ids = {str(folder): str(library) for folder, library in found.items()}
        except FileNotFoundError:
            self._ids = {}
        except (OSError, ValueError, AttributeError):
            log.exception("%s cannot be read; folders of libraries are learnt again", self._file)
            self._ids = {}

    def learn(self, libraries: Mapping[str, str]) -> None:
        """What libraries are called now, by name. A folder goes on being the library that it was until it has moved."""
        self._names = {library: folder for folder, library in libraries.items()}
        before = dict(self._ids)
        for folder, library in libraries.items():
            self._ids.setdefault(folder, library)
        if self._ids != before:
            self._write()

    def is_strange(self, notebook: str) -> bool:
        """Whether nobody has asked yet which library that is; only once for each folder."""
        folder = notebook.partition("/")[0]
        if folder in self._ids or folder in self._strange:
            return False
        self._strange.add(folder)
        return True

    def address(self, notebook: str) -> tuple[str, str] | None:
        """The library's id and the path in it; None where the folder is not known."""
        folder, _, path = notebook.partition("/")
        library = self._ids.get(folder)
        return (library, path) if library and path else None

    def renamed(self) -> list[tuple[str, str]]:
        """Folders here that are called otherwise by now, and how."""
        now = ((folder, self._names.get(library)) for folder, library in self._ids.items())
        return [(folder, name) for folder, name in now if name is not None and name != folder]

    def forget(self, folder: str) -> None:
        """It is none of ours any more."""
        if self._ids.pop(folder, None) is not None:
            self._strange.discard(folder)
            self._write()

    def _write(self) -> None:
        try:
            write_whole(self._file, json.dumps(self._ids, indent=1).encode())
        except OSError:
            log.exception("%s could not be written. Folders of libraries are learnt again.", self._file)


class ShelfMoves:
    """Lets folders follow the names of their libraries."""

    def __init__(self, desk: Desk, leases: Leases, shelves: Shelves) -> None:
        self._desk, self._leases, self._shelves = desk, leases, shelves
        self._moving = asyncio.Lock()

    async def follow(self) -> None:
        """Those in which nothing is open, nothing on its way and nothing to be chosen; the others at a later look."""
        async with self._moving:
            for folder, name in self._shelves.renamed():
                notebooks = await asyncio.to_thread(_notebooks_in, self._desk.folder, folder)
                if all([await self._is_at_rest(notebook) for notebook in notebooks]):
                    await self._move(folder, name, notebooks)

    async def _is_at_rest(self, notebook: str) -> bool:
        post, line = self._leases.posts.of(notebook), self._desk.ledger.of(notebook)
        if post.tabs or post.claim is not None or self._desk.outbox.newest(notebook) is not None:
            return False
        if line.base is None or line.kept is not None or line.conflict is not None:
            return False
        return await self._desk.sha256_of(notebook) == line.base.sha256

    async def _move(self, folder: str, name: str, notebooks: Iterable[str]) -> None:
        """Goes on at a later look where somebody began to work on one of them meanwhile."""
        for notebook in notebooks:
            if not await self._is_moved(notebook, f"{name}/{notebook.partition('/')[2]}"):
                return
        try:
            await asyncio.to_thread(_put_rest, self._desk.folder / folder, self._desk.folder / name)
        except OSError as error:
            log.warning("not all of %s could follow its library: %s", folder, error)
        if not self._has_work(folder):  # which is sent to where the folder belongs
            await asyncio.to_thread(self._shelves.forget, folder)

    async def _is_moved(self, notebook: str, to: str) -> bool:
        """What is under the new name already is the newer copy, and the one here has nothing that is only here."""
        async with self._desk.local.of(notebook), self._desk.local.of(to):
            if not await self._is_at_rest(notebook):
                return False
            if await asyncio.to_thread(_put, self._desk.file_of(notebook), self._desk.file_of(to)):
                await asyncio.to_thread(self._desk.ledger.move, notebook, to)
            else:
                await asyncio.to_thread(self._desk.ledger.forget, notebook)
        self._desk.states.forget(self._desk.paths.lab_path(notebook))
        return True

    def _has_work(self, folder: str) -> bool:
        return any(entry.notebook.startswith(f"{folder}/") for entry in self._desk.outbox.pending())


def _notebooks_in(edit: Path, folder: str) -> list[str]:
    found = (edit / folder).rglob(f"*{NOTEBOOK_ENDING}")
    paths = (path.relative_to(edit) for path in found if path.is_file())
    return sorted(path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts))


def _put(source: Path, target: Path) -> bool:
    """Move it, unless there is one: then it goes."""
    if target.exists():
        source.unlink()
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    return True


def _put_rest(source: Path, target: Path) -> None:
    """Files that are no notebooks of the workspace; what has its place taken stays where it is."""
    for path in [each for each in source.rglob("*") if not each.is_dir() or each.is_symlink()]:
        place = target / path.relative_to(source)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
    for folder in sorted((each for each in source.rglob("*") if each.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    if source.is_dir() and not any(source.iterdir()):
        source.rmdir()
