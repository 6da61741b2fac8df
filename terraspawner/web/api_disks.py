"""REST: disks, and the trash that they go into."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from terraspawner.domain.access import Action
from terraspawner.domain.price import disk_per_month
from terraspawner.domain.tags import Tagged, checked
from terraspawner.operations import disks, tagging, trash
from terraspawner.web import disk_sizes
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, Mine, PaidBy, for_person
from terraspawner.web.schemas import ListOut
from terraspawner.web.schemas_disks import DiskChangeIn, EnlargedOut, HeldDiskOut, RestoreIn, TrashOut
from terraspawner.web.tag_wishes import WantedTags

router = APIRouter(tags=["disks"])

Id = Annotated[str, Path(max_length=200)]


@router.get("/disks", responses=for_person(404, 422), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def list_disks(
    parts: TheParts,
    person: APerson,
    project: PaidBy = None,
    mine: Mine = False,
    tags: WantedTags = (),
) -> ListOut[HeldDiskOut]:
    """All disks of the caller that cost, in the trash too; to an operator everybody's; with `project` all that it pays
    for. Of others' it is told how large and how full they are, not what is on them."""
    if project is not None:
        found = await parts.deeds(disks.list_paid, actor=person.name, namespace=project, wanted=tags)
    elif person.account.is_operator and not mine:
        found = await parts.deeds(disks.list_all, actor=person.name, wanted=tags)
    else:
        found = await parts.deeds(disks.list_own, person.name, tags)
    return ListOut(items=[HeldDiskOut.held(each, is_own=each.disk.user == person.name) for each in found])


@router.delete("/disks/{disk_id}", responses=for_person(404, 409), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def delete_disk(
    parts: TheParts,
    person: APerson,
    disk_id: Id,
    force: Annotated[bool, Query(description="lose changes that are only on the disk; its own person alone")] = False,
) -> TrashOut:
    """Put a disk that is attached to no environment into the trash, from where its person can restore it.

    For the person whose it is; for owners of the billing project and operators too, as they pay for it.
    """
    item = await parts.deeds(disks.discard, actor=person.name, disk_id=disk_id, loses_unsent=force)
    return TrashOut.of(await parts.deeds(trash.describe, item))


@router.patch("/disks/{disk_id}", responses=for_person(404, 409, 422, 503), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def change_disk(parts: TheParts, person: APerson, disk_id: Id, wanted: DiskChangeIn) -> EnlargedOut:
    """Enlarge a disk of one's own, attached or kept, with nothing on it lost; it costs more from now on. Never smaller.

    Tags are for who pays for it too: owners of the billing project, and operators. Where either is refused, nothing is
    changed.
    """
    if wanted.tags is not None:
        checked(wanted.tags, Tagged.DISK)
    before = await parts.deeds(disks.get_seen, actor=person.name, disk_id=disk_id)
    if wanted.size is not None:
        await disk_sizes.enlarge(parts, user=person.name, disk_id=disk_id, size=wanted.size)
    if wanted.tags is not None:
        await parts.deeds(tagging.tag_disk, actor=person.name, disk_id=disk_id, tags=wanted.tags)
    after = await parts.deeds(disks.get_seen, actor=person.name, disk_id=disk_id)
    told = HeldDiskOut.held(after, is_own=after.disk.user == person.name)
    price_before = float(disk_per_month(before.prices, before.disk.size))
    return EnlargedOut(**told.model_dump(), price_per_month_before=price_before)


@router.post("/disks/{disk_id}/measure", responses=for_person(404, 409), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def measure_disk(parts: TheParts, person: APerson, disk_id: Id) -> HeldDiskOut:
    """Measure now how full one's own disk is, and tell. It takes seconds; otherwise it is done every few minutes."""
    held = await parts.deeds(disks.get_own, user=person.name, disk_id=disk_id)
    if disks.may_be_measured(held):
        await parts.measures.measure(disk_id)
    return HeldDiskOut.held(await parts.deeds(disks.get_own, user=person.name, disk_id=disk_id))


@router.get("/trash", responses=for_person(), openapi_extra=PERSON, tags=["trash"])
@needs(Action.ABOUT_ONESELF)
async def list_trash(parts: TheParts, person: APerson) -> ListOut[TrashOut]:
    """What the caller can have back, the last first: own environments and disks, notebooks of workspaces where the
    caller writes, and workspaces that the caller owned."""
    return ListOut(items=[TrashOut.of(each) for each in await parts.deeds(trash.list_trash, person.name)])


@router.post(
    "/trash/{trash_id}/restore", responses=for_person(403, 404, 409, 422), openapi_extra=PERSON, tags=["trash"]
)
@needs(Action.ABOUT_ONESELF)
async def restore(parts: TheParts, person: APerson, trash_id: Id, wanted: RestoreIn | None = None) -> TrashOut:
    """Have it back. An environment is paused then, with the container that it had, what was installed in that, and its
    disk, which comes along where it is in the trash; 409 where the disk is attached to another environment or gone for
    good, where the caller has another environment in the workspace, or where that is in the trash, 403 where the caller
    may have none there any more. A disk is kept then, and the next environment in its workspace can have it; a notebook
    is in its workspace again, a workspace is there again; the files of a folder come one after the other. 409 where
    something else has its name by now."""
    name = wanted.name if wanted else None
    back = await parts.carrying(trash.restore, user=person.name, item_id=trash_id, name=name)
    parts.worker.wake()
    return TrashOut.of(back)


@router.delete(
    "/trash/{trash_id}", status_code=202, responses=for_person(404, 409), openapi_extra=PERSON, tags=["trash"]
)
@needs(Action.ABOUT_ONESELF)
async def purge(parts: TheParts, person: APerson, trash_id: Id) -> TrashOut:
    """Delete it for good, now. It is listed until it is gone. With a disk go the environments in the trash that have
    it; the disk of an environment is not touched."""
    found = await parts.deeds(trash.purge, user=person.name, item_id=trash_id)
    parts.worker.wake()
    return TrashOut.of(found)
