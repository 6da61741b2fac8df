"""Whether a daily stop or an autostart is due: one table for all that can be found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraspawner.domain.environment import State
from terraspawner.domain.policy import OFF, DailyStop, Policy, Rules, effective
from terraspawner.domain.schedule import EVERY_DAY, quiet_hours_of, schedule_of
from terraspawner.domain.timetable import Act, Appointments, Facts, decide, outlook
from tests.unit.test_policy import OK

STOP = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
START = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SAID = STOP - 10 * DAY
RUNS = Facts(state=State.RUNNING, since=STOP - timedelta(hours=3))
BUSY = replace(RUNS, busy=1)
FROZEN = replace(RUNS, state=State.FROZEN)
PAUSED = Facts(state=State.PAUSED, since=START - timedelta(hours=9))
NEW = Appointments()


def after(minutes: float, since: datetime = STOP) -> datetime:
    return since + timedelta(minutes=minutes)


def ok(*, force: bool = False, **changes: object) -> Policy:
    """Stops daily at 19:00 and starts at 8:00 in Berlin."""
    stop = schedule_of("x", at="19:00", zone="Europe/Berlin", days=EVERY_DAY)
    start = schedule_of("x", at="08:00", zone="Europe/Berlin", days=EVERY_DAY)
    rules = Rules(daily_stop=DailyStop(schedule=stop, force=force), autostart=start).changed(changes)
    return effective(OK, Rules(), rules, is_owner=False)


@pytest.mark.feature("C19")
@pytest.mark.parametrize(
    ("facts", "before", "now", "act", "why"),
    [
        (RUNS, NEW, after(-0.1), None, ""),
        (RUNS, NEW, after(0), Act.STOP, "Paused by the daily stop at 19:00 Europe/Berlin."),
        (RUNS, NEW, after(1), Act.STOP, "Paused by the daily stop at 19:00 Europe/Berlin."),
        (RUNS, NEW, after(20), Act.STOP, "20 min after that time"),
        # nobody looked for half an hour: passed over
        (RUNS, NEW, after(29.9), Act.STOP, "29 min after"),
        (RUNS, NEW, after(30), None, ""),
        (RUNS, NEW, after(90), None, ""),
        # seen before, and done
        (RUNS, Appointments(stop_seen=STOP), after(1), None, ""),
        (RUNS, Appointments(stop_seen=STOP - DAY), after(1), Act.STOP, "19:00"),
        # seen before, and not done: the Hub did not answer
        (RUNS, Appointments(stop_seen=STOP, stop_due=STOP), after(1), Act.STOP, "19:00"),
        (RUNS, Appointments(stop_seen=STOP, stop_due=STOP), after(200), Act.STOP, "3 h 20 min after that time"),
        # resumed or woken since
        (replace(RUNS, since=after(0.1)), NEW, after(1), None, ""),
        (replace(RUNS, since=after(5)), Appointments(stop_seen=STOP, stop_due=STOP), after(6), None, ""),
        # frozen: busy with nothing
        (FROZEN, NEW, after(1), Act.STOP, "19:00"),
        (replace(FROZEN, since=after(0.5)), NEW, after(1), Act.STOP, "19:00"),
        (replace(FROZEN, busy=3), NEW, after(1), Act.STOP, "19:00"),
        (replace(FROZEN, state=State.FREEZING), NEW, after(1), None, ""),
        # not there, or on its way
        *((replace(RUNS, state=state), NEW, after(1), None, "") for state in (
            State.CREATING, State.STARTING, State.PAUSING, State.PAUSED, State.DELETING, State.NONE)),
        # busy: waited for, up to the cap
        (BUSY, NEW, after(1), None, ""),
        (BUSY, Appointments(stop_seen=STOP, stop_due=STOP), after(60), None, ""),
        (BUSY, Appointments(stop_seen=STOP, stop_due=STOP), after(24 * 60 - 1), None, ""),
        (BUSY, Appointments(stop_seen=STOP, stop_due=STOP), after(24 * 60), Act.STOP, "waited 24 h for work"),
        (BUSY, Appointments(stop_seen=STOP, stop_due=STOP), after(30 * 60), Act.STOP, "waited 30 h for work"),
        (RUNS, Appointments(stop_seen=STOP, stop_due=STOP), after(61), Act.STOP, "1 h 1 min after that time"),
        # what a clock saw that was ahead does not count, and repeats nothing either
        (RUNS, Appointments(stop_seen=STOP + 300 * DAY), after(1), Act.STOP, "19:00"),
        (RUNS, Appointments(stop_seen=STOP), after(-60), None, ""),
    ],
)  # fmt: skip
def test_a_daily_stop_is_done_once_to_what_ran_at_its_time(
    facts: Facts, before: Appointments, now: datetime, act: Act | None, why: str
) -> None:
    verdict = decide(ok(), SAID, before, facts, now)
    assert verdict.act is act
    assert why in verdict.why
    assert bool(verdict.why) == bool(act)


@pytest.mark.feature("C19")
@pytest.mark.parametrize(
    ("facts", "before", "now", "starts"),
    [
        (PAUSED, NEW, after(-0.1, START), False),
        (PAUSED, NEW, START, True),
        (PAUSED, NEW, after(29, START), True),
        (PAUSED, NEW, after(30, START), False),
        (PAUSED, Appointments(start_seen=START), after(1, START), False),
        (PAUSED, Appointments(start_seen=START - DAY), after(1, START), True),
        (replace(PAUSED, since=after(0.5, START)), NEW, after(1, START), False),
        *((replace(PAUSED, state=state), NEW, after(1, START), False) for state in State if state is not State.PAUSED),
    ],
)  # fmt: skip
def test_an_autostart_is_done_once_to_what_was_paused_at_its_time(
    facts: Facts, before: Appointments, now: datetime, starts: bool
) -> None:
    verdict = decide(ok(daily_stop=OFF), SAID, before, facts, now)
    assert verdict.act is (Act.START if starts else None)
    assert verdict.why == ("Started by itself at 08:00 Europe/Berlin." if starts else "")


def test_a_stop_by_force_waits_for_nothing_and_says_so() -> None:
    verdict = decide(ok(force=True), SAID, NEW, BUSY, after(1))
    assert verdict.act is Act.STOP
    assert "waits for no work: 1 kernel is busy" in verdict.why


@pytest.mark.feature("C19")
@pytest.mark.parametrize(("zone", "starts"), [("Europe/Berlin", False), ("Asia/Tokyo", True)])
def test_nothing_starts_in_quiet_hours_and_what_stops_is_stopped_in_them(zone: str, starts: bool) -> None:
    quiet = quiet_hours_of("x", start="18:00", end="09:00", zone=zone, days=EVERY_DAY)
    verdict = decide(ok(quiet_hours=quiet), SAID, NEW, PAUSED, after(1, START))
    assert verdict.act is (Act.START if starts else None)
    assert verdict.appointments.start_seen == START
    assert decide(ok(quiet_hours=quiet), SAID, NEW, RUNS, after(1)).act is Act.STOP


@pytest.mark.parametrize("said_at", [STOP, after(0.5)])
def test_what_is_said_holds_for_what_comes_after_it(said_at: datetime) -> None:
    due = Appointments(stop_seen=STOP, stop_due=STOP)
    assert decide(ok(), said_at, NEW, RUNS, after(1)).act is None
    assert decide(ok(), said_at, due, RUNS, after(1)).act is None
    assert decide(ok(), said_at, NEW, RUNS, after(1) + DAY).act is Act.STOP


def test_a_stop_that_a_clock_saw_that_was_ahead_is_done_when_it_comes() -> None:
    ahead = Appointments(stop_seen=STOP, stop_due=STOP)
    early = decide(ok(), SAID, ahead, RUNS, after(-60))
    assert (early.act, early.appointments) == (None, NEW)
    assert outlook(ok(), SAID, ahead, BUSY, after(-60)).stop_due is None
    assert decide(ok(), SAID, early.appointments, RUNS, after(1)).act is Act.STOP


def test_a_stop_that_waits_is_forgotten_where_it_is_turned_off_or_nothing_runs() -> None:
    due = Appointments(stop_seen=STOP, stop_due=STOP)
    assert decide(ok(daily_stop=OFF), SAID, due, BUSY, after(1)).appointments.stop_due is None
    assert decide(ok(), SAID, due, replace(BUSY, state=State.PAUSED), after(1)).appointments.stop_due is None


def test_what_comes_is_told_as_it_will_be_decided() -> None:
    waits = Appointments(stop_seen=STOP, stop_due=STOP)
    seen = outlook(ok(), SAID, waits, BUSY, after(5))
    assert (seen.stops_at, seen.starts_at, seen.stop_due) == (STOP + DAY, START + DAY, STOP)
    assert "1 kernel is busy" in seen.waits
    assert "24 h at most" in seen.waits
    assert outlook(ok(), SAID, waits, replace(BUSY, since=after(1)), after(5)).stop_due is None
    nothing = outlook(ok(daily_stop=OFF, autostart=OFF), SAID, NEW, RUNS, STOP)
    assert (nothing.stops_at, nothing.starts_at, nothing.waits) == (None, None, "")


@given(st.lists(st.integers(-40, 40), min_size=1, max_size=12))
def test_however_a_clock_runs_one_time_is_acted_on_once(steps: list[int]) -> None:
    """Forwards and backwards by minutes, and whatever is done, it is found paused again."""
    held, acts, now = NEW, 0, after(-20, START)
    for step in steps:
        now += timedelta(minutes=step)
        verdict = decide(ok(daily_stop=OFF), SAID, held, PAUSED, now)
        held, acts = verdict.appointments, acts + (verdict.act is Act.START)
    assert acts <= 1
