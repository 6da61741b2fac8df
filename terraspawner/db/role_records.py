"""Rows of who holds a role in something, by name and by groups: in workspaces and billing projects alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.domain.holder import Holder

OWNER = "owner"
"""As both kinds of roles call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """The two tables of one kind of thing; `thing` is the column in both that says which one."""

    people: sa.Table
    groups: sa.Table
    thing: str

    def put(
        self, connection: sa.Connection, thing: str, who: Holder, values: dict[str, Any], **at_first: object
    ) -> None:
        """In place of what there was under this name; what is told `at_first` stays as it was."""
        table, name = self._of(is_group=who.is_group)
        here = sa.and_(table.c[self.thing] == thing, name == who.name)
        if not connection.execute(sa.update(table).where(here).values(values)).rowcount:
            named = {self.thing: thing, name.name: who.name}
            connection.execute(sa.insert(table).values({**values, **at_first, **named}))

    def remove(self, connection: sa.Connection, thing: str, who: Holder) -> None:
        table, name = self._of(is_group=who.is_group)
        connection.execute(sa.delete(table).where(table.c[self.thing] == thing, name == who.name))

    def rows(self, connection: sa.Connection, thing: str) -> list[tuple[Holder, sa.RowMapping]]:
        """People first, then groups, by name."""
        return [
            (Holder(name=row[name.name], is_group=is_group), row)
            for is_group in (False, True)
            for table, name in [self._of(is_group=is_group)]
            for row in connection.execute(
                sa.select(table).where(table.c[self.thing] == thing).order_by(name)
            ).mappings()
        ]

    def able_owners(self, connection: sa.Connection, thing: str) -> list[str]:
        """People who own it by name and can sign in; held until the transaction ends, so that two cannot go at once."""
        table = self.people
        query = (
            sa.select(table.c.user)
            .join(t.account, t.account.c.name == table.c.user)
            .where(
                table.c[self.thing] == thing,
                table.c.role == OWNER,
                sa.not_(t.account.c.is_disabled),
                sa.not_(t.account.c.is_let_go),
            )
        )
        return list(connection.scalars(query.with_for_update(of=table)))

    def held(self, *more: str) -> sa.Subquery:
        """The thing, `user`, `role` and `more` columns: a row for each way in which a person came by a role."""
        chosen = (self.thing, "role", *more)
        by_group = sa.select(t.group_member.c.user, *(self.groups.c[name] for name in chosen))
        return sa.union_all(
            sa.select(self.people.c.user, *(self.people.c[name] for name in chosen)),
            by_group.join(t.group_member, t.group_member.c.group_name == self.groups.c.group_name),
        ).subquery()

    def _of(self, *, is_group: bool) -> tuple[sa.Table, sa.Column[str]]:
        """The table, and its column of names."""
        return (self.groups, self.groups.c.group_name) if is_group else (self.people, self.people.c.user)


IN_WORKSPACES = Holders(people=t.workspace_member, groups=t.workspace_group, thing="workspace_id")
IN_PROJECTS = Holders(people=t.project_member, groups=t.project_group, thing="namespace")
