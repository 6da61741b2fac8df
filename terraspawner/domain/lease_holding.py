"""Holding a lease: acquire, renew, release, rename; and what an outage or a clock that runs wrong makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from terraspawner.domain.lease import (
    LEASE,
    RESERVATION,
    Claim,
    Editor,
    Lease,
    Reservation,
    as_of,
    is_held_by,
    is_live,
    vacated,
)
from terraspawner.domain.lease_refusals import held, lost


def acquire(lease: Lease, editor: Editor, now: datetime) -> Lease:
    """Grant it to `editor`, with the next fence. Who has it still, or had it last, goes on with the same one.

    Raises `LeaseHeld` while another session holds it, or while it is reserved for another person.
    """
    lease = as_of(lease, now)
    if lease.holder == editor:
        return replace(lease, expires_at=now + LEASE)
    if is_live(lease, now) or (lease.reservation and lease.reservation.user != editor.user):
        raise held(lease, editor.user, now)
    return granted(lease, editor, now)


def renew(lease: Lease, claim: Claim, now: datetime) -> Lease:
    """Let it hold for another `LEASE` from now on; one that ran out goes on. Raises `LeaseLost`."""
    return replace(owned(lease, claim, now), expires_at=now + LEASE)


def release(lease: Lease, claim: Claim, now: datetime) -> Lease:
    """Give it back; who has given it back already has. Raises `LeaseLost` where somebody else was granted it since."""
    lease = as_of(lease, now)
    if lease.holder is None and lease.fence == claim.fence:
        return lease
    return released(owned(lease, claim, now), now)


def released(lease: Lease, now: datetime) -> Lease:
    """Nobody holds it, whoever did; reserved for who was about to take it over."""
    lease = as_of(lease, now)
    waiting = Reservation(user=lease.countdown.by, until=now + RESERVATION) if lease.countdown else lease.reservation
    return replace(vacated(lease, waiting), requests=())


def owned(lease: Lease, claim: Claim, now: datetime) -> Lease:
    """The lease as it is now, if the claim is its holder's. Raises `LeaseLost`."""
    lease = as_of(lease, now)
    if not is_held_by(lease, claim):
        raise lost(lease, now)
    return lease


def granted(lease: Lease, editor: Editor, now: datetime) -> Lease:
    """The next grant. Who else has asked goes on waiting."""
    return replace(
        lease,
        fence=lease.fence + 1,
        holder=editor,
        since=now,
        expires_at=now + LEASE,
        requests=tuple(each for each in lease.requests if each.user != editor.user and each.declined_at is None),
        countdown=None,
        reservation=None,
    )


def moved(lease: Lease, to: Lease, editor: Editor, now: datetime) -> tuple[Lease, Lease]:
    """The leases of both paths after a rename by the holder: a new grant, higher than all that either path has seen."""
    there = replace(to, fence=max(lease.fence, to.fence), requests=lease.requests)
    return replace(vacated(lease), requests=()), granted(there, editor, now)


# --- time that does not count, or runs wrong ---


def extended(lease: Lease, silent_since: datetime, now: datetime) -> Lease:
    """After an outage of the service: what held when it fell silent gets the time back in which nobody could renew."""
    lease, gap = as_of(lease, silent_since), now - silent_since
    if lease.expires_at and lease.expires_at > silent_since:
        lease = replace(lease, expires_at=lease.expires_at + gap)
    if lease.countdown and lease.countdown.at > silent_since:
        lease = replace(lease, countdown=replace(lease.countdown, at=lease.countdown.at + gap))
    if lease.reservation and lease.reservation.until > silent_since:
        lease = replace(lease, reservation=replace(lease.reservation, until=lease.reservation.until + gap))
    return lease


def clipped(lease: Lease, now: datetime) -> Lease:
    """After the clock went back: nothing lasts longer than it could have been given now."""
    if lease.expires_at and lease.expires_at > now + LEASE:
        lease = replace(lease, expires_at=now + LEASE)
    if lease.reservation and lease.reservation.until > now + RESERVATION:
        lease = replace(lease, reservation=replace(lease.reservation, until=now + RESERVATION))
    return lease
