"""The lease by tables: who gets it, both sides of each boundary of time, what a refusal says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from builders import NOON
from terraspawner.domain import lease as looks
from terraspawner.domain import lease_holding as holding
from terraspawner.domain import lease_requests as requests
from terraspawner.domain.lease import LEASE, REQUEST, RESERVATION, Claim, Editor, Lease, LeaseState
from terraspawner.domain.lease_requests import ASK_AGAIN, COUNTDOWN, MOST_REQUESTS
from terraspawner.domain.lease_saving import may_change, may_save
from terraspawner.errors import LeaseHeld, LeaseLost, LeaseNeeded, Refused, TerraError, WrongState

ANA = Editor(user="ana", environment="e1", session="one")
ANAS_OTHER_TAB = replace(ANA, session="two")
ANAS_PROGRAM = Editor(user="ana", environment="", session="one")
BEN = Editor(user="ben", environment="e2", session="one")
NOBODYS = Lease(workspace_id="w", path="a.ipynb")
HELD = holding.acquire(NOBODYS, ANA, NOON)
CLAIM = Claim(editor=ANA, fence=1)
HANDED = requests.hand_over(requests.ask(HELD, "ben", NOON), CLAIM, "ben", NOON)
TAKEN = requests.take_over(HELD, "eva", NOON)
A_MOMENT = timedelta(microseconds=1)


def on_both_sides(*boundaries: tuple[str, Lease, timedelta, LeaseState, LeaseState]) -> list[object]:
    """Cases of a lease and a time, with the state there: just before the boundary, and at it."""
    return [
        pytest.param(lease, NOON + after + shift, state, id=f"{name}-{side}")
        for name, lease, after, before, then in boundaries
        for side, shift, state in (("before", -A_MOMENT, before), ("at", timedelta(0), then), ("after", A_MOMENT, then))
    ]


RENEWED = holding.renew(TAKEN, CLAIM, NOON + COUNTDOWN / 2)


@pytest.mark.feature("F1")
@pytest.mark.parametrize(
    ("lease", "now", "state"),
    on_both_sides(
        ("held", HELD, LEASE, LeaseState.HELD, LeaseState.EXPIRED),
        ("handed over", HANDED, RESERVATION, LeaseState.RESERVED, LeaseState.FREE),
        ("taken over", TAKEN, COUNTDOWN, LeaseState.HELD, LeaseState.RESERVED),
        ("taken over, renewed", RENEWED, COUNTDOWN, LeaseState.HELD, LeaseState.RESERVED),
        ("taken over, not come", TAKEN, COUNTDOWN + RESERVATION, LeaseState.RESERVED, LeaseState.FREE),
    ),
)
def test_the_state_changes_at_the_boundary_and_who_may_acquire_with_it(
    lease: Lease, now: datetime, state: LeaseState
) -> None:
    assert looks.state_of(lease, now) is state
    stranger = Editor(user="zoe", environment="e9", session="one")
    if state in (LeaseState.HELD, LeaseState.RESERVED):
        with pytest.raises(LeaseHeld):
            holding.acquire(lease, stranger, now)
        assert looks.seconds_left(lease, now) == int((_end(lease, now) - now).total_seconds())
    else:
        assert holding.acquire(lease, stranger, now).fence == lease.fence + 1
        assert looks.seconds_left(lease, now) == 0
    assert bool(may_save(lease, CLAIM, now)) == (state in (LeaseState.HELD, LeaseState.EXPIRED))


def _end(lease: Lease, now: datetime) -> datetime:
    lease = looks.as_of(lease, now)
    ends = lease.reservation.until if lease.reservation else looks.end_of_holding(lease)
    assert ends
    return ends


@pytest.mark.feature("F1")
@pytest.mark.parametrize("late", [timedelta(0), LEASE, LEASE * 1000])
def test_who_had_it_last_goes_on_with_the_same_fence_while_nobody_took_it(late: timedelta) -> None:
    for again in (holding.acquire(HELD, ANA, NOON + late), holding.renew(HELD, CLAIM, NOON + late)):
        assert (again.fence, again.holder, again.expires_at) == (1, ANA, NOON + late + LEASE)
    taken = holding.acquire(HELD, BEN, NOON + LEASE)
    with pytest.raises(LeaseLost):
        holding.renew(taken, CLAIM, NOON + LEASE)
    with pytest.raises(LeaseHeld):
        holding.acquire(taken, ANA, NOON + LEASE)


CLAIMS = {
    "the holder's": (CLAIM, None),
    "an older fence": (Claim(editor=ANA, fence=0), LeaseLost),
    "a fence not given yet": (Claim(editor=ANA, fence=2), LeaseLost),
    "another person with the fence": (Claim(editor=BEN, fence=1), LeaseLost),
    "another person who forges the session": (Claim(editor=replace(BEN, environment="e1"), fence=1), LeaseLost),
    "another tab with the fence": (Claim(editor=ANAS_OTHER_TAB, fence=1), LeaseLost),
    "a program with the fence": (Claim(editor=ANAS_PROGRAM, fence=1), LeaseLost),
    "no lease, from the same environment": (Claim(editor=ANAS_OTHER_TAB), None),
    "no lease, from another place": (Claim(editor=ANAS_PROGRAM), LeaseHeld),
    "no lease, another person": (Claim(editor=BEN), LeaseHeld),
}


@pytest.mark.parametrize("who", CLAIMS)
def test_a_save_while_somebody_holds_it(who: str) -> None:
    claim, refusal = CLAIMS[who]
    verdict = may_save(HELD, claim, NOON, needs_lease=False)
    assert type(verdict.refusal) is (refusal or type(None))
    assert bool(verdict) == (refusal is None)
    if refusal:
        assert "'a.ipynb'" in str(verdict.refusal)
        assert verdict.refusal
        assert verdict.refusal.details["seconds_left"] == LEASE.total_seconds()
        assert "fence" not in str(verdict.refusal.details)


@pytest.mark.parametrize(("editor", "may"), [(BEN, True), (ANA, False), (ANAS_PROGRAM, False)])
def test_a_save_without_a_lease_while_it_is_reserved_is_taken_from_whom_it_waits_for(editor: Editor, may: bool) -> None:
    assert bool(may_save(HANDED, Claim(editor=editor), NOON, needs_lease=False)) is may
    assert not may_save(HANDED, CLAIM, NOON)


@pytest.mark.parametrize("lease", [NOBODYS, holding.release(HELD, CLAIM, NOON)], ids=["never held", "given back"])
def test_a_save_without_a_lease_where_nobody_holds_it_hangs_on_the_switch(lease: Lease) -> None:
    claim = Claim(editor=ANA)
    assert may_save(lease, claim, NOON, needs_lease=False)
    assert isinstance(may_save(lease, claim, NOON, needs_lease=True).refusal, LeaseNeeded)
    assert may_save(lease, claim, NOON, needs_lease=True, creates=True)
    assert may_save(lease, Claim(editor=ANAS_PROGRAM), NOON, needs_lease=True)
    assert not may_save(HELD, Claim(editor=BEN), NOON, needs_lease=True, creates=True)
    assert not may_save(lease, CLAIM, NOON)  # what was given back is no lease


@pytest.mark.parametrize(
    ("lease", "claim", "may"),
    [
        (NOBODYS, Claim(editor=BEN), True),
        (NOBODYS, CLAIM, False),
        (HELD, CLAIM, True),
        (HELD, Claim(editor=ANAS_PROGRAM), True),
        (HELD, Claim(editor=ANAS_OTHER_TAB, fence=1), False),
        (HELD, Claim(editor=BEN), False),
        (HANDED, Claim(editor=ANA), False),
        (HANDED, CLAIM, False),
        (HANDED, Claim(editor=BEN), True),
    ],
)
def test_who_may_rename_and_delete(lease: Lease, claim: Claim, may: bool) -> None:
    assert bool(may_change(lease, claim, NOON)) is may


def test_giving_back_twice_is_giving_back_once_and_an_old_fence_gives_back_nothing() -> None:
    free = holding.release(HELD, CLAIM, NOON)
    assert looks.state_of(free, NOON) is LeaseState.FREE
    assert holding.release(free, CLAIM, NOON) == free
    bens = holding.acquire(free, BEN, NOON)
    assert bens.fence == 2
    for claim in (CLAIM, Claim(editor=ANA, fence=2)):
        with pytest.raises(LeaseLost):
            holding.release(bens, claim, NOON)


def test_a_rename_takes_the_lease_along_with_a_fence_above_both() -> None:
    old = replace(NOBODYS, path="b.ipynb", fence=7)
    here, there = holding.moved(HELD, old, ANA, NOON)
    assert (here.holder, here.fence) == (None, 1)
    assert (there.holder, there.fence, there.path) == (ANA, 8, "b.ipynb")


# --- asking ---


def test_a_request_is_answered_by_handing_over_or_by_no() -> None:
    asked = requests.ask(HELD, "ben", NOON)
    assert requests.ask(asked, "ben", NOON + A_MOMENT) == asked
    assert (HANDED.holder, HANDED.requests) == (None, ())
    assert holding.acquire(HANDED, BEN, NOON).fence == 2
    no = requests.decline(asked, CLAIM, "ben", NOON)
    assert no.holder == ANA
    kept = holding.renew(no, CLAIM, NOON + LEASE / 2)
    for now in (NOON, NOON + ASK_AGAIN - A_MOMENT):
        with pytest.raises(Refused, match="declined"):
            requests.ask(kept, "ben", now)
    again = requests.ask(kept, "ben", NOON + ASK_AGAIN)
    assert [each.declined_at for each in again.requests] == [None]


REFUSED: dict[str, tuple[Callable[[], Lease], type[TerraError]]] = {
    "asking nobody": (lambda: requests.ask(NOBODYS, "ben", NOON), WrongState),
    "asking oneself": (lambda: requests.ask(HELD, "ana", NOON), WrongState),
    "handing to who has not asked": (lambda: requests.hand_over(HELD, CLAIM, "ben", NOON), Refused),
    "declining who has not asked": (lambda: requests.decline(HELD, CLAIM, "ben", NOON), Refused),
    "handing over another's": (lambda: requests.hand_over(HELD, Claim(editor=BEN, fence=1), "ben", NOON), LeaseLost),
    "handing another's to a tab": (
        lambda: requests.hand_to_session(HELD, Claim(editor=BEN, fence=1), "x", NOON),
        LeaseLost,
    ),
    "taking over what is being taken over": (lambda: requests.take_over(TAKEN, "zoe", NOON), WrongState),
    "reserving what is held": (lambda: requests.reserve(HELD, "ben", NOON, NOON + LEASE), LeaseHeld),
    "reserving what is reserved": (lambda: requests.reserve(HANDED, "eva", NOON, NOON + LEASE), LeaseHeld),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_says_what_to_do(what: str) -> None:
    act, error = REFUSED[what]
    with pytest.raises(error) as refusal:
        act()
    assert refusal.value.message.count(".") >= 2  # what happened, and what to do


def test_requests_are_bounded_and_forgotten() -> None:
    asked = HELD
    for number in range(MOST_REQUESTS):
        asked = requests.ask(asked, f"p{number}", NOON)
    with pytest.raises(Refused, match=str(MOST_REQUESTS)):
        requests.ask(asked, "ben", NOON)
    for now, count in ((NOON + REQUEST - A_MOMENT, MOST_REQUESTS), (NOON + REQUEST, 0)):
        assert len(looks.as_of(asked, now).requests) == count


def test_another_tab_of_the_same_environment_gets_it_at_once_with_a_higher_fence() -> None:
    moved = requests.hand_to_session(TAKEN, CLAIM, "two", NOON)
    assert (moved.holder, moved.fence, moved.countdown) == (ANAS_OTHER_TAB, 2, TAKEN.countdown)
    assert requests.hand_to_session(HELD, CLAIM, "one", NOON) == HELD


def test_an_owner_waits_for_the_countdown_unless_nobody_else_holds_it() -> None:
    assert requests.take_over(TAKEN, "eva", NOON + COUNTDOWN / 2) == TAKEN
    for lease, now in ((NOBODYS, NOON), (HELD, NOON + LEASE), (HANDED, NOON)):
        assert looks.as_of(requests.take_over(lease, "eva", now), now).reservation == looks.Reservation(
            user="eva", until=now + RESERVATION
        )
    early = holding.release(TAKEN, CLAIM, NOON)
    assert early.reservation
    assert early.reservation.user == "eva"
    kept = requests.reserve(NOBODYS, "ana", NOON, NOON + timedelta(minutes=9))
    assert looks.state_of(kept, NOON + timedelta(minutes=8)) is LeaseState.RESERVED


# --- outages and clocks ---


@pytest.mark.feature("F2")
@pytest.mark.parametrize(
    ("silent_after", "state"),
    [(LEASE - A_MOMENT, LeaseState.HELD), (LEASE, LeaseState.EXPIRED), (LEASE + A_MOMENT, LeaseState.EXPIRED)],
)
def test_after_an_outage_what_held_when_it_began_holds_on(silent_after: timedelta, state: LeaseState) -> None:
    silent, back = NOON + silent_after, NOON + silent_after + timedelta(hours=3)
    after = holding.extended(HELD, silent, back)
    assert looks.state_of(after, back) is state
    assert after.fence == HELD.fence


def test_an_outage_gives_back_countdowns_and_reservations_too() -> None:
    silent, back = NOON + COUNTDOWN / 2, NOON + timedelta(hours=3)
    for lease in (TAKEN, HANDED):
        after = holding.extended(lease, silent, back)
        assert looks.seconds_left(after, back) == looks.seconds_left(lease, silent)


def test_after_the_clock_went_back_nothing_lasts_longer_than_it_could_have_been_given() -> None:
    earlier = NOON - timedelta(days=1)
    assert looks.seconds_left(holding.clipped(HELD, earlier), earlier) == LEASE.total_seconds()
    assert looks.seconds_left(holding.clipped(HANDED, earlier), earlier) == RESERVATION.total_seconds()


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 65, "../x", "a\n"])
def test_a_session_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        looks.session_named(name)
    assert looks.session_named("aZ-_09") == "aZ-_09"
