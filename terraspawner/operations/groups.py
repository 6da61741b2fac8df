"""Groups of people, to which a workspace gives a role as to a person.

A managed one is the sign-in's: who is in it is what the claims of each sign-in say. The others are the operators'.
A claim never makes anybody a member of one that operators made: the same name would be the same rights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from terraspawner.db import account_records, group_records
from terraspawner.domain.account import account_name
from terraspawner.errors import GroupManaged, GroupMissing, NameRefused, NameTaken
from terraspawner.errors_accounts import AccountMissing
from terraspawner.operations import audit
from terraspawner.operations.context import Context
from terraspawner.operations.names_given import shown

PROVIDER = "(identity provider)"
"""The actor of what follows from a provider's word; no account can be called so."""
LONGEST = 255
RESERVED = "terraspawner-"
"""The Hub's own groups of ours begin with it, the operators' one among them; no other may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group with who is in it."""

    name: str
    is_managed: bool
    members: tuple[str, ...]


def list_groups(context: Context) -> list[Group]:
    """All, by name, in two queries."""
    with context.database.read() as connection:
        people = group_records.people_by_group(connection)
        return [
            Group(name=name, is_managed=is_managed, members=tuple(people.get(name, ())))
            for name, is_managed in group_records.all_groups(connection)
        ]


def groups_of(context: Context, user: str) -> list[str]:
    """Those that `user` is in, by name."""
    with context.database.read() as connection:
        return group_records.groups_of(connection, user)


def managed_groups(context: Context, user: str) -> list[str]:
    """Those that the sign-in told of when `user` was last seen there, by name."""
    with context.database.read() as connection:
        return group_records.groups_of(connection, user, is_managed=True)


def set_managed(context: Context, *, user: str, names: Iterable[str]) -> list[str]:
    """`user` is in these managed groups and no others from here on: told by the sign-in, each time. A name that is no
    name, or that operators gave to a group of theirs, is passed over. Returns all that the person is in."""
    with context.database.write() as connection:
        set_managed_within(context, connection, user=user, names=names)
        return group_records.groups_of(connection, user)


def set_managed_within(context: Context, connection: sa.Connection, *, user: str, names: Iterable[str]) -> None:
    """As `set_managed`, in the caller's transaction. What changes stands in the audit."""
    wanted = {name for name in names if 0 < len(name) <= LONGEST and name.isprintable() and not _is_reserved(name)}
    before = set(group_records.groups_of(connection, user, is_managed=True))
    for name in sorted(wanted - before):
        is_managed = group_records.is_managed(connection, name)
        if is_managed is None:
            group_records.insert(connection, name, is_managed=True, now=context.now())
        if is_managed is not False:
            group_records.join(connection, name, user)
    for name in sorted(before - wanted):
        group_records.leave(connection, name, user)
    after = set(group_records.groups_of(connection, user, is_managed=True))
    if after != before:
        audit.note(
            context, connection, actor=PROVIDER, action="groups-claimed", subject=f"account:{user}",
            gained=sorted(after - before), lost=sorted(before - after),
        )  # fmt: skip


def create_group(context: Context, *, name: str, actor: str) -> None:
    """An empty one. Raises `NameRefused`, `NameTaken`."""
    account_name(name, thing="The group's name")
    if _is_reserved(name):
        raise NameRefused(f"The group's name cannot begin with {RESERVED!r}: these groups are the deployment's own.")
    with context.database.write() as connection:
        if group_records.is_managed(connection, name) is not None:
            raise NameTaken(f"There is a group {name!r} already. Choose another name.")
        group_records.insert(connection, name, is_managed=False, now=context.now())
        audit.note(context, connection, actor=actor, action="group-created", subject=f"group:{name}")


def put_member(context: Context, *, name: str, user: str, actor: str) -> None:
    """`user` is in the group from here on. Idempotent. Raises `GroupMissing`, `GroupManaged`, `AccountMissing`."""
    with context.database.write() as connection:
        _refuse_managed(group_records.is_managed(connection, name), name)
        if account_records.account_named(connection, user) is None:
            raise AccountMissing(f"There is no account {shown(user)}.")
        if user not in group_records.members_of(connection, name):
            group_records.join(connection, name, user)
            audit.note(context, connection, actor=actor, action="group-joined", subject=f"group:{name}", member=user)


def remove_member(context: Context, *, name: str, user: str, actor: str) -> None:
    """`user` is no longer in the group. Idempotent. Raises `GroupMissing`, `GroupManaged`."""
    with context.database.write() as connection:
        _refuse_managed(group_records.is_managed(connection, name), name)
        if user in group_records.members_of(connection, name):
            group_records.leave(connection, name, user)
            audit.note(context, connection, actor=actor, action="group-left", subject=f"group:{name}", member=user)


def _is_reserved(name: str) -> bool:
    return name.casefold().startswith(RESERVED)


def _refuse_managed(is_managed: bool | None, name: str) -> None:
    if is_managed is None:
        raise GroupMissing(f"There is no group {shown(name)}.")
    if is_managed:
        raise GroupManaged(f"Who is in {shown(name)} is said by the sign-in. Change it there.")
