"""The page of a library, and what the page of a drive workspace shows of the person's libraries."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response

from terraspawner.domain.durations import said
from terraspawner.domain.notebook import KERNELS
from terraspawner.errors import TerraError
from terraspawner.operations import libraries, shelves
from terraspawner.operations.libraries import Seen
from terraspawner.web.auth import Person
from terraspawner.web.notebook_lists import Asked, list_values, member_of, targets_of
from terraspawner.web.outside_drives import is_on_its_way, reason_for_owner, wants_password
from terraspawner.web.parts import Parts
from terraspawner.web.responses import status_of
from terraspawner.web.schemas_libraries import shares_of
from terraspawner.web.sights import Spot


async def library_page(
    parts: Parts,
    person: Person,
    spot: Spot,
    *,
    wanted: str = "",
    error: TerraError | None = None,
    notice: str = "",
    status: int = 200,
    fault: TerraError | None = None,
    invited: str = "",
    asked: Asked | None = None,
    undo: str = "",
    is_refused: bool = False,
) -> Response:
    """`error` stands beside the field for a notebook, with what was `wanted`; `fault` with the shares, with who was
    `invited`; `notice` above all, as a refusal where `is_refused`, with what can be undone of it."""
    seen = await parts.deeds(libraries.get_library, user=spot.user, library_id=spot.name)
    member = await member_of(parts, spot)
    prefix = parts.settings.service_prefix
    return parts.pages.page(
        "library.html",
        person,
        status=status_of(error) if error else status_of(fault) if fault else status,
        on_drive=seen.on_drive,
        is_named=person.name in seen.library.people,
        shares=shares_of(seen.library),
        member=member,
        at=member.workspace,
        here=f"{prefix}workspaces/library/{seen.library.id}",
        own=f"{prefix}drive/{seen.library.id}",
        targets=await targets_of(parts, person.name),
        trash_days=parts.settings.trash_days,
        **outside_values(parts, seen),
        wanted=wanted,
        error=error,
        notice=notice,
        fault=fault,
        invited=invited,
        undo=undo,
        is_refused=is_refused,
        objection=None,
        **await list_values(parts, spot, member, asked or Asked()),
    )


def outside_values(parts: Parts, seen: Seen) -> dict[str, Any]:
    """For ``_outside.html``."""
    return {
        "library": seen.library,
        "is_own": seen.is_own,
        "standing": parts.outside.standing(seen.library),
        "drive_title": parts.outside.title(seen.library),
        "is_on_its_way": is_on_its_way,
        "wants_password": wants_password,
        "reason_for_owner": reason_for_owner,
    }


async def drive_values(parts: Parts, spot: Spot) -> dict[str, Any]:
    """For ``_drive_section.html``."""
    return {
        "on_drive": await parts.deeds(shelves.notebooks_on, spot.user),
        "kernels": KERNELS,
        "drive_idle": said(parts.settings.drive_idle),
    }
