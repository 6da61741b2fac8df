"""The list of notebooks as pages show it: what the address asks for, and what its template is handed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query

from terraspawner.domain import notebook_list
from terraspawner.domain.access import Action, permits
from terraspawner.domain.bucket_mount import MountState
from terraspawner.domain.library import NAMESPACE
from terraspawner.domain.notebook import KERNELS
from terraspawner.domain.notebook_list import Page, Sort, Wanted
from terraspawner.domain.workspace import Membership
from terraspawner.errors import Refused
from terraspawner.operations import libraries, notebook_lists, proposals, workspaces
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.storage.errors import BucketUnavailable
from terraspawner.web import lease_marks
from terraspawner.web.desks import desk_of, modes_of
from terraspawner.web.parts import Parts
from terraspawner.web.sights import Spot

ON_A_PAGE = 100
_LONGEST = 2000
_COLUMNS = (("Name", Sort.NAME), ("Changed", Sort.MODIFIED_BACK), ("Size", Sort.SIZE_BACK))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A list as an address asks for it. What cannot be is as if it were not said: a link may be old."""

    folder: str = ""
    q: str = ""
    sort: Sort = Sort.NAME
    cursor: str = ""

    @property
    def wanted(self) -> Wanted:
        return Wanted(folder=self.folder, q=self.q, sort=self.sort, cursor=self.cursor or None, limit=ON_A_PAGE)

    def query(self, **changes: str) -> str:
        """The end of an address for this list with `changes`; a change begins at the first page again."""
        values = {"folder": self.folder, "q": self.q, "sort": str(self.sort), **changes}
        said = {name: value for name, value in values.items() if value and not (name == "sort" and value == Sort.NAME)}
        return f"?{urlencode(said)}" if said else ""

    @property
    def columns(self) -> list[tuple[str, str, str]]:
        """Heading, the address's end that sorts by it, and how it is sorted now: for `aria-sort`."""
        return [(words, self.query(sort=self._next(sort)), self._now(sort)) for words, sort in _COLUMNS]

    def _next(self, sort: Sort) -> str:
        other = Sort(sort.lstrip("-") if sort.startswith("-") else f"-{sort}")
        return other if self.sort == sort else sort

    def _now(self, sort: Sort) -> str:
        if self.sort.lstrip("-") != sort.lstrip("-"):
            return ""
        return "descending" if self.sort.startswith("-") else "ascending"


def asked(
    folder: Annotated[str, Query()] = "",
    q: Annotated[str, Query()] = "",
    sort: Annotated[str, Query()] = "",
    cursor: Annotated[str, Query()] = "",
) -> Asked:
    """Out of an address."""
    known = Sort(sort) if sort in set(Sort) else Sort.NAME
    return Asked(folder=folder[:_LONGEST].strip("/"), q=q[: notebook_list.Q_LIMIT].strip(), sort=known, cursor=cursor)


async def member_of(parts: Parts, spot: Spot) -> Membership:
    return await parts.deeds(
        workspaces.membership, user=spot.user, namespace=spot.namespace, name=spot.name, action=Action.SEE
    )


async def list_values(parts: Parts, spot: Spot, member: Membership, asked: Asked) -> dict[str, Any]:
    """For ``_notebooks.html`` and its dialogs. A bucket that cannot be read is said in the place of the list: the
    environment, the people and the rest of the page do not need it."""
    away, is_drive_gone = "", False
    try:
        asked, page = await _listed(parts, spot, asked)
    except BucketUnavailable as error:
        away, page = error.message, Page(items=(), folders=(), total=0, next=None)
        is_drive_gone = await _is_drive_gone(parts, spot)
    marks = await lease_marks.look(parts, spot)
    desk = await desk_of(parts, spot.user, member.workspace)
    return {
        "listing": asked,
        "away": away,
        "is_drive_gone": is_drive_gone,
        "notebooks": page.items,
        "folders": page.folders,
        "total": page.total,
        "following": page.next,
        "parents": notebook_list.parents_of(f"{asked.folder}/") if asked.folder else [],
        "kernels": KERNELS,
        **lease_marks.values(member.standing, marks),
        "proposed": await proposals_in(parts, spot),
        "may_write": bool(permits(member.standing, Action.WRITE_NOTEBOOKS)),
        "desk": desk,
        **modes_of(member.standing, member.workspace, desk),
        "api": parts.settings.api_prefix,
        "address": parts.settings.address,
        "most": parts.settings.notebook_limit,
    }


async def _is_drive_gone(parts: Parts, spot: Spot) -> bool:
    """Whether the page says already, of the drive from outside, why there is no list."""
    library = await parts.outside.seen(spot.user, spot.namespace, spot.name)
    standing = parts.outside.standing(library.library) if library else None
    return standing is not None and standing.state is MountState.GONE


async def _listed(parts: Parts, spot: Spot, asked: Asked) -> tuple[Asked, Page[NotebookInfo]]:
    """The list and how it is asked for: from the beginning where the cursor is none."""
    here = {"user": spot.user, "namespace": spot.namespace, "name": spot.name}
    try:
        return asked, await parts.deeds(notebook_lists.list_page, **here, wanted=asked.wanted)
    except Refused:
        asked = replace(asked, cursor="")
        return asked, await parts.deeds(notebook_lists.list_page, **here, wanted=asked.wanted)


async def proposals_in(parts: Parts, spot: Spot) -> dict[str, int]:
    """How many proposals are open for which notebook."""
    return await parts.deeds(proposals.count_open, user=spot.user, namespace=spot.namespace, name=spot.name)


async def targets_of(parts: Parts, user: str) -> list[tuple[str, str]]:
    """Workspaces and libraries that `user` may copy a notebook to: address and what people call it."""
    mine = await parts.deeds(workspaces.list_workspaces, user)
    shared = await parts.deeds(libraries.list_libraries, user)
    places = [
        (address := f"{each.workspace.namespace}/{each.workspace.name}", f"{each.workspace.shown} ({address})")
        for each in mine
        if permits(each.standing, Action.WRITE_NOTEBOOKS) and not each.workspace.has_drive
    ]
    return places + [
        (f"{NAMESPACE}/{each.library.id}", f"library {each.on_drive.name}")
        for each in shared
        if not each.on_drive.is_read_only
    ]
