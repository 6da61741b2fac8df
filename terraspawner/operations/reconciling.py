"""What the reconciler reads of our rows, and what it writes into them (K1). Each is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from terraspawner.db import reconcile_records, records
from terraspawner.domain.disk import DiskState
from terraspawner.domain.environment import Environment, State
from terraspawner.operations import audit
from terraspawner.operations.context import Context

RECONCILER = "(reconciler)"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskRows:
    """States of disks by id; `used` are those of the ones without a volume on which something has run."""

    states: Mapping[str, DiskState]
    used: frozenset[str]


def known_environments(context: Context, ids: Collection[str]) -> set[str]:
    """Those of `ids` that there are, or were."""
    with context.database.read() as connection:
        return reconcile_records.known_environments(connection, ids)


def disk_rows(context: Context, with_volume: frozenset[str]) -> DiskRows:
    """All that there are, and those gone ones that still have a volume."""
    with context.database.read() as connection:
        states = reconcile_records.disk_states(connection, with_volume)
        used = reconcile_records.used_disks(connection, [each for each in states if each not in with_volume])
    return DiskRows(states=states, used=frozenset(used))


def container_gone(context: Context, seen: Environment, reason: str) -> None:
    """Write that there is nothing to resume, unless it was started or deleted since it was `seen`."""
    with context.database.write() as connection:
        now = records.environment_by_id(connection, seen.id)
        if now and now.state is State.PAUSED and now.start_number == seen.start_number:
            records.update_environment(connection, seen.id, container_id="", reason=reason)


def note_act(context: Context, *, act: str, subject: str, why: str, state: str) -> None:
    """What was put right stands in the audit, also where no state changed."""
    with context.database.write() as connection:
        audit.note(
            context, connection, actor=RECONCILER, action=f"reconcile-{act}", subject=subject, reason=why, state=state
        )
