"""The clocks that limit an environment: stories of what was heard, and what holds of any story."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terraspawner.domain import activity
from terraspawner.domain.activity import REST, SILENCE, Claim, Clocks, Kind, Report, Reports, Work

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TRAIN = Claim(kind=Kind.KERNEL, what="edit/train.ipynb")
PLOT = Claim(kind=Kind.KERNEL, what="edit/plot.ipynb")
SHELL = Claim(kind=Kind.TERMINAL, what="python train.py", pid=123)
CAP = timedelta(hours=24)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def told(story: str) -> Clocks:
    """``0 busy, 30 idle, 60 human 5``: at these seconds after the start a report says so. ``cpu 0.5`` is the Engine's
    word, ``out 600`` an outage of so many seconds that ends then, ``wake`` what its person asks for."""
    here = activity.begun(NOON)
    for event in filter(None, story.split(", ")):
        when, what, *more = event.split()
        here = heard(here, at(float(when)), what, float(more[0]) if more else 0)
    return here


def heard(here: Clocks, now: datetime, what: str, number: float = 0) -> Clocks:
    if what == "cpu":
        return activity.sampled(here, number, now)
    if what == "out":
        return activity.after_outage(here, now - timedelta(seconds=number), now)
    if what == "wake":
        return activity.woken(here, now)
    if what == "human":
        return activity.reported(here, Report(human=timedelta(seconds=number)), now)
    works = {"busy": (TRAIN,), "shell": (SHELL,), "both": (TRAIN, PLOT), "idle": ()}[what]
    return activity.reported(here, Report(work=works), now)


def steadily(what: str, begin: int, end: int) -> str:
    """A report each 30 s, and one at the end."""
    return ", ".join(f"{second} {what}" for second in [*range(begin, end, 30), end])


NEVER = None
STREAKS = [
    # story, seconds at which it is looked at, where the streak began
    ("", 60, NEVER),
    ("", 89, NEVER),
    ("", 90, 90),
    ("30 idle", 60, NEVER),
    ("30 busy", 30, 30),
    ("30 shell", 31, 30),
    ("30 busy, 60 shell", 61, 30),
    (steadily("busy", 30, 900), 930, 30),
    (steadily("busy", 30, 900) + ", 901 idle, 902 busy", 903, 30),
    (steadily("busy", 30, 900) + ", " + steadily("idle", 930, 1200), 1229, 30),
    (steadily("busy", 30, 900) + ", " + steadily("idle", 930, 1200), 1230, NEVER),
    (steadily("busy", 30, 900) + ", " + steadily("idle", 930, 1290) + ", 1291 busy", 1291, 1291),
    (steadily("busy", 30, 900) + ", " + steadily("idle", 930, 1200) + ", 1220 busy", 1300, 30),
    # silence goes on with a streak, or begins one
    ("30 busy", 3600, 30),
    ("30 idle", 119, NEVER),
    ("30 idle", 120, 120),
    ("30 idle", 86400, 120),
    (steadily("idle", 30, 600), 689, NEVER),
    (steadily("idle", 30, 600), 690, 690),
    (steadily("idle", 30, 600) + ", 1000 idle", 1001, 690),
    (steadily("idle", 30, 600) + ", " + steadily("idle", 1000, 1299), 1299, 690),
    (steadily("idle", 30, 600) + ", " + steadily("idle", 1000, 1300), 1300, NEVER),
    # rest with a gap of silence in it is none
    (steadily("busy", 30, 300) + ", 330 idle, 430 idle, " + steadily("idle", 460, 700), 700, 30),
    (steadily("busy", 30, 300) + ", 330 idle, 430 idle, " + steadily("idle", 460, 730), 730, NEVER),
    # a person ends a streak; what works goes on as another one
    (steadily("busy", 30, 300) + ", 330 human 0", 331, NEVER),
    (steadily("busy", 30, 300) + ", 330 human 400", 331, 30),
    # a wake begins anew
    (steadily("busy", 30, 300) + ", 330 wake", 331, NEVER),
    (steadily("busy", 30, 300) + ", 330 wake", 420, 420),
    ("330 wake", 419, NEVER),
    ("330 wake", 420, 420),
    # the Engine's word, where there is no other
    ("30 cpu 0.5", 31, 30),
    ("30 cpu 0.05", 31, NEVER),
    ("30 cpu 0.06", 31, 30),
    ("30 idle, 60 cpu 4", 61, NEVER),
    ("30 cpu 0.5, 60 cpu 0.01, 90 cpu 0.5", 91, 30),
    ("30 cpu 0.5, " + ", ".join(f"{second} cpu 0.01" for second in range(60, 361, 30)), 360, NEVER),
    # an outage of ours is neither silence nor rest
    (steadily("idle", 30, 60) + ", 660 out 600", 660, NEVER),
    (steadily("idle", 30, 60) + ", 660 out 600", 749, NEVER),
    (steadily("idle", 30, 60) + ", 660 out 600", 750, 750),
    ("30 busy, 60 idle, 660 out 600", 660, 30),
    ("30 busy, 660 out 600", 660, 30),
    ("30 idle, 400 out 200", 400, 120),
    ("60 out 30", 61, NEVER),
]


@pytest.mark.parametrize(("story", "seconds", "began"), STREAKS)
def test_a_streak_goes_on_until_a_person_or_rest_ends_it(story: str, seconds: int, began: int | None) -> None:
    seen = activity.settled(told(story), at(seconds))
    assert seen.busy_since == (None if began is None else at(began))


@pytest.mark.parametrize("rest", [1, 2, 5, 10, 29, 30, 31, 60, 89, 90, 120, 200, 250, 280, 299])
@pytest.mark.parametrize("times", [1, 2, 10])
def test_no_rest_that_is_too_short_ends_a_streak(rest: int, times: int) -> None:
    here, now = told("30 busy"), 30
    for _ in range(times):
        for end in [*range(now + 1, now + rest, 30), now + rest]:
            here = heard(here, at(end), "idle")
        here = heard(here, at(now + rest), "busy")
        now += rest
    assert activity.settled(here, at(now)).busy_since == at(30)


@pytest.mark.parametrize("rest", [300, 301, 330, 600, 3600])
def test_rest_that_is_long_enough_ends_a_streak(rest: int) -> None:
    here = told("30 busy, " + steadily("idle", 60, 60 + rest))
    assert activity.settled(here, at(60 + rest)).busy_since is None
    assert here.work_ended_at == at(60)


@pytest.mark.parametrize("silence", [91, 120, 600, 3600, 90_000])
@pytest.mark.parametrize("before", ["busy", "idle"])
@pytest.mark.parametrize("after", ["busy", "idle"])
def test_silence_is_no_rest(silence: int, before: str, after: str) -> None:
    seen = heard(told(f"30 {before}"), at(30 + silence), after)
    assert seen.busy_since == (at(30) if before == "busy" else at(30) + SILENCE)
    assert seen.work_ended_at == (at(30 + silence) if after == "idle" else None)


@pytest.mark.parametrize(
    ("seconds", "known", "lost"),
    [
        (30, Reports.KNOWN, 0),
        (59, Reports.KNOWN, 0),
        (60, Reports.KNOWN, 1),
        (119, Reports.KNOWN, 2),
        (120, Reports.SILENT, 3),
        (3630, Reports.SILENT, 120),
    ],
)
def test_three_missed_reports_are_silence(seconds: int, known: Reports, lost: int) -> None:
    here = told("30 idle")
    assert (activity.reports(here, at(seconds)), activity.missed(here, at(seconds))) == (known, lost)


def test_without_a_report_since_the_start_nothing_is_known_of_kernels() -> None:
    assert activity.reports(told("30 cpu 0.2"), at(60)) is Reports.NONE
    assert activity.missed(told("30 cpu 0.2"), at(60)) == 0


HUMANS = [
    # said seconds ago, at, what is believed
    (0, 600, 600),
    (10, 600, 590),
    (600, 600, 0),
    (601, 600, 0),
    (10**6, 600, 0),
    (10**12, 600, 0),
    (-5, 600, 600),
    (-(10**9), 600, 600),
]


@pytest.mark.parametrize(("ago", "now", "believed"), HUMANS)
def test_human_input_lies_between_what_is_known_and_now(ago: float, now: int, believed: int) -> None:
    said = Report(human=timedelta(seconds=min(ago, 10**12)))
    assert activity.reported(activity.begun(NOON), said, at(now)).human_at == at(believed)


@pytest.mark.parametrize("later", [30, 60, 600])
def test_older_human_input_than_is_known_changes_nothing(later: int) -> None:
    before = told("600 human 0")
    assert heard(before, at(600 + later), "human", later + 100).human_at == at(600)


def test_work_that_goes_on_under_a_persons_hands_is_a_streak_from_then_on() -> None:
    here = told(steadily("busy", 30, 300))
    typed = activity.reported(here, Report(work=(TRAIN,), human=timedelta(seconds=20)), at(330))
    assert typed.busy_since == at(310)
    assert [each.since for each in typed.work] == [at(30)]


@pytest.mark.feature("G2")
@pytest.mark.parametrize(("seen", "believed"), [(200, 200), (90, 90), (-5, 0), (900, 300)])
def test_what_is_sent_to_it_puts_idleness_off_and_ends_no_streak(seen: int, believed: int) -> None:
    here = replace(told(steadily("busy", 0, 300)), human_at=at(0))
    after = activity.visited(here, at(seen), at(300))
    assert after == replace(here, human_at=at(believed))
    assert after.busy_since is not None


def test_each_piece_of_work_is_told_since_it_was_first_seen() -> None:
    here = heard(told("30 busy"), at(60), "both")
    assert [(each.what, each.since) for each in here.work] == [(TRAIN.what, at(30)), (PLOT.what, at(60))]
    again = heard(heard(here, at(90), "shell"), at(120), "busy")
    assert [(each.what, each.since) for each in again.work] == [(TRAIN.what, at(120))]


@pytest.mark.parametrize("field", ["human_at", "reported_at", "busy_since", "rests_since", "sampled_at"])
def test_what_a_clock_wrote_that_was_ahead_is_now(field: str) -> None:
    here = replace(told("30 busy"), **{field: at(7200)})  # type: ignore[arg-type]
    assert getattr(activity.clipped(here, at(60)), field) == at(60)


@pytest.mark.parametrize(
    ("text", "what"),
    [("python train.py", "python train.py"), ("a\nb\x1b[31m", "a\ufffdb\ufffd[31m"), ("x" * 300, "x" * 199 + "…")],
)
def test_what_works_is_told_so_that_it_can_stand_anywhere(text: str, what: str) -> None:
    assert activity.shown(text) == what


def test_of_very_much_work_enough_is_kept() -> None:
    many = tuple(Claim(kind=Kind.PROCESS, what="worker", pid=number) for number in range(1000))
    assert len(activity.reported(activity.begun(NOON), Report(work=many + many), at(30)).work) == activity.MOST_TOLD


def test_work_survives_being_written_down() -> None:
    work = Work(kind=Kind.TERMINAL, what="python train.py", since=NOON, pid=7)
    assert Work.from_json(work.as_json()) == work


# --- what holds of any story ---

EVENTS = st.tuples(
    st.integers(min_value=1, max_value=400),
    st.sampled_from(["busy", "idle", "shell", "both", "idle", "cpu 0.5", "cpu 0.0"]),
)
STORIES = st.lists(EVENTS, max_size=30)


def played(story: list[tuple[int, str]]) -> tuple[Clocks, int]:
    here, now = activity.begun(NOON), 0
    for gap, event in story:
        now += gap
        what, _, number = event.partition(" ")
        here = heard(here, at(now), what, float(number or 0))
    return here, now


def rests_long_enough(story: list[tuple[int, str]]) -> bool:
    """Whether somewhere idleness is claimed for as long as ends a streak, with no gap of silence in it."""
    run = 0
    for (_, before), (gap, what) in itertools.pairwise(story):
        is_rest = before == "idle" and gap <= SILENCE.total_seconds()
        run = run + gap if is_rest else 0
        if run >= REST.total_seconds():
            return True
        if what != "idle":
            run = 0
    return bool(story) and story[-1][1] == "idle" and run + SILENCE.total_seconds() >= REST.total_seconds()


@settings(max_examples=50, deadline=None)
@given(STORIES, st.integers(min_value=0, max_value=10**6))
def test_no_claim_but_a_persons_moves_the_cap_of_a_streak(story: list[tuple[int, str]], later: int) -> None:
    """Flicker, silence and short rest are all there is in these stories: who forges them gains nothing. Rest of
    five minutes and longer, and human input, are the person's own; the maximum age ends what they prolong."""
    reports = [(gap, what) for gap, what in story if not what.startswith("cpu")]
    if rests_long_enough(reports):
        return
    here, now = activity.begun(NOON), 0
    first: datetime | None = None
    for gap, event in reports:
        now += gap
        here = heard(here, at(now), event)
        first = first or here.busy_since
        assert here.busy_since == first
    if first is not None:
        seen = activity.settled(here, at(now + min(later, 80)))
        assert seen.busy_since is not None
        assert seen.busy_since + CAP == first + CAP


@settings(max_examples=30, deadline=None)
@given(STORIES, st.integers(min_value=0, max_value=900), st.integers(min_value=0, max_value=900))
def test_looking_often_changes_nothing(story: list[tuple[int, str]], first: int, second: int) -> None:
    here, now = played(story)
    once = activity.settled(here, at(now + first + second))
    assert activity.settled(activity.settled(here, at(now + first)), at(now + first + second)) == once
    assert activity.settled(once, at(now + first + second)) == once


@settings(max_examples=30, deadline=None)
@given(STORIES, st.lists(st.floats(min_value=-(10**9), max_value=10**9), max_size=5))
def test_no_clock_is_ahead_and_the_age_stands(story: list[tuple[int, str]], humans: list[float]) -> None:
    here, now = played(story)
    for ago in humans:
        now += 30
        before = here.human_at
        here = activity.reported(here, Report(human=timedelta(seconds=ago)), at(now))
        assert before <= here.human_at <= at(now)
    assert here.started_at == NOON
    known = (here.busy_since, here.rests_since, here.work_ended_at, here.reported_at)
    assert all(NOON <= each <= at(now) for each in known if each)
