"""What was changed in a container beside its disk, from the Engine's list of changed paths (``docker diff``).

The names of packages stand in paths, so nothing in the container is read or run to know them: dpkg keeps a list per
package, pip a folder ``*.dist-info``, R a ``DESCRIPTION``. The container's person cannot hide a change, only add paths.
What lies on the disk and in the bucket is mounted, and no part of the list.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_NAMED = 100
"""Of each sort; how many more there are is counted."""


class Change(enum.IntEnum):
    """As the Engine numbers them."""

    MODIFIED = 0
    ADDED = 1
    DELETED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Names, in order, and how many more there are."""

    names: tuple[str, ...] = ()
    more: int = 0

    @property
    def count(self) -> int:
        return len(self.names) + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Packages of Debian, Python and R that the image has not, or has in another version; other files. A name that
    begins with ``-`` was taken away. `scratch` names the scratch room where something lies in it."""

    apt: Found = Found()
    pip: Found = Found()
    r: Found = Found()
    files: Found = Found()
    scratch: Found = Found()

    def as_json(self) -> dict[str, Any]:
        found = {sort: getattr(self, sort) for sort in _SORTS}
        return {sort: {"names": list(each.names), "more": each.more} for sort, each in found.items()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Layer:
        return cls(**{sort: Found(names=tuple(told[sort]["names"]), more=told[sort]["more"]) for sort in _SORTS})


_SORTS = ("apt", "pip", "r", "files", "scratch")
_APT = re.compile(r"/var/lib/dpkg/info/([a-z0-9][a-z0-9.+-]*)(?::[a-z0-9]+)?\.list")
_PIP = re.compile(r"(/.+/(?:site|dist)-packages)/([^/]+?)-([^/-]+)\.(?:dist|egg)-info")
_R = re.compile(r"(/(?:usr/local|usr)/lib/R/(?:site-)?library)/([A-Za-z][A-Za-z0-9.]*)/DESCRIPTION")
_NOISE = re.compile(
    r"/(etc/terra|run|dev|proc|sys|var/(log|cache|tmp)|var/lib/(apt|systemd|ucf|pam)"
    r"|root/\.(cache|config|npm|local|bash_history)|etc/(ld\.so\.cache|mtab|\.pwd\.lock)"
    r"|tmp/(terra-runtime|hsperfdata_[^/]*|\.X[^/]*|pip-[^/]*|npm-[^/]*)|home/jupyter|mnt/workspace)(/.*)?"
    r"|/(data|scratch)|(/.*)?/__pycache__(/.*)?|/.*\.pyc",
    re.DOTALL,
)
"""What every start leaves, caches, and what is mounted."""
_OF_DEBIAN = re.compile(r"/(usr(?!/local/)|etc|lib|lib64|bin|sbin|var/lib)(/.*)?")
"""Where Debian's packages lay their files: named by the package, not one by one."""


def read_layer(changes: Iterable[tuple[int, str]], *, holds_scratch: bool = False) -> Layer:
    """Sort the Engine's changes: kind and path, in the Engine's order (a folder before what is in it)."""
    told = [(Change(kind), path) for kind, path in changes]
    apt = _named(_APT, told, name=lambda match: match[1])
    pip = _named(_PIP, told, name=lambda match: f"{match[2].replace('_', '-')} {match[3]}")
    of_r = _named(_R, told, name=lambda match: match[2])
    homes = {match[1] for _, path in told for pattern in (_PIP, _R) if (match := pattern.fullmatch(path))}
    files = [
        f"-{path}" if change is Change.DELETED else path
        for change, path in _outermost(told)
        if not _NOISE.fullmatch(path)
        and not (apt and _OF_DEBIAN.fullmatch(path))
        and not any(path.startswith(f"{home}/") for home in homes)
    ]
    return Layer(
        apt=_first(apt),
        pip=_first(pip),
        r=_first(of_r),
        files=_first(files),
        scratch=Found(names=("/scratch",)) if holds_scratch else Found(),
    )


def _named(pattern: re.Pattern[str], told: Sequence[tuple[Change, str]], *, name: Any) -> list[str]:
    """The packages whose mark was added, changed or taken away; one that was only moved to another version is named
    once, by the new one."""
    marks = [(change, name(match)) for change, path in told if (match := pattern.fullmatch(path))]
    there = sorted({named for change, named in marks if change is not Change.DELETED}, key=str.casefold)
    kept = {named.partition(" ")[0].casefold() for named in there}
    gone = {named for change, named in marks if change is Change.DELETED}
    return there + sorted(f"-{named}" for named in gone if named.partition(" ")[0].casefold() not in kept)


def _outermost(told: Sequence[tuple[Change, str]]) -> list[tuple[Change, str]]:
    """Without folders that are there only because something below them changed, and without what lies in a folder
    that is new or gone as a whole: the folder stands for it, with a slash."""
    paths = {path for _, path in told}
    above = {path.rpartition("/")[0] for path in paths}
    whole = {path for change, path in told if change is not Change.MODIFIED and path in above}
    found = []
    for change, path in told:
        parents = _parents(path)
        if any(parent in whole for parent in parents) or (change is Change.MODIFIED and path in above):
            continue
        found.append((change, f"{path}/" if path in whole else path))
    return sorted(found, key=lambda item: item[1])


def _parents(path: str) -> Iterable[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _first(names: Sequence[str]) -> Found:
    return Found(names=tuple(names[:MOST_NAMED]), more=max(0, len(names) - MOST_NAMED))
