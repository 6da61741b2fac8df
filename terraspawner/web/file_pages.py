"""Pages: the data files of a workspace, and one of them with what of it can be shown.

Nothing of a file ever runs: text and tables are escaped into our own page, images come from an address that says that
they are images and nothing else, and every other kind is offered for download alone. Forms work without scripts; the
upload needs one, since only a script can go on after a break.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from terraspawner.domain import data_file
from terraspawner.domain.access import Action, permits
from terraspawner.domain.data_file import Sight
from terraspawner.domain.notebook_list import parents_of
from terraspawner.domain.trash import Kind
from terraspawner.errors import Conflict, NotFound, Refused, TrashMissing, WrongState
from terraspawner.errors_files import FileMissing, FileMovedOn
from terraspawner.operations import files, trash, trashed_folders
from terraspawner.operations.files import FileInfo
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT
from terraspawner.web.api_files import place_of, sent
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.file_list_page import AListAsked, list_page, list_values, query, refused
from terraspawner.web.notebook_lists import member_of
from terraspawner.web.pages import address_of, see
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.sights import Spot

router = APIRouter(include_in_schema=False)

AT = "/workspaces/{namespace}/{name}"
SHOWN_BYTES = 256 * 1024
SHOWN_ROWS = 200
SHOWN_COLUMNS = 50
SHOWN_IMAGE = 20 * 1024**2
"""Bytes of the largest image that a page shows."""
KEPT = ".keep"
"""An empty file with which a folder begins: object stores have no folders without one."""
Field = Annotated[str, Form()]
_LONGEST = 2000
_TRASH_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a page shows of a file. `rows` of a table, else `text`; `is_cut` where there is more of it."""

    sight: Sight
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    is_cut: bool = False


@router.get(f"{AT}/files")
@needs(Action.READ_BUCKET)
async def file_list(request: Request, parts: TheParts, person: APerson, spot: ASpot, asked: AListAsked) -> Response:
    """What lies in a folder; for htmx the list alone."""
    if request.headers.get("HX-Request") == "true":
        values = await list_values(parts, spot, asked)
        return parts.pages.fragment("_files.html", person, **values)
    return await list_page(parts, person, spot, asked)


@router.post(f"{AT}/files/folder")
@needs(Action.WRITE_BUCKET)
async def make_folder(parts: TheParts, person: APerson, spot: ASpot, title: Field = "", folder: Field = "") -> Response:
    """The form New folder: it is there with an empty file in it, and opened."""
    made = "/".join(part for part in (folder[:_LONGEST].strip("/"), title[:_LONGEST].strip().strip("/")) if part)
    try:
        if not title.strip(" /"):
            raise Refused("Type a name for the folder.")  # noqa: TRY301 - told beside what the bucket refuses
        await parts.deeds(files.write, place_of(spot, f"{made}/{KEPT}"), b"", ABSENT)
    except FileMovedOn:
        pass  # the folder is there, which is what was wanted
    except (Refused, Conflict) as error:
        return await refused(parts, person, spot, folder[:_LONGEST], error)
    return see(f"{_here(parts, spot)}{query(folder=data_file.path_of(made))}")


@router.post(f"{AT}/files/delete")
@needs(Action.WRITE_BUCKET)
async def delete_file(parts: TheParts, person: APerson, spot: ASpot, path: Field = "", version: Field = "") -> Response:
    """The dialog Delete: the version that the page showed goes into the trash."""
    folder = path[:_LONGEST].rpartition("/")[0]
    try:
        item = await parts.carrying(files.delete, place_of(spot, path[:_LONGEST]), version[:_LONGEST] or None)
    except (Refused, Conflict, NotFound) as error:
        return await refused(parts, person, spot, folder, error)
    return see(f"{_here(parts, spot)}{query(folder=folder, notice='file-deleted', undo=item.id)}")


@router.post(f"{AT}/files/delete-folder")
@needs(Action.WRITE_BUCKET)
async def delete_folder(parts: TheParts, person: APerson, spot: ASpot, path: Field = "") -> Response:
    """The form that asks whether a folder shall go."""
    folder = path[:_LONGEST].rpartition("/")[0]
    try:
        item, _ = await parts.carrying(trashed_folders.discard, place_of(spot, path[:_LONGEST]))
    except (Refused, Conflict, NotFound) as error:
        return await refused(parts, person, spot, folder, error)
    parts.worker.wake()
    return see(f"{_here(parts, spot)}{query(folder=folder, notice='folder-deleted', undo=item.id)}")


