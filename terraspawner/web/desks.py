"""Where a notebook opens: below its workspace; one of a library below a drive workspace of the person's."""

from __future__ import annotations

from dataclasses import dataclass

from terraspawner.domain.access import Action, Standing, permits
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import drives, libraries
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`at` is the address that notebooks are opened below; `shelf` stands before their paths there, "" for nothing.
    `is_there` says whether the person has a place to open them in."""

    at: str
    shelf: str = ""
    is_there: bool = True

    def address(self, kind: str, path: str) -> str:
        """Where the notebook at `path` opens, as `kind` says: ``notebooks`` or ``playground``."""
        return f"{self.at}/{kind}/{quoted(*(self.shelf + path).split('/'))}"


async def desk_of(parts: Parts, user: str, at: Workspace) -> Desk:
    prefix = f"{parts.settings.service_prefix}open/"
    if not at.is_library:
        return Desk(at=prefix + quoted(at.namespace, at.name))
    desk = await parts.deeds(drives.desk_of, user)
    if desk is None:
        return Desk(at="", is_there=False)
    seen = await parts.deeds(libraries.get_library, user=user, library_id=at.id)
    return Desk(at=prefix + quoted(desk.namespace, desk.name), shelf=f"{seen.on_drive.name}/")


def modes_of(standing: Standing, at: Workspace, desk: Desk) -> dict[str, bool]:
    """In which modes who holds this may open notebooks: to edit, and in the playground."""
    has_place = desk.is_there if at.is_library else bool(permits(standing, Action.USE_ENVIRONMENT))
    return {
        "may_open": has_place and bool(permits(standing, Action.WRITE_NOTEBOOKS)),
        "may_try": has_place and bool(permits(standing, Action.READ_NOTEBOOKS)),
    }
