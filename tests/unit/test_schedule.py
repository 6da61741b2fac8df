"""Times of day in people's zones: what instants they mean, where clocks are changed too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraspawner.domain.schedule import (
    EVERY_DAY,
    WEEKDAYS,
    Day,
    QuietHours,
    Schedule,
    is_quiet,
    last_at,
    next_at,
    next_loud_at,
    quiet_hours_of,
    said_days,
    schedule_of,
    shown_at,
    zones,
    zones_like,
)
from terraspawner.errors import Refused


def ok(at: str = "19:00", zone: str = "Europe/Berlin", days: object = EVERY_DAY) -> Schedule:
    return schedule_of("x", at=at, zone=zone, days=days)  # type: ignore[arg-type]


def quiet(
    start: str = "22:00", end: str = "07:00", zone: str = "Europe/Berlin", days: object = EVERY_DAY
) -> QuietHours:
    return quiet_hours_of("x", start=start, end=end, zone=zone, days=days)  # type: ignore[arg-type]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.feature("C19")
@pytest.mark.parametrize(
    ("schedule", "now", "then"),
    [
        (ok(), "2026-11-20T12:00", "2026-11-20T18:00"),
        (ok(), "2026-11-20T17:59:59", "2026-11-20T18:00"),
        (ok(), "2026-11-20T18:00", "2026-11-21T18:00"),
        (ok(), "2026-07-01T12:00", "2026-07-01T17:00"),
        # days of the week, of the zone and not of UTC
        (ok(days=WEEKDAYS), "2026-11-20T18:00", "2026-11-23T18:00"),
        (ok(days=["sun"]), "2026-11-20T18:00", "2026-11-22T18:00"),
        (ok(days=["fri"]), "2026-11-20T18:00", "2026-11-27T18:00"),
        (ok("08:00", "Pacific/Auckland", ["mon"]), "2026-11-20T12:00", "2026-11-22T19:00"),
        (ok("20:00", "America/Los_Angeles", ["sun"]), "2026-11-20T12:00", "2026-11-23T04:00"),
        # put forward: 02:30 is not there, and read with the offset before it
        (ok("02:30"), "2026-03-28T12:00", "2026-03-29T01:30"),
        (ok("02:30"), "2026-03-29T01:30", "2026-03-30T00:30"),
        (ok("02:00"), "2026-03-28T12:00", "2026-03-29T01:00"),
        (ok("03:00"), "2026-03-28T12:00", "2026-03-29T01:00"),
        (ok("02:30", "America/New_York"), "2026-03-07T12:00", "2026-03-08T07:30"),
        (ok("00:30", "Africa/Cairo"), "2026-04-23T12:00", "2026-04-23T22:30"),
        # put back: 02:30 comes twice, and counts once
        (ok("02:30"), "2026-10-24T12:00", "2026-10-25T00:30"),
        (ok("02:30"), "2026-10-25T00:30", "2026-10-26T01:30"),
        (ok("02:30"), "2026-10-25T01:00", "2026-10-26T01:30"),
        (ok("01:30", "America/New_York"), "2026-10-31T12:00", "2026-11-01T05:30"),
        (ok("01:30", "America/New_York"), "2026-11-01T06:00", "2026-11-02T06:30"),
        # half an hour of summer time
        (ok("02:15", "Australia/Lord_Howe"), "2026-10-03T12:00", "2026-10-03T15:45"),
        (ok("01:45", "Australia/Lord_Howe"), "2026-04-04T12:00", "2026-04-04T14:45"),
        # leap day
        (ok("12:00"), "2028-02-28T12:00", "2028-02-29T11:00"),
        (ok("12:00"), "2027-02-28T12:00", "2027-03-01T11:00"),
        (ok("12:00", days=["tue"]), "2028-02-28T12:00", "2028-02-29T11:00"),
        # both sides of the date line
        (ok("19:00", "Pacific/Kiritimati"), "2026-11-20T12:00", "2026-11-21T05:00"),
        (ok("19:00", "Pacific/Pago_Pago"), "2026-11-20T12:00", "2026-11-21T06:00"),
        (ok("00:00", "Pacific/Kiritimati", ["sat"]), "2026-11-20T09:59", "2026-11-20T10:00"),
        (ok("23:59", "Pacific/Pago_Pago", ["fri"]), "2026-11-21T10:58", "2026-11-21T10:59"),
        # a day that was left out
        (ok("19:00", "Pacific/Apia"), "2011-12-30T06:00", "2011-12-31T05:00"),
        (ok("19:00", "Pacific/Apia", ["fri"]), "2011-12-29T12:00", "2012-01-06T05:00"),
        # quarters of an hour
        (ok("19:00", "Asia/Kathmandu"), "2026-11-20T12:00", "2026-11-20T13:15"),
        (ok("19:00", "Pacific/Chatham"), "2026-11-20T05:14", "2026-11-20T05:15"),
        (ok("19:00", "Australia/Eucla"), "2026-11-20T10:15", "2026-11-21T10:15"),
        (ok("02:50", "Pacific/Chatham"), "2026-09-26T00:00", "2026-09-26T14:05"),
        # no summer time, and UTC itself
        (ok("19:00", "UTC"), "2026-11-20T18:59", "2026-11-20T19:00"),
        (ok("00:00", "Asia/Kolkata"), "2026-12-31T12:00", "2026-12-31T18:30"),
    ],
)
def test_the_next_instant_is_the_local_time_on_the_next_of_its_days(schedule: Schedule, now: str, then: str) -> None:
    assert next_at(schedule, utc(now)) == utc(then)


ZONES = st.sampled_from(sorted(zones()))
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
DAYS = st.frozensets(st.sampled_from(list(Day)), min_size=1)
NOWS = st.integers(0, 40 * 365 * 86_400).map(
    lambda seconds: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def exists(day: date, at: time, zone: ZoneInfo) -> bool:
    there = datetime.combine(day, at, zone).astimezone(UTC).astimezone(zone)
    return (there.date(), there.time()) == (day, at)


@given(st.builds(Schedule, at=TIMES, zone=ZONES, days=DAYS), NOWS)
def test_the_next_instant_is_later_and_has_the_right_local_time_where_that_exists(
    schedule: Schedule, now: datetime
) -> None:
    then, zone = next_at(schedule, now), ZoneInfo(schedule.zone)
    local = then.astimezone(zone)
    assert now < then
    assert list(Day)[local.weekday()] in schedule.days
    assert (local.hour, local.minute) == (schedule.at.hour, schedule.at.minute) or not exists(
        local.date(), schedule.at, zone
    )
    between = [now.astimezone(zone).date() + timedelta(days=ahead) for ahead in range(-1, 9)]
    earlier = [
        datetime.combine(day, schedule.at, zone).astimezone(UTC)
        for day in between
        if list(Day)[day.weekday()] in schedule.days and exists(day, schedule.at, zone)
    ]
    assert not [instant for instant in earlier if now < instant < then]
    assert last_at(schedule, now, then) == then
    assert last_at(schedule, now, then - timedelta(microseconds=1)) is None
    assert last_at(schedule, then, then) is None


@pytest.mark.parametrize(
    ("hours", "instant", "expected"),
    [
        (quiet(), "2026-11-20T20:59:59", False),
        (quiet(), "2026-11-20T21:00", True),
        (quiet(), "2026-11-21T05:59:59", True),
        (quiet(), "2026-11-21T06:00", False),
        (quiet("12:00", "13:00"), "2026-11-20T11:00", True),
        (quiet("12:00", "13:00"), "2026-11-20T12:00", False),
        (quiet(days=["fri"]), "2026-11-21T03:00", True),
        (quiet(days=["fri"]), "2026-11-22T03:00", False),
        (quiet(days=["sat"]), "2026-11-21T03:00", False),
        (quiet("00:00", "23:59", days=["sat", "sun"]), "2026-11-21T12:00", True),
        (quiet("00:00", "23:59", days=["sat", "sun"]), "2026-11-20T12:00", False),
        (quiet("22:00", "07:00", "Pacific/Kiritimati"), "2026-11-20T08:00", True),
        # the night in which the clocks are put forward is an hour shorter
        (quiet("01:00", "03:30"), "2026-03-29T00:30", True),
        (quiet("01:00", "03:30"), "2026-03-29T01:30", False),
        (quiet("01:00", "03:30"), "2026-10-25T02:00", True),
    ],
)
def test_quiet_hours_go_over_midnight_and_belong_to_the_day_on_which_they_begin(
    hours: QuietHours, instant: str, expected: bool
) -> None:
    assert is_quiet(hours, utc(instant)) is expected


def test_a_start_that_lies_in_quiet_hours_is_passed_over() -> None:
    weekends = quiet("00:00", "23:59", days=["sat", "sun"])
    assert next_loud_at(ok("08:00"), utc("2026-11-20T12:00"), weekends) == utc("2026-11-23T07:00")
    assert next_loud_at(ok("08:00"), utc("2026-11-20T12:00"), None) == utc("2026-11-21T07:00")
    assert next_loud_at(ok("06:00"), utc("2026-11-20T12:00"), quiet()) is None


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"at": "7pm"}, "x.at", "Write it as 19:00"),
        ({"at": "24:00"}, "x.at", "23:59"),
        ({"at": "9:00"}, "x.at", "19:00"),
        ({"at": "19:00\n"}, "x.at", "19:00"),
        ({"zone": "Berlin"}, "x.zone", "Do you mean Europe/Berlin?"),
        ({"zone": "europe/berlin"}, "x.zone", "Do you mean Europe/Berlin?"),
        ({"zone": "Eurpe/Berlin"}, "x.zone", "Europe/Berlin"),
        ({"zone": "New York"}, "x.zone", "America/New_York"),
        ({"zone": ""}, "x.zone", "Asia/Kathmandu"),
        ({"zone": "../../etc/passwd"}, "x.zone", "no time zone"),
        ({"zone": "/etc/localtime"}, "x.zone", "no time zone"),
        ({"zone": "localtime"}, "x.zone", "no time zone"),
        ({"days": []}, "x.days", "Choose a day"),
        ({"days": ["today"]}, "x.days", "mon"),
    ],
)
def test_what_is_no_time_zone_or_day_is_refused_by_field_with_what_could_be_meant(
    wrong: dict[str, object], field: str, said: str
) -> None:
    with pytest.raises(Refused) as refusal:
        ok(**wrong)  # type: ignore[arg-type]
    assert refusal.value.details["field"] == field
    assert said in refusal.value.message


def test_quiet_hours_without_length_are_refused() -> None:
    with pytest.raises(Refused, match="are none"):
        quiet("22:00", "22:00")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (EVERY_DAY, "every day"),
        (WEEKDAYS, "every weekday"),
        ({Day.FRI, Day.MON}, "every Monday and Friday"),
        ({Day.SUN}, "every Sunday"),
        ({Day.SAT, Day.TUE, Day.WED}, "every Tuesday, Wednesday and Saturday"),
    ],
)
def test_days_are_said_as_people_say_them(days: set[Day], words: str) -> None:
    assert said_days(frozenset(days)) == words


def test_an_instant_is_shown_in_its_zone() -> None:
    assert shown_at(utc("2026-11-23T18:00"), "Europe/Berlin") == "Mon 23 Nov 19:00"
    assert str(ok(days=WEEKDAYS)) == "every weekday at 19:00 Europe/Berlin"


def test_zones_are_found_by_their_city() -> None:
    assert zones_like("kathmandu") == ["Asia/Kathmandu"]
    assert zones_like("nowhere at all") == []
