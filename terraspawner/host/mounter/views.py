"""Views of drives: for each environment a folder that shows the libraries that its person may see, and no others.

``PUT /views/<id>`` says the whole view; what is there stays, what is not comes, what is more goes. What is mounted is
read from the kernel each time and remembered nowhere, so a mounter that was killed between any two steps goes on from
what there is. The folders are the ones of the drive; a library is shown in one of them under the name that is said.

A library that goes may still be open in the environment: an open file outlives its mount. So it is first unmounted in
the way that the kernel refuses while anything anywhere has it in use, a copy in a container included: that it goes is
proof that nothing is open. Where it is refused, that is written down (a marker beside the views), and then it goes all
the same, for whoever opens anew. The marker stands until the view is deleted, which is done while the environment does
not run; the service sees it and has the environment stopped.

A library whose files are outside of this machine is shown while its drive is mounted (`sources`). What a view has of
a drive that is not goes, whoever has it open: nothing can be written through it any more.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from terraspawner.domain.library import ON_A_DRIVE
from terraspawner.errors import NameRefused
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.asked import IDENTIFIER
from terraspawner.host.mounter import sources, syscalls
from terraspawner.host.mounter.sources import Sources
from terraspawner.host.mounter.syscalls import Mounted

FOLDERS: Mapping[str, str] = {
    "mine": "My Libraries",
    "me": "Shared with me",
    "groups": "Shared with groups",
    "all": "Shared with all",
}
_BY_LABEL = {label: folder for folder, label in FOLDERS.items()}
OPEN = ".open"
LONGEST_NAME = 255
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


log = logging.getLogger(__name__)

Place = tuple[str, str]
"""Folder of the drive and name in it, as people see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What is shown of one: where, under which name, with which right; and whether its files are outside."""

    id: str
    folder: str
    name: str
    is_read_only: bool
    is_outside: bool = False

    @property
    def place(self) -> Place:
        return FOLDERS[self.folder], self.name


_SAID = frozenset(field.name for field in fields(Library))


def library_of(said: Mapping[str, Any]) -> Library:
    """As a request says it. Raises `NameRefused`: nothing but an id, one of the folders and a name of one segment
    becomes a path."""
    values: dict[str, Any] = {"is_outside": False, **said}
    flags = [values.get(name) for name in ("is_read_only", "is_outside")]
    if set(values) != _SAID or values["folder"] not in FOLDERS or not all(isinstance(flag, bool) for flag in flags):
        raise NameRefused(
            "A library of a view is `id`, `folder` (mine, me, groups or all), `name`, `is_read_only` and, if it is,"
            " `is_outside`."
        )
    if not isinstance(values["id"], str) or not IDENTIFIER.fullmatch(values["id"]):
        raise NameRefused("An id is 16 hexadecimal digits; nothing was done.")
    if not _is_segment(values["name"]):
        raise NameRefused(
            "A library is shown under a name of up to 255 bytes without slashes and control characters that is neither"
            " . nor ..; nothing was done.",
            library=values["id"],
        )
    return Library(**values)


def checked(wanted: Iterable[Library]) -> tuple[Library, ...]:
    """Raises `NameRefused` for more than there may be, or two in one place."""
    libraries = tuple(wanted)
    if len({library.place for library in libraries}) < len(libraries) or len(libraries) > ON_A_DRIVE:
        raise NameRefused(f"A view shows up to {ON_A_DRIVE} libraries, each in a place of its own.")
    return libraries


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What an environment sees now. `missing` are asked for and not there on the machine; `was_open`: one that went was
    in use, and may still be until the environment ends."""

    libraries: tuple[Library, ...]
    missing: tuple[str, ...] = ()
    was_open: bool = False


