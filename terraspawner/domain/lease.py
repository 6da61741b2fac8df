"""The lease on a notebook: who may save it, until when. The value, and how it looks at a moment.

What one holder does with it stands in `lease_holding`, what two people do in `lease_requests`, what it means for a save
in `lease_saving`, what a refusal says in `lease_refusals`.

There is one lease per notebook, for ever. Each grant to another session makes its fence one higher, so that whoever
holds an older one is told apart whatever the clocks say (Kleppmann, "How to do distributed locking"). Running out
destroys nothing: it only lets others take the lease, and while nobody did the same session goes on with the same fence.

Every transition takes the present lease and the time and gives the next one, or raises what says who holds it, for how
long, and what to do. None of them changes a lease in any other way than by its return value.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terraspawner.errors import Refused

LEASE = timedelta(seconds=90)
"""How long it holds without being renewed."""
RESERVATION = timedelta(minutes=2)
"""How long it waits for somebody to whom it was handed, or who took it over."""
REQUEST = timedelta(minutes=15)
"""After this a request that nobody answered is forgotten."""

_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")


class LeaseState(enum.StrEnum):
    FREE = "free"
    HELD = "held"
    EXPIRED = "expired"
    RESERVED = "reserved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """A session in which somebody edits: a tab of an environment. `environment` is empty for a person's program."""

    user: str
    environment: str
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What comes with a request: who asks, and the fence that they believe to hold; None where they name no lease."""

    editor: Editor
    fence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Somebody asks for the lease; `declined_at` is when the holder said no."""

    user: str
    at: datetime
    declined_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """`by` takes the lease over at `at`."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Nobody but `user` is granted the lease before `until`."""

    user: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """`fence` is the number of the last grant, 0 before the first; `revision` that of the row's last change.

    `holder` had the last grant and has not given it back; whether it still holds is said by `expires_at`.
    """

    workspace_id: str
    path: str
    fence: int = 0
    revision: int = 0
    holder: Editor | None = None
    since: datetime | None = None
    expires_at: datetime | None = None
    requests: tuple[Request, ...] = ()
    countdown: Countdown | None = None
    reservation: Reservation | None = None


# --- looking ---


def as_of(lease: Lease, now: datetime) -> Lease:
    """What time alone has made of it: a countdown that is over, reservations and requests that are out of date."""
    ends = end_of_holding(lease)
    if lease.countdown and ends and now >= ends:
        lease = vacated(lease, Reservation(user=lease.countdown.by, until=ends + RESERVATION))
    if lease.reservation and now >= lease.reservation.until:
        lease = replace(lease, reservation=None)
    requests = tuple(each for each in lease.requests if now < each.at + REQUEST)
    return lease if requests == lease.requests else replace(lease, requests=requests)


def state_of(lease: Lease, now: datetime) -> LeaseState:
    """At its very end it does not hold any more."""
    lease = as_of(lease, now)
    if lease.holder and lease.expires_at:
        return LeaseState.HELD if now < lease.expires_at else LeaseState.EXPIRED
    return LeaseState.RESERVED if lease.reservation else LeaseState.FREE


def is_live(lease: Lease, now: datetime) -> bool:
    """Whether somebody holds it."""
    return state_of(lease, now) is LeaseState.HELD


def seconds_left(lease: Lease, now: datetime) -> int:
    """Whole seconds for which it holds, or waits for whom it is reserved; 0 where neither is so."""
    lease = as_of(lease, now)
    ends = lease.reservation.until if lease.reservation else end_of_holding(lease)
    return max(0, int((ends - now).total_seconds())) if ends else 0


def is_held_by(lease: Lease, claim: Claim) -> bool:
    """Whether the claim is the holder's, with the present fence; live or run out."""
    return lease.holder == claim.editor and lease.fence == claim.fence


def session_named(text: str) -> str:
    """The name of a session, if it can be one. Raises `Refused`."""
    if not _SESSION.fullmatch(text):
        raise Refused("A session is named by 1 to 64 letters a-z, digits, '-' and '_'. Take a random one per tab.")
    return text


def vacated(lease: Lease, reservation: Reservation | None = None) -> Lease:
    """Nobody holds it. The fence stays: it is the next grant that makes it higher."""
    return replace(lease, holder=None, since=None, expires_at=None, countdown=None, reservation=reservation)


def end_of_holding(lease: Lease) -> datetime | None:
    """When it ends unless it is renewed; a countdown cannot be renewed away."""
    if lease.expires_at and lease.countdown:
        return min(lease.expires_at, lease.countdown.at)
    return lease.expires_at
