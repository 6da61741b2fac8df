"""Leases on the roads of saving, renaming and deleting: asked before the bucket is written, told after it was."""

from __future__ import annotations

from terraspawner.db import lease_records
from terraspawner.domain import lease_holding
from terraspawner.domain.lease import Claim, is_held_by
from terraspawner.domain.lease_saving import may_change, may_save
from terraspawner.domain.workspace import Workspace
from terraspawner.operations.context import Context
from terraspawner.operations.lease_endings import keep, mended, void


def check_save(context: Context, workspace: Workspace, path: str, claim: Claim) -> None:
    """Raises `LeaseHeld`, `LeaseLost`, `LeaseNeeded` where `claim` may not save. A save by the holder renews the lease.

    Between this and the write somebody may be granted the lease: the write then still is on condition that the version
    is the one that the save is based on, so that nothing of the new holder's is overwritten.
    """
    if claim.fence is None:
        with context.database.read() as connection:
            (lease,) = void(connection, [lease_records.lease_at(connection, workspace.id, path)])
            verdict = may_save(lease, claim, context.database.now(connection))
    else:
        with context.database.write() as connection:
            now = mended(context, connection)
            lease = lease_records.lease_at(connection, workspace.id, path)
            verdict = may_save(lease, claim, now)
            if verdict:
                keep(connection, lease_holding.renew(lease, claim, now))
    if verdict.refusal:
        raise verdict.refusal


def check_change(context: Context, workspace: Workspace, path: str, claim: Claim) -> None:
    """Raises `LeaseHeld` where somebody else holds what shall be renamed or deleted, `LeaseLost` for a claim that is
    good no more."""
    with context.database.read() as connection:
        (lease,) = void(connection, [lease_records.lease_at(connection, workspace.id, path)])
        verdict = may_change(lease, claim, context.database.now(connection))
    if verdict.refusal:
        raise verdict.refusal


def note_deleted(context: Context, workspace: Workspace, path: str) -> None:
    """The notebook is gone: nobody holds it. The fence stays, for a notebook of the same name."""
    with context.database.write() as connection:
        lease = lease_records.lease_at(connection, workspace.id, path)
        if lease.holder or lease.reservation:
            keep(connection, lease_holding.released(lease, mended(context, connection)))


def note_renamed(context: Context, workspace: Workspace, path: str, to: str, claim: Claim) -> None:
    """The notebook has another path. Where its holder renamed it the lease goes along; else nobody holds it."""
    with context.database.write() as connection:
        now = mended(context, connection)
        lease = lease_records.lease_at(connection, workspace.id, path)
        if is_held_by(lease, claim):
            target = lease_records.lease_at(connection, workspace.id, to)
            for each in lease_holding.moved(lease, target, claim.editor, now):
                keep(connection, each)
        elif lease.holder or lease.reservation:
            keep(connection, lease_holding.released(lease, now))
