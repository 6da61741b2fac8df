"""What people are told of a notebook: its path, size and version, and the kernel that its body names."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from terraspawner.domain import notebook
from terraspawner.domain.workspace import Workspace
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.storage.base import Bucket, ObjectInfo


class _KernelsSeen:
    """Kernel and language by workspace, key and version: a version never has two contents, so nothing goes stale."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, str, str], tuple[str, str]] = OrderedDict()

    def get(self, key: tuple[str, str, str]) -> tuple[str, str] | None:
        with self._lock:
            return self._found.get(key)

    def put(self, key: tuple[str, str, str], value: tuple[str, str]) -> None:
        with self._lock:
            self._found[key] = value
            self._found.move_to_end(key)
            while len(self._found) > self._limit:
                self._found.popitem(last=False)


_kernels_seen = _KernelsSeen(limit=20_000)

BIG = 1024**2
_one_big_at_a_time = threading.Lock()
"""Reading a big notebook's JSON takes ten times its size for a moment, so two never do at once. The interpreter
would not do it faster side by side either."""


def taking_turns(size: int) -> AbstractContextManager[object]:
    return _one_big_at_a_time if size > BIG else nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookInfo:
    """A notebook in the list. `size` in bytes; `version` is opaque; `kernel` and `language` are "" where unknown.
    `library`, in the list of a drive workspace: the id of the one that it is in."""

    path: str
    kernel: str
    language: str
    size: int
    modified: datetime
    version: str
    library: str = ""


def kernel_known(workspace: Workspace, info: ObjectInfo) -> tuple[str, str] | None:
    """Kernel and language of this version, if its body was read before."""
    return _kernels_seen.get((workspace.id, info.key, info.version))


def read_kernel(bucket: Bucket, workspace: Workspace, item: ObjectInfo) -> tuple[str, str]:
    """Raises `ObjectMissing`."""
    with taking_turns(item.size):
        body, read = bucket.read(item.key)
        return _kernel(workspace, read, body)


def info_of(workspace: Workspace, info: ObjectInfo, body: bytes) -> NotebookInfo:
    """What is told of an object that has these bytes."""
    kernel = kernel_known(workspace, info)
    if kernel is None:
        with taking_turns(len(body)):
            kernel = _kernel(workspace, info, body)
    return described(info, kernel)


def info_of_kernel(workspace: Workspace, info: ObjectInfo, kernel: tuple[str, str]) -> NotebookInfo:
    """The same where its bytes were read for another reason; they need not be again."""
    _kernels_seen.put((workspace.id, info.key, info.version), kernel)
    return described(info, kernel)


def described(info: ObjectInfo, kernel_and_language: tuple[str, str]) -> NotebookInfo:
    kernel, language = kernel_and_language
    return NotebookInfo(
        path=info.key.removeprefix(FOLDER),
        kernel=kernel,
        language=language,
        size=info.size,
        modified=info.modified,
        version=info.version,
    )


def _kernel(workspace: Workspace, info: ObjectInfo, body: bytes) -> tuple[str, str]:
    found = notebook.kernel_of(body)
    _kernels_seen.put((workspace.id, info.key, info.version), found)
    return found
