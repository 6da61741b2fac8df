"""REST: libraries of the drive. Their notebooks are at `/workspaces/library/{id}/notebooks`, as of a workspace."""

from __future__ import annotations

from fastapi import APIRouter

from terraspawner.domain.access import Action
from terraspawner.operations import libraries, library_room, trash
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.schemas import ListOut
from terraspawner.web.schemas_disks import TrashOut
from terraspawner.web.schemas_libraries import (
    LibraryChangeIn,
    LibraryIn,
    LibraryOut,
    ShareIn,
    TransferIn,
    TransferredOut,
)

router = APIRouter(tags=["libraries"])

ONE = "/libraries/{library_id:id}"
SHARE = f"{ONE}/shares/{{member:tail}}"
"""The name of a group that the sign-in manages may have slashes in it."""


@router.get("/libraries", responses=for_person(), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def list_libraries(parts: TheParts, person: APerson) -> ListOut[LibraryOut]:
    """What the caller's drives show: own libraries, and those that are shared by name, by groups, with all."""
    found = await parts.deeds(libraries.list_libraries, person.name)
    return ListOut(items=[LibraryOut.of(seen) for seen in found])


@router.post("/libraries", status_code=201, responses=for_person(409, 413, 422), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def create_library(parts: TheParts, person: APerson, wanted: LibraryIn) -> LibraryOut:
    """Create a library that is the caller's and is shared with nobody."""
    made = await parts.deeds(libraries.create_library, user=person.name, name=wanted.name)
    parts.worker.wake()
    return LibraryOut.of(made)


@router.get(ONE, responses=for_person(404), openapi_extra=PERSON)
@needs(Action.SEE)
async def get_library(parts: TheParts, person: APerson, library_id: str) -> LibraryOut:
    """One library that the caller has."""
    return LibraryOut.of(await parts.deeds(libraries.get_library, user=person.name, library_id=library_id))


@router.patch(ONE, responses=for_person(404, 409, 413, 422), openapi_extra=PERSON)
@needs(Action.CHANGE_WORKSPACE)
async def change_library(parts: TheParts, person: APerson, library_id: str, wanted: LibraryChangeIn) -> LibraryOut:
    """Give it another name, which it has on every drive at once: paths in people's code change. Or limit what may be
    put there through this service. The name first. For its owner."""
    which = {"actor": person.name, "library_id": library_id}
    if wanted.name is not None:
        await parts.deeds(libraries.rename, **which, name=wanted.name)
        parts.worker.wake()
    if "size_limit" in wanted.model_fields_set:
        await parts.deeds(library_room.set_limit, **which, size=wanted.size_limit)
    return LibraryOut.of(await parts.deeds(libraries.get_library, user=person.name, library_id=library_id))


@router.delete(ONE, responses=for_person(404), openapi_extra=PERSON)
@needs(Action.DELETE_WORKSPACE)
async def delete_library(parts: TheParts, person: APerson, library_id: str) -> TrashOut:
    """Put it into the trash: it is gone from every drive, and restored with its shares. For its owner."""
    item = await parts.deeds(libraries.discard, actor=person.name, library_id=library_id)
    parts.worker.wake()
    return TrashOut.of(await parts.deeds(trash.describe, item))


@router.put(SHARE, responses=for_person(404, 413, 422), openapi_extra=PERSON)
@needs(Action.CHANGE_MEMBERS)
async def share_library(parts: TheParts, person: APerson, library_id: str, member: str, wanted: ShareIn) -> LibraryOut:
    """Share it with a user, a group (`group:` and its name) or `all`, to read or to write. For its owner."""
    shared = await parts.deeds(
        libraries.share, actor=person.name, library_id=library_id, who=member, access=wanted.access
    )
    parts.worker.wake()
    return LibraryOut.of(shared)


@router.delete(SHARE, status_code=204, response_model=None, responses=for_person(404), openapi_extra=PERSON)
@needs(Action.CHANGE_MEMBERS, of_oneself=Action.LEAVE)
async def unshare_library(parts: TheParts, person: APerson, library_id: str, member: str) -> None:
    """Take a share back, from the next request on. For its owner, and for oneself."""
    await parts.deeds(libraries.unshare, actor=person.name, library_id=library_id, who=member)
    parts.worker.wake()


@router.post(f"{ONE}/transfer", responses=for_person(404, 409, 413, 422), openapi_extra=PERSON)
@needs(Action.CHANGE_MEMBERS)
async def transfer_library(parts: TheParts, person: APerson, library_id: str, wanted: TransferIn) -> TransferredOut:
    """Make somebody else its owner, who has a share by name; the former one keeps writing until the new one takes that
    away. For its owner. An operator may give it to anybody else, share or not."""
    given = await parts.deeds(libraries.transfer, actor=person.name, library_id=library_id, to=wanted.to)
    parts.worker.wake()
    return TransferredOut(id=given.id, name=given.name, owner=given.owner)
