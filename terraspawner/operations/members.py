"""Members of a workspace: people and groups, with their roles. What changes counts from the next request on.

Nothing is told to who may not see the workspace. A workspace keeps one owner, by name, who can sign in: a group may
become empty.
"""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import member_records
from terraspawner.domain.access import Action, Role, computes_by_default
from terraspawner.domain.workspace import Member, Workspace
from terraspawner.errors import MemberMissing, OwnerNeeded
from terraspawner.operations import audit, holders, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.names_given import shown


def list_members(context: Context, *, user: str, namespace: str, name: str) -> list[Member]:
    """People first, then groups. Raises `WorkspaceMissing`."""
    with context.database.read() as connection:
        at = workspaces.within(connection, user=user, namespace=namespace, name=name, action=Action.SEE_MEMBERS)
        return member_records.members_of(connection, at.workspace.id)


def put_member(
    context: Context,
    *,
    actor: str,
    namespace: str,
    name: str,
    who: str,
    role: Role,
    may_compute: bool | None = None,
) -> Member:
    """Give `who` (a person, or ``group:`` and a group) this role in place of what was there under this name.

    `may_compute` None is what the role has by itself. Raises `WorkspaceMissing`, `NotAllowed`, `AccountMissing`,
    `GroupMissing`, `OwnerNeeded` where it would leave no owner.
    """
    compute = computes_by_default(role) if may_compute is None else may_compute
    with context.database.write() as connection:
        at = workspaces.within(connection, user=actor, namespace=namespace, name=name, action=Action.CHANGE_MEMBERS)
        given = holders.able(context, connection, who)
        member = Member(name=given.name, is_group=given.is_group, role=role, may_compute=compute)
        before = _present(connection, at.workspace, member.address)
        if before == member:
            return member
        if role is not Role.OWNER:
            _keep_an_owner(connection, at.workspace, before)
        member_records.put_member(connection, at.workspace.id, member)
        _note(context, connection, actor, at.workspace, member.address, before, member)
    return member


def remove_member(context: Context, *, actor: str, namespace: str, name: str, who: str) -> None:
    """Take the role away; everybody may give up the own one. Raises as `put_member`, and `MemberMissing`."""
    action = Action.LEAVE if who == actor else Action.CHANGE_MEMBERS
    with context.database.write() as connection:
        at = workspaces.within(connection, user=actor, namespace=namespace, name=name, action=action)
        before = _present(connection, at.workspace, who)
        if before is None:
            raise MemberMissing(
                f"{shown(who)} is no member of {namespace}/{name} by this name. One who has a role by a group loses it"
                " with the group."
            )
        _keep_an_owner(connection, at.workspace, before)
        member_records.remove_member(connection, at.workspace.id, before)
        _note(context, connection, actor, at.workspace, before.address, before, None)


def _present(connection: sa.Connection, at: Workspace, who: str) -> Member | None:
    return next((each for each in member_records.members_of(connection, at.id) if each.address == who), None)


def _keep_an_owner(connection: sa.Connection, at: Workspace, going: Member | None) -> None:
    if going is None or going.is_group or going.role is not Role.OWNER:
        return
    if set(member_records.able_owners(connection, at.id)) <= {going.name}:
        raise OwnerNeeded(
            f"{going.name} is the last owner of {at.namespace}/{at.name}. Make somebody else an owner first."
        )


def _note(
    context: Context,
    connection: sa.Connection,
    actor: str,
    at: Workspace,
    who: str,
    before: Member | None,
    after: Member | None,
) -> None:
    audit.note(
        context, connection, actor=actor, action="member-removed" if after is None else "member-put",
        subject=f"workspace:{at.namespace}/{at.name}", member=who, before=_told(before), after=_told(after),
    )  # fmt: skip


def _told(member: Member | None) -> dict[str, object] | None:
    return {"role": str(member.role), "compute": member.may_compute} if member else None
