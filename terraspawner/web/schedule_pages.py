"""The dialog "When it pauses and starts" on a workspace's page: loaded as it opens, saved at once, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from terraspawner.domain import policy, schedule
from terraspawner.domain.access import Action
from terraspawner.domain.bounds import AtIdle, may_autostart
from terraspawner.domain.durations import said
from terraspawner.domain.policy import OFF, Level, Off, Policy
from terraspawner.domain.schedule import NAMES, WEEKDAYS, Day, QuietHours, Schedule
from terraspawner.errors import Refused
from terraspawner.operations import policies
from terraspawner.web import sights
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.pages import address_of, see
from terraspawner.web.parts import Parts
from terraspawner.web.responses import status_of
from terraspawner.web.schemas_policy import sentences
from terraspawner.web.sights import Spot

router = APIRouter(prefix="/workspaces/{namespace}/{name}/environment/schedule", include_in_schema=False)

Short = Annotated[str, Form(max_length=100)]
Days = Annotated[list[Annotated[str, Form(max_length=10)]], Form(max_length=7)]
_USUAL = {"stop": "19:00", "start": "08:00", "quiet_start": "22:00", "quiet_end": "07:00"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The form as it was sent. A word of `stop`, `start` and `quiet` is `own`, `default` or `none`."""

    zone: str = ""
    stop: str = ""
    stop_at: str = ""
    stop_days: tuple[str, ...] = ()
    force: bool = False
    start: str = ""
    start_at: str = ""
    start_days: tuple[str, ...] = ()
    quiet: str = ""
    quiet_start: str = ""
    quiet_end: str = ""
    quiet_days: tuple[str, ...] = ()

    def change(self, holds_without: Policy) -> dict[str, object]:
        """What is said. `holds_without` is what holds where nothing is said. Raises `Refused`."""
        where = {"zone": self.zone.strip()}
        said: dict[str, object] = {}
        if self.stop:
            stop = {"at": self.stop_at, "days": self.stop_days, "force": self.force, **where}
            said["daily_stop"] = _said("daily_stop", self.stop, stop, holds_without.daily_stop.value)
        if self.start:
            start = {"at": self.start_at, "days": self.start_days, **where}
            said["autostart"] = _said("autostart", self.start, start, None)
        if self.quiet:
            quiet = {"start": self.quiet_start, "end": self.quiet_end, "days": self.quiet_days, **where}
            said["quiet_hours"] = _said("quiet_hours", self.quiet, quiet, holds_without.quiet_hours.value)
        return said


async def _filled(
    *,
    zone: Short = "",
    stop: Short = "",
    stop_at: Short = "",
    stop_days: Days = [],  # noqa: B006 - FastAPI copies it
    force: Annotated[bool, Form()] = False,
    start: Short = "",
    start_at: Short = "",
    start_days: Days = [],  # noqa: B006
    quiet: Short = "",
    quiet_start: Short = "",
    quiet_end: Short = "",
    quiet_days: Days = [],  # noqa: B006
) -> Filled:
    return Filled(
        zone=zone, stop=stop, stop_at=stop_at, stop_days=tuple(stop_days), force=force, start=start,
        start_at=start_at, start_days=tuple(start_days), quiet=quiet, quiet_start=quiet_start, quiet_end=quiet_end,
        quiet_days=tuple(quiet_days),
    )  # fmt: skip


