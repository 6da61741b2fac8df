"""The notebooks of a workspace as lists, and one of them as a line of it (E2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from terraspawner.domain import names, notebook_list
from terraspawner.domain.access import Action
from terraspawner.domain.notebook_list import Page, Wanted
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import Unavailable
from terraspawner.operations import drives, notebook_facts, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo, described
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.operations.notebooks import Place, missing
from terraspawner.storage.base import Bucket, ObjectInfo
from terraspawner.storage.errors import KeyRefused, ObjectMissing

LIST_READS = 64 * 1024**2
"""Bytes of bodies that one listing reads for their kernels; the next listing goes on where this one stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An object with its path, so that it can be put in order before its kernel is read. `shelf` is what the path has
    in front where it is one of several places."""

    info: ObjectInfo
    path: str
    at: Workspace
    shelf: str = ""

    @property
    def size(self) -> int:
        return self.info.size

    @property
    def modified(self) -> datetime:
        return self.info.modified


def list_notebooks(context: Context, *, user: str, namespace: str, name: str) -> list[NotebookInfo]:
    """All notebooks of a workspace by path; of a drive workspace those of its libraries.

    A body is read once per version, for its kernel.

    Where there is very much to read at once, the kernels of the rest are unknown until the next listing.
    """
    found = _with_kernels(context, _all(context, user, namespace, name))
    return sorted(found, key=lambda item: item.path.casefold())


def list_page(context: Context, *, user: str, namespace: str, name: str, wanted: Wanted) -> Page[NotebookInfo]:
    """The page that is wanted; kernels are read for what is on it. Raises `Refused` for a wrong cursor."""
    page = notebook_list.page_of(_all(context, user, namespace, name), wanted)
    items = _with_kernels(context, page.items)
    return Page(items=items, folders=page.folders, total=page.total, next=page.next)


def describe_notebook(context: Context, place: Place) -> NotebookInfo:
    """What the list says of one notebook; its body is read only where its kernel is not known yet.

    Raises `NotebookMissing`.
    """
    workspace = workspaces.enter(
        context, user=place.user, namespace=place.namespace, name=place.name, action=Action.READ_NOTEBOOKS
    )
    path = names.notebook_path(place.path)
    bucket = context.bucket(workspace.id)
    try:
        info = bucket.stat(FOLDER + path)
        return described(
            info, notebook_facts.kernel_known(workspace, info) or notebook_facts.read_kernel(bucket, workspace, info)
        )
    except ObjectMissing as error:
        raise missing(path) from error


def _all(context: Context, user: str, namespace: str, name: str) -> list[_Found]:
    """Of a drive workspace those of its libraries, each by the name that its library has on the drive; one that cannot
    be read now is not the trouble of the others."""
    found: list[_Found] = []
    until = context.now() + drives.FOR_OUTSIDE
    for shelf in drives.shelves(context, user=user, namespace=namespace, name=name, action=Action.READ_NOTEBOOKS):
        if shelf.is_outside and context.now() >= until:
            continue
        try:
            found += _found(context.bucket(shelf.at.id), shelf.at, shelf.begin)
        except Unavailable:
            if not shelf.begin:
                raise
    return found


def _found(bucket: Bucket, at: Workspace, shelf: str) -> list[_Found]:
    return [
        _Found(info=info, path=shelf + info.key.removeprefix(FOLDER), at=at, shelf=shelf)
        for info in bucket.list(FOLDER)
        if info.key.endswith(names.NOTEBOOK_ENDING)
    ]


def _with_kernels(context: Context, items: Iterable[_Found]) -> list[NotebookInfo]:
    told, may_read = [], LIST_READS
    for each in items:
        kernel = notebook_facts.kernel_known(each.at, each.info)
        if kernel is None and each.size > may_read:
            kernel = "", ""
        elif kernel is None:
            may_read -= each.size
            try:
                kernel = notebook_facts.read_kernel(context.bucket(each.at.id), each.at, each.info)
            except ObjectMissing:
                continue  # deleted since it was listed
            except Unavailable:
                if not each.shelf:
                    raise
                kernel, may_read = ("", ""), 0
            except KeyRefused:
                kernel = "", ""  # somebody put it there past us, and it cannot be read
        told.append(replace(described(each.info, kernel), path=each.path, library=each.at.id if each.shelf else ""))
    return told
