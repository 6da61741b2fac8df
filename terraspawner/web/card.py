"""The environment's card on a workspace's page: its buttons, and its live stream."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from markupsafe import escape

from terraspawner.domain.access import Action, Standing
from terraspawner.domain.disk import kept_data_disk, notice, wanted_disk
from terraspawner.domain.environment import CANCELLABLE, IN_TRANSITION, State
from terraspawner.domain.price import disk_per_month
from terraspawner.domain.script import MOST_BYTES
from terraspawner.domain.start import StepName
from terraspawner.errors import OutboxNotEmpty, TerraError
from terraspawner.errors_starts import StartFailed
from terraspawner.operations import disks, workspaces
from terraspawner.web import changes, lease_marks, live, sights, wishes
from terraspawner.web.addresses import lab_url
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.environment_rows import WORDS
from terraspawner.web.lease_marks import LeaseMark
from terraspawner.web.library_page import outside_values
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of
from terraspawner.web.schemas_environment import EnvironmentOut
from terraspawner.web.shortage import WHAT_TO_DO, shortage_of
from terraspawner.web.sights import Sight, Spot
from terraspawner.web.stop_lines import coming_of, hours_to_keep, keeps_nothing_after

log = logging.getLogger(__name__)
_SHOWN_LINES = 200
Seen = tuple[Sight, tuple[LeaseMark, ...], object]

router = APIRouter(prefix="/workspaces/{namespace}/{name}/environment", include_in_schema=False)


@router.get("")
@needs(Action.SEE)
async def show(parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """The card as it is now."""
    return await _card(parts, person, spot)


@router.get("/live")
@needs(Action.SEE)
async def stream(parts: TheParts, person: APerson, spot: ASpot) -> StreamingResponse:
    """The card at each change, with a sentence for screen readers; who edits what; how a drive from outside stands."""
    await sights.look(parts, spot)
    library, told = await parts.outside.seen(spot.user, spot.namespace, spot.name), dict[str, str]()

    async def look() -> Seen:
        sight = await sights.look(parts, spot)
        marks = () if sight.view.workspace.has_drive else await lease_marks.look(parts, spot)
        return sight, marks, parts.outside.standing(library.library) if library else None

    def tell(seen: Seen) -> list[tuple[str, str]]:
        sight, marks, _ = seen
        values = card_values(parts, person, spot, sight)
        now = {
            "environment": parts.pages.render("_environment.html", person, **values),
            "announcement": _announcement(values),
            "leases": parts.pages.render(
                "_lease_news.html", person, here=values["here"], **lease_marks.values(_standing(sight), marks)
            ),
        }
        if library:
            now["outside"] = parts.pages.render("_outside.html", person, **outside_values(parts, library))
        news = [(event, text) for event, text in now.items() if told.get(event) != text]
        told.update(now)
        return news

    return live.stream(parts, spot.user, look, tell)


@router.post("/start")
@needs(Action.USE_ENVIRONMENT)
async def start(
    request: Request,
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    *,
    size: Annotated[str, Form()] = "",
    image: Annotated[str, Form()] = "",
    other_image: Annotated[str, Form()] = "",
    startup_script: Annotated[str, Form()] = "",
    without_script: Annotated[bool, Form()] = False,
    disk: Annotated[str, Form()] = "",
    data_disk: Annotated[str, Form()] = "",
) -> Response:
    """The button Start, with what is chosen beside it, Resume or Try again. An empty field changes nothing."""
    script = "" if without_script else startup_script or None
    act = wishes.start(
        parts,
        spot,
        size=size or None,
        image=other_image.strip() or image or None,
        script=script,
        disk=wanted_disk(disk or None),
        data_disk=kept_data_disk(data_disk or None),
    )
    return await after(request, parts, person, spot, act)


@router.post("/size")
@needs(Action.USE_ENVIRONMENT)
async def change_size(
    request: Request, parts: TheParts, person: APerson, spot: ASpot, size: Annotated[str, Form()] = ""
) -> Response:
    """The dialog Change size."""
    return await after(request, parts, person, spot, changes.change_size(parts, spot, size))


@router.post("/image")
@needs(Action.USE_ENVIRONMENT)
async def change_image(
    request: Request,
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    image: Annotated[str, Form()] = "",
    other_image: Annotated[str, Form()] = "",
) -> Response:
    """The dialog Change image."""
    act = changes.change_image(parts, spot, other_image.strip() or image)
    return await after(request, parts, person, spot, act)


@router.post("/freeze")
@needs(Action.END_OWN_ENVIRONMENT)
async def freeze(request: Request, parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """The button Freeze."""
    return await after(request, parts, person, spot, wishes.freeze(parts, spot))


@router.post("/pause")
@needs(Action.END_OWN_ENVIRONMENT)
async def pause(request: Request, parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """The button Pause."""
    return await after(request, parts, person, spot, wishes.pause(parts, spot))


@router.post("/cancel")
@needs(Action.END_OWN_ENVIRONMENT)
async def cancel(request: Request, parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """The button Cancel, while it starts."""
    return await after(request, parts, person, spot, wishes.cancel(parts, spot))


@router.post("/delete")
@needs(Action.END_OWN_ENVIRONMENT)
async def delete(
    request: Request,
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    disk: Annotated[str, Form()] = "keep",
    data_disk: Annotated[str, Form()] = "keep",
    force: Annotated[bool, Form()] = False,
) -> Response:
    """The dialog Delete. Anything but the word `delete` keeps a disk."""
    act = wishes.delete(
        parts, spot, deletes_disk=disk == "delete", deletes_data_disk=data_disk == "delete", loses_unsent=force
    )
    return await after(request, parts, person, spot, act)


@router.post("/delete-disk")
@needs(Action.END_OWN_ENVIRONMENT)
async def delete_disk(
    request: Request,
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    disk_id: Annotated[str, Form()],
    force: Annotated[bool, Form()] = False,
) -> Response:
    """Put the disk into the trash that was kept when its environment was deleted."""

    async def act() -> None:
        # before, not after: an address that is answered with a 404 must not have deleted anything
        await parts.deeds(workspaces.enter, user=spot.user, namespace=spot.namespace, name=spot.name, action=Action.SEE)
        await parts.deeds(disks.get_own, user=spot.user, disk_id=disk_id)  # by this page one's own alone
        await parts.deeds(disks.discard, actor=spot.user, disk_id=disk_id, loses_unsent=force)

    return await after(request, parts, person, spot, act())


def _standing(sight: Sight) -> Standing:
    membership = sight.view.membership
    return membership.standing if membership else Standing()


def card_values(parts: Parts, person: Person, spot: Spot, sight: Sight) -> dict[str, Any]:
    """What the card's template wants."""
    view = sight.view
    is_asked = sight.is_asked and view.state in (State.NONE, State.PAUSED, State.FROZEN)
    told = wishes.told(parts, spot, sight)
    disk_size = view.disk.size if view.disk else parts.settings.disk_size
    is_moving = is_asked or view.state in IN_TRANSITION
    return {
        "at": view.workspace,
        "here": f"{parts.settings.service_prefix}workspaces/{quoted(spot.namespace, spot.name)}",
        "told": told,
        "disk": view.disk,
        "data_disk": view.data_disk,
        "data_warning": notice(view.data_disk.used, view.data_disk.size) if view.data_disk else None,
        "kept_data": view.kept_data,
        "offers_data_disk": bool(parts.settings.data_disk_limit or view.data_disk or view.kept_data),
        "data_per_month": disk_per_month(view.prices, view.data_disk.size if view.data_disk else 0),
        "disk_warning": notice(view.disk.used, view.disk.size) if view.disk else None,
        "word": "being started" if is_asked else WORDS[view.state],
        "is_moving": is_moving,
        "script_lines": sight.script_lines,
        "script_log": view.environment.startup_log.splitlines()[-_SHOWN_LINES:] if view.environment else [],
        "script_failed": bool(told.steps) and told.steps[-1].name is StepName.SCRIPT,
        "may_give_script": view.environment is None or view.environment.never_came_up,
        "most_script_bytes": MOST_BYTES,
        "shows_steps": view.state in CANCELLABLE or _stopped_half_way(told),
        "shortage": None if is_moving else shortage_of(told),
        "what_to_do": WHAT_TO_DO,
        "ends_by_a_pause": bool(view.environment and (view.environment.kernels or view.environment.terminals)),
        "stop": view.stop,
        "coming": coming_of(view.stop, view.plan.policy),
        "keeps_nothing_after": keeps_nothing_after(view.plan.policy),
        "has_live_mounts": parts.settings.has_live_mounts,
        "keep_hours": hours_to_keep(parts.settings.keep_alive_most),
        "may_start": view.may_start,
        "actions": ["cancel"] if is_asked else told.actions,
        "sizes": parts.catalogue.sizes,
        "images": parts.catalogue.images,
        "other_images": other_images(parts, person),
        "may_change": view.may_start and view.environment is not None and not is_moving,
        "lab": lab_url(parts.settings, person.name, view.workspace),
        "prices": view.prices,
        "now_per_hour": view.now_per_hour,
        "kept": view.kept if view.environment is None else (),
        "new_disk_size": parts.settings.disk_size,
        "trash_days": parts.settings.trash_days,
        "trashed": view.trashed,
        "disk_size": disk_size,
        "disk_per_month": disk_per_month(view.prices, disk_size),
    }


