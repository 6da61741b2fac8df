"""Which notebooks of a workspace are shown, in which order: folder, search, sort and page as one pure function.

Folders are no things of their own (`storage.base`): they are what the paths have in front. A search goes through all
below the folder, for somebody who searches does not know where it lies.
"""

from __future__ import annotations

import base64
import enum
import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from terraspawner.errors import Refused

MOST = 1000
"""Items of one page."""
Q_LIMIT = 200


class Listed(Protocol):
    """What is asked of an item."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def modified(self) -> datetime: ...


L = TypeVar("L", bound=Listed)


class Sort(enum.StrEnum):
    """A minus begins with the last, the newest or the largest one."""

    NAME = "name"
    NAME_BACK = "-name"
    MODIFIED = "modified"
    MODIFIED_BACK = "-modified"
    SIZE = "size"
    SIZE_BACK = "-size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`folder` None: everything, wherever it lies; else what lies in it itself, "" for the top. `cursor` is a page's
    `next`."""

    folder: str | None = None
    q: str = ""
    sort: Sort = Sort.NAME
    cursor: str | None = None
    limit: int = MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder below the present one. `path` is whole; `count` is of all notebooks below it."""

    path: str
    name: str
    count: int
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[L]):
    """`total` is of all pages; `folders` stand on the first one."""

    items: Sequence[L]
    folders: Sequence[Folder]
    total: int
    next: str | None


_KEYS: dict[str, Callable[[Listed], Any]] = {
    "name": lambda item: _words(item.path),
    "modified": lambda item: item.modified.timestamp(),
    "size": lambda item: item.size,
}


def page_of(found: Iterable[L], wanted: Wanted) -> Page[L]:
    """The page of `found` that was asked for. Raises `Refused` for a folder or a cursor that cannot be one.

    What comes and goes meanwhile moves nothing: a cursor says after which item the page begins, not at which number.
    """
    below = f"{wanted.folder.strip('/')}/" if wanted.folder and wanted.folder.strip("/") else ""
    words = _words(wanted.q[:Q_LIMIT]).split()
    inside = [item for item in found if item.path.startswith(below)]
    folders: list[Folder] = []
    if words:
        inside = [item for item in inside if all(word in _words(item.path) for word in words)]
    elif wanted.folder is not None:
        folders = _folders(inside, below)
        inside = [item for item in inside if "/" not in item.path[len(below) :]]
    key, is_back = _key_of(wanted.sort), wanted.sort.startswith("-")
    inside.sort(key=key, reverse=is_back)
    rest = inside if wanted.cursor is None else _after(inside, key, _position(wanted), is_back=is_back)
    shown = rest[: wanted.limit]
    following = _cursor(wanted.sort, key(shown[-1])) if len(rest) > len(shown) and shown else None
    return Page(items=shown, folders=folders if wanted.cursor is None else (), total=len(inside), next=following)


def parents_of(path: str) -> list[tuple[str, str]]:
    """The folders that lead to `path`, each with its whole path."""
    parts = path.split("/")[:-1]
    return [("/".join(parts[: number + 1]), part) for number, part in enumerate(parts)]


def _words(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _key_of(sort: Sort) -> Callable[[Listed], tuple[Any, str]]:
    by = _KEYS[sort.lstrip("-")]
    return lambda item: (by(item), item.path)


def _folders(items: Sequence[Listed], below: str) -> list[Folder]:
    found: dict[str, list[Listed]] = {}
    for item in items:
        name, slash, _ = item.path[len(below) :].partition("/")
        if slash:
            found.setdefault(name, []).append(item)
    made = [
        Folder(path=below + name, name=name, count=len(there), modified=max(item.modified for item in there))
        for name, there in found.items()
    ]
    return sorted(made, key=lambda folder: (_words(folder.name), folder.name))


def _cursor(sort: Sort, position: tuple[Any, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *position]).encode()).decode().rstrip("=")


def _position(wanted: Wanted) -> tuple[Any, str]:
    try:
        text = wanted.cursor or ""
        sort, value, path = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if sort == wanted.sort and isinstance(path, str) and (isinstance(value, str) if "name" in sort else is_number):
            return value, path
    except (ValueError, TypeError):
        pass
    raise Refused("This cursor is none of a list in this order. Take the one that the last page had as `next`.")


def _after(
    items: list[L], key: Callable[[Listed], tuple[Any, str]], position: tuple[Any, str], *, is_back: bool
) -> list[L]:
    return [item for item in items if (key(item) < position if is_back else key(item) > position)]
