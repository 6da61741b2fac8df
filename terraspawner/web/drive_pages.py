"""Pages: the drive with its libraries, and the forms about them. A refusal stands beside the fields."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.domain.library import NAMESPACE as LIBRARIES
from terraspawner.domain.library import Access, Folder, Library
from terraspawner.errors import Conflict, NotFound, Refused, TerraError
from terraspawner.errors_libraries import LibraryMissing
from terraspawner.operations import libraries, library_room, outside
from terraspawner.operations.context import Context
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.library_page import library_page
from terraspawner.web.outside_drives import is_on_its_way, reason_for_owner, wants_password
from terraspawner.web.pages import Field, address_of, see, show
from terraspawner.web.parts import Parts
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Spot

router = APIRouter(prefix="/drive", include_in_schema=False)

ONE = "/{library_id:id}"
_FORMS = frozenset({"rename", "limit", "transfer", "delete", "shares", "leave", "password"})
_LONGEST = 300
_LONGEST_WORD = 1001
"""Of what belongs to a drive from outside: what is longer than it may be is refused, and not cut to what it may."""
_DIGITS = 10
_SHOWN = (Refused, Conflict, NotFound)
_EMPTY = {
    Folder.MINE: "You have no library yet. Create the first one below.",
    Folder.ME: "Nobody has shared a library with you by name.",
    Folder.GROUPS: "Nothing else is shared with a group of yours.",
    Folder.ALL: "Nothing else is shared with everybody.",
}


@router.get("")
@needs(Action.ABOUT_ONESELF)
async def drive(parts: TheParts, person: APerson) -> Response:
    """All libraries that the person has, under the headings that a drive has as folders."""
    return await _drive(parts, person)


@router.post("")
@needs(Action.ABOUT_ONESELF)
async def create(request: Request, parts: TheParts, person: APerson, name: Field = "") -> Response:
    """The form for a new one."""
    name = name[:_LONGEST].strip()
    try:
        made = await parts.deeds(libraries.create_library, user=person.name, name=name)
    except _SHOWN as error:
        return await _drive(parts, person, error=error, wanted=name)
    parts.worker.wake()
    return show(request, _address(parts, made.library.id))


@router.get("/connect")
@needs(Action.ABOUT_ONESELF)
async def connect_again(parts: TheParts, person: APerson) -> Response:  # noqa: ARG001 - for who is signed in
    """The address of the form, typed or kept by a browser after a refusal."""
    return see(f"{parts.settings.service_prefix}drive")


@router.post("/connect")
@needs(Action.ABOUT_ONESELF)
async def connect(
    request: Request,
    parts: TheParts,
    person: APerson,
    *,
    name: Field = "",
    drive: Field = "",
    user: Field = "",
    password: Field = "",
    path: Field = "",
    library: Field = "",
) -> Response:
    """The form for a library on a drive from outside. After a refusal the password is typed again."""
    said = {"name": name, "drive": drive, "account": user, "path": path, "library": library}
    said = {field: text[:_LONGEST_WORD].strip() for field, text in said.items()}
    try:
        made = await parts.deeds(outside.connect, user=person.name, password=password[:_LONGEST_WORD], **said)
    except _SHOWN as error:
        return await _drive(parts, person, fault=error, said=said)
    await parts.outside.say()
    parts.worker.wake()
    return show(request, _address(parts, made.library.id))


@router.get(f"{ONE}/{{form}}")
@needs(Action.SEE)
async def again(parts: TheParts, person: APerson, library_id: str, form: str) -> Response:
    """The address of a form, typed or kept by a browser after a refusal."""
    if form not in _FORMS:
        raise NotFound("There is no page at this address. Look for the library on the page Drive.")
    await parts.deeds(libraries.get_library, user=person.name, library_id=library_id)
    return see(_address(parts, library_id))


@router.post(f"{ONE}/rename")
@needs(Action.CHANGE_WORKSPACE)
async def rename(parts: TheParts, person: APerson, library_id: str, name: Field = "") -> Response:
    """The dialog of the button Rename."""
    deed = partial(libraries.rename, actor=person.name, library_id=library_id, name=name[:_LONGEST].strip())
    return await _done(parts, person, library_id, deed)


@router.post(f"{ONE}/password")
@needs(Action.CHANGE_WORKSPACE)
async def give_password(
    parts: TheParts, person: APerson, library_id: str, user: Field = "", password: Field = ""
) -> Response:
    """The dialog of the button Password."""
    said = {"account": user[:_LONGEST_WORD].strip(), "password": password[:_LONGEST_WORD]}
    try:
        await parts.deeds(outside.give_password, actor=person.name, library_id=library_id, **said)
    except _SHOWN as error:
        return await _refused(parts, person, library_id, error)
    await parts.outside.say()
    return see(_address(parts, library_id))


@router.post(f"{ONE}/limit")
@needs(Action.CHANGE_WORKSPACE)
async def limit(parts: TheParts, person: APerson, library_id: str, megabytes: Field = "") -> Response:
    """The dialog of the button Limit: an empty field takes it away."""

    def deed(context: Context) -> object:
        size = _bytes(megabytes[:_LONGEST].strip())
        return library_room.set_limit(context, actor=person.name, library_id=library_id, size=size)

    return await _done(parts, person, library_id, deed)


@router.post(f"{ONE}/transfer")
@needs(Action.CHANGE_MEMBERS)
async def transfer(parts: TheParts, person: APerson, library_id: str, to: Field = "") -> Response:
    """The dialog of the button Transfer."""
    deed = partial(libraries.transfer, actor=person.name, library_id=library_id, to=to[:_LONGEST].strip())
    return await _done(parts, person, library_id, deed)


@router.post(f"{ONE}/delete")
@needs(Action.DELETE_WORKSPACE)
async def delete(parts: TheParts, person: APerson, library_id: str) -> Response:
    """The dialog of the button Delete."""
    await parts.deeds(libraries.discard, actor=person.name, library_id=library_id)
    await parts.outside.say()
    parts.worker.wake()
    return see(_drive_address(parts))


@router.post(f"{ONE}/shares")
@needs(Action.CHANGE_MEMBERS)
async def share(parts: TheParts, person: APerson, library_id: str, who: Field = "", access: Field = "") -> Response:
    """Share with somebody, or change what somebody may do."""
    who = who[:_LONGEST].strip()

    def deed(context: Context) -> object:
        return libraries.share(context, actor=person.name, library_id=library_id, who=who, access=_access(access))

    return await _done(parts, person, library_id, deed, f"{_address(parts, library_id)}#shares", invited=who)


@router.post(f"{ONE}/shares/remove")
@needs(Action.CHANGE_MEMBERS)
async def unshare(parts: TheParts, person: APerson, library_id: str, who: Field = "") -> Response:
    """The dialog of the button Remove."""
    deed = partial(libraries.unshare, actor=person.name, library_id=library_id, who=who[:_LONGEST])
    return await _done(parts, person, library_id, deed, f"{_address(parts, library_id)}#shares", invited="")


@router.post(f"{ONE}/leave")
@needs(Action.LEAVE)
async def leave(parts: TheParts, person: APerson, library_id: str) -> Response:
    """The dialog of the button Take it off my drive."""
    deed = partial(libraries.unshare, actor=person.name, library_id=library_id, who=person.name)
    return await _done(parts, person, library_id, deed, _drive_address(parts))


async def _done(
    parts: Parts,
    person: Person,
    library_id: str,
    deed: Callable[[Context], object],
    then: str = "",
    invited: str | None = None,
) -> Response:
    """What every form does: carry it out and show `then`, the library's page where nothing else is said; or that page
    with what was refused."""
    try:
        await parts.deeds(deed)
    except _SHOWN as error:
        return await _refused(parts, person, library_id, error, invited)
    parts.worker.wake()
    return see(then or _address(parts, library_id))


async def _drive(
    parts: Parts,
    person: Person,
    *,
    error: TerraError | None = None,
    wanted: str = "",
    fault: TerraError | None = None,
    said: Mapping[str, str] | None = None,
) -> Response:
    """`error` stands beside the field for a new library, with what was `wanted`; `fault` in the form for a drive, with
    what was `said` there."""
    found = await parts.deeds(libraries.list_libraries, person.name)
    refusal = error or fault
    return parts.pages.page(
        "drive.html",
        person,
        status=status_of(refusal) if refusal else 200,
        folders=[(folder, [each for each in found if each.here.folder is folder]) for folder in Folder],
        empty=_EMPTY,
        shared_with=_shared_with,
        error=error,
        wanted=wanted,
        fault=fault,
        said=said or {},
        offered=parts.outside.offered,
        standing=parts.outside.standing,
        is_on_its_way=is_on_its_way,
        wants_password=wants_password,
        reason_for_owner=reason_for_owner,
        drive_title=parts.outside.title,
    )


async def _refused(
    parts: Parts, person: Person, library_id: str, error: TerraError, invited: str | None = None
) -> Response:
    """The library's page with the refusal, beside the shares where somebody was `invited`; who lost the library
    meanwhile is not shown its page."""
    if isinstance(error, LibraryMissing):
        raise error
    spot = Spot(user=person.name, namespace=LIBRARIES, name=library_id)
    if invited is not None:
        return await library_page(parts, person, spot, fault=error, invited=invited)
    return await library_page(parts, person, spot, notice=error.message, is_refused=True, status=status_of(error))


def _shared_with(library: Library) -> str:
    """In a few words."""
    words = [_counted(library.people, "person", "people"), _counted(library.groups, "group", "groups")]
    words = [each for each in words if each] + (["everybody"] if library.for_all else [])
    return f"shared with {', '.join(words)}" if words else "shared with nobody"


def _counted(found: Collection[str], one: str, more: str) -> str:
    number = len(found)
    return f"{number} {one if number == 1 else more}" if number else ""


def _bytes(megabytes: str) -> int | None:
    if not megabytes:
        return None
    if not (megabytes.isascii() and megabytes.isdecimal() and len(megabytes) < _DIGITS):
        raise Refused("Say the limit as a whole number of megabytes, or leave it empty for none.")
    return int(megabytes) * 1024**2


def _access(text: str) -> Access:
    try:
        return Access(text)
    except ValueError:
        raise Refused("Choose what they may do: read or write.") from None


def _address(parts: Parts, library_id: str) -> str:
    return address_of(parts, LIBRARIES, library_id)


def _drive_address(parts: Parts) -> str:
    return f"{parts.settings.service_prefix}drive"
