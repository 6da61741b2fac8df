"""Pages: one's disks, and the trash. Every act is a form; what cannot be taken back is asked for by name first."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.domain.disk import Disk, DiskState, notice
from terraspawner.domain.price import disk_per_month
from terraspawner.errors import (
    Conflict,
    NameRefused,
    NameTaken,
    NotAllowed,
    NotFound,
    OutboxNotEmpty,
    Refused,
    TerraError,
    Unavailable,
)
from terraspawner.operations import disks, images, ledger, tagging, trash
from terraspawner.web import disk_sizes, endings, tag_wishes
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.pages import see, workspace_page
from terraspawner.web.parts import Parts
from terraspawner.web.responses import status_of
from terraspawner.web.tag_wishes import ANY, TaggedId, TagsText, Typed, TypedTags

router = APIRouter(include_in_schema=False)

Field = Annotated[str, Form(max_length=200)]
Name = Annotated[str, Form(max_length=2000)]
GIB = 1024**3
_LIVE = (DiskState.ATTACHED, DiskState.KEPT)
_NOTICES = {
    "tagged": "The tags are saved.",
    "enlarged": "The disk is larger now.",
    "discarded": "The disk is in the trash.",
    "restored": "It is back.",
    "workspace": "The workspace is in the trash, with all that is in it.",
    "purged": "It is being deleted for good.",
}


@router.get("/disks")
@needs(Action.ABOUT_ONESELF)
async def show_disks(parts: TheParts, person: APerson, tags: TypedTags, notice: str = "") -> Response:
    """My disks in all workspaces."""
    return await _disks_page(parts, person, said=_NOTICES.get(notice, ""), tags=tags)


@router.post("/disks/tags")
@needs(Action.ABOUT_ONESELF)
async def tag_disk(
    parts: TheParts,
    person: APerson,
    shown: TypedTags,
    disk_id: TaggedId = "",
    tags: TagsText = "",
) -> Response:
    """The dialog of the button Tags. What is refused stands in it still, with the reason."""
    fault = await tag_wishes.say(parts, tagging.tag_disk, tags, actor=person.name, disk_id=disk_id)
    if fault:
        return await _disks_page(parts, person, tags=shown, drafts={disk_id: (tags, fault)})
    return see(f"{parts.settings.service_prefix}disks?{urlencode({'notice': 'tagged', 'tag': shown.text})}")


@router.post("/disks/delete")
@needs(Action.ABOUT_ONESELF)
async def delete_disk(
    parts: TheParts, person: APerson, disk_id: Field = "", force: Annotated[bool, Form()] = False
) -> Response:
    """The dialog of the button Delete: into the trash."""
    try:
        await parts.deeds(disks.get_own, user=person.name, disk_id=disk_id)  # of others' none, here
        await parts.deeds(disks.discard, actor=person.name, disk_id=disk_id, loses_unsent=force)
    except (Conflict, NotFound) as error:
        return await _disks_page(parts, person, error=error, about=disk_id)
    return see(f"{parts.settings.service_prefix}trash?notice=discarded")


@router.post("/disks/enlarge")
@needs(Action.ABOUT_ONESELF)
async def enlarge_disk(parts: TheParts, person: APerson, disk_id: Field = "", gigabytes: Field = "") -> Response:
    """The dialog of the button Enlarge."""
    try:
        await disk_sizes.enlarge(parts, user=person.name, disk_id=disk_id, size=bytes_of(gigabytes))
    except (Refused, Conflict, NotFound, Unavailable) as error:
        return await _disks_page(parts, person, error=error, about=disk_id)
    return see(f"{parts.settings.service_prefix}disks?notice=enlarged")


@router.post("/disks/measure")
@needs(Action.ABOUT_ONESELF)
async def measure_disk(parts: TheParts, person: APerson, disk_id: Field = "") -> Response:
    """The button Measure now."""
    try:
        held = await parts.deeds(disks.get_own, user=person.name, disk_id=disk_id)
        if disks.may_be_measured(held):
            await parts.measures.measure(disk_id)
    except (NotFound, Unavailable) as error:
        return await _disks_page(parts, person, error=error, about=disk_id)
    return see(f"{parts.settings.service_prefix}disks")


@router.post("/workspaces/{namespace}/{name}/delete")
@needs(Action.DELETE_WORKSPACE)
async def delete_workspace(
    parts: TheParts, person: APerson, spot: ASpot, force: Annotated[bool, Form()] = False
) -> Response:
    """The dialog of the button Delete workspace. What stands against it is named, and can be overruled."""
    try:
        await endings.delete_workspace(parts, spot.user, spot.namespace, spot.name, force=force)
    except Conflict as error:
        return await workspace_page(parts, person, spot, status=status_of(error), objection=error)
    return see(f"{parts.settings.service_prefix}trash?notice=workspace")


@router.get("/trash")
@needs(Action.ABOUT_ONESELF)
async def show_trash(parts: TheParts, person: APerson, notice: str = "") -> Response:
    """What I deleted and can have back."""
    return await _trash_page(parts, person, said=_NOTICES.get(notice, ""))


@router.post("/trash/restore")
@needs(Action.ABOUT_ONESELF)
async def restore(parts: TheParts, person: APerson, trash_id: Field = "", name: Name = "") -> Response:
    """The button Restore. Where the name is taken by now, another one is asked for."""
    try:
        await parts.carrying(trash.restore, user=person.name, item_id=trash_id, name=name.strip() or None)
    except (Refused, Conflict, NotFound, NotAllowed) as error:
        wants_name = trash_id if isinstance(error, NameTaken | NameRefused) else ""
        return await _trash_page(parts, person, error=error, wants_name=wants_name, wanted=name)
    parts.worker.wake()
    return see(f"{parts.settings.service_prefix}trash?notice=restored")


@router.post("/trash/purge")
@needs(Action.ABOUT_ONESELF)
async def purge(parts: TheParts, person: APerson, trash_id: Field = "") -> Response:
    """The dialog of the button Delete for good."""
    try:
        await parts.deeds(trash.purge, user=person.name, item_id=trash_id)
    except (Conflict, NotFound) as error:
        return await _trash_page(parts, person, error=error)
    parts.worker.wake()
    return see(f"{parts.settings.service_prefix}trash?notice=purged")


async def _disks_page(
    parts: Parts,
    person: Person,
    *,
    said: str = "",
    error: TerraError | None = None,
    about: str = "",
    tags: Typed = ANY,
    drafts: tag_wishes.Drafts | None = None,
) -> Response:
    found = [held for held in await parts.deeds(disks.list_own, person.name, tags.wanted) if held.disk.state in _LIVE]
    prices = await parts.deeds(ledger.prices)
    return parts.pages.page(
        "disks.html",
        person,
        status=status_of(error) if error else (422 if drafts or tags.fault else 200),
        disks=found,
        tags=tags,
        narrowed=lambda key, value: "?" + urlencode({"tag": tags.with_tag(key, value)}),
        drafts=drafts or {},
        fault=tags.fault or tag_wishes.unplaced(drafts, (held.disk.id for held in found)),
        warnings={held.disk.id: notice(held.disk.used, held.disk.size) for held in found},
        prices={held.disk.id: disk_per_month(prices, held.disk.size) for held in found},
        per_gigabyte=disk_per_month(prices, GIB),
        total=sum(disk_per_month(prices, held.disk.size) for held in found),
        gib=GIB,
        most={held.disk.id: _most(parts, held.disk) for held in found},
        trash_days=parts.settings.trash_days,
        said=said,
        error=error,
        about=about,
        may_force=isinstance(error, OutboxNotEmpty),
    )


async def _trash_page(
    parts: Parts,
    person: Person,
    *,
    said: str = "",
    error: TerraError | None = None,
    wants_name: str = "",
    wanted: str = "",
) -> Response:
    found = await parts.deeds(trash.list_trash, person.name)
    return parts.pages.page(
        "trash.html",
        person,
        status=status_of(error) if error else 200,
        items=found,
        titles={each.item.id: images.title_of(parts.catalogue, each.environment) for each in found if each.environment},
        wants_name=wants_name,
        wanted=wanted,
        total=sum(each.price_per_month for each in found),
        trash_days=parts.settings.trash_days,
        said=said,
        error=error,
    )


def _most(parts: Parts, disk: Disk) -> int:
    most = parts.settings.data_disk_limit if disk.is_data else parts.settings.disk_limit
    return max(most, disk.size)


def bytes_of(gigabytes: str) -> int:
    """What was typed. Raises `Refused` for what is no number of gigabytes."""
    text = gigabytes.strip().replace(",", ".")
    try:
        size = float(text)
    except ValueError:
        size = -1
    if not 0 < size < 2**23:  # also refuses what is no number
        raise Refused("Say the size as a number of gigabytes, such as 100.")
    return int(size * GIB)
