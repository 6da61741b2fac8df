"""What is said about when environments pause and start by themselves, and what is due of it (C19).

What is due is judged and written down before it is done: after a crash in between, a start is not made rather than
made twice. A stop stays due until nothing runs. While the culler is there it decides about stops with all else that it
knows; this only tells it which are due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from terraspawner.db import activity_records, member_records, policy_records, records
from terraspawner.db.policy_records import Said
from terraspawner.domain import policy, schedule, timetable
from terraspawner.domain.access import Action, Role
from terraspawner.domain.bounds import AtIdle, Bounds, MayAutostart
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.policy import Level, Policy
from terraspawner.domain.timetable import Act, Appointments, Facts, Outlook, Verdict
from terraspawner.domain.workspace import DRIVE, Membership, Workspace
from terraspawner.errors import EnvironmentMissing, Refused
from terraspawner.operations import audit, cullers, ledger, workspaces
from terraspawner.operations.context import Context

SCHEDULE = "(schedule)"
"""The actor of what a time of day does."""
_JUDGED = frozenset({State.RUNNING, State.FREEZING, State.FROZEN, State.PAUSING, State.PAUSED})
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What holds for an environment, and what comes next."""

    policy: Policy
    outlook: Outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be done now, and why; `before` is what was kept until then."""

    environment: Environment
    workspace: Workspace
    act: Act
    why: str
    before: Appointments


def bounds_of(context: Context, storage: str) -> Bounds:
    """As the deployment's settings say, for the environments of a workspace of this kind."""
    bounds = _bounds(context)
    if storage != DRIVE:
        return bounds
    most = context.settings.drive_idle
    least = min(bounds.idle_least, most)
    return replace(
        bounds, idle=most, idle_least=least, idle_most=most, idle_may_be_off=False, at_idle=AtIdle.DESTROY, dormancy=0
    )


def _bounds(context: Context) -> Bounds:
    said = context.settings
    return Bounds(
        idle=said.idle,
        idle_least=said.idle_least,
        idle_most=said.idle_most,
        idle_may_be_off=said.idle_off == "allowed",
        at_idle=AtIdle(said.at_idle),
        busy_cap=said.busy_cap,
        grace=said.busy_grace,
        frozen_most=said.frozen_most,
        age_most=said.age_most,
        autostart=MayAutostart(said.autostart),
        age_force=said.age_force == "yes",
        dormancy=said.dormancy if said.trash_days else 0,  # without a trash it would be gone for good
        dormancy_least=said.dormancy_least,
        dormancy_most=said.dormancy_most,
        dormancy_may_be_off=said.dormancy_off == "allowed",
    )


# --- telling ---


def plans(
    context: Context, connection: sa.Connection, found: Iterable[tuple[Environment, Membership | None]]
) -> dict[str, Plan]:
    """Environment id -> its plan; with what its person is in the workspace."""
    held = {here.id: (here, owns(membership)) for here, membership in found}
    said = policy_records.said(connection, [here for here, _ in held.values()])
    return {
        identifier: plan_of(context, here, said[identifier], is_owner=is_owner)
        for identifier, (here, is_owner) in held.items()
    }


def ground(context: Context, connection: sa.Connection, membership: Membership) -> Plan:
    """What a new environment in this workspace would have."""
    rules = policy_records.workspace_rules(connection, membership.workspace.id)
    bounds = bounds_of(context, membership.workspace.storage)
    holds = policy.effective(bounds, rules, policy.NOTHING, is_owner=owns(membership))
    return Plan(policy=holds, outlook=Outlook())


def plan_of_workspace(context: Context, membership: Membership) -> Plan:
    """As `ground`, in a transaction of its own."""
    with context.database.read() as connection:
        return ground(context, connection, membership)


def owns(membership: Membership | None) -> bool:
    """Whether it is an owner's."""
    return membership is not None and membership.role is Role.OWNER


def plan_of(context: Context, here: Environment, said: Said, *, is_owner: bool) -> Plan:
    """The plan of one, from what is said about it."""
    holds = policy.effective(bounds_of(context, said.storage), said.workspace, said.own, is_owner=is_owner)
    next_ = timetable.outlook(holds, said.at or _LONG_AGO, said.appointments, facts_of(here), context.now())
    return Plan(policy=holds, outlook=next_)


# --- saying ---


def change_own(context: Context, *, user: str, namespace: str, name: str, change: Mapping[str, object]) -> None:
    """Say these for the own environment; None takes back what was said there.

    Raises `WorkspaceMissing`, `NotAllowed`, `EnvironmentMissing`, `Refused` with field and bound.
    """
    with context.database.write() as connection:
        at = workspaces.within(connection, user=user, namespace=namespace, name=name, action=Action.USE_ENVIRONMENT)
        here = records.environment_for(connection, at.workspace.id, user)
        if here is None:
            raise EnvironmentMissing(f"You have no environment in {namespace}/{name}. Start one first.")
        is_owner = at.role is Role.OWNER
        bounds = bounds_of(context, at.workspace.storage)
        policy.check(bounds, change, level=Level.OWN, is_owner=is_owner)
        said = policy_records.said(connection, [here])[here.id]
        rules = said.own.changed(change)
        _refuse_never(policy.effective(bounds, said.workspace, rules, is_owner=is_owner), context.now())
        if rules == said.own:
            return
        policy_records.say_of_environment(connection, here.id, rules, context.now())
        activity_records.look_soon(connection, context.now(), environment_id=here.id)
        audit.note(
            context, connection, actor=user, action="environment-policy-changed", subject=f"environment:{here.id}",
            before=said.own.as_json(), after=rules.as_json(),
        )  # fmt: skip


