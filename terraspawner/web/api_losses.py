"""What would be lost: REST, and the part of the dialogs that asks before it happens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from terraspawner.domain.access import Action
from terraspawner.domain.environment import HOLDS_CONTAINER
from terraspawner.domain.layer import Layer
from terraspawner.domain.losses import Act, Losses, Sort, losses_of
from terraspawner.errors import HostUnavailable, Refused
from terraspawner.web import sights
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.parts import Parts
from terraspawner.web.sights import Spot
from terraspawner.web.stop_lines import keeps_nothing_after

router = APIRouter(tags=["environments"])
pages = APIRouter(include_in_schema=False)
HERE = "/workspaces/{namespace}/{name}/environment/losses"

WORDS = {
    Sort.KERNELS: "Kernels, with their variables",
    Sort.TERMINALS: "Terminals, with what runs in them",
    Sort.SCRATCH: "What is in the scratch folder",
    Sort.APT: "Debian packages (apt)",
    Sort.PIP: "Python packages outside the disk",
    Sort.R: "R packages outside the disk",
    Sort.FILES: "Files outside your home folder",
    Sort.UNSENT: "Notebooks whose last changes are not in the workspace yet",
    Sort.TREES: "Git folders with work that is nowhere else",
    Sort.HOME: "Your home folder, with its files and what was installed there",
}


class LossOut(BaseModel):
    sort: Sort
    names: list[str] = Field(description="one that begins with `-` was taken away from the image and comes back")
    more: int = Field(description="how many there are besides")
    is_claim: bool = Field(description="said by the environment itself; the other facts are the Engine's")
    in_trash: bool = Field(description="it goes into the trash first and can be restored from there")


class LossesOut(BaseModel):
    action: Act
    lost: list[LossOut]
    unknown: list[str] = Field(description="what could not be determined, and why")

    @classmethod
    def of(cls, found: Losses, *, has_trash: bool) -> LossesOut:
        return cls(
            action=found.act,
            lost=[
                LossOut(
                    sort=each.sort,
                    names=list(each.found.names),
                    more=each.found.more,
                    is_claim=each.is_claim,
                    in_trash=each.is_trashed and has_trash,
                )
                for each in found.lost
            ],
            unknown=list(found.unknown),
        )


@router.get(HERE, responses=for_person(404), openapi_extra=PERSON)
@needs(Action.SEE)
async def get_losses(
    parts: TheParts, spot: ASpot, action: Annotated[Act, Query(description="what is to be done")]
) -> LossesOut:
    """What would be lost by a pause, by another image (`update`), by deleting it, by deleting its disk too; and what of
    that waits in the trash, from where a restore of the environment brings it back.

    Packages and files outside the home folder are compared with the image by the Engine; the rest is what the
    environment said of itself last.
    """
    return LossesOut.of(await look(parts, spot, action), has_trash=parts.settings.trash_days > 0)


@pages.get(HERE)
@needs(Action.SEE)
async def show_losses(
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    act: Annotated[str, Query(max_length=20)] = "",
    disk: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The same for a dialog; `disk` is what the dialog says of the disk."""
    try:
        wanted = Act(act or Act.PAUSE)
    except ValueError:
        raise Refused("An environment is paused, updated or deleted here, nothing else.") from None
    if wanted is Act.DELETE and disk == "delete":
        wanted = Act.DELETE_DISK
    losses = await look(parts, spot, wanted)
    view = (await sights.look(parts, spot)).view
    return parts.pages.fragment(
        "_losses.html",
        person,
        losses=losses,
        words=WORDS,
        sorts=Sort,
        trash_days=parts.settings.trash_days,
        keeps_nothing_after=keeps_nothing_after(view.plan.policy),
    )


async def look(parts: Parts, spot: Spot, act: Act) -> Losses:
    """What `act` would end of the person's own. Raises `WorkspaceMissing`."""
    here = (await sights.look(parts, spot)).view.environment
    layer, is_known = None, True
    if here is not None and here.state in HOLDS_CONTAINER:
        try:
            told = await parts.host.layer(here.id)
            layer = Layer.from_json(told) if told else None
        except HostUnavailable:
            is_known = False
    return losses_of(act, here, layer, is_layer_known=is_known)
