"""Who did what to what, when (B7). Written in the transaction of the deed, so that neither is there without the other.

A subject is its kind, a colon, its name: ``account:eva``. An actor is the name of an account, or `COMMAND_LINE`, which
no account can be called. No secret is a detail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import account_records
from terraspawner.operations.context import Context

COMMAND_LINE = "(command line)"
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, object]


def note(
    context: Context, connection: sa.Connection, *, actor: str, action: str, subject: str, **details: object
) -> None:
    account_records.insert_audit(
        connection, at=context.now(), actor=actor, action=action, subject=subject, details=details
    )


def entries(context: Context, *, user: str, is_operator: bool, before: int | None = None) -> list[Entry]:
    """A page of acts, the newest first: all for operators, else what `user` did and what was done to the account."""
    with context.database.read() as connection:
        rows = account_records.audit_rows(
            connection, about=None if is_operator else (user, f"account:{user}"), before=before, limit=PAGE
        )
    return [Entry(**row) for row in rows]