def change_default(context: Context, *, actor: str, namespace: str, name: str, change: Mapping[str, object]) -> None:
    """Say these for all environments of a workspace whose persons say nothing else. For its owners.

    Raises `WorkspaceMissing`, `NotAllowed`, `Refused` with field and bound.
    """
    with context.database.write() as connection:
        at = workspaces.within(connection, user=actor, namespace=namespace, name=name, action=Action.CHANGE_WORKSPACE)
        bounds = bounds_of(context, at.workspace.storage)
        policy.check(bounds, change, level=Level.WORKSPACE, is_owner=True)
        before = policy_records.workspace_rules(connection, at.workspace.id)
        rules = before.changed(change)
        if rules == before:
            return
        policy_records.say_of_workspace(connection, at.workspace.id, rules, context.now())
        activity_records.look_soon(connection, context.now(), workspace_id=at.workspace.id)
        audit.note(
            context, connection, actor=actor, action="workspace-policy-changed",
            subject=f"workspace:{namespace}/{name}", before=before.as_json(), after=rules.as_json(),
        )  # fmt: skip


def _refuse_never(holds: Policy, now: datetime) -> None:
    start, quiet = holds.autostart.value, holds.quiet_hours.value
    if start and quiet and schedule.next_loud_at(start, now, quiet) is None:
        raise Refused(
            f"A start {start} always lies in the quiet hours, {quiet}: nothing would ever start. Choose another time.",
            field="policy.autostart",
        )


# --- what is due ---


def facts_of(here: Environment) -> Facts:
    busy = sum(kernel.get("state") == "busy" for kernel in here.kernels)
    return Facts(state=here.state, since=here.since, busy=busy)


def to_be_judged(context: Context) -> list[str]:
    """Environments of which something is to be done or written down now. Few queries, however many there are."""
    with context.database.read() as connection:
        found = policy_records.governed(connection, _JUDGED)
    return [here.id for here, _, said in found if _news(context, here, said)]


def _news(context: Context, here: Environment, said: Said) -> bool:
    verdict = _verdict(context, here, said, is_owner=True)
    return verdict.act is not None or verdict.appointments != said.appointments


def judge(context: Context, environment_id: str) -> Due | None:
    """Write down that this was looked at, and say what is to be done now; None where that is nothing."""
    with context.database.write() as connection:
        policy_records.lock(connection, environment_id)
        here = ledger.load(connection, environment_id)
        at = records.workspace_by_id(connection, here.workspace_id)
        said = policy_records.said(connection, [here])[here.id]
        member = member_records.membership_by_slug(connection, here.user, at.slug)
        verdict = _verdict(context, here, said, is_owner=owns(member))
        if verdict.appointments != said.appointments:
            policy_records.keep(connection, here.id, verdict.appointments)
            activity_records.look_soon(connection, context.now(), environment_id=here.id)
        if verdict.act is None or (verdict.act is Act.STOP and cullers.is_there(context, connection)):
            return None
        asked = ledger.asked_by(context, SCHEDULE, verdict.why)
        if verdict.act is Act.STOP:
            records.update_environment(connection, here.id, reason=verdict.why, asked=asked)
        else:
            records.update_environment(connection, here.id, asked={**asked, "start": str(here.start_number + 1)})
    return Due(environment=here, workspace=at, act=verdict.act, why=verdict.why, before=said.appointments)


def start_refused(context: Context, due: Due, why: str) -> None:
    """It was not started; its person reads why in the audit, and is not said to have been started by a rule."""
    with context.database.write() as connection:
        records.update_environment(connection, due.environment.id, asked={})
        audit.note(
            context, connection, actor=SCHEDULE, action="environment-autostart-refused",
            subject=f"environment:{due.environment.id}", reason=why,
        )  # fmt: skip


def look_again(context: Context, due: Due) -> None:
    """Nobody answered who could have started it: it is judged anew, while its time is not too long ago."""
    with context.database.write() as connection:
        policy_records.lock(connection, due.environment.id)
        here = ledger.load(connection, due.environment.id)
        kept = policy_records.said(connection, [here])[here.id].appointments
        policy_records.keep(connection, here.id, replace(kept, start_seen=due.before.start_seen))
        if here.start_number == due.environment.start_number:
            records.update_environment(connection, here.id, asked={})


def _verdict(context: Context, here: Environment, said: Said, *, is_owner: bool) -> Verdict:
    holds = policy.effective(bounds_of(context, said.storage), said.workspace, said.own, is_owner=is_owner)
    return timetable.decide(holds, said.at or _LONG_AGO, said.appointments, facts_of(here), context.now())
