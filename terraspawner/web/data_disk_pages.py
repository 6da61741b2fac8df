"""The page of an environment's data disk: what it has, and what another one costs and loses.

A page and not a dialog: what can be chosen depends on what was kept since the workspace's page was made, and what is
lost is told before anything is pressed, without scripts too.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.domain.disk import DataWish, DiskForm, kept_data_disk, notice
from terraspawner.domain.durations import said
from terraspawner.domain.environment import State
from terraspawner.domain.losses import Act, Sort
from terraspawner.domain.price import disk_per_month
from terraspawner.errors import Conflict, DiskMissing, NotAllowed, Refused, TerraError
from terraspawner.web import api_losses, changes, sights
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.disk_pages import GIB, bytes_of
from terraspawner.web.environment_rows import WORDS
from terraspawner.web.pages import address_of, see
from terraspawner.web.parts import Parts
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Spot

router = APIRouter(prefix="/workspaces/{namespace}/{name}/environment/data-disk", include_in_schema=False)

NEW, NONE = "new", "none"
SUGGESTED_GIB = 100

Field = Annotated[str, Form(max_length=200)]


@router.get("")
@needs(Action.SEE)
async def show(parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """What there is, and the question."""
    return await _page(parts, person, spot)


@router.post("")
@needs(Action.USE_ENVIRONMENT)
async def change(parts: TheParts, person: APerson, spot: ASpot, wish: Field = "", gigabytes: Field = "") -> Response:
    """The button. `wish` is the id of a kept one, or one of two words: `new`, of so many gigabytes, or `none`."""
    try:
        await changes.change_data_disk(parts, spot, _wished(wish, gigabytes))
    except (Refused, Conflict, NotAllowed, DiskMissing) as error:
        return await _page(parts, person, spot, error)
    return see(address_of(parts, spot.namespace, spot.name))


def _wished(wish: str, gigabytes: str) -> DataWish:
    if wish == NEW:
        return DataWish(size=bytes_of(gigabytes))
    if wish == NONE:
        return DataWish()
    if not wish:
        raise Refused("Choose a data disk first.")
    return DataWish(disk=kept_data_disk(wish))


async def _page(parts: Parts, person: Person, spot: Spot, error: TerraError | None = None) -> Response:
    view = (await sights.look(parts, spot)).view
    most = parts.settings.data_disk_limit
    may_change = view.may_start and view.state is State.PAUSED
    return parts.pages.page(
        "data_disk.html",
        person,
        status=status_of(error) if error else 200,
        at=view.workspace,
        here=address_of(parts, spot.namespace, spot.name),
        state=view.state,
        word=WORDS[view.state],
        drive_idle=said(parts.settings.drive_idle),
        may_start=view.may_start,
        may_change=may_change,
        disk=view.data_disk,
        warning=notice(view.data_disk.used, view.data_disk.size) if view.data_disk else None,
        kept=view.kept_data,
        prices={each.id: disk_per_month(view.prices, each.size) for each in (*view.kept_data, view.data_disk) if each},
        per_gigabyte=disk_per_month(view.prices, GIB),
        has_limit=parts.settings.disks == DiskForm.IMAGE,
        most=most,
        gib=GIB,
        suggested=min(SUGGESTED_GIB, most // GIB),
        losses=await api_losses.look(parts, spot, Act.UPDATE) if may_change else None,
        words=api_losses.WORDS,
        sorts=Sort,
        error=error,
    )
