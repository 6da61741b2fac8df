"""A report of an environment: what it says is written down, and what comes next for it is told.

It is the commonest request there is, so all that it hangs on is read by one question, and each row is written once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from culler.decision import Decision
from culler.policy import Policy
from terraspawner.db import activity_records, report_records
from terraspawner.db.activity_records import Kept
from terraspawner.db.report_records import Known
from terraspawner.domain.activity import Report
from terraspawner.domain.environment import State
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import activity, cullers, ledger, policies, stops
from terraspawner.operations.context import Context

_MOMENTS = (activity.GRACE_UNTIL, cullers.NAME)


def take(
    context: Context, *, environment_id: str, start_number: int, at: Workspace, row: Mapping[str, object], said: Report
) -> tuple[Decision, Policy] | None:
    """What the environment in `at` says of itself: `row` are values of its row, `said` is what it does, which is void
    where that start is over, or stands still.

    Returns what its own JupyterLab is told, None where nobody would carry it out. It is looked at when something comes
    due by that, so what only goes on costs the culler nothing. Raises `EnvironmentMissing`.
    """
    with context.database.write() as connection:
        known = report_records.known(connection, environment_id, _MOMENTS)
        if known is None:
            raise ledger.missing(environment_id)
        here, now = known.environment, context.now()
        report_records.note(connection, here.id, row)
        is_heard = here.start_number == start_number and here.state is State.RUNNING
        after = activity.reported(known.kept, said, now) if is_heard else known.kept
        if after is None:
            return None
        plan = policies.plan_of(context, here, known.said, is_owner=False)
        grace = activity.grace_of(known.moments[activity.GRACE_UNTIL], now)
        facts = stops.facts_from(here, at, after, plan, grace=grace, now=now)
        decision = stops.decided(facts)
        _write(connection, known, replace(after, next_look_at=stops.look_after(facts, after, decision)))
    return (decision, facts.policy) if _is_there(known, now) else None


def _write(connection: sa.Connection, known: Known, after: Kept) -> None:
    here, before = known.environment.id, known.kept
    if before is None:
        activity_records.put(connection, here, after.clocks, revision=after.revision, next_look_at=after.next_look_at)
        return
    if before.keep_alive and not after.keep_alive:
        activity_records.end_keeping(connection, here)
    report_records.note_done(connection, here, after)


def _is_there(known: Known, now: datetime) -> bool:
    return cullers.is_heard(known.moments[cullers.NAME], now)
