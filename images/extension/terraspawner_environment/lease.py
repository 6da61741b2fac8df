"""Leases as one environment sees them: who of its sessions holds a notebook, and what is to be asked next. Pure.

A session is a tab of Lab, or this server itself where nobody named one (papermill, curl). Truth is the service's; what
stands here is what it said last, at which moment of this machine's clock, and what must be said to it.

`next_step` is the whole rule: a notebook that a tab shows is acquired, and renewed while it is shown or while its
kernel is busy or work on it is unsent; else it is given back. What is answered goes in by `won`, `seen`, `missed`,
`refused`, `unreached`. `told` is what a tab hears of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

TAB = re.compile(r"tab-[A-Za-z0-9_-]{1,60}")
"""What the session of a tab is called; no other session may be named by a browser."""
RENEW_SECONDS = 20.0
ASKED_SECONDS = 5.0  # between two tries of who has asked for it
NEVER = float("inf")
FIRST_BACKOFF_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """By which lease a text is saved: goes along as the headers `Lease-Session` and `Lease-Fence`."""

    session: str
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the service said of a lease. `holder` is None where nobody has it now; `left` is in seconds."""

    holder: str | None
    session: str | None
    fence: int | None = None
    left: float = 0.0
    asked_by: tuple[str, ...] = ()
    reserved_for: str | None = None
    taker: str | None = None


class Deed(Enum):
    """What is said to the service."""

    ACQUIRE = auto()
    RENEW = auto()
    HAND = auto()  # from one session of this environment to another
    RELEASE = auto()
    LOOK = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A deed, for which session, and not before when."""

    deed: Deed
    session: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One notebook. `tabs` show it, oldest first; `lost` had the lease and must not save any more. `claim` is the
    session of this environment that holds it, as far as is known, `good_until` when it has run out, `due` when it is
    renewed, `look` when it is looked before that who asks (`calls.py`). `has_asked`: it was asked for from here.
    `reason` is the service's no to whoever asks here.
    """

    notebook: str
    tabs: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()
    claim: Claim | None = None
    good_until: float = 0.0
    due: float = 0.0
    look: float = NEVER
    has_asked: bool = False
    sight: Sight | None = None
    is_reached: bool = True
    tries: int = 0
    reason: str | None = None


# --- what is to be done ---


def next_step(post: Post, now: float, *, must_stay: bool) -> Step | None:
    """What to say next, None where there is nothing; `must_stay`: work goes on though no tab shows it."""
    waiting = waits(post)
    if post.claim is None:
        if waiting:
            return Step(deed=Deed.ACQUIRE, session=waiting, at=post.due)
        return Step(deed=Deed.LOOK, session=post.tabs[0], at=post.due) if post.tabs else None
    soon = now if post.is_reached else post.due
    if post.claim.session in post.tabs:
        deed, at = (Deed.LOOK, post.look) if post.is_reached and post.look < post.due else (Deed.RENEW, post.due)
        return Step(deed=deed, session=post.claim.session, at=at)
    if waiting:
        return Step(deed=Deed.HAND, session=waiting, at=soon)
    if must_stay:
        return Step(deed=Deed.RENEW, session=post.claim.session, at=post.due)
    return Step(deed=Deed.RELEASE, session=post.claim.session, at=soon)


def waits(post: Post) -> str | None:
    """The tab that is next: it shows the notebook, does not hold it and has not lost it."""
    held_by = post.claim.session if post.claim else None
    return next((tab for tab in post.tabs if tab != held_by and tab not in post.lost), None)


def step_to_save(post: Post, session: str, *, server: str, now: float) -> Step | None:
    """What to ask before `session` saves. No save waits for a service that was not reached a moment ago."""
    if not (post.is_reached or now >= post.due) or is_good(post, session, now):
        return None
    if post.claim is None:
        return None if session in post.lost else Step(deed=Deed.ACQUIRE, session=session, at=now)
    if post.claim.session == session:
        return Step(deed=Deed.RENEW, session=session, at=now)
    return Step(deed=Deed.HAND, session=session, at=now) if post.claim.session == server else None


