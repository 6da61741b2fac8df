"""Files between the disk and the workspace's bucket, which is mounted at ``$WORKSPACE_BUCKET``.

They go by the mount and not by REST: it is there for every program, takes any size without a second server in between,
and lets a reader read and nothing more. Standard library only: the command `ws` begins here, and should begin at once.

Notebooks are left out, both ways of asking: they travel by edit mode, where a lock and a history keep two people from
losing each other's work. Nothing is ever copied without having been asked for.
"""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

NOTEBOOK_ENDING = ".ipynb"
NOTEBOOKS_TRAVEL = (
    "is a notebook. Notebooks are not put among the data, where two people who write one lose each other's work: keep"
    " it in the edit folder, which saves it to the workspace with a lock and versions"
)
_AT_ONCE = 1 << 20
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV)


class NotCopied(Exception):
    """Why, in a sentence that begins with the file's name. `is_there` where only something else is in the way."""

    def __init__(self, path: str, why: str, *, is_there: bool = False) -> None:
        super().__init__(f"{path} {why}.")
        self.is_there = is_there


def copy_in(source: Path, bucket: Path, to: str, *, may_replace: bool) -> str:
    """Copy a file into the bucket and return its path there. `to` is that path, or a folder where it ends with ``/`` or
    is one, and is empty for the top."""
    if source.name.casefold().endswith(NOTEBOOK_ENDING):
        raise NotCopied(source.name, NOTEBOOKS_TRAVEL)
    if not source.is_file():
        raise NotCopied(str(source), "is a folder; copy it with -r" if source.is_dir() else "is not there")
    target = _inside(bucket, to)
    with _sentences(target):
        if not to or to.endswith("/") or target.is_dir():
            target = target / source.name
    if target.name.casefold().endswith(NOTEBOOK_ENDING):
        raise NotCopied(target.name, NOTEBOOKS_TRAVEL)
    _check_inside(bucket, target.parent)
    _make_folders(bucket, target.parent)
    copy(source, target, may_replace=may_replace)
    return target.relative_to(bucket).as_posix()


def copy(source: Path, target: Path, *, may_replace: bool) -> None:
    """Whole or not at all: nobody reads half of it under its name."""
    if target.is_dir():
        raise NotCopied(str(target), "is a folder")
    if not may_replace and os.path.lexists(target):
        raise NotCopied(target.name, "is there already", is_there=True)
    with _sentences(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".copy-", dir=target.parent)
        made = Path(name)
        try:
            with os.fdopen(number, "wb") as written, source.open("rb") as read:
                shutil.copyfileobj(read, written, _AT_ONCE)
            made.chmod(0o644)
            if may_replace:
                made.replace(target)
            else:
                _put_where_nothing_is(made, target)
        except FileExistsError as error:
            made.unlink()
            raise NotCopied(target.name, "is there already", is_there=True) from error
        except BaseException:
            made.unlink()
            raise


def _put_where_nothing_is(made: Path, target: Path) -> None:
    """No moment lies between look and write. Raises FileExistsError.

    A mounted object store knows no second name of a file: there the name is taken first, with an empty file, which
    nobody who also replaces nothing passes.
    """
    try:
        os.link(made, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        made.replace(target)
    else:
        made.unlink()


def find(bucket: Path, path: str) -> Path:
    """What lies there in the bucket."""
    found = _inside(bucket, path)
    _check_inside(bucket, found)
    if not os.path.lexists(found):
        raise NotCopied(f"ws:{path}", "is not in the bucket")
    return found


def files_below(folder: Path) -> Iterator[Path]:
    """All plain files in it, in order; links are not followed."""
    for here, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if (path := Path(here, name)).is_file() and not path.is_symlink():
                yield path


def _inside(bucket: Path, path: str) -> Path:
    parts = [part for part in path.split("/") if part]
    if ".." in parts or "." in parts:
        raise NotCopied(f"ws:{path}", "leads out of the bucket")
    return bucket.joinpath(*parts)


def _check_inside(bucket: Path, path: Path) -> None:
    """A link that somebody else put into the bucket must not lead a copy to a place of mine."""
    if not path.resolve().is_relative_to(bucket.resolve()):
        raise NotCopied(str(path), "is a link, or lies behind one, that leads out of the bucket")


def _make_folders(bucket: Path, folder: Path) -> None:
    """Open to the group, which is the service: it deletes and uploads there for those who look at them in a browser."""
    if folder.is_dir() or folder == bucket:
        return
    _make_folders(bucket, folder.parent)
    with _sentences(folder):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o2775)


@contextlib.contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """What the system refuses, in words."""
    try:
        yield
    except OSError as error:
        is_closed = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        why = "you are reader in this workspace, or it is closed to you" if is_closed else str(error.strerror)
        raise NotCopied(str(path), f"cannot be written: {why}") from error
