"""Virtual environments and conda environments on the disk, found by looking: each that can run a kernel is one.

Only names and files are looked at; nothing of theirs is run to find out, since it may hang or be half made. A folder is
one of them when `pyvenv.cfg` (venv, virtualenv) or `conda-meta` (conda) is in it, and can run a kernel when its own
interpreter is there and `ipykernel` is installed for that interpreter. Links are not followed on the way: what lies
outside HOME is no part of the disk, and a link may lead in a circle.

HOME may hold any number of folders, so the search is bounded: in depth, in folders, in time. It goes level by level,
nearest first, and what was found before is looked at before the search, so that nothing vanishes under much else.
"""

# ruff: noqa: PTH112, PTH113 - a folder that its owner closed is an answer to os.path and an error to pathlib

import hashlib
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

DEPTH = 4
MOST_FOLDERS = 20_000
MOST_OFFERED = 40
MOST_SECONDS = 0.3
REST_SECONDS = 5.0
"""For how long the last answer holds: Lab asks often, and several times at once."""

_HIDDEN_HOMES = (".virtualenvs", ".venvs", ".conda/envs", ".local/share/virtualenvs")
"""Where tools keep them out of sight, below HOME; other hidden folders but `.venv` are not looked into."""
_NOT_INTO = frozenset({"node_modules", "__pycache__", "site-packages"})
_INTERPRETER = re.compile(r"python(3\.\d+)t?")
_UNSAFE = re.compile(r"[{}$]")
"""What would be filled in where Jupyter makes a command and its variables out of a kernelspec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualEnvironment:
    """One that can run a kernel. `shown` is its folder as people write it, `version` that of its Python."""

    folder: Path
    shown: str
    version: str
    is_conda: bool

    @property
    def kernel_name(self) -> str:
        """Made from the folder's name and place alone: the same in every container on this disk."""
        words = re.sub(r"[^a-z0-9]+", "-", self.shown.lower()).strip("-")[:40].strip("-")
        return f"disk-{words or 'environment'}-{hashlib.sha256(self.shown.encode()).hexdigest()[:8]}"

    @property
    def display_name(self) -> str:
        shown = self.shown if len(self.shown) <= 60 else f"…{self.shown[-59:]}"
        return f"Python {self.version} ({shown})"

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def variables(self) -> dict[str, str]:
        """What activating it would set, so that `!pip` in a cell installs into it."""
        named = {"CONDA_PREFIX": str(self.folder), "CONDA_DEFAULT_ENV": self.folder.name, "VIRTUAL_ENV": ""}
        return {
            **(named if self.is_conda else {"VIRTUAL_ENV": str(self.folder)}),
            "PATH": f"{self.folder}/bin:${{PATH}}",
        }


@dataclass
class VirtualEnvironments:
    """Those below `home`. `left_out` says whether the last search ended before it had seen all."""

    home: Path
    clock: Callable[[], float] = time.monotonic
    most_folders: int = MOST_FOLDERS
    left_out: bool = False
    _found: tuple[VirtualEnvironment, ...] = ()
    _looked_at: float | None = None
    _ends_at: float = 0.0
    _folders: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        self.home = Path(os.path.realpath(self.home))

    def look(self) -> tuple[VirtualEnvironment, ...]:
        """The ones that can run a kernel now, by folder."""
        now = self.clock()
        if self._looked_at is None or now - self._looked_at > REST_SECONDS:
            known = [usable for known in self._found if (usable := self._usable(known.folder))]
            found = {item.folder: item for item in known}
            for folder in self._search(now):
                if len(found) >= MOST_OFFERED:
                    self.left_out = True
                    break
                if folder not in found and (usable := self._usable(folder)):
                    found[folder] = usable
            self._found = tuple(sorted(found.values(), key=lambda item: item.shown))
            self._looked_at = self.clock()
        return self._found

    def _search(self, now: float) -> Iterator[Path]:
        """Folders that are virtual environments, nearest first."""
        self.left_out, self._folders, self._ends_at = False, 0, now + MOST_SECONDS
        waiting = deque((self.home / name, 1) for name in ("", *_HIDDEN_HOMES))
        while waiting:
            parent, depth = waiting.popleft()
            for child in self._children(parent):
                if self.left_out:
                    return
                if is_one := _is_virtual_environment(child):
                    yield child
                if is_one and os.path.isdir(child / "envs"):
                    waiting.append((child / "envs", depth + 1))  # those of a conda installation
                elif not is_one and depth < DEPTH and not child.name.startswith("."):
                    waiting.append((child, depth + 1))

    def _children(self, parent: Path) -> Iterator[Path]:
        """Its folders that may be, or hold, a virtual environment, until the bounds are reached."""
        if os.path.realpath(parent) != str(parent):
            return  # one of the fixed places is, or lies behind, a link
        names = []
        try:
            with os.scandir(parent) as entries:
                for number, entry in enumerate(entries):
                    if number % 256 == 0 and self._is_over():
                        break
                    if entry.is_dir(follow_symlinks=False) and self._may_be(parent, entry.name):
                        names.append(entry.name)
        except OSError:
            return  # gone meanwhile, or closed by its owner
        for name in sorted(names):
            self._folders += 1
            if self._is_over():
                return
            yield parent / name

    def _is_over(self) -> bool:
        self.left_out |= self._folders > self.most_folders or self.clock() > self._ends_at
        return self.left_out

    def _may_be(self, parent: Path, name: str) -> bool:
        is_ours = parent == self.home and name == "packages"
        return not is_ours and name not in _NOT_INTO and (not name.startswith(".") or name == ".venv")

    def _usable(self, folder: Path) -> VirtualEnvironment | None:
        shown = f"~/{folder.relative_to(self.home)}"
        version = _version_with_ipykernel(folder)
        if not version or not shown.isprintable() or _UNSAFE.search(shown):
            return None
        is_conda = (folder / "conda-meta").is_dir()
        return VirtualEnvironment(folder=folder, shown=shown, version=version, is_conda=is_conda)


def _is_virtual_environment(folder: Path) -> bool:
    return os.path.isfile(folder / "pyvenv.cfg") or os.path.isdir(folder / "conda-meta")


def _version_with_ipykernel(folder: Path) -> str:
    """Version of its Python, empty where that is missing or has no ipykernel.

    An interpreter that was updated under a virtual environment no longer sees its packages: so the packages of this
    very version are asked for, by the name that its links end in.
    """
    interpreter = Path(os.path.realpath(folder / "bin" / "python"))
    if not os.path.isfile(interpreter) or not os.access(interpreter, os.X_OK):
        return ""
    named = _INTERPRETER.fullmatch(interpreter.name)
    if named is None:
        return ""
    site = folder / "lib" / interpreter.name / "site-packages"
    return named.group(1) if os.path.isfile(site / "ipykernel_launcher.py") else ""
