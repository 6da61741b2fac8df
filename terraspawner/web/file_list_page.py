"""The page with the data files of a folder, and what stands on it after a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query
from fastapi.responses import Response

from terraspawner.domain import data_file
from terraspawner.domain.access import Action, permits
from terraspawner.domain.notebook_list import parents_of
from terraspawner.errors import NotFound, Refused, TerraError
from terraspawner.operations import files, trashed_folders
from terraspawner.operations.trashed_folders import Weight
from terraspawner.web.api_files import place_of
from terraspawner.web.auth import Person
from terraspawner.web.notebook_lists import member_of
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Spot

ON_A_PAGE = 200
Said = Annotated[str, Query(max_length=2000)]
_NOTICES = {
    "file-deleted": "The file is in the trash.",
    "file-restored": "The file is back.",
    "folder-deleted": "The folder goes into the trash.",
    "folder-restored": "The folder comes back.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAsked:
    """Which part of which folder; what became of a form and can be undone; the folder that somebody would delete."""

    folder: str = ""
    cursor: str = ""
    notice: str = ""
    undo: str = ""
    discard: str = ""


async def _asked(
    folder: Said = "", cursor: Said = "", notice: Said = "", undo: Said = "", discard: Said = ""
) -> ListAsked:
    return ListAsked(folder=folder, cursor=cursor, notice=notice, undo=undo, discard=discard)


AListAsked = Annotated[ListAsked, Depends(_asked)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """A folder that somebody would delete, and what would go with it."""

    path: str
    weight: Weight


async def list_page(
    parts: Parts, person: Person, spot: Spot, asked: ListAsked, refusal: TerraError | None = None
) -> Response:
    """The whole page, with the question whether a folder shall be deleted where somebody would."""
    values = await list_values(parts, spot, asked)
    return parts.pages.page(
        "files.html",
        person,
        status=status_of(refusal) if refusal else 200,
        notice=refusal.message if refusal else _NOTICES.get(asked.notice, ""),
        is_refused=refusal is not None,
        undo=asked.undo,
        objection=None,
        doomed=await _doomed(parts, spot, asked.discard) if values["may_write"] and asked.discard else None,
        **values,
    )


async def refused(parts: Parts, person: Person, spot: Spot, folder: str, error: TerraError) -> Response:
    """The list with what was refused; that of the top where the folder itself cannot be one."""
    try:
        return await list_page(parts, person, spot, ListAsked(folder=folder), error)
    except Refused:
        return await list_page(parts, person, spot, ListAsked(), error)


async def list_values(parts: Parts, spot: Spot, asked: ListAsked) -> dict[str, Any]:
    """For ``_files.html``."""
    inside = data_file.path_of(asked.folder).strip("/")
    member = await member_of(parts, spot)
    page = await parts.deeds(files.list_folder, place_of(spot, inside), after=asked.cursor, limit=ON_A_PAGE)
    at = quoted(spot.namespace, spot.name)
    settings = parts.settings
    return {
        "at": member.workspace,
        "role": member.role,
        "may_write": bool(permits(member.standing, Action.WRITE_BUCKET)),
        "folder": inside,
        "parents": [*parents_of(f"{inside}/")] if inside else [],
        "entries": page.items,
        "cursor": asked.cursor,
        "following": page.next,
        "hidden": page.hidden,
        "on_the_way": await parts.deeds(trashed_folders.on_the_way, place_of(spot, "")),
        "query": query,
        "trash_days": settings.trash_days,
        "most": settings.file_limit,
        "here": f"{settings.service_prefix}workspaces/{at}",
        "api_at": f"{settings.api_prefix}/workspaces/{at}",
        "address": settings.address,
    }


def query(**values: str) -> str:
    """The end of an address of the list."""
    said = {name: value for name, value in values.items() if value}
    return f"?{urlencode(said)}" if said else ""


async def _doomed(parts: Parts, spot: Spot, path: str) -> Doomed | None:
    """None where the page need not ask: it is gone, or cannot be one."""
    try:
        weight = await parts.carrying(trashed_folders.weigh, place_of(spot, path))
    except (Refused, NotFound):
        return None
    return Doomed(path=data_file.path_of(path).strip("/"), weight=weight)
