"""What will stop an environment, when and why: the facts about it, and the culler's own rule over them.

The page, JupyterLab and the API tell by this what the culler acts by (`culler.decision`): one rule, two doors. A stop
is promised only while the culler is heard of: where it is not, nobody would carry it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from culler import facts as rules
from culler import policy as ruling
from culler.deadlines import Act
from culler.decision import Decision, decide, next_look
from culler.dormancy import is_near
from culler.facts import Facts, StopDue
from terraspawner.db import activity_records, records
from terraspawner.db.activity_records import Kept
from terraspawner.domain import activity
from terraspawner.domain.activity import Clocks
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.policy import Policy
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import activity as activities
from terraspawner.operations import cullers, ledger, policies
from terraspawner.operations.context import Context
from terraspawner.operations.policies import Plan

ON_ITS_WAY = timedelta(minutes=1)
"""So long after it was decided a stop is given to the Hub; then it is decided again."""
PAGE = 500
_FAR, _FAR_OF_PAUSED = timedelta(days=1), timedelta(days=30)
_TOLD_OF = frozenset({State.RUNNING, State.FROZEN, State.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What comes next for an environment that runs, stands still or is paused, for its person. `is_carried_out`: the
    culler is there; `is_missed`: it was, and is not. `is_near`: of one that is paused, its notices have begun."""

    decision: Decision
    is_carried_out: bool
    is_missed: bool
    keep_alive: activity_records.KeepAlive | None
    work: tuple[activity.Work, ...]
    human_at: datetime
    work_ended_at: datetime | None
    reports: activity.Reports
    is_near: bool = False


# --- facts ---


def facts_of(
    context: Context, connection: sa.Connection, found: Iterable[tuple[Environment, Workspace, Kept | None, Plan]]
) -> dict[str, Facts]:
    """Environment id -> what is known of it now."""
    grace = activities.grace_until(context, connection)
    return {here.id: facts_from(here, at, kept, plan, grace=grace, now=context.now()) for here, at, kept, plan in found}


def settled(here: Environment, clocks: Clocks, now: datetime) -> Clocks:
    """Time that passes changes what runs alone."""
    return activity.settled(clocks, now) if here.state is State.RUNNING else activity.clipped(clocks, now)


def facts_from(
    here: Environment, at: Workspace, kept: Kept | None, plan: Plan, *, grace: datetime | None, now: datetime
) -> Facts:
    """The same of one, from what was read; `grace`: until when nothing is stopped."""
    clocks = settled(here, kept.clocks if kept else activity.begun(min(here.since, now)), now)
    held, stop = kept.keep_alive if kept else None, plan.policy.daily_stop.value
    due = plan.outlook.stop_due
    return Facts(
        id=here.id,
        user=here.user,
        workspace=rules.Workspace(namespace=at.namespace, name=at.name, slug=at.slug),
        start_number=here.start_number,
        revision=kept.revision if kept else 0,
        now=now,
        state=str(here.state),
        since=min(here.since, now),
        policy=ruling_of(plan.policy),
        started_at=clocks.started_at,
        human_at=clocks.human_at,
        reports=activity.reports(clocks, now),
        reported_at=clocks.reported_at,
        missed=activity.missed(clocks, now),
        busy_since=clocks.busy_since,
        work=tuple(rules.Work(kind=each.kind, what=each.what, since=each.since) for each in clocks.work),
        work_ended_at=clocks.work_ended_at,
        cpu=clocks.cores,
        cpu_at=clocks.sampled_at,
        keep_alive=rules.KeepAlive(until=held.until, pid=held.pid) if held else None,
        stop_due=StopDue(at=due, force=bool(stop and stop.force)) if due else None,
        next_stop_at=plan.outlook.stops_at,
        next_stop_force=bool(stop and stop.force),
        outbox_pending=here.outbox_pending,
        grace_until=grace,
        exempt=_exempt(kept, now),
        memory_short=kept.memory_short if kept else "",
        alarmed=dict(kept.alarmed) if kept else {},
    )


def ruling_of(holds: Policy) -> ruling.Policy:
    """What holds, as the rule takes it."""
    return ruling.Policy(
        idle=holds.idle.value,
        at_idle=ruling.AtIdle(str(holds.at_idle.value)),
        busy_cap=holds.busy_cap.value,
        grace=holds.grace.value,
        frozen_most=holds.frozen_most.value,
        age_most=holds.age_most.value,
        age_force=holds.age_force.value,
        dormancy=holds.dormancy.value,
    )


def _exempt(kept: Kept | None, now: datetime) -> str:
    decided = kept.decided_at if kept else None
    return "a stop of it is on its way" if decided and decided <= now < decided + ON_ITS_WAY else ""


# --- what comes next ---


def decided(facts: Facts) -> Decision:
    return decide(facts, facts.policy, facts.now)


