"""What a refused caller is told of a lease: who has it, for how long, and what to do."""

from __future__ import annotations

from datetime import datetime

from terraspawner.domain.lease import Lease, LeaseState, end_of_holding, is_live, seconds_left, state_of
from terraspawner.errors import LeaseHeld, LeaseLost, LeaseNeeded


def held(lease: Lease, user: str, now: datetime) -> LeaseHeld:
    """Why `user` does not get it, or may not save."""
    left = seconds_left(lease, now)
    if lease.reservation:
        return LeaseHeld(
            f"The notebook {lease.path!r} is reserved for {lease.reservation.user} for {left} seconds. Try again then,"
            " or work on a copy.",
            **_facts(lease, now),
        )
    if lease.holder and lease.holder.user == user:
        return LeaseHeld(
            f"You have {lease.path!r} open in another place, for {left} seconds more and as long as it stays open"
            " there. Close it there, or hand it over to here.",
            **_facts(lease, now),
        )
    return LeaseHeld(
        f"The notebook {lease.path!r} is being edited by {lease.holder.user if lease.holder else 'somebody'}, for"
        f" {left} seconds more and as long as it stays open there. Ask for it, or work on a copy.",
        **_facts(lease, now),
    )


def lost(lease: Lease, now: datetime) -> LeaseLost:
    """Why a claim is not good any more."""
    state = state_of(lease, now)
    if state is LeaseState.HELD and lease.holder:
        who = f"is being edited by {lease.holder.user} now"
    elif state is LeaseState.RESERVED and lease.reservation:
        who = f"is reserved for {lease.reservation.user} now"
    else:
        who = "is not held by this session any more"
    return LeaseLost(
        f"The notebook {lease.path!r} {who}. Nothing was overwritten; keep yours as a copy, or open it again.",
        **_facts(lease, now),
    )


def needed(lease: Lease) -> LeaseNeeded:
    return LeaseNeeded(f"The notebook {lease.path!r} was not saved: acquire its lease first, and save with its fence.")


def _facts(lease: Lease, now: datetime) -> dict[str, object]:
    """For programs; the fence is no fact for others."""
    live = lease.holder if is_live(lease, now) else None
    ends = lease.reservation.until if lease.reservation else end_of_holding(lease) if live else None
    return {
        "notebook": lease.path,
        "state": str(state_of(lease, now)),
        "holder": {"user": live.user, "session": live.session} if live else None,
        "requests": [{"user": each.user, "declined": each.declined_at is not None} for each in lease.requests],
        "reserved_for": lease.reservation.user if lease.reservation else None,
        "expires_at": ends.isoformat() if ends else None,
        "seconds_left": seconds_left(lease, now),
    }