def other_images(parts: Parts, person: Person) -> tuple[str, ...]:
    """What images beside the catalogue begin with; empty where the person may have none."""
    custom = parts.catalogue.custom
    return custom.prefixes if custom.may_name(is_operator=person.account.is_operator) else ()


def _stopped_half_way(told: EnvironmentOut) -> bool:
    return told.state is State.PAUSED and bool(told.steps) and told.steps[-1].name is not StepName.READY


def _announcement(values: Mapping[str, Any]) -> str:
    """For screen readers: told when it changes, and not at each new number on the card.

    The browser takes it for HTML, as all of a stream, and some of it an environment said: so it is escaped.
    """
    reason = "" if values["is_moving"] else values["told"].reason
    shortage = values["shortage"]
    text = f"The environment is {values['word']}. {reason} {shortage.what if shortage else ''}".strip()
    return str(escape(text))


async def after(request: Request, parts: Parts, person: Person, spot: Spot, act: Awaitable[object]) -> Response:
    """Do what a button asks, then show the card, or the page to browsers without scripts."""
    error: TerraError | None = None
    try:
        await act
    except StartFailed as caught:
        log.info("told on the card: %s", caught.message)
    except TerraError as caught:
        error = caught
    await parts.deeds(workspaces.enter, user=spot.user, namespace=spot.namespace, name=spot.name, action=Action.SEE)
    if error is None and request.headers.get("HX-Request") != "true":
        return RedirectResponse(f"{parts.settings.service_prefix}workspaces/{quoted(spot.namespace, spot.name)}", 303)
    if error is not None and request.headers.get("HX-Request") != "true":
        raise error
    return await _card(parts, person, spot, error)


async def _card(parts: Parts, person: Person, spot: Spot, error: TerraError | None = None) -> Response:
    return parts.pages.fragment(
        "_card_answer.html",
        person,
        status=status_of(error) if error else 200,
        error=error,
        may_force=isinstance(error, OutboxNotEmpty),
        **card_values(parts, person, spot, await sights.look(parts, spot)),
    )
