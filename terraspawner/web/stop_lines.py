"""What will stop an environment, as its page says it: in words, with the moments apart, which a browser shows in the
zone of who reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from culler.deadlines import Act, Name
from culler.words import listed
from terraspawner.domain.bounds import AtIdle
from terraspawner.domain.durations import said
from terraspawner.domain.policy import Policy
from terraspawner.operations.stops import Stop

HOURS = (1, 4, 12)
_WORDS = {
    Act.FREEZE: "frozen",
    Act.PAUSE: "paused",
    Act.DESTROY: "stopped and deleted",
    Act.TRASH: "put into the trash",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """It will be `word` at `at`: `because`, with the moment `since` at its end where there is one. `is_latest`: sooner
    if what it waits for ends. `is_final`: for good, past the trash."""

    word: str
    at: datetime
    because: str
    since: datetime | None = None
    is_latest: bool = False
    is_final: bool = False
    hints: tuple[str, ...] = ()


def coming_of(stop: Stop | None, holds: Policy) -> Coming | None:
    """None where nothing comes, or nobody would carry it out; the trash is told of when it is near."""
    if stop is None or not stop.is_carried_out or stop.decision.at is None:
        return None
    decision = stop.decision
    named = next((each for each in decision.deadlines if each.name is decision.name), None)
    act = decision.act if decision.act is not Act.KEEP else (named.act if named else Act.PAUSE)
    if act not in _WORDS or decision.at is None or (act is Act.TRASH and not stop.is_near):
        return None
    because, since = _because(stop, holds)
    return Coming(
        word=_WORDS[act],
        at=decision.at,
        because=because,
        since=since,
        is_latest=decision.name is Name.BUSY_TOO_LONG or bool(named and named.waits),
        is_final=act is Act.DESTROY,
        hints=tuple(f"{each[0].upper()}{each[1:]}." for each in decision.guards if not each.startswith("kept alive")),
    )


def _because(stop: Stop, holds: Policy) -> tuple[str, datetime | None]:
    name = stop.decision.name
    if name is Name.BUSY_TOO_LONG and stop.work:
        names = listed([each.what or "something" for each in stop.work])
        return f"{names} {'works' if len(stop.work) == 1 else 'work'} since", min(each.since for each in stop.work)
    if name is not Name.IDLE or holds.idle.value is None:
        return stop.decision.why, None
    if stop.keep_alive:
        return "until then you keep it alive", None
    if stop.work_ended_at and stop.human_at + timedelta(seconds=holds.idle.value) != stop.decision.at:
        return f"{said(max(holds.grace.value, holds.idle.value))} after its work has ended at", stop.work_ended_at
    return f"{said(holds.idle.value)} after your last input at", stop.human_at


def keeps_nothing_after(holds: Policy) -> str:
    """After what time without use everything but the drive is deleted; empty where it is not."""
    idle = holds.idle.value
    return said(idle) if holds.at_idle.value is AtIdle.DESTROY and idle is not None else ""


def hours_to_keep(most: int) -> Sequence[int]:
    """What the buttons offer, in hours."""
    return [hours for hours in HOURS if hours * 3600 <= most]
