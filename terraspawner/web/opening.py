"""Opening a notebook from a link (E11), or a terminal (C16): start or resume what is needed, show how it goes, land in
Lab. A path that is empty is the terminal's."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.domain.environment import CANCELLABLE, State
from terraspawner.errors import HubUnavailable, LeaseHeld, OtherImage, TerraError
from terraspawner.operations import images, leases, notebooks
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.operations.notebooks import Place
from terraspawner.web import live, sights, wishes
from terraspawner.web.addresses import lab_url
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.pages import workspace_page
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Sight, Spot

router = APIRouter(prefix="/open/{namespace}/{name}/notebooks", include_in_schema=False)
terminal = APIRouter(prefix="/open/{namespace}/{name}/terminal", include_in_schema=False)

_STEPS = {
    State.NONE: "Asking the Hub for an environment",
    State.CREATING: "Creating your environment",
    State.STARTING: "Starting your environment",
    State.RUNNING: "Opening JupyterLab",
    State.FREEZING: "Waiting until it is frozen, to wake it again",
    State.FROZEN: "Waking your environment",
    State.PAUSING: "Waiting until the pause is done",
    State.PAUSED: "Asking the Hub to resume your environment",
    State.DELETING: "Waiting until the old environment is deleted",
}


_START_GOES_ON = frozenset({State.CREATING, State.STARTING, State.FREEZING, State.FROZEN})
"""Who waits here waits for the start that is under way, and a wake has no number of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it has come: `go` when Lab answers, `failure` when it will not."""

    sight: Sight
    step: str
    failure: str = ""
    go: str = ""


@router.get("/{path:tail}/live")
@needs(Action.WRITE_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def stream(
    parts: TheParts, person: APerson, spot: ASpot, path: str, *, after: int = 0, anyway: bool = False
) -> StreamingResponse:
    """How it goes since start number `after`."""
    path = names.notebook_path(path)
    return await _followed(parts, person, spot, path, after, anyway=anyway)


@router.get("/{path:tail}")
@needs(Action.WRITE_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def open_page(parts: TheParts, person: APerson, spot: ASpot, path: str, *, anyway: bool = False) -> Response:
    """Straight to Lab where it runs; else a page that asks for the start and shows it.

    The page asks by a form of its own, with its XSRF token: following a link starts nothing by itself. Where the
    environment has no kernel for the notebook the page says so instead, unless it is to be opened `anyway`.
    """
    try:
        info = await _checked(parts, spot, path)
    except LeaseHeld as error:
        return await workspace_page(parts, person, spot, notice=error.message, status=status_of(error))
    sight = await sights.look(parts, spot)
    misfit = "" if anyway else _misfit(sight, info)
    progress = await _progress(parts, spot, info.path, sight, -1)
    if progress.go and not misfit:
        return RedirectResponse(progress.go, 303, headers={"Cache-Control": "no-store"})
    return parts.pages.page(
        "open.html",
        person,
        at=sight.view.workspace,
        misfit=misfit,
        **_addresses(parts, spot, info.path, anyway=anyway),
    )


@router.post("/{path:tail}")
@needs(Action.WRITE_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def ask(parts: TheParts, person: APerson, spot: ASpot, path: str, *, anyway: bool = False) -> Response:
    """Ask for the start; answers the first piece of progress, which follows the rest by itself."""
    info = await _checked(parts, spot, path)
    path = info.path
    begin = wishes.start(parts, spot) if anyway else wishes.start_for(parts, spot, info)
    return await _asked(parts, person, spot, path, begin, anyway=anyway)


@terminal.get("/live")
@needs(Action.USE_ENVIRONMENT)
async def follow_terminal(parts: TheParts, person: APerson, spot: ASpot, *, after: int = 0) -> StreamingResponse:
    """How it goes since start number `after`."""
    return await _followed(parts, person, spot, "", after)


@terminal.get("")
@needs(Action.USE_ENVIRONMENT)
async def open_terminal(parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """As for a notebook: straight to Lab where it runs, else a page that asks for the start."""
    sight = await sights.look(parts, spot)
    progress = await _progress(parts, spot, "", sight, -1)
    if progress.go:
        return RedirectResponse(progress.go, 303, headers={"Cache-Control": "no-store"})
    return parts.pages.page("open.html", person, at=sight.view.workspace, misfit="", **_addresses(parts, spot, ""))


@terminal.post("")
@needs(Action.USE_ENVIRONMENT)
async def ask_for_terminal(parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """Ask for the start, from the image that there is, or the Python one."""
    return await _asked(parts, person, spot, "", wishes.start(parts, spot))


async def _followed(
    parts: Parts, person: Person, spot: Spot, path: str, after: int, *, anyway: bool = False
) -> StreamingResponse:
    await sights.look(parts, spot)

    async def see() -> Progress:
        return await _progress(parts, spot, path, await sights.look(parts, spot), after)

    def tell(progress: Progress) -> list[tuple[str, str]]:
        values = _values(parts, spot, path, progress, anyway)
        return [("progress", parts.pages.render("_progress_inside.html", person, **values))]

    return live.stream(parts, spot.user, see, tell)


async def _asked(
    parts: Parts, person: Person, spot: Spot, path: str, begin: Awaitable[Sight], *, anyway: bool = False
) -> Response:
    before = await sights.look(parts, spot)
    after = _start_number(before) - (1 if before.view.state in _START_GOES_ON else 0)
    try:
        sight = await begin
    except TerraError as error:
        progress = await _progress(parts, spot, path, await sights.look(parts, spot), after)
        failed = progress if progress.failure else replace(progress, failure=error.message)
        return parts.pages.fragment(
            "_progress.html", person, status=status_of(error), **_values(parts, spot, path, failed, anyway), follow=""
        )
    progress = await _progress(parts, spot, path, sight, after)
    follow = f"{_addresses(parts, spot, path)['open_url']}/live?after={after}" + ("&anyway=true" if anyway else "")
    values = _values(parts, spot, path, progress, anyway)
    return parts.pages.fragment("_progress.html", person, **values, follow=follow)


async def _checked(parts: Parts, spot: Spot, path: str) -> NotebookInfo:
    """Raises what the page shall say instead: no such notebook, or another person edits it."""
    place = Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=names.notebook_path(path))
    await parts.deeds(leases.refuse_if_held, place)
    _, info = await parts.deeds(notebooks.read_notebook, place)
    return info


def _misfit(sight: Sight, info: NotebookInfo) -> str:
    """Why the environment that is there cannot run the notebook; empty where it can."""
    try:
        if sight.view.environment:
            images.refuse_without_kernel(sight.view.environment, sight.view.workspace, info)
    except OtherImage as error:
        return error.message
    return ""


async def _progress(parts: Parts, spot: Spot, path: str, sight: Sight, after: int) -> Progress:
    state = sight.view.state
    if state is State.RUNNING and await _answers(parts, spot, sight):
        lab = lab_url(parts.settings, spot.user, sight.view.workspace, path)
        return Progress(sight=sight, step=_STEPS[state], go=lab if path else f"{lab}?terminal")
    if state is State.PAUSED and not sight.is_asked and _start_number(sight) > after >= 0:
        return Progress(sight=sight, step="", failure=_reason(sight) or "It was paused before it was ready.")
    if sight.fault and not sight.is_asked:
        return Progress(sight=sight, step="", failure=sight.fault)
    return Progress(sight=sight, step=_STEPS[state])


async def _answers(parts: Parts, spot: Spot, sight: Sight) -> bool:
    """Whether the Hub sends the browser there already; where it does not say, the browser may as well try."""
    try:
        server = await parts.hub.server(spot.user, sight.view.workspace.slug)
    except HubUnavailable:
        return True
    return server.is_ready and not server.pending


def _reason(sight: Sight) -> str:
    return sight.view.environment.reason if sight.view.environment else ""


def _start_number(sight: Sight) -> int:
    return sight.view.environment.start_number if sight.view.environment else 0


def _values(parts: Parts, spot: Spot, path: str, progress: Progress, anyway: bool) -> dict[str, Any]:
    here = progress.sight.view.environment
    return {
        "progress": progress,
        "log": here.log.splitlines() if here and progress.failure else [],
        "since": here.since if here else None,
        "steps": here.steps if here and (progress.failure or here.state in CANCELLABLE) else (),
        "script_lines": progress.sight.script_lines,
        "is_cancellable": progress.sight.is_cancellable,
        **_addresses(parts, spot, path, anyway=anyway),
    }


def _addresses(parts: Parts, spot: Spot, path: str, *, anyway: bool = False) -> dict[str, Any]:
    """`open_url` opens the notebook, `ask_url` takes the form that asks for the start."""
    prefix, at = parts.settings.service_prefix, quoted(spot.namespace, spot.name)
    open_url = f"{prefix}open/{at}/notebooks/{quoted(*path.split('/'))}" if path else f"{prefix}open/{at}/terminal"
    return {
        "path": path,
        "open_url": open_url,
        "ask_url": f"{open_url}?anyway=true" if anyway else open_url,
        "workspace_url": f"{prefix}workspaces/{at}",
    }
