"""The history of a notebook: its versions with who and when, their bytes, an old one made the newest again (F10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from terraspawner.db import notebook_records, proposal_records
from terraspawner.domain import names
from terraspawner.domain.access import Action, permits
from terraspawner.domain.history import Notebook, NotebookState, NotebookVersion, VersionKind
from terraspawner.domain.lease import Claim
from terraspawner.domain.thinning import size_of, thinned
from terraspawner.domain.workspace import Membership
from terraspawner.errors import VersionMissing
from terraspawner.operations import notebooks, settling, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.operations.notebooks import Place
from terraspawner.storage import blobs
from terraspawner.storage.errors import ObjectMissing

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A page of versions, the newest first. `size` in bytes is what all of them take, told to owners of the workspace;
    `following` is the number to go on before, None on the last page."""

    notebook: Notebook
    versions: Sequence[NotebookVersion]
    count: int
    size: int | None
    following: int | None
    may_restore: bool


def list_versions(context: Context, place: Place, before: int | None = None) -> History:
    """Raises `NotebookMissing`."""
    at, present = live_notebook(context, place)
    with context.database.read() as connection:
        every = notebook_records.versions_of(connection, present.id)
    found = [each for each in every if before is None or each.number < before]
    return History(
        notebook=present,
        versions=found[:PAGE],
        count=len(every),
        size=size_of(every) if permits(at.standing, Action.CHANGE_WORKSPACE) else None,
        following=found[PAGE - 1].number if len(found) > PAGE else None,
        may_restore=bool(permits(at.standing, Action.WRITE_NOTEBOOKS)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSight:
    """A version, the one before it that there is, and the number of the present one."""

    version: NotebookVersion
    before: NotebookVersion | None
    present: int

    @property
    def is_present(self) -> bool:
        return self.version.number == self.present


def look_at_version(context: Context, place: Place, which: str) -> VersionSight:
    """Raises `NotebookMissing`, `VersionMissing`."""
    _, present = live_notebook(context, place)
    with context.database.read() as connection:
        version = find_version(connection, present, which)
        every = notebook_records.versions_of(connection, present.id)
    if version is None:
        raise missing_version(present, which)
    before = next((each for each in every if each.number < version.number), None)
    return VersionSight(version=version, before=before, present=present.number)


def read_version(context: Context, place: Place, which: str) -> tuple[bytes, NotebookVersion]:
    """The bytes of one version; `which` is its number or what the API calls its version, empty for the present one.

    Raises `NotebookMissing`, `VersionMissing`.
    """
    at, present = live_notebook(context, place)
    with context.database.read() as connection:
        version = find_version(connection, present, which)
    if version is None:
        raise missing_version(present, which)
    try:
        return blobs.read(context.bucket(at.workspace.id), version.sha256), version
    except ObjectMissing as error:  # thinned out in this moment
        raise missing_version(present, which) from error


def restore_version(context: Context, place: Place, which: str, claim: Claim | None = None) -> NotebookInfo:
    """Make its bytes the newest version; all that there are stay. What is the newest already stays as it is.

    Raises as `read_version` and `notebooks.save_notebook` do, `LeaseHeld` while somebody else edits the notebook.
    """
    workspaces.enter(
        context, user=place.user, namespace=place.namespace, name=place.name, action=Action.WRITE_NOTEBOOKS
    )
    body, _ = read_version(context, place, which)
    _, present = live_notebook(context, place)
    return notebooks.save_notebook(context, place, body, present.version, claim, kind=VersionKind.RESTORED)


def name_version(context: Context, place: Place, which: str, name: str) -> tuple[NotebookVersion, Notebook]:
    """Give a version a name, by which it is kept however old it grows; an empty one takes it away.

    Raises `NotebookMissing`, `VersionMissing`, `NameRefused`.
    """
    name = names.display_name(name) if name.strip() else ""
    workspaces.enter(
        context, user=place.user, namespace=place.namespace, name=place.name, action=Action.WRITE_NOTEBOOKS
    )
    _, present = live_notebook(context, place)
    with context.database.write() as connection:
        version = find_version(connection, present, which)
        if version is None:
            raise missing_version(present, which)
        notebook_records.name_version(connection, version, name)
        named = notebook_records.version_numbered(connection, present.id, version.number)
    assert named is not None, "it was there a moment ago"  # noqa: S101 - for the type checker
    return named, present


def thin(context: Context, workspace_id: str) -> int:
    """Forget the versions of a workspace's notebooks that have grown old; returns how many. Their bytes go later."""
    with context.database.read() as connection:
        rows = notebook_records.notebooks_of(connection, workspace_id)
        over = {row.id: _over(context, connection, row.id) for row in rows}
    for notebook_id in (each for each, numbers in over.items() if numbers):
        with context.database.write() as connection:  # asked again: a name may have been given meanwhile
            numbers = _over(context, connection, notebook_id)
            notebook_records.delete_versions(connection, notebook_id, numbers)
            over[notebook_id] = numbers
    return sum(map(len, over.values()))


def _over(context: Context, connection: sa.Connection, notebook_id: str) -> list[int]:
    """The versions that have grown old, and that no open proposal came from."""
    kept = proposal_records.open_bases(connection, notebook_id)
    old = thinned(notebook_records.versions_of(connection, notebook_id), context.now())
    return [number for number in old if number not in kept]


def live_notebook(context: Context, place: Place) -> tuple[Membership, Notebook]:
    """The notebook, and what the person is there. Raises `NotebookMissing`."""
    at = workspaces.membership(
        context, user=place.user, namespace=place.namespace, name=place.name, action=Action.READ_NOTEBOOKS
    )
    path = names.notebook_path(place.path)
    present = settling.present(context, at.workspace.id, path)
    if present is None or present.state is not NotebookState.LIVE:
        raise notebooks.missing(path)
    return at, present


def find_version(connection: sa.Connection, present: Notebook, which: str) -> NotebookVersion | None:
    """By its number or by what the API calls its version; empty for the present one."""
    if which in ("", present.version):
        return notebook_records.version_numbered(connection, present.id, present.number)
    if which.isascii() and which.isdecimal() and len(which) < 10:
        return notebook_records.version_numbered(connection, present.id, int(which))
    return notebook_records.version_called(connection, present.id, which)


def missing_version(present: Notebook, which: str) -> VersionMissing:
    return VersionMissing(
        f"The history of {present.path!r} has no version {which[:80]!r} (any more). Older versions are thinned out;"
        " look which ones there are."
    )
