"""Notebooks in the bucket of a workspace: list, create, read, save, rename, delete.

The bucket's version of the object is the notebook's version; a save names the one it is based on and never
overwrites another (FEATURES.md F4-F6). Who else edits it is asked before each write (`lease_checks`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from terraspawner.domain import names, notebook
from terraspawner.domain.access import Action
from terraspawner.domain.lease import Claim, Editor
from terraspawner.domain.trash import Item
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import NameTaken, NotebookInvalid, NotebookMissing, NotebookMovedOn, NotebookTooLarge, Refused
from terraspawner.operations import lease_checks, trashed_notebooks, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_names import FOLDER, refuse_twin
from terraspawner.storage.base import ABSENT, Bucket, ObjectChanged, ObjectInfo, Version, move, save
from terraspawner.storage.errors import ObjectMissing


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
LIST_READS = 64 * 1024**2
"""Bytes of bodies that one listing reads for their kernels; the next listing goes on where this one stopped."""

_one_big_at_a_time = threading.Lock()
"""Reading a big notebook's JSON takes ten times its size for a moment, so two never do at once. The interpreter
would not do it faster side by side either."""


def _taking_turns(size: int) -> AbstractContextManager[object]:
    return _one_big_at_a_time if size > BIG else nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookInfo:
    """A notebook in the list. `size` in bytes; `version` is opaque; `kernel` and `language` are "" where unknown."""

    path: str
    kernel: str
    language: str
    size: int
    modified: datetime
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a person wants to do something: whose hand, which workspace, which notebook."""

    user: str
    namespace: str
    name: str
    path: str


def list_notebooks(context: Context, *, user: str, namespace: str, name: str) -> list[NotebookInfo]:
    """The notebooks of a workspace by path. A body is read once per version, for its kernel.

    Where there is very much to read at once, the kernels of the rest are unknown until the next listing.
    """
    workspace = workspaces.enter(context, user=user, namespace=namespace, name=name, action=Action.READ_NOTEBOOKS)
    bucket = context.bucket(workspace.id)
    found, may_read = [], LIST_READS
    for item in bucket.list(FOLDER):
        if item.key.endswith(".ipynb"):
            kernel = _kernels_seen.get((workspace.id, item.key, item.version))
            if kernel is None and item.size > may_read:
                kernel = "", ""
            elif kernel is None:
                may_read -= item.size
                try:
                    kernel = _read_kernel(bucket, workspace, item)
                except ObjectMissing:
                    continue  # deleted since it was listed
            found.append(_described(item, kernel))
    return sorted(found, key=lambda item: item.path.casefold())


def _read_kernel(bucket: Bucket, workspace: Workspace, item: ObjectInfo) -> tuple[str, str]:
    with _taking_turns(item.size):
        body, read = bucket.read(item.key)
        return _kernel(workspace, read, body)


def create_notebook(context: Context, place: Place, kernel: str) -> NotebookInfo:
    """Put an empty notebook for `kernel` into the bucket at once (E1).

    Raises `NameRefused`, `NameTaken` (also when only the case differs), `Refused` for a kernel there is not.
    """
    workspace = _enter(context, place, Action.WRITE_NOTEBOOKS)
    path = names.notebook_path_of_title(place.path)
    if kernel not in notebook.KERNELS:
        raise Refused(f"There is no kernel {kernel!r}. Choose one of: {', '.join(notebook.KERNELS)}.")
    bucket = context.bucket(workspace.id)
    refuse_twin(bucket, path)
    body = notebook.empty(kernel)
    try:
        return _info(workspace, bucket.write(FOLDER + path, body, ABSENT), body)
    except ObjectChanged as error:
        raise _taken(path) from error


def read_notebook(context: Context, place: Place) -> tuple[bytes, NotebookInfo]:
    """The bytes as stored, with their version. Raises `NotebookMissing`."""
    workspace = _enter(context, place, Action.READ_NOTEBOOKS)
    path = names.notebook_path(place.path)
    bucket = context.bucket(workspace.id)
    try:
        with _taking_turns(bucket.stat(FOLDER + path).size):
            body, info = bucket.read(FOLDER + path)
    except ObjectMissing as error:
        raise _missing(path) from error
    return body, _info(workspace, info, body)


def save_notebook(
    context: Context, place: Place, body: bytes, base: str | None, claim: Claim | None = None
) -> NotebookInfo:
    """Put `body` in place of version `base`, or create it where `base` is None; `claim` is who saves, by which lease.

    A save of the bytes that are there already answers the present version, so that a repeated one does no harm.
    Raises `LeaseHeld` and `LeaseLost` where somebody else has it, `NotebookMovedOn` with the present version,
    `NotebookTooLarge`, `NotebookInvalid`, `NameRefused`.
    """
    workspace = _enter(context, place, Action.WRITE_NOTEBOOKS)
    path = names.notebook_path(place.path)
    lease_checks.check_save(context, workspace, path, claim or _without_lease(place))
    _check_body(context, path, body)
    bucket = context.bucket(workspace.id)
    if base is None:
        refuse_twin(bucket, path)
    try:
        return _info(workspace, save(bucket, FOLDER + path, body, ABSENT if base is None else Version(base)), body)
    except ObjectChanged as error:
        raise _moved_on(path, base, error.current) from error


