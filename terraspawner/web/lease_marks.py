"""Who edits what, as the page of a workspace shows it beside each notebook, live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from terraspawner.domain.access import Action, Standing, permits
from terraspawner.domain.lease import LeaseState, end_of_holding, state_of
from terraspawner.operations import leases
from terraspawner.operations.leases import LeaseSight
from terraspawner.web.parts import Parts
from terraspawner.web.sights import Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseMark:
    """What is said of one notebook. `user` edits it, or has it reserved, `until` then unless it is renewed; `taker` has
    it at `taken_at`; `asked` would like to have it, `declined` were told no."""

    path: str
    user: str
    is_reserved: bool
    until: datetime
    taker: str = ""
    taken_at: datetime | None = None
    asked: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()


async def look(parts: Parts, spot: Spot) -> tuple[LeaseMark, ...]:
    """The marks of a workspace's notebooks, by path; none for those that nobody has. Raises `WorkspaceMissing`."""
    found = await parts.deeds(leases.look_at_all, user=spot.user, namespace=spot.namespace, name=spot.name)
    return tuple(mark for sight in found.values() if (mark := mark_of(sight)))


def values(standing: Standing, marks: tuple[LeaseMark, ...]) -> dict[str, Any]:
    """What the templates want, for who holds this in the workspace."""
    return {
        "marks": marks,
        "edited": {mark.path: mark for mark in marks},
        "may_ask": bool(permits(standing, Action.WRITE_NOTEBOOKS)),
        "may_take": bool(permits(standing, Action.TAKE_LEASES)),
    }


def mark_of(sight: LeaseSight) -> LeaseMark | None:
    """None where anybody may have it: what ran out is as good as free."""
    lease, state = sight.lease, state_of(sight.lease, sight.now)
    if state is LeaseState.RESERVED and lease.reservation:
        return LeaseMark(path=lease.path, user=lease.reservation.user, is_reserved=True, until=lease.reservation.until)
    ends = end_of_holding(lease)
    if state is not LeaseState.HELD or lease.holder is None or ends is None:
        return None
    return LeaseMark(
        path=lease.path,
        user=lease.holder.user,
        is_reserved=False,
        until=ends,
        taker=lease.countdown.by if lease.countdown else "",
        taken_at=lease.countdown.at if lease.countdown else None,
        asked=tuple(each.user for each in lease.requests if each.declined_at is None),
        declined=tuple(each.user for each in lease.requests if each.declined_at is not None),
    )
