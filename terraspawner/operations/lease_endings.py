"""What ends a lease, or makes it last longer, without its holder's doing: the end of an environment's run, an outage of
this service.

A holder who may not edit there any more, by role, compute or account, has nothing that anybody must wait for: that is
seen when the lease is looked at (`void`), so that it counts from the same moment as the role does, whatever took it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from terraspawner.db import lease_records, member_records
from terraspawner.domain import lease_holding
from terraspawner.domain.lease import Lease, vacated
from terraspawner.domain.lease_saving import may_hold
from terraspawner.errors import Unavailable
from terraspawner.operations import activity
from terraspawner.operations.context import Context

OUTAGE = timedelta(seconds=15)
"""Silence of the service that is longer than this was an outage; it beats every five seconds."""


def beat(context: Context) -> None:
    """Say that the service lives. Leases that it could not renew while it did not get that time back."""
    with context.database.write() as connection:
        lease_records.note_heartbeat(connection, mended(context, connection))


def mended(context: Context, connection: sa.Connection) -> datetime:
    """The time, after what the service's silence or a clock that was set took from leases, or gave, is put right.

    Asked before a lease is changed, so that nobody is granted one in the first moment after an outage that its holder
    could not renew. A silence also is that of a database, a machine that slept, or a clock that was set forward.
    """
    now, last = context.database.now(connection), lease_records.last_heartbeat(connection)
    if last is None or timedelta(0) <= now - last <= OUTAGE:
        return now
    for lease in lease_records.leases_after(connection, min(last, now)):
        right = lease_holding.extended(lease, last, now) if now > last else lease_holding.clipped(lease, now)
        if right != lease:
            keep(connection, right)
    if now > last:
        activity.after_outage(context, connection, now - last)
    lease_records.note_heartbeat(connection, now)
    return now


def release_of_environment(context: Context, connection: sa.Connection, environment_id: str) -> None:
    """Nothing runs there any more, so none of its sessions edits."""
    for lease in lease_records.leases_of(connection, environment_id):
        keep(connection, lease_holding.released(lease, context.database.now(connection)))


def void(connection: sa.Connection, leases: list[Lease]) -> list[Lease]:
    """The leases of one workspace as they are where holders are out who may not edit there any more."""
    holders = {lease.holder.user for lease in leases if lease.holder}
    if not holders:
        return leases
    standings = member_records.standings_in(connection, leases[0].workspace_id, holders)
    return [
        vacated(lease, lease.reservation)
        if lease.holder and not ((standing := standings.get(lease.holder.user)) and may_hold(lease.holder, standing))
        else lease
        for lease in leases
    ]


def keep(connection: sa.Connection, lease: Lease) -> None:
    """Write it. Raises `Unavailable` where it was changed since it was read."""
    if not lease_records.put(connection, lease):
        raise Unavailable(f"The lease of {lease.path!r} was changed at this very moment. Try again.")