def look_after(facts: Facts, kept: Kept, decision: Decision) -> datetime:
    """Before this nothing becomes due, if nothing is heard until then."""
    now, clocks = facts.now, kept.clocks
    far = _FAR_OF_PAUSED if facts.state == State.PAUSED else _FAR
    ends = [next_look(decision, facts.policy, now) or now + far]
    if facts.exempt:
        ends.append((kept.decided_at or now) + ON_ITS_WAY)
    if facts.state == State.RUNNING:
        silent_at = clocks.seen_at + activity.SILENCE
        rested_at = clocks.rests_since + activity.REST if clocks.rests_since else now
        ends += [each for each in (silent_at, rested_at) if each > now]
    return min(ends)


def stop_of(
    context: Context, connection: sa.Connection, found: Iterable[tuple[Environment, Workspace, Plan]]
) -> dict[str, Stop]:
    """Environment id -> what comes next for it; of those that run, stand still or are paused."""
    up = [(here, at, plan) for here, at, plan in found if here.state in _TOLD_OF]
    if not up:
        return {}
    rows = activity_records.kept(connection, [here.id for here, _, _ in up])
    known = facts_of(context, connection, [(here, at, rows.get(here.id), plan) for here, at, plan in up])
    is_there = cullers.is_there(context, connection)
    is_missed = not is_there and activity_records.moment(connection, cullers.NAME) is not None
    return {
        here.id: _stop(known[here.id], here, rows.get(here.id), is_there=is_there, is_missed=is_missed)
        for here, _, _ in up
        if not _is_new(known[here.id])
    }


def _is_new(facts: Facts) -> bool:
    """It has just come up and has had no time to say what it does: what comes next is told when that is known."""
    began = facts.started_at or facts.since
    return facts.state != State.PAUSED and facts.reports is rules.Reports.NONE and facts.now - began < activity.SILENCE


def _stop(facts: Facts, here: Environment, kept: Kept | None, *, is_there: bool, is_missed: bool) -> Stop:
    clocks = settled(here, kept.clocks, facts.now) if kept else activity.begun(facts.since)
    # by the minute, so that a page is told of a change and not of each second
    minute = max(facts.now.replace(second=0, microsecond=0), facts.since)
    decision = decided(facts)
    if decision.act is Act.KEEP:
        decision = decide(facts, facts.policy, minute)
    held = kept.keep_alive if kept else None
    return Stop(
        decision=decision,
        is_carried_out=is_there,
        is_missed=is_missed,
        keep_alive=held if held and (held.until is None or held.until > facts.now) else None,
        work=clocks.work,
        human_at=clocks.human_at,
        work_ended_at=clocks.work_ended_at,
        reports=activity.reports(clocks, facts.now),
        is_near=is_near(facts, facts.policy, facts.now),
    )


# --- for the culler ---


def watched(
    context: Context, *, due: bool, after: str = "", limit: int = PAGE
) -> tuple[list[tuple[Facts, Decision]], str | None]:
    """The facts of what runs, stands still or is paused, by id, and after which id there are more; with `due` of those
    alone about which something is to be decided now. The others that were looked at have time again. Who asks for what
    is due acts on it, so that is when the culler is heard."""
    now = context.now()
    with context.database.write() as connection:
        if due:
            cullers.heard(context, connection)
        rows = activity_records.watched(connection, due_at=now if due else None, after=after, limit=limit)
        known = _known(context, connection, rows)
        found = [(known[here.id], decided(known[here.id])) for here, _ in rows]
        for (here, kept), (facts, decision) in zip(rows, found, strict=True):
            if (look_at := look_after(facts, kept, decision)) != kept.next_look_at:
                activity_records.note(connection, here.id, next_look_at=look_at)
    left = rows[-1][0].id if len(rows) == limit else None
    return [each for each in found if not due or each[1].act is not Act.KEEP], left


def _known(context: Context, connection: sa.Connection, rows: Iterable[tuple[Environment, Kept]]) -> dict[str, Facts]:
    rows = list(rows)
    plans = policies.plans(context, connection, [(here, None) for here, _ in rows])
    at = records.workspaces_by_id(connection, {here.workspace_id for here, _ in rows})
    return facts_of(context, connection, [(here, at[here.workspace_id], kept, plans[here.id]) for here, kept in rows])


def server_of(context: Context, environment_id: str) -> tuple[str, str]:
    """Its person, and what the Hub calls it. Raises `EnvironmentMissing`."""
    with context.database.read() as connection:
        here = ledger.load(connection, environment_id)
        return here.user, records.workspace_by_id(connection, here.workspace_id).slug


def one(context: Context, connection: sa.Connection, environment_id: str) -> Facts:
    """Raises `EnvironmentMissing`."""
    here = ledger.load(connection, environment_id)
    kept = activity_records.kept(connection, [here.id]).get(here.id)
    at = records.workspace_by_id(connection, here.workspace_id)
    plan = policies.plans(context, connection, [(here, None)])[here.id]
    return facts_of(context, connection, [(here, at, kept, plan)])[here.id]
