"""REST: libraries of the drive. Their notebooks are at `/workspaces/library/{id}/notebooks`, as of a workspace."""

from __future__ import annotations

from fastapi import APIRouter

from terraspawner.domain.access import Action
from terraspawner.operations import libraries, library_room, outside, trash
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
from terraspawner.web.schemas_outside import OfferedDriveOut, PasswordIn

router = APIRouter(tags=["libraries"])

ONE = "/libraries/{library_id:id}"
SHARE = f"{ONE}/shares/{{member:tail}}"
"""The name of a group that the sign-in manages may have slashes in it."""


@router.get("/drives", responses=for_person(), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def list_drives(parts: TheParts, person: APerson) -> ListOut[OfferedDriveOut]:  # noqa: ARG001 - for who is signed in
    """Drives from outside that may be connected as libraries: those that the operator names. People give no address."""
    return ListOut(items=[OfferedDriveOut.of(each) for each in parts.outside.offered])


@router.get("/libraries", responses=for_person(), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def list_libraries(parts: TheParts, person: APerson) -> ListOut[LibraryOut]:
    """What the caller's drives show: own libraries, and those that are shared by name, by groups, with all."""
    found = await parts.deeds(libraries.list_libraries, person.name)
    return ListOut(items=[LibraryOut.of(seen, parts.outside) for seen in found])


@router.post("/libraries", status_code=201, responses=for_person(404, 409, 413, 422), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def create_library(parts: TheParts, person: APerson, wanted: LibraryIn) -> LibraryOut:
    """Create a library that is the caller's and is shared with nobody. Its files may be those of a drive from outside:
    whether that takes the password is told by `outside.state` a few seconds later."""
    said = wanted.outside
    if said is None:
        made = await parts.deeds(libraries.create_library, user=person.name, name=wanted.name)
    else:
        made = await parts.deeds(
            outside.connect,
            user=person.name,
            name=wanted.name,
            drive=said.drive,
            account=said.user,
            password=said.password.get_secret_value(),
            path=said.path,
            library=said.library,
        )
        await parts.outside.say()
    parts.worker.wake()
    return LibraryOut.of(made, parts.outside)


@router.get(ONE, responses=for_person(404), openapi_extra=PERSON)
@needs(Action.SEE)
async def get_library(parts: TheParts, person: APerson, library_id: str) -> LibraryOut:
    """One library that the caller has."""
    found = await parts.deeds(libraries.get_library, user=person.name, library_id=library_id)
    return LibraryOut.of(found, parts.outside)


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
    found = await parts.deeds(libraries.get_library, user=person.name, library_id=library_id)
    return LibraryOut.of(found, parts.outside)


@router.delete(ONE, responses=for_person(404), openapi_extra=PERSON)
@needs(Action.DELETE_WORKSPACE)
async def delete_library(parts: TheParts, person: APerson, library_id: str) -> TrashOut:
    """Put it into the trash: it is gone from every drive, and restored with its shares. Of one on a drive from outside
    the connection ends, and nothing is deleted there. For its owner."""
    item = await parts.deeds(libraries.discard, actor=person.name, library_id=library_id)
    await parts.outside.say()
    parts.worker.wake()
    return TrashOut.of(await parts.deeds(trash.describe, item))


@router.put(f"{ONE}/outside", responses=for_person(404, 413, 422), openapi_extra=PERSON)
@needs(Action.CHANGE_WORKSPACE)
async def give_password(parts: TheParts, person: APerson, library_id: str, wanted: PasswordIn) -> LibraryOut:
    """Give the password of its drive from outside anew, and another account's name if need be. For its owner."""
    changed = await parts.deeds(
        outside.give_password,
        actor=person.name,
        library_id=library_id,
        password=wanted.password.get_secret_value(),
        account=wanted.user,
    )
    await parts.outside.say()
    return LibraryOut.of(changed, parts.outside)


@router.put(SHARE, responses=for_person(404, 413, 422), openapi_extra=PERSON)
@needs(Action.CHANGE_MEMBERS)
async def share_library(parts: TheParts, person: APerson, library_id: str, member: str, wanted: ShareIn) -> LibraryOut:
    """Share it with a user, a group (`group:` and its name) or `all`, to read or to write. For its owner."""
    shared = await parts.deeds(
        libraries.share, actor=person.name, library_id=library_id, who=member, access=wanted.access
    )
    parts.worker.wake()
    return LibraryOut.of(shared, parts.outside)


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
