"""Levels of a policy: which one counts, what the bounds cut, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from terraspawner.domain.bounds import AtIdle, Bounds, MayAutostart
from terraspawner.domain.durations import said
from terraspawner.domain.policy import NOTHING, OFF, DailyStop, Level, Rules, check, effective
from terraspawner.domain.schedule import EVERY_DAY, QuietHours, Schedule, quiet_hours_of, schedule_of
from terraspawner.errors import Refused

DAY = 86400
OK = Bounds(
    idle=1800,
    idle_least=600,
    idle_most=7200,
    idle_may_be_off=False,
    at_idle=AtIdle.FREEZE_THEN_PAUSE,
    busy_cap=86400,
    grace=1800,
    frozen_most=7200,
    age_most=0,
    autostart=MayAutostart.EVERYBODY,
    dormancy=90 * DAY,
    dormancy_least=7 * DAY,
    dormancy_most=366 * DAY,
)


def at(text: str) -> Schedule:
    return schedule_of("x", at=text, zone="Europe/Berlin", days=EVERY_DAY)


def stop(text: str = "19:00") -> DailyStop:
    return DailyStop(schedule=at(text))


QUIET: QuietHours = quiet_hours_of("x", start="22:00", end="07:00", zone="Europe/Berlin", days=EVERY_DAY)


@pytest.mark.parametrize(
    ("field", "workspace", "own", "value", "level"),
    [
        ("idle", None, None, 1800, Level.DEPLOYMENT),
        ("idle", 3600, None, 3600, Level.WORKSPACE),
        ("idle", 3600, 900, 900, Level.OWN),
        ("idle", None, 900, 900, Level.OWN),
        ("dormancy", None, None, 90 * DAY, Level.DEPLOYMENT),
        ("dormancy", 30 * DAY, None, 30 * DAY, Level.WORKSPACE),
        ("dormancy", 30 * DAY, 7 * DAY, 7 * DAY, Level.OWN),
        ("dormancy", 30 * DAY, 366 * DAY, 366 * DAY, Level.OWN),
        ("at_idle", None, None, AtIdle.FREEZE_THEN_PAUSE, Level.DEPLOYMENT),
        ("at_idle", AtIdle.PAUSE, None, AtIdle.PAUSE, Level.WORKSPACE),
        ("at_idle", AtIdle.PAUSE, AtIdle.FREEZE_THEN_PAUSE, AtIdle.FREEZE_THEN_PAUSE, Level.OWN),
        ("daily_stop", None, None, None, Level.DEPLOYMENT),
        ("daily_stop", stop("18:00"), None, stop("18:00"), Level.WORKSPACE),
        ("daily_stop", stop("18:00"), stop(), stop(), Level.OWN),
        ("daily_stop", stop("18:00"), OFF, None, Level.OWN),
        ("daily_stop", OFF, None, None, Level.WORKSPACE),
        ("quiet_hours", QUIET, None, QUIET, Level.WORKSPACE),
        ("quiet_hours", QUIET, OFF, None, Level.OWN),
        ("autostart", None, at("08:00"), at("08:00"), Level.OWN),
        ("autostart", None, OFF, None, Level.OWN),
    ],
)
def test_the_nearest_level_that_says_something_counts_and_is_named(
    field: str, workspace: object, own: object, value: object, level: Level
) -> None:
    found = effective(OK, NOTHING.changed({field: workspace}), NOTHING.changed({field: own}), is_owner=False)
    here = getattr(found, field)
    assert (here.value, here.level, here.note) == (value, level, "")


@pytest.mark.parametrize(
    ("bounds", "own", "value", "note"),
    [
        ({"idle_most": 1800}, 3600, 1800, "1 h is outside of what this deployment allows now, so 30 min counts"),
        ({"idle_least": 1200}, 600, 1200, "10 min is outside of what this deployment allows now, so 20 min counts"),
        ({}, OFF, 7200, "does not allow any more: 2 h is the most"),
        ({"idle_may_be_off": True}, OFF, None, ""),
    ],
)
def test_bounds_that_were_lowered_since_cut_at_reading_and_say_so(
    bounds: dict[str, object], own: object, value: object, note: str
) -> None:
    found = effective(replace(OK, **bounds), NOTHING, NOTHING.changed({"idle": own}), is_owner=True).idle  # type: ignore[arg-type]
    assert (found.value, found.level) == (value, Level.OWN)
    assert note in found.note
    assert bool(note) == bool(found.note)


@pytest.mark.parametrize(
    ("bounds", "own", "value", "note"),
    [
        ({"dormancy_most": 30 * DAY}, 60 * DAY, 30 * DAY, "60 days is outside of what this deployment allows now"),
        ({"dormancy_least": 60 * DAY}, 7 * DAY, 60 * DAY, "so 60 days counts"),
        ({}, OFF, 366 * DAY, "does not allow any more: 366 days is the most"),
        ({"dormancy_may_be_off": True}, OFF, None, ""),
        ({"dormancy": 0}, 60 * DAY, None, ""),
        ({"dormancy": 0}, None, None, ""),
    ],
)
def test_bounds_cut_a_dormancy_likewise_and_switch_it_off(
    bounds: dict[str, object], own: object, value: object, note: str
) -> None:
    found = effective(replace(OK, **bounds), NOTHING, NOTHING.changed({"dormancy": own}), is_owner=True).dormancy  # type: ignore[arg-type]
    assert found.value == value
    assert note in found.note
    assert bool(note) == bool(found.note)


@pytest.mark.parametrize("level", [Level.OWN, Level.WORKSPACE])
@pytest.mark.parametrize("dormancy", [7 * DAY - 1, 366 * DAY + 1, 0, OFF])
def test_a_dormancy_outside_of_the_bounds_is_refused_with_them(dormancy: object, level: Level) -> None:
    with pytest.raises(Refused) as refusal:
        check(OK, {"dormancy": dormancy}, level=level, is_owner=True)
    assert refusal.value.details == {"field": "policy.dormancy", "least": 7 * DAY, "most": 366 * DAY}


def test_where_nothing_goes_into_the_trash_by_itself_nobody_says_when() -> None:
    never = replace(OK, dormancy=0)
    check(never, {"dormancy": OFF}, level=Level.OWN, is_owner=True)
    with pytest.raises(Refused, match="puts nothing into the trash by itself"):
        check(never, {"dormancy": 30 * DAY}, level=Level.OWN, is_owner=True)


@pytest.mark.parametrize(
    ("who", "is_owner", "starts"),
    [
        (MayAutostart.EVERYBODY, False, True),
        (MayAutostart.OWNERS, True, True),
        (MayAutostart.OWNERS, False, False),
        (MayAutostart.NOBODY, True, False),
    ],
)
def test_an_autostart_is_for_whom_the_deployment_lets_have_one(who: MayAutostart, is_owner: bool, starts: bool) -> None:
    bounds, change = replace(OK, autostart=who), {"autostart": at("08:00")}
    found = effective(bounds, NOTHING, NOTHING.changed(change), is_owner=is_owner).autostart
    assert (found.value is not None, bool(found.note)) == (starts, not starts)
    if starts:
        check(bounds, change, level=Level.OWN, is_owner=is_owner)
    else:
        with pytest.raises(Refused) as refusal:
            check(bounds, change, level=Level.OWN, is_owner=is_owner)
        assert refusal.value.details["field"] == "policy.autostart"


def test_a_workspace_says_no_autostart_for_others() -> None:
    with pytest.raises(Refused, match="each person says it"):
        check(OK, {"autostart": at("08:00")}, level=Level.WORKSPACE, is_owner=True)
    forged = NOTHING.changed({"autostart": at("08:00")})
    assert effective(OK, forged, NOTHING, is_owner=True).autostart.value is None


@pytest.mark.parametrize("idle", [599, 7201, 0, OFF])
def test_an_idle_time_outside_of_the_bounds_is_refused_with_them(idle: object) -> None:
    with pytest.raises(Refused) as refusal:
        check(OK, {"idle": idle}, level=Level.OWN, is_owner=True)
    assert refusal.value.details == {"field": "policy.idle", "least": 600, "most": 7200}


@pytest.mark.parametrize(
    "change",
    [
        {"idle": 600},
        {"idle": 7200},
        {"idle": None},
        {"dormancy": 7 * DAY},
        {"dormancy": 366 * DAY},
        {"daily_stop": OFF},
        {},
    ],
)
def test_what_is_inside_of_the_bounds_is_taken(change: dict[str, object]) -> None:
    check(OK, change, level=Level.OWN, is_owner=False)


def test_what_no_policy_has_is_refused() -> None:
    with pytest.raises(Refused, match="no busy_cap"):
        check(OK, {"busy_cap": 1}, level=Level.OWN, is_owner=True)


@pytest.mark.parametrize(
    "rules",
    [
        NOTHING,
        Rules(idle=OFF, daily_stop=OFF, quiet_hours=OFF, autostart=OFF),
        Rules(dormancy=OFF),
        Rules(
            dormancy=30 * DAY,
            idle=900,
            at_idle=AtIdle.PAUSE,
            daily_stop=stop(),
            quiet_hours=QUIET,
            autostart=at("08:00"),
        ),
        Rules(daily_stop=replace(stop(), force=True)),
    ],
)
def test_what_is_kept_is_what_was_said(rules: Rules) -> None:
    assert Rules.from_json(rules.as_json()) == rules


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1800, "30 min"),
        (5400, "1 h 30 min"),
        (DAY, "24 h"),
        (90 * DAY, "90 days"),
        (2 * DAY + 1, "48 h 1 s"),
        (61, "1 min 1 s"),
        (0, "0 s"),
    ],
)
def test_durations_are_said_in_words(seconds: int, words: str) -> None:
    assert said(seconds) == words
