"""Rows of who is what in workspaces, by name and by groups. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from terraspawner.db import account_records, records
from terraspawner.db import tables as t
from terraspawner.db.library_tables import library
from terraspawner.db.role_records import IN_WORKSPACES
from terraspawner.domain.access import Role, Standing, highest
from terraspawner.domain.account import Account
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.holder import Holder
from terraspawner.domain.library import Access
from terraspawner.domain.workspace import LIBRARY, Member, Membership, Workspace

Row = sa.RowMapping

_ROLE_OF_ALL = sa.case((library.c.for_all == Access.WRITE.value, Role.WRITER.value), else_=Role.READER.value)
_HELD = IN_WORKSPACES.held("may_compute")
_HELD_BY_ALL = (
    sa.select(t.account.c.name.label("user"), library.c.id, _ROLE_OF_ALL, sa.false())
    .join(t.account, sa.true())
    .where(library.c.for_all.is_not(None))
)
"""What is shared with all, a row for each person."""
_HELD_IN_ANY_WAY = sa.union_all(sa.select(_HELD), _HELD_BY_ALL).subquery()
_HELD_IN = sa.select(t.workspace, _HELD_IN_ANY_WAY.c.role, _HELD_IN_ANY_WAY.c.may_compute).join(
    _HELD_IN_ANY_WAY,
    sa.and_(_HELD_IN_ANY_WAY.c.workspace_id == t.workspace.c.id, _HELD_IN_ANY_WAY.c.user == sa.bindparam("user")),
)
"""What one person is. Asked several times by each request, so built once: that takes ten times as long as an answer."""
_HELD_HERE, _HELD_IN_TRASH = (
    _HELD_IN.where(condition)
    for condition in (t.workspace.c.trashed_at.is_(None), t.workspace.c.trashed_at.is_not(None))
)
_BY_NAME = _HELD_HERE.where(
    t.workspace.c.namespace == sa.bindparam("namespace"), t.workspace.c.name == sa.bindparam("name")
)
_BY_SLUG = _HELD_HERE.where(t.workspace.c.slug == sa.bindparam("slug"))
_BY_ID = t.workspace.c.id == sa.bindparam("id")
_BY_ID_HERE, _BY_ID_IN_TRASH = _HELD_HERE.where(_BY_ID), _HELD_IN_TRASH.where(_BY_ID)
_STANDINGS = (
    sa.select(
        _HELD_IN_ANY_WAY.c.user,
        _HELD_IN_ANY_WAY.c.role,
        sa.or_(_HELD_IN_ANY_WAY.c.may_compute, t.workspace.c.storage == LIBRARY).label("may_compute"),
    )
    .join(t.workspace, t.workspace.c.id == _HELD_IN_ANY_WAY.c.workspace_id)
    .join(t.account, t.account.c.name == _HELD_IN_ANY_WAY.c.user)
    .where(
        _HELD_IN_ANY_WAY.c.workspace_id == sa.bindparam("workspace_id"),
        _HELD_IN_ANY_WAY.c.user.in_(sa.bindparam("users", expanding=True)),
        sa.not_(t.account.c.is_disabled),
        sa.not_(t.account.c.is_let_go),
    )
)


_BY_KEY = (
    sa.select(t.environment, *account_records.COLUMNS)
    .join(t.account, t.account.c.name == t.environment.c.user)
    .where(t.environment.c.key_hash == sa.bindparam("key_hash"))
)


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


def memberships_of(
    connection: sa.Connection, user: str, *, in_trash: bool = False, storage: str | None = None
) -> list[Membership]:
    """By project and name; of the workspaces that are there, or of those in the trash; with this `storage` alone."""
    query = (_HELD_IN_TRASH if in_trash else _HELD_HERE).order_by(t.workspace.c.namespace, t.workspace.c.comparable)
    if storage is not None:
        query = query.where(t.workspace.c.storage == storage)
    return _memberships(connection, query, user=user)


def membership_by_name(connection: sa.Connection, user: str, namespace: str, name: str) -> Membership | None:
    return _membership(connection, _BY_NAME, user=user, namespace=namespace, name=name)


def membership_by_slug(connection: sa.Connection, user: str, slug: str) -> Membership | None:
    return _membership(connection, _BY_SLUG, user=user, slug=slug)


def membership_in(
    connection: sa.Connection, user: str, workspace_id: str, *, in_trash: bool = False
) -> Membership | None:
    return _membership(connection, _BY_ID_IN_TRASH if in_trash else _BY_ID_HERE, user=user, id=workspace_id)


def forget_members(connection: sa.Connection, workspace_id: str) -> None:
    """Nobody is anything there any more."""
    for table in (t.workspace_member, t.workspace_group):
        connection.execute(sa.delete(table).where(table.c.workspace_id == workspace_id))


def standings_in(connection: sa.Connection, workspace_id: str, users: Iterable[str]) -> dict[str, Standing]:
    """What those of `users` hold in a workspace who hold anything there and may sign in. To a library they come from
    environments of other workspaces: there nobody is without compute."""
    rows: dict[str, list[Row]] = {}
    for row in connection.execute(_STANDINGS, {"workspace_id": workspace_id, "users": list(users)}).mappings():
        rows.setdefault(row["user"], []).append(row)
    return {
        user: Standing(
            role=highest(Role(row["role"]) for row in theirs), may_compute=any(row["may_compute"] for row in theirs)
        )
        for user, theirs in rows.items()
    }


def environment_by_key(connection: sa.Connection, key_hash: str) -> tuple[Environment, Account] | None:
    """With its person's account."""
    row = connection.execute(_BY_KEY, {"key_hash": key_hash}).mappings().one_or_none()
    return (records.environment_of(row), account_records.account_of(row)) if row else None


def environments_with_membership(
    connection: sa.Connection, states: Iterable[State]
) -> list[tuple[Environment, Workspace, Membership | None, Account]]:
    """Every environment in one of `states` with its workspace, what its person is there now, if anything, and the
    person's account; in a fixed number of queries."""
    chosen = t.environment.c.state.in_([str(state) for state in states])
    held = _HELD
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


def _membership(connection: sa.Connection, query: sa.Select[Any], **values: str) -> Membership | None:
    return next(iter(_memberships(connection, query, **values)), None)


def _memberships(connection: sa.Connection, query: sa.Select[Any], **values: str) -> list[Membership]:
    """One for each workspace, in the query's order."""
    rows: dict[str, list[Row]] = {}
    for row in connection.execute(query, values).mappings():
        rows.setdefault(row["id"], []).append(row)
    return [_folded(records.workspace_of(held[0]), held) for held in rows.values()]


def _folded(workspace: Workspace, held: list[Row]) -> Membership:
    role = highest(Role(row["role"]) for row in held)
    return Membership(workspace=workspace, role=role, may_compute=any(row["may_compute"] for row in held))