@router.post(f"{AT}/files/undo")
@needs(Action.WRITE_BUCKET)
async def undo_delete(parts: TheParts, person: APerson, spot: ASpot, trash_id: Field = "") -> Response:
    """The button Undo beside the sentence that a file or a folder is in the trash."""
    try:
        item_id = trash_id if _TRASH_ID.fullmatch(trash_id) else ""
        back = await parts.carrying(trash.restore, user=person.name, item_id=item_id)
    except TrashMissing as error:  # the page is there, only what it offered is not any more
        return await refused(parts, person, spot, "", WrongState(error.message))
    except (Refused, Conflict) as error:
        return await refused(parts, person, spot, "", error)
    folder = back.item.subject.rpartition("/")[0]
    notice = "folder-restored" if back.item.kind is Kind.FOLDER else "file-restored"
    parts.worker.wake()
    return see(f"{_here(parts, spot)}{query(folder=folder, notice=notice)}")


@router.get(f"{AT}/files/{{path:tail}}")
@needs(Action.READ_BUCKET)
async def file_page(parts: TheParts, person: APerson, spot: ASpot, path: str) -> Response:
    """One file: what can be shown of it, and what can be done with it."""
    place = place_of(spot, path)
    info = await _described(parts, place)
    member = await member_of(parts, spot)
    at, shown = quoted(spot.namespace, spot.name), quoted(*info.path.split("/"))
    prefix = parts.settings.service_prefix
    return parts.pages.page(
        "data_file.html",
        person,
        at=member.workspace,
        file=info,
        name=info.path.rpartition("/")[2],
        folder=info.path.rpartition("/")[0],
        parents=parents_of(info.path),
        preview=await _preview(parts, place, info),
        may_write=bool(permits(member.standing, Action.WRITE_BUCKET)),
        trash_days=parts.settings.trash_days,
        here=f"{prefix}workspaces/{at}",
        download_url=f"{parts.settings.api_prefix}/workspaces/{at}/files/{shown}",
        image_url=f"{prefix}workspaces/{at}/images/{shown}",
        link=f"{parts.settings.address}{prefix}workspaces/{at}/files/{shown}",
    )


@router.get(f"{AT}/images/{{path:tail}}")
@needs(Action.READ_BUCKET)
async def image(parts: TheParts, spot: ASpot, path: str) -> Response:
    """An image for a page, as its name says that it is one; a browser that finds something else in it shows nothing."""
    place = place_of(spot, path)
    info = await _described(parts, place)
    kind = data_file.IMAGE_TYPES.get(data_file.ending_of(info.path))
    if kind is None or info.size > SHOWN_IMAGE:
        raise NotFound("There is no image at this address that a page could show. Download the file to look at it.")
    return sent(parts, place, info, None, media_type=kind, headers={})


def table_of(text: str, separator: str, *, is_cut: bool) -> tuple[tuple[str, ...], ...]:
    """The first rows of a table, one more than are shown, and a column more; a last line that is cut is left out. Empty
    where it is none."""
    lines = text.splitlines(keepends=True)
    try:
        rows = list(islice(csv.reader(lines[:-1] if is_cut else lines, delimiter=separator), SHOWN_ROWS + 1))
    except csv.Error:
        return ()
    return tuple(tuple(row[: SHOWN_COLUMNS + 1]) for row in rows)


async def _described(parts: Parts, place: Place) -> FileInfo:
    """A name that cannot be one is an address with nothing at it."""
    try:
        return await parts.deeds(files.describe, place)
    except Refused as error:
        raise FileMissing("There is no file at this address. Check it, or look in the list of files.") from error


async def _preview(parts: Parts, place: Place, info: FileInfo) -> Preview:
    head = await parts.deeds(files.read_part, place, info.version, 0, SHOWN_BYTES)
    sight, is_cut = data_file.sight_of(info.path, head), info.size > len(head)
    if sight is Sight.IMAGE:
        return Preview(sight=sight if info.size <= SHOWN_IMAGE else Sight.NOTHING)
    if sight is Sight.NOTHING or not head:
        return Preview(sight=Sight.NOTHING)
    text = data_file.text_of(head)
    rows = table_of(text, data_file.separator_of(info.path), is_cut=is_cut) if sight is Sight.TABLE else ()
    if rows:
        is_cut = is_cut or len(rows) > SHOWN_ROWS or any(len(row) > SHOWN_COLUMNS for row in rows)
        return Preview(sight=sight, rows=tuple(row[:SHOWN_COLUMNS] for row in rows[:SHOWN_ROWS]), is_cut=is_cut)
    return Preview(sight=Sight.TEXT, text=text, is_cut=is_cut)


def _here(parts: Parts, spot: Spot) -> str:
    return f"{address_of(parts, spot.namespace, spot.name)}/files"
