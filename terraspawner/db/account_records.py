"""Rows of accounts, one-time links, failed sign-ins and the audit. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from terraspawner.db import sign_in_tables as s
from terraspawner.db import tables as t
from terraspawner.domain.account import Account, Link
from terraspawner.domain.sign_in import Tally

Row = sa.RowMapping
_ACCOUNT_COLUMNS = (
    "name", "email", "is_operator", "is_disabled", "is_let_go", "may_create_projects", "sessions_epoch",
)  # fmt: skip
COLUMNS = tuple(t.account.c[name] for name in (*_ACCOUNT_COLUMNS, "subject"))
"""What `account_of` reads."""
_NAMED = sa.select(t.account).where(t.account.c.name == sa.bindparam("name"))
"""What each request asks. Built once: that takes several times as long as the database's answer."""
_KEEPS_PASSWORD = t.account.c.password_hash != ""


# --- accounts ---


def account_rows(connection: sa.Connection) -> list[Row]:
    """All accounts with all columns, by name."""
    return list(connection.execute(sa.select(t.account).order_by(t.account.c.name)).mappings())


def account_row(connection: sa.Connection, name: str) -> Row | None:
    return connection.execute(_NAMED, {"name": name}).mappings().one_or_none()


def account_named(connection: sa.Connection, name: str) -> Account | None:
    row = account_row(connection, name)
    return account_of(row) if row else None


def accounts_named(connection: sa.Connection, which: sa.Select[tuple[str]]) -> dict[str, Account]:
    """The accounts whose names this query finds."""
    query = sa.select(t.account).where(t.account.c.name.in_(which))
    return {row["name"]: account_of(row) for row in connection.execute(query).mappings()}


def account_of_subject(connection: sa.Connection, subject: str) -> Account | None:
    """The account of a person whom an identity provider knows."""
    row = connection.execute(sa.select(t.account).where(t.account.c.subject == subject)).mappings().one_or_none()
    return account_of(row) if row else None


def password_hash_of(connection: sa.Connection, name: str) -> str | None:
    return connection.scalar(sa.select(t.account.c.password_hash).where(t.account.c.name == name))


def insert_account(connection: sa.Connection, account: Account, password_hash: str, now: datetime) -> None:
    connection.execute(
        sa.insert(t.account).values(
            name=account.name,
            email=account.email,
            password_hash=password_hash,
            is_operator=account.is_operator,
            is_disabled=account.is_disabled,
            may_create_projects=account.may_create_projects,
            created_at=now,
            subject=account.subject or None,
        )
    )


def update_account(connection: sa.Connection, name: str, **values: Any) -> None:
    connection.execute(sa.update(t.account).where(t.account.c.name == name).values(**values))


def end_sessions(connection: sa.Connection, name: str) -> None:
    """From here on everything that was signed in as `name` counts as older."""
    update_account(connection, name, sessions_epoch=t.account.c.sessions_epoch + 1)


def able_operators(connection: sa.Connection, *, external: bool) -> list[str]:
    """Operators who can sign in, by an identity provider or with a password; held until the transaction ends, so that
    two cannot go at once."""
    can_come = t.account.c.subject.is_not(None) if external else _KEEPS_PASSWORD
    query = sa.select(t.account.c.name).where(t.account.c.is_operator, sa.not_(t.account.c.is_disabled), can_come)
    return list(connection.scalars(query.with_for_update()))


# --- links ---


def insert_link(connection: sa.Connection, link: Link, secret_hash: str) -> None:
    values = {name: getattr(link, name) for name in _LINK_COLUMNS}
    connection.execute(sa.insert(s.sign_in_link).values(secret_hash=secret_hash, **values))


def link_by_id(connection: sa.Connection, link_id: str) -> tuple[Link, str] | None:
    """The link and its secret's hash."""
    query = sa.select(s.sign_in_link).where(s.sign_in_link.c.id == link_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    return (_link(row), row["secret_hash"]) if row else None


def links_of(connection: sa.Connection, account: str, *, unseen: bool = False) -> list[Link]:
    """The newest first."""
    query = sa.select(s.sign_in_link).where(s.sign_in_link.c.account == account)
    if unseen:
        query = query.where(s.sign_in_link.c.seen_at.is_(None))
    query = query.order_by(s.sign_in_link.c.made_at.desc(), s.sign_in_link.c.id)
    return [_link(row) for row in connection.execute(query).mappings()]


def newest_links(connection: sa.Connection) -> dict[str, Link]:
    """Account -> its newest link."""
    query = sa.select(s.sign_in_link).order_by(s.sign_in_link.c.made_at, s.sign_in_link.c.id.desc())
    return {row["account"]: _link(row) for row in connection.execute(query).mappings()}


def mark_used(connection: sa.Connection, link_id: str, now: datetime) -> bool:
    """Whether it was unused before."""
    query = sa.update(s.sign_in_link).where(s.sign_in_link.c.id == link_id, s.sign_in_link.c.used_at.is_(None))
    return connection.execute(query.values(used_at=now)).rowcount == 1


def replace_links(connection: sa.Connection, account: str, now: datetime) -> None:
    """The links of `account` that could still be used end."""
    connection.execute(
        sa.update(s.sign_in_link)
        .where(
            s.sign_in_link.c.account == account,
            s.sign_in_link.c.used_at.is_(None),
            s.sign_in_link.c.replaced_at.is_(None),
        )
        .values(replaced_at=now)
    )


def mark_seen(connection: sa.Connection, account: str, up_to: datetime, now: datetime) -> None:
    """What the person was shown; a link that was made meanwhile is not among it."""
    connection.execute(
        sa.update(s.sign_in_link)
        .where(
            s.sign_in_link.c.account == account,
            s.sign_in_link.c.seen_at.is_(None),
            s.sign_in_link.c.made_at <= up_to,
        )
        .values(seen_at=now)
    )


# --- failures ---


def tallies(connection: sa.Connection, keys: Iterable[str]) -> dict[str, Tally]:
    """Those that there are, held until the transaction ends."""
    query = sa.select(s.sign_in_failure).where(s.sign_in_failure.c.key.in_(list(keys))).with_for_update()
    return {
        row["key"]: Tally(failures=row["failures"], last_at=row["last_at"])
        for row in connection.execute(query).mappings()
    }


def set_tally(connection: sa.Connection, key: str, tally: Tally) -> None:
    """Keep it; one without failures is forgotten."""
    table = s.sign_in_failure
    values = {"failures": tally.failures, "last_at": tally.last_at}
    if tally.failures <= 0:
        connection.execute(sa.delete(table).where(table.c.key == key))
    elif not connection.execute(sa.update(table).where(table.c.key == key).values(**values)).rowcount:
        connection.execute(sa.insert(table).values(key=key, **values))


def forget_failures(connection: sa.Connection, before: datetime) -> None:
    connection.execute(sa.delete(s.sign_in_failure).where(s.sign_in_failure.c.last_at < before))


_LINK_COLUMNS = ("id", "account", "made_by", "made_at", "expires_at", "used_at", "replaced_at", "seen_at")


def account_of(row: Row) -> Account:
    return Account(**{column: row[column] for column in _ACCOUNT_COLUMNS}, subject=row["subject"] or "")


def _link(row: Row) -> Link:
    return Link(**{name: row[name] for name in _LINK_COLUMNS})
