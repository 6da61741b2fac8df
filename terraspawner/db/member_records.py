"""Rows of who is what in workspaces, by name and by groups. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from terraspawner.db import account_records, records
from terraspawner.db import tables as t
from terraspawner.db.role_records import IN_WORKSPACES
from terraspawner.domain.access import Role, Standing, highest
from terraspawner.domain.account import Account
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.holder import Holder
from terraspawner.domain.workspace import Member, Membership, Workspace

Row = sa.RowMapping


# --- members of a workspace ---


def put_member(connection: sa.Connection, workspace_id: str, member: Member) -> None:
    """In place of what there was under this name."""
    IN_WORKSPACES.put(connection, workspace_id, member, {"role": str(member.role), "may_compute": member.may_compute})


def remove_member(connection: sa.Connection, workspace_id: str, who: Holder) -> None:
    IN_WORKSPACES.remove(connection, workspace_id, who)


def members_of(connection: sa.Connection, workspace_id: str) -> list[Member]:
    """People first, then groups, by name."""
    return [
        Member(name=who.name, is_group=who.is_group, role=Role(row["role"]), may_compute=row["may_compute"])
        for who, row in IN_WORKSPACES.rows(connection, workspace_id)
    ]


def able_owners(connection: sa.Connection, workspace_id: str) -> list[str]:
    """People who own the workspace by name and can sign in; held until the transaction ends."""
    return IN_WORKSPACES.able_owners(connection, workspace_id)


# --- what a person is in workspaces ---


def memberships_of(connection: sa.Connection, user: str, *, in_trash: bool = False) -> list[Membership]:
    """By project and name; of the workspaces that are there, or of those in the trash."""
    held = IN_WORKSPACES.held("may_compute")
    query = sa.select(t.workspace, held.c.role, held.c.may_compute).join(held, held.c.workspace_id == t.workspace.c.id)
    query = query.where(held.c.user == user, _is_there(in_trash=in_trash))
    query = query.order_by(t.workspace.c.namespace, t.workspace.c.comparable)
    return _memberships(connection, query)


def membership_by_name(connection: sa.Connection, user: str, namespace: str, name: str) -> Membership | None:
    return _membership(connection, user, t.workspace.c.namespace == namespace, t.workspace.c.name == name)


def membership_by_slug(connection: sa.Connection, user: str, slug: str) -> Membership | None:
    return _membership(connection, user, t.workspace.c.slug == slug)


def membership_in(
    connection: sa.Connection, user: str, workspace_id: str, *, in_trash: bool = False
) -> Membership | None:
    return _membership(connection, user, t.workspace.c.id == workspace_id, in_trash=in_trash)


def forget_members(connection: sa.Connection, workspace_id: str) -> None:
    """Nobody is anything there any more."""
    for table in (t.workspace_member, t.workspace_group):
        connection.execute(sa.delete(table).where(table.c.workspace_id == workspace_id))


def standings_in(connection: sa.Connection, workspace_id: str, users: Iterable[str]) -> dict[str, Standing]:
    """What those of `users` hold in a workspace who hold anything there and may sign in."""
    held = IN_WORKSPACES.held("may_compute")
    query = (
        sa.select(held.c.user, held.c.role, held.c.may_compute)
        .join(t.account, t.account.c.name == held.c.user)
        .where(
            held.c.workspace_id == workspace_id,
            held.c.user.in_(list(users)),
            sa.not_(t.account.c.is_disabled),
            sa.not_(t.account.c.is_let_go),
        )
    )
    rows: dict[str, list[Row]] = {}
    for row in connection.execute(query).mappings():
        rows.setdefault(row["user"], []).append(row)
    return {
        user: Standing(
            role=highest(Role(row["role"]) for row in theirs), may_compute=any(row["may_compute"] for row in theirs)
        )
        for user, theirs in rows.items()
    }


def environments_with_membership(
    connection: sa.Connection, states: Iterable[State]
) -> list[tuple[Environment, Workspace, Membership | None, Account]]:
    """Every environment in one of `states` with its workspace, what its person is there now, if anything, and the
    person's account; in a fixed number of queries."""
    chosen = t.environment.c.state.in_([str(state) for state in states])
    held = IN_WORKSPACES.held("may_compute")
    roles: dict[str, list[Row]] = {}
    for row in connection.execute(
        sa.select(t.environment.c.id, held.c.role, held.c.may_compute)
        .join(held, sa.and_(held.c.workspace_id == t.environment.c.workspace_id, held.c.user == t.environment.c.user))
        .where(chosen)
    ).mappings():
        roles.setdefault(row["id"], []).append(row)
    at = {
        row["environment_id"]: row
        for row in connection.execute(
            sa.select(t.workspace, t.environment.c.id.label("environment_id"))
            .join(t.environment, t.environment.c.workspace_id == t.workspace.c.id)
            .where(chosen)
        ).mappings()
    }
    people = account_records.accounts_named(connection, sa.select(t.environment.c.user).where(chosen))
    found = []
    for environment in records.environments_in(connection, frozenset(states)):
        workspace = records.workspace_of(at[environment.id])
        membership = _folded(workspace, roles[environment.id]) if environment.id in roles else None
        found.append((environment, workspace, membership, people[environment.user]))
    return found


def _membership(
    connection: sa.Connection, user: str, *which: sa.ColumnElement[bool], in_trash: bool = False
) -> Membership | None:
    held = IN_WORKSPACES.held("may_compute")
    query = sa.select(t.workspace, held.c.role, held.c.may_compute).join(held, held.c.workspace_id == t.workspace.c.id)
    return next(
        iter(_memberships(connection, query.where(held.c.user == user, _is_there(in_trash=in_trash), *which))), None
    )


def _memberships(connection: sa.Connection, query: sa.Select[Any]) -> list[Membership]:
    """One for each workspace, in the query's order."""
    rows: dict[str, list[Row]] = {}
    for row in connection.execute(query).mappings():
        rows.setdefault(row["id"], []).append(row)
    return [_folded(records.workspace_of(held[0]), held) for held in rows.values()]


def _is_there(*, in_trash: bool) -> sa.ColumnElement[bool]:
    return t.workspace.c.trashed_at.is_not(None) if in_trash else t.workspace.c.trashed_at.is_(None)


def _folded(workspace: Workspace, held: list[Row]) -> Membership:
    role = highest(Role(row["role"]) for row in held)
    return Membership(workspace=workspace, role=role, may_compute=any(row["may_compute"] for row in held))
