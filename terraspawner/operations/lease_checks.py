"""Leases on the roads of saving, renaming and deleting: asked in the transaction that decides, told in the last one.

The fence is checked where the save becomes irrevocable, before its intent is written: whoever holds an older one,
however long its process stood still, changes nothing (ARCHITECTURE.md, Commit of a save).
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from terraspawner.db import lease_records
from terraspawner.domain import lease_holding
from terraspawner.domain.lease import Claim, Lease
from terraspawner.domain.lease_saving import may_change, may_save
from terraspawner.operations.context import Context
from terraspawner.operations.lease_endings import keep, mended, void


def check_save(context: Context, workspace_id: str, path: str, claim: Claim, *, creates: bool) -> None:
    """Early, before bytes are read and kept for nothing; `guard_save` is what holds. Raises as that."""
    with context.database.read() as connection:
        lease = _seen(connection, workspace_id, path, claim)
        verdict = may_save(lease, claim, context.database.now(connection), creates=creates)
    if verdict.refusal:
        raise verdict.refusal


def guard_save(
    context: Context, workspace_id: str, path: str, claim: Claim, *, creates: bool
) -> Callable[[sa.Connection], None]:
    """For the transaction that decides. Raises `LeaseHeld`, `LeaseLost`, `LeaseNeeded` where `claim` may not save.

    A save by the holder renews the lease.
    """

    def ask(connection: sa.Connection) -> None:
        now = mended(context, connection)
        lease = _seen(connection, workspace_id, path, claim)
        verdict = may_save(lease, claim, now, creates=creates)
        if verdict.refusal:
            raise verdict.refusal
        if claim.fence is not None:
            keep(connection, lease_holding.renew(lease, claim, now))

    return ask


def guard_change(context: Context, workspace_id: str, path: str, claim: Claim) -> Callable[[sa.Connection], None]:
    """For the transaction that decides. Raises `LeaseHeld` where somebody else holds what shall be renamed or deleted,
    `LeaseLost` for a claim that is good no more."""

    def ask(connection: sa.Connection) -> None:
        now = mended(context, connection)
        (lease,) = void(connection, [lease_records.lease_at(connection, workspace_id, path)])
        verdict = may_change(lease, claim, now)
        if verdict.refusal:
            raise verdict.refusal

    return ask


def note_deleted(context: Context, connection: sa.Connection, workspace_id: str, path: str) -> None:
    """The notebook is gone: nobody holds it. The fence stays, for a notebook of the same name."""
    lease = lease_records.lease_at(connection, workspace_id, path)
    if lease.holder or lease.reservation:
        keep(connection, lease_holding.released(lease, mended(context, connection)))


def note_renamed(
    context: Context, connection: sa.Connection, workspace_id: str, path: str, to: str, fence: int | None
) -> None:
    """The notebook has another path. Where its holder renamed it, who has this fence, the lease goes along; else nobody
    holds it."""
    now = mended(context, connection)
    lease = lease_records.lease_at(connection, workspace_id, path)
    if lease.holder and lease.fence == fence:
        target = lease_records.lease_at(connection, workspace_id, to)
        for each in lease_holding.moved(lease, target, lease.holder, now):
            keep(connection, each)
    elif lease.holder or lease.reservation:
        keep(connection, lease_holding.released(lease, now))


def _seen(connection: sa.Connection, workspace_id: str, path: str, claim: Claim) -> Lease:
    """The lease as it is to this claim: a holder's own fence counts as long as nobody was granted it since."""
    stored = lease_records.lease_at(connection, workspace_id, path)
    return stored if claim.fence is not None else void(connection, [stored])[0]
