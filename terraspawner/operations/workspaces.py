"""Workspaces: create, list, open the door to one."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from terraspawner.db import member_records, records
from terraspawner.domain import names
from terraspawner.domain.access import Action, Role, permits
from terraspawner.domain.library import BY_WORKSPACE_DOORS, OF_BUCKETS
from terraspawner.domain.workspace import BUCKET, DRIVE, Member, Membership, Workspace
from terraspawner.errors import NameTaken, NotAllowed, Refused, WorkspaceMissing
from terraspawner.operations import audit, names_given, projects
from terraspawner.operations.context import Context, new_id


def create_workspace(context: Context, *, user: str, namespace: str, name: str, storage: str = "bucket") -> Membership:
    """Make a workspace of which `user` is the owner, with its bucket, or with drives in place of one.

    Raises `NameRefused`, `NameTaken` (also when only the case differs), `ProjectMissing` for a project that
    is not theirs, `Refused` for a storage that is not offered.
    """
    name = names.workspace_name(name)
    if storage not in (BUCKET, DRIVE):
        raise Refused(f"A workspace cannot be created with storage {names_given.shown(storage)}: 'bucket' or 'drive'.")
    comparable = names.comparable(name)
    with context.database.write() as connection:
        projects.within(connection, user=user, namespace=namespace, action=Action.CREATE_WORKSPACE)
        if twin := records.workspace_like(connection, namespace, comparable):
            raise NameTaken(f"There is a workspace {twin.name!r} in {namespace!r} already. Choose another name.")
        workspace = Workspace(
            id=new_id(),
            namespace=namespace,
            name=name,
            slug=names.slug_for(namespace, name, _taken(connection)),
            storage=storage,
            created_by=user,
            created_at=context.now(),
        )
        records.insert_workspace(connection, workspace, comparable)
        owner = Member(name=user, is_group=False, role=Role.OWNER, may_compute=True)
        member_records.put_member(connection, workspace.id, owner)
        if storage == BUCKET:
            context.make_bucket(workspace.id)
    return Membership(workspace=workspace, role=Role.OWNER, may_compute=True)


def list_workspaces(context: Context, user: str) -> list[Membership]:
    """The workspaces in which `user` has a role, by name or by a group: own ones and shared ones, by name."""
    with context.database.read() as connection:
        found = member_records.memberships_of(connection, user)
        return [each for each in found if not each.workspace.is_library]


def enter(context: Context, *, user: str, namespace: str, name: str, action: Action) -> Workspace:
    """The workspace, if `user` may do `action` in it.

    Raises `WorkspaceMissing` to those with no access, whether it exists or not, `NotAllowed` to members whose
    role is too little.
    """
    return membership(context, user=user, namespace=namespace, name=name, action=action).workspace


def membership(context: Context, *, user: str, namespace: str, name: str, action: Action) -> Membership:
    """As `enter`, with the role."""
    with context.database.read() as connection:
        return within(connection, user=user, namespace=namespace, name=name, action=action)


def within(connection: sa.Connection, *, user: str, namespace: str, name: str, action: Action) -> Membership:
    """As `membership`, in a transaction that goes on."""
    return allowed(member(connection, user=user, namespace=namespace, name=name), action)


def member(connection: sa.Connection, *, user: str, namespace: str, name: str) -> Membership:
    """What `user` is there. Raises `WorkspaceMissing`."""
    found = member_records.membership_by_name(connection, user, namespace, name)
    if found is None:
        raise WorkspaceMissing(
            f"There is no workspace {namespace}/{name}, or you are not a member of it."
            " Check the address or ask its owner."
        )
    return found


def allowed(found: Membership, action: Action) -> Membership:
    """The same, where `action` may be done by this. Raises `NotAllowed`, `Refused` where there is no place for it."""
    at = found.workspace
    if at.is_library and action not in BY_WORKSPACE_DOORS:
        raise Refused(
            f"{at.shown!r} is a library of the drive, in which no environment runs: its notebooks are opened in a drive"
            " workspace. Its name, shares and end are changed on the page Drive, or at /libraries."
        )
    if at.has_drive and action in OF_BUCKETS:
        raise Refused(
            f"{at.namespace}/{at.name} works on drives, so it has no notebooks and data of its own: they are in"
            " libraries, on the page Drive and at /libraries."
        )
    said = permits(found.standing, action)
    if not said:
        where = f"the library {at.shown!r}" if at.is_library else f"{at.namespace}/{at.name}"
        whom = "its owner" if at.is_library else "an owner of the workspace"
        raise NotAllowed(f"In {where} {said.reason}. Ask {whom}.", needed=said.needed)
    return found


def change_workspace(context: Context, *, actor: str, namespace: str, name: str, title: str) -> Membership:
    """Give it another title, an empty one for none; its name, address and folders stay.

    Raises `WorkspaceMissing`, `NotAllowed`, `NameRefused`.
    """
    with context.database.write() as connection:
        at = within(connection, user=actor, namespace=namespace, name=name, action=Action.CHANGE_WORKSPACE)
        title = names.display_name(title) if title else ""
        before = at.workspace.title
        if title != before:
            records.set_workspace_title(connection, at.workspace.id, title)
            audit.note(
                context, connection, actor=actor, action="workspace-changed",
                subject=f"workspace:{namespace}/{name}", before=before, after=title,
            )  # fmt: skip
        return within(connection, user=actor, namespace=namespace, name=name, action=Action.SEE)


def slug_of(context: Context, *, user: str, namespace: str, name: str) -> str:
    """The slug of a workspace that `user` is a member of; empty where there is none, or none of theirs."""
    with context.database.read() as connection:
        found = member_records.membership_by_name(connection, user, namespace, name)
    return found.workspace.slug if found else ""


def _taken(connection: sa.Connection) -> Callable[[str], bool]:
    return lambda slug: records.is_slug_taken(connection, slug)