def rename_notebook(context: Context, place: Place, to: str, base: str, claim: Claim | None = None) -> NotebookInfo:
    """Give the notebook another path. It is in the bucket under at least one of both names at every moment.

    Raises `NameTaken`, `NotebookMissing`, `NotebookMovedOn` when the version is not `base`, `LeaseHeld`.
    """
    workspace = _enter(context, place, Action.WRITE_NOTEBOOKS)
    path, target = names.notebook_path(place.path), names.notebook_path_of_title(to)
    lease_checks.check_change(context, workspace, path, claim or _without_lease(place))
    bucket = context.bucket(workspace.id)
    refuse_twin(bucket, target, besides=path)
    try:
        info = move(bucket, FOLDER + path, FOLDER + target, Version(base))
    except ObjectMissing as error:
        raise _missing(path) from error
    except ObjectChanged as error:
        if error.details["key"] == FOLDER + target:
            raise _taken(target) from error
        raise _moved_on(path, base, error.current) from error
    lease_checks.note_renamed(context, workspace, path, target, claim or _without_lease(place))
    return _described(info, _read_kernel(bucket, workspace, info))


def delete_notebook(context: Context, place: Place, base: str, claim: Claim | None = None) -> Item:
    """Put the notebook into the trash, if it is still version `base`; who may write here can restore it.

    Raises `NotebookMissing`, `NotebookMovedOn`, `LeaseHeld`.
    """
    workspace = _enter(context, place, Action.WRITE_NOTEBOOKS)
    path = names.notebook_path(place.path)
    lease_checks.check_change(context, workspace, path, claim or _without_lease(place))
    try:
        item = trashed_notebooks.discard(context, workspace, path=path, base=base, by=place.user)
    except ObjectMissing as error:
        raise _missing(path) from error
    except ObjectChanged as error:
        raise _moved_on(path, base, error.current) from error
    lease_checks.note_deleted(context, workspace, path)
    return item


def _check_body(context: Context, path: str, body: bytes) -> None:
    limit = context.settings.notebook_limit
    if len(body) > limit:
        raise NotebookTooLarge(
            f"The notebook {path!r} has {_mb(len(body))} and the limit is {_mb(limit)}."
            " Clear large outputs and save again. The last good version is untouched.",
            size=len(body),
            limit=limit,
        )
    with _taking_turns(len(body)):
        fault = notebook.fault(body)
    if fault:
        raise NotebookInvalid(f"{path!r} is not a valid notebook: {fault}. The last good version is untouched.")


def _without_lease(place: Place) -> Claim:
    return Claim(editor=Editor(user=place.user, environment="", session=""))


def _enter(context: Context, place: Place, action: Action) -> Workspace:
    return workspaces.enter(context, user=place.user, namespace=place.namespace, name=place.name, action=action)


def _info(workspace: Workspace, info: ObjectInfo, body: bytes) -> NotebookInfo:
    kernel = _kernels_seen.get((workspace.id, info.key, info.version))
    if kernel is None:
        with _taking_turns(len(body)):
            kernel = _kernel(workspace, info, body)
    return _described(info, kernel)


def _kernel(workspace: Workspace, info: ObjectInfo, body: bytes) -> tuple[str, str]:
    found = notebook.kernel_of(body)
    _kernels_seen.put((workspace.id, info.key, info.version), found)
    return found


def _described(info: ObjectInfo, kernel_and_language: tuple[str, str]) -> NotebookInfo:
    kernel, language = kernel_and_language
    return NotebookInfo(
        path=info.key.removeprefix(FOLDER),
        kernel=kernel,
        language=language,
        size=info.size,
        modified=info.modified,
        version=info.version,
    )


def _taken(path: str) -> NameTaken:
    return NameTaken(f"There is a notebook {path!r} in this workspace already. Choose another name.")


def _missing(path: str) -> NotebookMissing:
    return NotebookMissing(f"There is no notebook {path!r} in this workspace. It may have been renamed or deleted.")


def _moved_on(path: str, base: str | None, present: ObjectInfo | None) -> NotebookMovedOn:
    if present is None:
        return NotebookMovedOn(
            f"The notebook {path!r} is no longer in the workspace. Nothing was written; save it under a new name.",
            version=None,
        )
    what = "is in the workspace already" if base is None else "has been changed in the workspace since you opened it"
    return NotebookMovedOn(
        f"The notebook {path!r} {what}. Nothing was overwritten; keep yours as a copy.",
        version=present.version,
        modified=present.modified.isoformat(),
        size=present.size,
    )


def _mb(size: int) -> str:
    return f"{size / 1024**2:.1f} MB"