class Views:
    """The views below `folder`. One change at a time."""

    def __init__(self, folder: Path, found: Sources) -> None:
        self._folder = folder
        self._sources = found
        self._lock = threading.Lock()

    def put(self, environment_id: str, wanted: Iterable[Library]) -> View:
        """Make the view exactly this. Raises `NameRefused`, and then nothing was done, and `MountFailed`."""
        wanted = checked(wanted)
        with self._lock, self._root(environment_id) as root:
            missing = self._change(environment_id, root, {library.place: library for library in wanted})
            return self._seen(environment_id, self._alive(self._folder / environment_id), missing)

    def delete(self, environment_id: str) -> None:
        """Take everything away, marker and folders too; for an environment that does not run. Done already is done."""
        with self._lock:
            base = self._folder / environment_id
            for found in reversed(syscalls.mounted_below(base)):
                syscalls.detach(found.place)
            for folder in (*(base / label for label in FOLDERS.values()), base):
                _remove_empty(folder)
            (self._folder / OPEN / environment_id).unlink(missing_ok=True)

    def all(self) -> dict[str, View]:
        """Every view, by the environment's id."""
        ids = [each.name for each in self._folder.glob("*") if IDENTIFIER.fullmatch(each.name)]
        mounted = self._alive(self._folder)
        return {each: self._seen(each, mounted) for each in ids}

    def _change(self, environment_id: str, root: int, wanted: Mapping[Place, Library]) -> tuple[str, ...]:
        """What goes, first: a right that changed is taken away and given anew. Returns what could not be shown. Raises
        `MountFailed` when all else is done: what shall go does not wait for what cannot come."""
        base = self._folder / environment_id
        for found in self._sources.dead(syscalls.mounted_below(base)):
            syscalls.detach(found.place)
        there = _shown(base, syscalls.mounted_below(base))
        for place in there.keys() - wanted.keys():
            self._withdraw(environment_id, place)
        coming = [library for place, library in wanted.items() if there.get(place) != library]
        missing, failures = [], []
        for library in coming:
            try:
                if not self._show(environment_id, root, library, is_replacing=library.place in there):
                    missing.append(library.id)
            except MountFailed as error:
                failures.append(error)
        for label in FOLDERS.values():
            _remove_empty_in(base / label)
        if failures:
            raise failures[0]
        return tuple(missing)

    def _show(self, environment_id: str, root: int, library: Library, *, is_replacing: bool) -> bool:
        """False where the machine has no such library, or a link in its place: one is not the trouble of the others.
        What is shown in its place now goes at the last moment: until it is there, people see an empty folder."""
        folder, name = library.place
        with contextlib.ExitStack() as opened:
            try:
                tree = opened.enter_context(self._tree(library))
            except (OSError, MountFailed) as error:
                # a drive from outside may be away for long; who mounts it tells of that
                log.log(logging.DEBUG if library.is_outside else logging.WARNING, "library %s: %s", library.id, error)
                tree = None
            if is_replacing:
                self._withdraw(environment_id, library.place)
            if tree is None:
                return False
            within = opened.enter_context(_folder_in(root, folder))
            place = opened.enter_context(_folder_in(within, name))
            syscalls.move(tree, place)
        return True

    @contextlib.contextmanager
    def _tree(self, library: Library) -> Iterator[int]:
        """The library as it shall be shown, not shown yet. Raises `OSError` where there is none, and `MountFailed`."""
        with (
            self._sources.opened(library.id, is_outside=library.is_outside) as source,
            syscalls.cloned(source, is_read_only=library.is_read_only) as tree,
        ):
            yield tree

    def _withdraw(self, environment_id: str, place: tuple[str, str]) -> None:
        where = self._folder.joinpath(environment_id, *place)
        try:
            syscalls.detach_unused(where)
        except MountFailed as error:
            if error.details.get("errno") != errno.EBUSY:
                raise
            marked = self._folder / OPEN
            marked.mkdir(exist_ok=True)
            (marked / environment_id).touch()
            syscalls.detach(where)

    def _alive(self, folder: Path) -> list[Mounted]:
        mounted = syscalls.mounted_below(folder)
        dead = self._sources.dead(mounted)
        return [each for each in mounted if each not in dead]

    def _seen(self, environment_id: str, mounted: Sequence[Mounted], missing: tuple[str, ...] = ()) -> View:
        shown = _shown(self._folder / environment_id, mounted)
        was_open = (self._folder / OPEN / environment_id).exists()
        return View(libraries=tuple(shown.values()), missing=missing, was_open=was_open)

    @contextlib.contextmanager
    def _root(self, environment_id: str) -> Iterator[int]:
        for each in (self._folder, self._folder / environment_id):
            each.mkdir(exist_ok=True)
        root = os.open(self._folder / environment_id, _DIRECTORY)
        try:
            for label in FOLDERS.values():
                with _folder_in(root, label):
                    pass
            yield root
        finally:
            os.close(root)


def _is_segment(name: object) -> bool:
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name:
        return False
    try:
        said = name.encode()
    except UnicodeEncodeError:  # half a character
        return False
    return len(said) <= LONGEST_NAME and not any(byte < 0x20 or byte == 0x7F for byte in said)


@contextlib.contextmanager
def _folder_in(parent: int, name: str) -> Iterator[int]:
    """The folder of this name in an open one, made if it is not there."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=parent)
    found = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        yield found
    finally:
        os.close(found)


def _shown(base: Path, mounted: Iterable[Mounted]) -> dict[Place, Library]:
    """What the kernel has mounted in a view; of several in one place the last."""
    found = {}
    for each in mounted:
        if each.place.is_relative_to(base) and len(place := each.place.relative_to(base).parts) == 2:
            label, name = place
            found[label, name] = Library(
                id=sources.library_of(each),
                folder=_BY_LABEL[label],
                name=name,
                is_read_only=each.is_read_only,
                is_outside=sources.is_outside(each),
            )
    return found


def _remove_empty_in(folder: Path) -> None:
    """Folders that show nothing: left by a mounter that was killed, or of what could not be shown. One on which
    something is mounted cannot be removed."""
    for child in folder.iterdir():
        with contextlib.suppress(OSError):
            child.rmdir()


def _remove_empty(folder: Path) -> None:
    """With the empty folders in it. What is not empty stays: a file is never deleted here."""
    if folder.is_dir():
        _remove_empty_in(folder)
        with contextlib.suppress(OSError):
            folder.rmdir()
