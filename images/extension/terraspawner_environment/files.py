"""Files on the disk: whole or not at all.

Jupyter's own save opens the notebook for writing and keeps a copy beside it; a kill in between leaves a torn file
(4 of 12 tries). Here a text is written to a temporary file in the same folder, synced, renamed over the old one,
and the folder is synced. A copy for the outbox is a file of its own (a reflink where the file system can), never a
hard link: a kernel that opens the notebook for writing would change a link's text too (TRAPS 22).
"""

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_FICLONE = 0x40049409
_BLOCK = 1024 * 1024
PREFIX = ".~terra-"

_syncing = ThreadPoolExecutor(4, thread_name_prefix="sync")

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def no_room_sentence(what: str) -> str:
    return (
        f"{what} was not saved: the disk of this environment is full. The version saved before is untouched. "
        "Delete files you no longer need (a terminal and `du -sh ~/*` help), then save again."
    )


@dataclass(frozen=True, slots=True)
class Staged:
    """A text on its way: complete and synced under a temporary name, not yet in its place."""

    temporary: Path
    target: Path

    def sync(self) -> None:
        _sync(self.temporary, os.O_RDONLY)

    def commit(self) -> None:
        self.temporary.replace(self.target)
        sync_folder(self.target.parent)

    def discard(self) -> None:
        with suppress(FileNotFoundError):
            self.temporary.unlink()


def stage(target: Path, content: bytes, *, is_synced: bool = True) -> Staged:
    """Write a text beside its target and sync it; raises OSError, and leaves nothing behind then.

    Without `is_synced` the caller syncs it before it takes its place (`sync_all`).
    """
    descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=target.parent)
    staged = Staged(Path(name), target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            _keep_mode(file.fileno(), target)
            file.flush()
            if is_synced:
                os.fsync(file.fileno())
    except BaseException:  # cancelled, full or killed by a signal: no half file stays beside the target
        staged.discard()
        raise
    return staged


def stage_copy(source: Path, target: Path) -> Staged:
    """Like `stage`, from a file, and not synced: its blocks are shared where the file system can, else copied."""
    descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=target.parent)
    staged = Staged(Path(name), target)
    try:
        with os.fdopen(descriptor, "wb") as file, source.open("rb") as original:
            try:
                fcntl.ioctl(file.fileno(), _FICLONE, original.fileno())
            except OSError:
                while block := original.read(_BLOCK):
                    file.write(block)
    except BaseException:  # cancelled, full or killed by a signal: no half file stays beside the target
        staged.discard()
        raise
    return staged


def sync_all(text: Staged, *others: Staged, threads: ThreadPoolExecutor = _syncing) -> None:
    """Sync them side by side: a file system writes its journal once for all of them, where one after the other would
    each wait for a writing of its own. Ends when all have; raises OSError."""
    under_way = []
    try:
        for each in others:
            try:
                under_way.append(threads.submit(each.sync))
            except RuntimeError:  # the person's programs have used up all threads there may be
                each.sync()
        text.sync()
    finally:
        wait(under_way)
    for done in under_way:
        done.result()


def write_whole(target: Path, content: bytes) -> None:
    """Replace a file by this text, whole or not at all."""
    stage(target, content).commit()


@contextmanager
def writing_whole(target: Path, mode: str, **kwargs: object) -> Iterator[object]:
    """Yield a file open for writing which takes the target's place only if the block ends well."""
    descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=target.parent)
    staged = Staged(Path(name), target)
    try:
        with os.fdopen(descriptor, mode, **kwargs) as file:  # type: ignore[call-overload]
            yield file
            _keep_mode(file.fileno(), target)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:  # cancelled, full or killed by a signal: no half file stays beside the target
        staged.discard()
        raise
    staged.commit()


def sync_folder(folder: Path) -> None:
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str | None:
    """Return the SHA-256 of a file in hex digits, or None where there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files a kill left behind in one folder."""
    with suppress(OSError):
        for path in folder.glob(f"{PREFIX}*"):
            path.unlink(missing_ok=True)


def _keep_mode(descriptor: int, target: Path) -> None:
    """Give the new file the old one's mode; a new file is readable as the user's umask would have it."""
    try:
        mode = target.stat().st_mode & 0o777
    except OSError:
        mode = 0o644
    os.fchmod(descriptor, mode)