def is_good(post: Post, session: str, now: float) -> bool:
    """Whether this session surely holds it, without asking."""
    return post.claim is not None and post.claim.session == session and now < post.good_until


def is_elsewhere(post: Post, session: str, user: str) -> bool:
    """Whether it is known that this session of `user` may not save."""
    if post.claim is not None:
        return post.claim.session != session
    return session in post.lost or _has_other(post) or _is_reserved_for_other(post, user)


# --- tabs come and go ---


def shown(post: Post, tab: str, *, anew: bool = False) -> Post:
    """A tab shows it, and it is asked for at once; `anew`: also where this tab had lost it."""
    tabs = post.tabs if tab in post.tabs else (*post.tabs, tab)
    lost = post.lost - {tab} if anew else post.lost
    return replace(post, tabs=tabs, lost=lost, due=post.due if post.claim else 0.0)


def left(post: Post, tab: str) -> Post:
    return replace(post, tabs=tuple(each for each in post.tabs if each != tab), lost=post.lost - {tab})


# --- what was answered ---


def won(post: Post, session: str, sight: Sight, now: float) -> Post:
    """`session` holds it for `sight.left` seconds. Another tab of this environment that held it has lost it."""
    if sight.fence is None:
        return missed(post, sight, now)
    before = post.claim.session if post.claim else None
    lost = post.lost | {before} if before in post.tabs and before is not None else post.lost
    return replace(
        post, claim=Claim(session=session, fence=sight.fence), lost=lost - {session}, good_until=now + sight.left,
        due=now + min(RENEW_SECONDS, sight.left / 3), look=NEVER, has_asked=False, sight=sight, is_reached=True,
        tries=0, reason=None,
    )  # fmt: skip


def seen(post: Post, sight: Sight | None, now: float) -> Post:
    """Looked at; None: not answered, which the next renewal will say, as what became of it where it is not held."""
    if sight is None:
        return replace(post, look=NEVER)
    if post.claim is None:
        return missed(post, sight, now)
    if post.claim != Claim(session=sight.session or "", fence=sight.fence or 0):
        return replace(post, look=now, due=now)
    return replace(post, look=NEVER, sight=sight)


def missed(post: Post, sight: Sight, now: float, *, reason: str | None = None) -> Post:
    """No session of this environment holds it. A tab that did has lost it."""
    had = post.claim.session if post.claim else None
    lost = post.lost | {had} if had in post.tabs and had is not None else post.lost
    pause = ASKED_SECONDS if post.has_asked and sight.asked_by else RENEW_SECONDS
    return replace(
        post, claim=None, lost=lost, good_until=0.0, due=now + pause, sight=sight, is_reached=True, tries=0,
        reason=reason,
    )  # fmt: skip


def given(post: Post, sight: Sight | None, now: float) -> Post:
    """This environment gave it up by its own will: nobody has lost anything."""
    return replace(missed(replace(post, claim=None), sight or NOBODYS, now), sight=sight)


def refused(post: Post, now: float, reason: str) -> Post:
    """The service says no to whoever asks here: this person may not write."""
    return missed(post, NOBODYS, now, reason=reason)


def unreached(post: Post, now: float, reason: str) -> Post:
    """No answer, or nothing there to hold yet: what was known goes on being so, and is asked ever less often."""
    pause = min(FIRST_BACKOFF_SECONDS * 2**post.tries, RENEW_SECONDS)
    return replace(post, is_reached=False, due=now + pause, tries=post.tries + 1, reason=reason)


NOBODYS = Sight(holder=None, session=None)


