"""How the deployment does, in numbers: what can be summed over the rows, in as many queries for many as for few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from terraspawner.db import activity_records, metric_records
from terraspawner.domain.activity import SILENCE
from terraspawner.domain.environment import HOLDS_CONTAINER, State
from terraspawner.operations import activity, cullers
from terraspawner.operations.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """`unreachable`: environments that run and have missed three reports; `culler_silent`: seconds since the culler
    asked, None where it never did; `decisions` by act and rule; `outbox_pending`: saves that wait; `is_graced`: nothing
    is stopped now, after an outage."""

    environments: Mapping[State, int]
    unreachable: int
    culler_silent: float | None
    decisions: Mapping[tuple[str, str], int]
    outbox_pending: int
    is_graced: bool


def read(context: Context) -> Numbers:
    """As it is now. Every state is named, so that none is missing where there is nothing in it."""
    now = context.now()
    with context.database.read() as connection:
        counted = metric_records.by_state(connection)
        heard = activity_records.moment(connection, cullers.NAME)
        return Numbers(
            environments={state: counted.get(state, 0) for state in State if state in HOLDS_CONTAINER},
            unreachable=metric_records.silent(connection, now - SILENCE),
            culler_silent=max(0.0, (now - heard).total_seconds()) if heard else None,
            decisions=metric_records.decisions(connection),
            outbox_pending=metric_records.outbox_pending(connection),
            is_graced=activity.grace_until(context, connection) is not None,
        )
