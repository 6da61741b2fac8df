"""When an environment pauses and starts by itself: who says it, what is kept, what is due and in whose name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

import builders
from terraspawner.domain.access import Role
from terraspawner.domain.environment import State
from terraspawner.domain.policy import OFF, DailyStop, Level
from terraspawner.domain.schedule import EVERY_DAY, quiet_hours_of, schedule_of
from terraspawner.domain.timetable import Act
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import EnvironmentMissing, NotAllowed, Refused, WorkspaceMissing
from terraspawner.operations import audit, environments, identities, ledger, members, policies, views
from terraspawner.operations.audit import Entry
from terraspawner.operations.context import Context, Origin
from terraspawner.operations.environments import Ticket
from terraspawner.operations.policies import SCHEDULE, Due
from terraspawner.operations.views import View

HERE = {"namespace": "ana", "name": "alpha"}
FIVE = schedule_of("x", at="17:00", zone="UTC", days=EVERY_DAY)
STOP = {"daily_stop": DailyStop(schedule=FIVE)}
START = {"autostart": FIVE}


def run(context: Context, workspace: Workspace, user: str = "ana") -> Ticket:
    ticket = environments.admit(context, user=user, slug=workspace.slug)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c" * 64)
    return ticket


def pause(context: Context, ticket: Ticket) -> None:
    environments.begin_pause(context, ticket.environment.id)
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)


def say(context: Context, change: Mapping[str, object], user: str = "ana") -> None:
    policies.change_own(context, user=user, **HERE, change=change)


def seen(context: Context, user: str = "ana") -> View:
    return views.describe(context, user=user, **HERE)


def due(context: Context) -> list[Due]:
    """What a look finds, as the scheduler looks."""
    by_rule = replace(context, origin=Origin(actor=SCHEDULE))
    return [found for each in policies.to_be_judged(by_rule) if (found := policies.judge(by_rule, each))]


def last(context: Context, action: str) -> Entry:
    found = audit.entries(context, user="ana", is_operator=True)
    return next(each for each in found if each.action == action)


def autostart_due(context: Context, workspace: Workspace, clock: builders.Clock) -> Ticket:
    """Paused, and the time of its autostart has just come."""
    ticket = run(context, workspace)
    pause(context, ticket)
    say(context, START)
    clock.move(hours=5)
    return ticket


def is_started_by_its_person_next(context: Context, workspace: Workspace) -> bool:
    run(context, workspace)
    return last(context, "environment-start").actor == "ana"


@pytest.mark.feature("C19")
def test_a_daily_stop_pauses_once_with_its_reason_and_in_the_name_of_the_rule(
    context: Context, workspace: Workspace, clock: builders.Clock
) -> None:
    ticket = run(context, workspace)
    say(context, STOP)
    assert due(context) == []
    clock.move(hours=5, seconds=7)
    (found,) = due(context)
    assert (found.act, found.workspace.slug) == (Act.STOP, workspace.slug)
    assert [each.act for each in due(context)] == [Act.STOP]  # until it is done
    pause(context, ticket)
    here = seen(context).environment
    assert here
    assert (here.state, here.reason) == (State.PAUSED, "Paused by the daily stop at 17:00 UTC.")
    entry = last(context, "environment-stopped")
    assert (entry.actor, entry.reason) == (SCHEDULE, here.reason)
    run(context, workspace)
    assert due(context) == []
    clock.move(days=1)
    assert [each.act for each in due(context)] == [Act.STOP]


@pytest.mark.feature("C19")
def test_an_autostart_starts_once_and_tells_that_a_rule_did(
    context: Context, workspace: Workspace, clock: builders.Clock
) -> None:
    autostart_due(context, workspace, clock)
    clock.move(seconds=7)
    (found,) = due(context)
    assert found.act is Act.START
    assert due(context) == []
    ticket = run(context, workspace)
    here = seen(context).environment
    assert here
    assert (here.state, here.why_started) == (State.RUNNING, "Started by itself at 17:00 UTC.")
    entry = last(context, "environment-start")
    assert (entry.actor, entry.person, entry.reason) == (SCHEDULE, "ana", here.why_started)
    # what its person asks for afterwards is the person's
    ledger.note_asked(replace(context, origin=Origin(actor="ana")), here.id)
    pause(context, ticket)
    assert last(context, "environment-stopped").actor == "ana"
    run(context, workspace)
    again = seen(context).environment
    assert again
    assert again.why_started == ""
    assert last(context, "environment-start").actor == "ana"


def test_an_end_that_nobody_asked_for_is_not_the_rules_that_started_it(
    context: Context, workspace: Workspace, clock: builders.Clock
) -> None:
    autostart_due(context, workspace, clock)
    due(context)
    ticket = run(context, workspace)
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number, "It ended.")
    assert last(context, "environment-stopped").actor == "(hub)"
    assert is_started_by_its_person_next(context, workspace)


def test_a_start_that_was_refused_is_in_the_audit_and_leaves_the_next_one_to_its_person(
    context: Context, workspace: Workspace, clock: builders.Clock
) -> None:
    autostart_due(context, workspace, clock)
    (found,) = due(context)
    policies.start_refused(context, found, "No compute.")
    entry = last(context, "environment-autostart-refused")
    assert (entry.actor, entry.reason, entry.person) == (SCHEDULE, "No compute.", "ana")
    assert due(context) == []
    assert is_started_by_its_person_next(context, workspace)


def test_a_start_that_nobody_answered_is_tried_again_for_half_an_hour(
    context: Context, workspace: Workspace, clock: builders.Clock
) -> None:
    autostart_due(context, workspace, clock)
    for _ in range(2):
        (found,) = due(context)
        policies.look_again(context, found)
        clock.move(minutes=14)
    clock.move(minutes=2)
    assert due(context) == []


def test_work_is_waited_for_and_its_person_told(context: Context, workspace: Workspace, clock: builders.Clock) -> None:
    ticket = run(context, workspace)
    say(context, STOP)
    inside = identities.identify(context, ticket.key)
    assert inside
    identities.note_activity(context, inside, [{"id": "k", "state": "busy"}])
    clock.move(hours=5)
    assert due(context) == []
    clock.move(hours=2)  # longer than a time is looked for
    assert due(context) == []
    assert "1 kernel is busy" in seen(context).plan.outlook.waits
    identities.note_activity(context, inside, [{"id": "k", "state": "idle"}])
    (found,) = due(context)
    assert found.why == "Paused by the daily stop at 17:00 UTC, 2 h after that time."


def test_of_two_that_judge_at_once_one_acts(context: Context, workspace: Workspace, clock: builders.Clock) -> None:
    ticket = autostart_due(context, workspace, clock)
    found = builders.at_once(*[lambda: policies.judge(context, ticket.environment.id)] * 4)
    assert [each.act for each in found if isinstance(each, Due)] == [Act.START]
    assert not [each for each in found if isinstance(each, Exception)]


@pytest.mark.feature("C19")
def test_the_workspaces_default_holds_for_all_who_say_nothing_else(
    context: Context, workspace: Workspace, clock: builders.Clock
) -> None:
    members.put_member(context, actor="ana", **HERE, who="ben", role=Role.WRITER, may_compute=True)
    mine, bens = run(context, workspace), run(context, workspace, "ben")
    policies.change_default(context, actor="ana", **HERE, change=STOP)
    assert seen(context, "ben").plan.policy.daily_stop.level is Level.WORKSPACE
    say(context, {"daily_stop": OFF})
    clock.move(hours=5)
    assert [each.environment.id for each in due(context)] == [bens.environment.id]
    say(context, {"daily_stop": None})
    assert seen(context).plan.policy.daily_stop.level is Level.WORKSPACE
    assert mine.environment.id not in {each.environment.id for each in due(context)}  # said after five


def test_who_may_say_what(context: Context, workspace: Workspace) -> None:
    with pytest.raises(EnvironmentMissing):
        say(context, STOP)
    with pytest.raises(WorkspaceMissing):
        say(context, STOP, "ben")
    members.put_member(context, actor="ana", **HERE, who="ben", role=Role.READER, may_compute=False)
    with pytest.raises(NotAllowed):
        say(context, STOP, "ben")
    members.put_member(context, actor="ana", **HERE, who="ben", role=Role.WRITER, may_compute=True)
    with pytest.raises(NotAllowed):
        policies.change_default(context, actor="ben", **HERE, change=STOP)
    run(context, workspace)
    run(context, workspace, "ben")
    say(context, STOP, "ben")
    assert seen(context).plan.policy.daily_stop.value is None


def test_each_change_is_in_the_audit_once_with_what_was_before(context: Context, workspace: Workspace) -> None:
    run(context, workspace)
    say(context, STOP)
    say(context, STOP)
    say(context, {"daily_stop": OFF})
    policies.change_default(context, actor="ana", **HERE, change={"idle": 3600})
    found = [each for each in audit.entries(context, user="ana", is_operator=True) if "policy" in each.action]
    assert [(each.action, each.actor, each.workspace) for each in found] == [
        ("workspace-policy-changed", "ana", "ana/alpha"),
        ("environment-policy-changed", "ana", "ana/alpha"),
        ("environment-policy-changed", "ana", "ana/alpha"),
    ]
    assert found[0].details == {"before": {}, "after": {"idle": 3600}}
    assert found[1].details["after"] == {"daily_stop": "off"}


def test_what_is_refused_changes_nothing(context: Context, workspace: Workspace) -> None:
    run(context, workspace)
    quiet = quiet_hours_of("x", start="16:00", end="18:00", zone="UTC", days=EVERY_DAY)
    for wrong in ({"idle": 1, **STOP}, {"quiet_hours": quiet, **START}):
        with pytest.raises(Refused):
            say(context, wrong)
    holds = seen(context).plan.policy
    assert (holds.daily_stop.value, holds.quiet_hours.value, holds.autostart.value) == (None, None, None)


def test_a_bound_that_an_operator_lowers_cuts_what_was_said(context: Context, workspace: Workspace) -> None:
    run(context, workspace)
    say(context, {"idle": 7200, **START})
    lower = replace(context, settings=replace(context.settings, idle_most=3600, autostart="nobody"))
    holds = seen(lower).plan.policy
    assert (holds.idle.value, holds.autostart.value) == (3600, None)
    assert "allows now" in holds.idle.note
    assert "starts no environment by itself" in holds.autostart.note
    assert seen(context).plan.policy.idle.value == 7200


def test_where_nothing_is_said_nothing_is_judged(context: Context, workspace: Workspace) -> None:
    run(context, workspace)
    assert policies.to_be_judged(context) == []
    assert seen(context).plan.outlook.stops_at is None
