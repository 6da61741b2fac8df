"""Pages: my workspaces, one workspace, and the forms on them. Forms work without scripts; htmx makes them quicker."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from terraspawner.domain.access import Action, permits
from terraspawner.domain.durations import said
from terraspawner.domain.environment import State
from terraspawner.domain.price import disk_per_month
from terraspawner.domain.workspace import BUCKET
from terraspawner.errors import Conflict, NotFound, Refused, TerraError
from terraspawner.operations import ledger, members, oversight, projects, views, workspaces
from terraspawner.web import sights
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.card import card_values
from terraspawner.web.declared import needs
from terraspawner.web.library_page import drive_values, library_page
from terraspawner.web.notebook_lists import Asked, list_values, member_of, targets_of
from terraspawner.web.notebook_lists import asked as asked_in_address
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Spot

router = APIRouter(include_in_schema=False)

Field = Annotated[str, Form()]
_LONGEST = 2000


@router.get("/")
@needs(Action.ABOUT_ONESELF)
async def home(parts: TheParts, person: APerson) -> Response:
    """My workspaces."""
    return await _home(parts, person)


@router.get("/workspaces")
@needs(Action.ABOUT_ONESELF)
async def home_again(parts: TheParts, person: APerson) -> Response:  # noqa: ARG001 - who is not signed in signs in first
    """The address of the form, typed or kept by a browser without scripts after a refusal."""
    return see(parts.settings.service_prefix)


@router.post("/workspaces")
@needs(Action.CREATE_WORKSPACE)
async def create_workspace(
    request: Request, parts: TheParts, person: APerson, namespace: Field = "", name: Field = "", storage: Field = BUCKET
) -> Response:
    """The form on the first page. A refusal stands beside the field."""
    try:
        made = await parts.deeds(
            workspaces.create_workspace,
            user=person.name,
            namespace=namespace,
            name=name[:_LONGEST].strip(),
            storage=storage[:_LONGEST],
        )
    except (Refused, Conflict, NotFound) as error:
        return await _home(parts, person, wanted=name[:_LONGEST], error=error, chosen=namespace, storage=storage)
    return show(request, address_of(parts, made.workspace.namespace, made.workspace.name))


@router.get("/workspaces/{namespace}/{name}")
@needs(Action.SEE)
async def workspace(
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    asked: Annotated[Asked, Depends(asked_in_address)],
    notice: str = "",
    undo: str = "",
) -> Response:
    """One workspace: its notebooks and the person's environment."""
    return await workspace_page(parts, person, spot, notice=_NOTICES.get(notice, ""), asked=asked, undo=undo[:_LONGEST])


@router.get("/workspaces/{namespace}/{name}/notebooks")
@needs(Action.SEE, Action.READ_NOTEBOOKS)
async def notebooks_alone(
    request: Request,
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    asked: Annotated[Asked, Depends(asked_in_address)],
) -> Response:
    """The list alone, for htmx; typed, or kept by a browser after a refusal, it is the page's address."""
    here = address_of(parts, spot.namespace, spot.name)
    if request.headers.get("HX-Request") != "true":
        return see(f"{here}{asked.query()}")
    member = await member_of(parts, spot)
    values = await list_values(parts, spot, member, asked)
    return parts.pages.fragment("_notebooks.html", person, here=here, at=member.workspace, **values)


@router.post("/environments/delete")
@needs(Action.ABOUT_ONESELF)
async def delete_left_over(parts: TheParts, person: APerson, environment_id: Field = "") -> Response:
    """The dialog on the first page for an environment in a workspace that the person has left; its disk is kept."""
    await parts.deeds(oversight.delete_own, user=person.name, environment_id=environment_id[:_LONGEST])
    parts.worker.wake()
    return see(parts.settings.service_prefix)


_NOTICES = {
    "deleted": "The environment is deleted.",
    "deleting": "The environment is being deleted.",
    "notebook-deleted": "The notebook is in the trash.",
    "lease-asked": "You have asked for it. Beside the notebook you see when it is handed over to you.",
    "lease-taken": "You take the notebook over. Open it when the countdown is over.",
    "notebook-restored": "The notebook is back.",
    "notebook-renamed": "The notebook has its new name.",
}


async def _home(
    parts: Parts,
    person: Person,
    wanted: str = "",
    error: TerraError | None = None,
    chosen: str = "",
    storage: str = BUCKET,
) -> Response:
    mine = await parts.deeds(workspaces.list_workspaces, person.name)
    prices = await parts.deeds(ledger.prices)
    there = await parts.deeds(views.views_of, person.name)
    return parts.pages.page(
        "home.html",
        person,
        status=status_of(error) if error else 200,
        members=mine,
        views={view.workspace.id: view for view in there},
        left_over=[view for view in there if view.membership is None],
        trash_days=parts.settings.trash_days,
        none=State.NONE,
        projects=await parts.deeds(projects.list_projects, person.name),
        chosen=chosen,
        storage=storage,
        drive_idle=said(parts.settings.drive_idle),
        prices=prices,
        disk_size=parts.settings.disk_size,
        disk_per_month=disk_per_month(prices, parts.settings.disk_size),
        wanted=wanted,
        error=error,
    )


async def workspace_page(
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
    objection: TerraError | None = None,
    asked: Asked | None = None,
    undo: str = "",
    is_refused: bool = False,
) -> Response:
    """The page of a workspace. `asked` is which of its notebooks; `undo` names the item of the trash that the `notice`
    is about, and `is_refused` says that the notice is a refusal. `objection` is what stands against deleting the
    workspace. `error` stands beside the field for a notebook, `fault` with the people; `wanted` and `invited` are what
    was typed there."""
    member = await member_of(parts, spot)
    if member.workspace.is_library:
        return await library_page(
            parts, person, spot, wanted=wanted, error=error, notice=notice, status=status, asked=asked, undo=undo,
            is_refused=is_refused,
        )  # fmt: skip
    people = await parts.deeds(members.list_members, user=spot.user, namespace=spot.namespace, name=spot.name)
    return parts.pages.page(
        "workspace.html",
        person,
        status=status_of(error) if error else status,
        member=member,
        targets=await targets_of(parts, person.name),
        people=people,
        may_share=bool(permits(member.standing, Action.CHANGE_MEMBERS)),
        named=any(each.address == spot.user for each in people),
        fault=fault,
        invited=invited,
        wanted=wanted,
        error=error,
        notice=notice,
        may_delete=bool(permits(member.standing, Action.DELETE_WORKSPACE)),
        objection=objection,
        undo=undo,
        is_refused=is_refused,
        **await (
            drive_values(parts, spot)
            if member.workspace.has_drive
            else list_values(parts, spot, member, asked or Asked())
        ),
        **card_values(parts, person, spot, await sights.look(parts, spot)),
    )


def address_of(parts: Parts, namespace: str, name: str) -> str:
    return f"{parts.settings.service_prefix}workspaces/{quoted(namespace, name)}"


def show(request: Request, url: str) -> Response:
    """After a form that htmx may have sent: a refusal takes the form's place, so only what was made is a new page."""
    if request.headers.get("HX-Request") == "true":
        return Response(headers={"HX-Redirect": url, "Cache-Control": "no-store"})
    return see(url)


def see(url: str) -> RedirectResponse:
    """After a form: show the result, so that a reload repeats nothing."""
    return RedirectResponse(url, 303)
