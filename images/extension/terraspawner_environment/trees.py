"""Git folders on the disk with work that is nowhere else: files that differ from the last commit, and commits that no
remote has. Told to the workspaces service, which names them before the disk is deleted.

Git itself is asked, as the person of this environment, briefly and without its helpers; nothing is written. The search
is bounded in depth, folders and time like that for virtual environments; what was not reached is not told of.
"""

import os
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DEPTH = 4
MOST_FOLDERS = 5_000
MOST_TREES = 50
MOST_SECONDS = 3.0
GIT_SECONDS = 2.0

_NOT_INTO = frozenset({"node_modules", "__pycache__", "site-packages", "packages"})
_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def look(home: Path) -> list[dict[str, Any]]:
    """Those below `home`, nearest first, as ``path``, ``changed`` and ``unpushed``; clean ones are left out."""
    ends_at = time.monotonic() + MOST_SECONDS
    found = []
    for tree in _trees(home, ends_at):
        if len(found) >= MOST_TREES or time.monotonic() > ends_at:
            break
        changed, unpushed = _changed(tree), _unpushed(tree)
        if changed or unpushed:
            found.append({"path": f"~/{tree.relative_to(home)}", "changed": changed, "unpushed": unpushed})
    return found


def _trees(home: Path, ends_at: float) -> Iterator[Path]:
    waiting, seen = deque([(home, 0)]), 0
    while waiting and seen < MOST_FOLDERS and time.monotonic() < ends_at:
        parent, depth = waiting.popleft()
        seen += 1
        try:
            with os.scandir(parent) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError:
            continue  # gone meanwhile, or closed by its owner
        if ".git" in names and parent != home:
            yield parent
        elif depth < DEPTH:
            waiting.extend((parent / name, depth + 1) for name in names if _may_hold(name))


def _may_hold(name: str) -> bool:
    return not name.startswith(".") and name not in _NOT_INTO


def _changed(tree: Path) -> int:
    return _asked(tree, "status", "--porcelain", "-z", "--no-renames").count("\0")


def _unpushed(tree: Path) -> int:
    """Commits of branches that are on no remote; all of them where there is no remote."""
    count = _asked(tree, "rev-list", "--count", "--branches", "--not", "--remotes").strip()
    return int(count) if count.isdigit() else 0


def _asked(tree: Path, *words: str) -> str:
    """What git says, empty where it does not say in time."""
    try:
        done = subprocess.run(  # noqa: S603 - git, with words of ours and a folder of this person's
            [*_GIT, "-C", str(tree), *words],
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