@router.get("")
@needs(Action.SEE)
async def show(parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """The dialog's fields as things are now."""
    holds = (await sights.look(parts, spot)).view.plan.policy
    return await _fields(parts, person, spot, _as_filled(holds))


@router.post("")
@needs(Action.USE_ENVIRONMENT)
async def save(
    request: Request, parts: TheParts, person: APerson, spot: ASpot, form: Annotated[Filled, Depends(_filled)]
) -> Response:
    """Save, and say what comes of it. A refusal stands in the dialog, with what was typed."""
    is_part = request.headers.get("HX-Request") == "true"
    error = None
    try:
        change = form.change((await _default(parts, spot)).policy)
        await parts.deeds(policies.change_own, user=spot.user, namespace=spot.namespace, name=spot.name, change=change)
    except Refused as refusal:
        if not is_part:
            raise
        error = refusal
    if not is_part:
        return see(address_of(parts, spot.namespace, spot.name))
    return await _fields(parts, person, spot, form, is_saved=error is None, error=error)


_AT_IDLE = {
    AtIdle.FREEZE_THEN_PAUSE: "frozen",
    AtIdle.PAUSE: "paused",
    AtIdle.DESTROY: "stopped and deleted with its disk",
}


async def _fields(
    parts: Parts, person: Person, spot: Spot, form: Filled, *, is_saved: bool = False, error: Refused | None = None
) -> Response:
    view = (await sights.look(parts, spot)).view
    holds = view.plan.policy
    bounds = await parts.deeds(policies.bounds_of, view.workspace.storage)
    is_owner = view.membership is not None and policies.owns(view.membership)
    return parts.pages.fragment(
        "_schedule.html",
        person,
        status=status_of(error) if error else 200,
        form=form,
        default=(await _default(parts, spot)).policy,
        days=NAMES,
        zones=sorted(schedule.zones()),
        may_autostart=may_autostart(bounds, is_owner=is_owner),
        said=sentences(view.plan),
        cap=said(holds.busy_cap.value),
        idle=said(holds.idle.value) if holds.idle.value is not None else "",
        at_idle=_AT_IDLE[holds.at_idle.value],
        is_destroyed=holds.at_idle.value is AtIdle.DESTROY,
        dormancy=said(holds.dormancy.value) if holds.dormancy.value is not None else "",
        is_saved=is_saved,
        error=error,
    )


async def _default(parts: Parts, spot: Spot) -> policies.Plan:
    """What holds where the person says nothing."""
    view = (await sights.look(parts, spot)).view
    if view.membership is None:
        return view.plan
    return await parts.deeds(policies.plan_of_workspace, view.membership)


def _said(name: str, word: str, value: dict[str, Any], default: object) -> object:
    if word == "own":
        return policy.read(name, value)
    if word not in ("none", "default"):
        raise Refused(f"{word!r} is no choice here. Choose default, own or none.", field=f"policy.{name}")
    return OFF if word == "none" and default is not None else None


def _as_filled(holds: Policy) -> Filled:
    stop, start, quiet = holds.daily_stop, holds.autostart, holds.quiet_hours
    own_stop = stop.value.schedule if stop.value else None
    zones = [each.zone for each in (own_stop, start.value, quiet.value) if each]
    return Filled(
        zone=zones[0] if zones else "",
        stop=_word(stop.value, stop.level),
        stop_at=_at(own_stop, "stop"),
        stop_days=_days(own_stop),
        force=bool(stop.value and stop.value.force),
        start=_word(start.value, start.level),
        start_at=_at(start.value, "start"),
        start_days=_days(start.value),
        quiet=_word(quiet.value, quiet.level),
        quiet_start=f"{quiet.value.start:%H:%M}" if quiet.value else _USUAL["quiet_start"],
        quiet_end=f"{quiet.value.end:%H:%M}" if quiet.value else _USUAL["quiet_end"],
        quiet_days=_days(quiet.value, frozenset(Day)),
    )


def _word(value: object, level: Level) -> str:
    if value is None or isinstance(value, Off):
        return "none"
    return "own" if level is Level.OWN else "default"


def _at(here: Schedule | None, usual: str) -> str:
    return f"{here.at:%H:%M}" if here else _USUAL[usual]


def _days(here: Schedule | QuietHours | None, usual: frozenset[Day] = WEEKDAYS) -> tuple[str, ...]:
    return tuple(str(day) for day in Day if day in (here.days if here else usual))
