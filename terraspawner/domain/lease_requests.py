"""Asking for a lease, handing it over, taking it over: the transitions that have two people in them.

To whom it was handed, and who took it over, has it reserved for a while: their tab comes and acquires it. The former
holder's fence is worth nothing from that moment on; what that session has not saved is kept beside, by its environment.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from terraspawner.domain.lease import (
    RESERVATION,
    Claim,
    Countdown,
    Lease,
    Request,
    Reservation,
    as_of,
    is_live,
    vacated,
)
from terraspawner.domain.lease_holding import granted, owned
from terraspawner.domain.lease_refusals import held
from terraspawner.errors import Refused, WrongState

COUNTDOWN = timedelta(seconds=60)
"""What a holder is given to save and close before an owner of the workspace has the lease."""
ASK_AGAIN = timedelta(minutes=2)
"""Who was declined asks again after this, not sooner: each request is a question on somebody's screen."""
MOST_REQUESTS = 20


def ask(lease: Lease, user: str, now: datetime) -> Lease:
    """Note that `user` would like to have it. Asking twice is asking once.

    Raises `WrongState` where there is nobody to ask, `Refused` where the answer was no a moment ago.
    """
    lease = as_of(lease, now)
    if not is_live(lease, now) or lease.holder is None:
        raise WrongState(f"Nobody is editing {lease.path!r}, so there is nobody to ask. Open it.", state="free")
    if lease.holder.user == user:
        raise WrongState(f"You are editing {lease.path!r} yourself, in another place. Close it there.", state="held")
    mine = next((each for each in lease.requests if each.user == user), None)
    if mine and mine.declined_at is None:
        return lease
    if mine and mine.declined_at and now < mine.declined_at + ASK_AGAIN:
        left = int((mine.declined_at + ASK_AGAIN - now).total_seconds()) + 1
        raise Refused(
            f"{lease.holder.user} has just declined to hand over {lease.path!r}. Ask again in {left} seconds, or work"
            " on a copy.",
            seconds=left,
        )
    others = _others(lease, user)
    if len(others) >= MOST_REQUESTS:
        raise Refused(f"{len(others)} people have asked for {lease.path!r} already. Wait, or work on a copy.")
    return replace(lease, requests=(*others, Request(user=user, at=now)))


def decline(lease: Lease, claim: Claim, user: str, now: datetime) -> Lease:
    """Say no to `user`, who keeps knowing it for a while. Raises `LeaseLost`, `Refused` where they have not asked."""
    lease = owned(lease, claim, now)
    asked = _asked(lease, user)
    return replace(lease, requests=(*_others(lease, user), replace(asked, declined_at=now)))


def hand_over(lease: Lease, claim: Claim, user: str, now: datetime) -> Lease:
    """Give it up and reserve it for `user`, who has asked. Raises `LeaseLost`, `Refused` where they have not."""
    lease = owned(lease, claim, now)
    _asked(lease, user)
    given = vacated(lease, Reservation(user=user, until=now + RESERVATION))
    return replace(given, requests=_others(lease, user))


def hand_to_session(lease: Lease, claim: Claim, session: str, now: datetime) -> Lease:
    """Grant it to another session of the same environment: another tab of the same person. Raises `LeaseLost`."""
    lease = owned(lease, claim, now)
    if session == claim.editor.session:
        return lease
    countdown = lease.countdown
    return replace(granted(lease, replace(claim.editor, session=session), now), countdown=countdown)


def take_over(lease: Lease, user: str, now: datetime) -> Lease:
    """Begin the countdown after which `user` has it; whether `user` may is the caller's question.

    Where nobody else holds it there is nobody to wait for. Taking over twice is no shorter.
    Raises `WrongState` while another one is taking it over.
    """
    lease = as_of(lease, now)
    if not is_live(lease, now) or lease.holder is None or lease.holder.user == user:
        return vacated(lease, Reservation(user=user, until=now + RESERVATION))
    if lease.countdown and lease.countdown.by != user:
        raise WrongState(f"{lease.countdown.by} is taking {lease.path!r} over already. Ask them.", state="held")
    return lease if lease.countdown else replace(lease, countdown=Countdown(by=user, at=now + COUNTDOWN))


def reserve(lease: Lease, user: str, now: datetime, until: datetime) -> Lease:
    """Keep it for `user`, whose tab is on its way. Nothing changes where they hold it. Raises `LeaseHeld`."""
    lease = as_of(lease, now)
    if lease.holder and lease.holder.user == user:
        return lease
    if is_live(lease, now) or (lease.reservation and lease.reservation.user != user):
        raise held(lease, user, now)
    return vacated(lease, Reservation(user=user, until=until))


def give_way(lease: Lease, user: str, now: datetime) -> Lease:
    """What was reserved for `user` is no more: nobody is on their way. Nothing changes for anybody else."""
    lease = as_of(lease, now)
    is_theirs = lease.reservation is not None and lease.reservation.user == user
    return replace(lease, reservation=None) if is_theirs else lease


def _others(lease: Lease, user: str) -> tuple[Request, ...]:
    return tuple(each for each in lease.requests if each.user != user)


def _asked(lease: Lease, user: str) -> Request:
    found = next((each for each in lease.requests if each.user == user and each.declined_at is None), None)
    if found is None:
        raise Refused(f"{user} has not asked for {lease.path!r}. Answer one who has.")
    return found
