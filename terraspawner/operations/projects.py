"""Billing projects: who pays, who owns them, who belongs to them, by name or by a group.

To who is no member there is none. Every account keeps its personal one, and is its owner for good; operators say who
may create more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from terraspawner.db import account_records, project_records
from terraspawner.domain import names
from terraspawner.domain.access import Action, ProjectRole, Standing, hides, permits
from terraspawner.domain.account import Account
from terraspawner.domain.project import Project, ProjectMember, ProjectMembership
from terraspawner.errors import MemberMissing, NameTaken, NotAllowed, OwnerNeeded, ProjectMissing
from terraspawner.operations import audit, holders
from terraspawner.operations.context import Context
from terraspawner.operations.names_given import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """A billing project as a member of it sees it."""

    membership: ProjectMembership
    members: tuple[ProjectMember, ...]


def within(connection: sa.Connection, *, user: str, namespace: str, action: Action) -> ProjectMembership:
    """The project and what `user` is there, where the person may do `action` in it.

    Raises `ProjectMissing` to those outside, whether it exists or not, `NotAllowed` to members with too little.
    """
    found = project_records.membership(connection, user, namespace)
    standing = found.standing if found else Standing()
    if found is None or hides(standing, action):
        raise ProjectMissing(
            f"There is no billing project {shown(namespace)}, or you do not belong to it."
            " Check the name or ask its owner."
        )
    allowed = permits(standing, action)
    if not allowed:
        raise NotAllowed(f"In {namespace} {allowed.reason}. Ask one of its owners.", needed=allowed.needed)
    return found


def list_projects(context: Context, user: str) -> list[ProjectMembership]:
    """Those that `user` belongs to, the personal one first."""
    with context.database.read() as connection:
        return project_records.projects_of(connection, user)


def get_project(context: Context, *, user: str, namespace: str) -> ProjectView:
    """One, with its members. Raises `ProjectMissing`."""
    with context.database.read() as connection:
        membership = within(connection, user=user, namespace=namespace, action=Action.SEE_PROJECT)
        return ProjectView(membership=membership, members=tuple(project_records.members_of(connection, namespace)))


def create_project(context: Context, *, user: str, namespace: str, title: str = "") -> ProjectView:
    """Make one of which `user` is the owner. Raises `NotAllowed`, `NameRefused`, `NameTaken`."""
    with context.database.write() as connection:
        account = account_records.account_named(connection, user)
        allowed = permits(standing_of(account), Action.CREATE_PROJECT)
        if not allowed:
            raise NotAllowed(f"Here {allowed.reason}. Ask the operator.", needed=allowed.needed)
        project = Project(
            namespace=names.namespace(namespace),
            title=names.display_name(title) if title else "",
            owner=user,
            is_personal=False,
            created_at=context.now(),
        )
        if project_records.named(connection, project.namespace):
            raise NameTaken(f"There is a billing project {namespace!r} already. Choose another name.")
        project_records.insert(connection, project)
        _note(context, connection, user, "project-created", namespace, title=project.title)
    return get_project(context, user=user, namespace=namespace)


def change_project(context: Context, *, actor: str, namespace: str, title: str) -> ProjectView:
    """Give it another title; an empty one takes it away. Raises `ProjectMissing`, `NotAllowed`, `NameRefused`."""
    with context.database.write() as connection:
        before = within(connection, user=actor, namespace=namespace, action=Action.CHANGE_PROJECT).project
        title = names.display_name(title) if title else ""
        if title != before.title:
            project_records.set_title(connection, namespace, title)
            _note(context, connection, actor, "project-changed", namespace, before=before.title, after=title)
    return get_project(context, user=actor, namespace=namespace)


def put_member(context: Context, *, actor: str, namespace: str, who: str, role: ProjectRole) -> ProjectMember:
    """Make `who` (a person, or ``group:`` and a group) an owner or a member.

    Raises `ProjectMissing`, `NotAllowed`, `AccountMissing`, `GroupMissing`, `OwnerNeeded`.
    """
    with context.database.write() as connection:
        at = within(connection, user=actor, namespace=namespace, action=Action.CHANGE_PROJECT_MEMBERS).project
        given = holders.able(context, connection, who)
        before = _present(connection, namespace, given.address)
        if before and before.role is role:
            return before
        if role is not ProjectRole.OWNER:
            _keep_an_owner(connection, at, before)
        since = before.since if before else context.now()
        member = ProjectMember(name=given.name, is_group=given.is_group, role=role, since=since)
        project_records.put_member(connection, namespace, member)
        was = str(before.role) if before else None
        _note(context, connection, actor, "project-member-put", namespace, member=who, before=was, after=str(role))
    return member


def remove_member(context: Context, *, actor: str, namespace: str, who: str) -> None:
    """Take `who` out; what the person is in its workspaces stays. Everybody may leave.

    Raises as `put_member`, and `MemberMissing`.
    """
    action = Action.LEAVE_PROJECT if who == actor else Action.CHANGE_PROJECT_MEMBERS
    with context.database.write() as connection:
        at = within(connection, user=actor, namespace=namespace, action=action).project
        before = _present(connection, namespace, who)
        if before is None:
            raise MemberMissing(
                f"{shown(who)} does not belong to {namespace} by this name. One who belongs to it by a group leaves it"
                " with the group."
            )
        _keep_an_owner(connection, at, before)
        project_records.remove_member(connection, namespace, before)
        _note(
            context, connection, actor, "project-member-removed", namespace,
            member=who, before=str(before.role), after=None,
        )  # fmt: skip


def standing_of(account: Account | None) -> Standing:
    """What an account holds in the deployment."""
    if account is None or account.is_out:
        return Standing()
    return Standing(is_operator=account.is_operator, is_project_founder=account.may_create_projects)


def _present(connection: sa.Connection, namespace: str, who: str) -> ProjectMember | None:
    return next((each for each in project_records.members_of(connection, namespace) if each.address == who), None)


def _keep_an_owner(connection: sa.Connection, at: Project, going: ProjectMember | None) -> None:
    """By name: a group may become empty."""
    if going is None or going.is_group or going.role is not ProjectRole.OWNER:
        return
    if at.is_personal and at.owner == going.name:
        raise OwnerNeeded(f"{at.namespace} is the personal project of {going.name}, who stays its owner.")
    if set(project_records.able_owners(connection, at.namespace)) <= {going.name}:
        raise OwnerNeeded(f"{going.name} is the last owner of {at.namespace}. Make somebody else an owner first.")


def _note(context: Context, connection: sa.Connection, actor: str, action: str, namespace: str, **details: Any) -> None:
    audit.note(context, connection, actor=actor, action=action, subject=f"project:{namespace}", **details)