def sight_of(lease: Mapping[str, Any]) -> Sight:
    """What REST tells of a lease, whole or as the details of a refusal."""
    holder = lease.get("holder") if lease.get("state") in ("held", "expired") else None
    if holder is not None and lease["state"] == "expired" and lease.get("fence") is None:
        holder = None  # it ran out, and whoever comes first has it
    takeover = lease.get("takeover")
    return Sight(
        holder=str(holder["user"]) if holder else None,
        session=str(holder["session"]) if holder else None,
        fence=lease.get("fence"),
        left=float(lease.get("seconds_left", 0)),
        asked_by=tuple(str(each["user"]) for each in lease.get("requests", ()) if not each["declined"]),
        reserved_for=lease.get("reserved_for"),
        taker=str(takeover["by"]) if takeover else None,
    )


# --- what a tab hears ---


def told(post: Post, tab: str, *, path: str, user: str, now: float) -> dict[str, Any]:
    """The message `lease` of the contract (`sessions.py`), without the text's hash."""
    is_mine = post.claim is not None and post.claim.session == tab
    sight = post.sight
    ends = post.good_until if is_mine else None
    return {
        "type": "lease",
        "path": path,
        "state": _state(post, tab, user),
        "holder": _holder(post, user),
        "is_mine": is_mine,
        "seconds_left": max(0, int(ends - now)) if ends else int(sight.left) if sight and sight.holder else None,
        "asked_by": [each for each in sight.asked_by if is_mine or each == user] if sight else [],
        "reserved_for": sight.reserved_for if sight else None,
        "reason": why(post, tab, user=user),
    }


def _state(post: Post, tab: str, user: str) -> str:
    if post.claim is not None and post.claim.session == tab:
        return "held" if post.is_reached else "unknown"
    if tab in post.lost:
        return "lost"
    if post.claim is not None or _has_other(post) or _is_reserved_for_other(post, user):
        return "elsewhere"
    return "unknown" if post.reason is None or not post.is_reached else "elsewhere"


def _has_other(post: Post) -> bool:
    return post.sight is not None and post.sight.holder is not None and post.claim is None


def _is_reserved_for_other(post: Post, user: str) -> bool:
    return post.sight is not None and post.sight.reserved_for not in (None, user)


def _holder(post: Post, user: str) -> dict[str, str] | None:
    if post.claim is not None:
        return {"user": user, "where": "tab"}
    if post.sight is None or post.sight.holder is None:
        return None
    if post.sight.holder != user:
        return {"user": post.sight.holder, "where": "person"}
    return {"user": user, "where": "tab" if post.sight.session in post.tabs else "environment"}


def why(post: Post, tab: str, *, user: str) -> str | None:
    """Why this tab does not hold it, or will not for long; None where nothing is to be said."""
    if post.claim is None:
        return _why_nobody_here(post, tab, user)
    if post.claim.session != tab:
        return "You are editing this notebook in another tab. Close it there, or take it over to here."
    if post.is_reached and post.sight is not None and post.sight.taker is not None:
        return f"{post.sight.taker} takes this notebook over in a moment. Save, and go on in a copy."
    return None if post.is_reached else post.reason


def _why_nobody_here(post: Post, tab: str, user: str) -> str | None:
    sight = post.sight or NOBODYS
    if sight.holder == user:
        return "You are editing this notebook in another place. Close it there, or hand it over."
    if sight.holder is not None:
        return f"{sight.holder} is editing this notebook now. Ask for it, or go on in a copy."
    if _is_reserved_for_other(post, user):
        return f"This notebook is reserved for {sight.reserved_for}. Try again in a moment, or go on in a copy."
    if tab in post.lost and post.reason is None:
        return "This tab does not hold the notebook any more. Open it again, or keep your text as a copy."
    return post.reason


def sentence(post: Post, session: str, *, user: str) -> str:
    """Why this session may not save it, for whoever tried."""
    return f"“{post.notebook}” was not saved. {why(post, session, user=user) or 'Another session holds it.'}"
