"""Opening a notebook from a link (E11), a copy of it in the playground (E6), or a terminal (C16)."""

from __future__ import annotations

from contextlib import nullcontext

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.errors import LeaseHeld
from terraspawner.operations import leases, notebooks
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.operations.notebooks import Place
from terraspawner.web import sights, wishes
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.notebook_pages import notebook_page
from terraspawner.web.opening import Goal, Kind, addresses, asked, followed, misfit_of, progress_of
from terraspawner.web.parts import Parts
from terraspawner.web.reservations import reserved
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Sight, Spot

router = APIRouter(prefix="/open/{namespace}/{name}/notebooks", include_in_schema=False)
playground = APIRouter(prefix="/open/{namespace}/{name}/playground", include_in_schema=False)
terminal = APIRouter(prefix="/open/{namespace}/{name}/terminal", include_in_schema=False)

_TERMINAL = Goal(kind=Kind.TERMINAL)


@router.get("/{path:tail}/live")
@needs(Action.WRITE_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def stream(
    parts: TheParts, person: APerson, spot: ASpot, path: str, *, after: int = 0, anyway: bool = False
) -> StreamingResponse:
    """How it goes since start number `after`."""
    return await followed(parts, person, spot, _notebook(path, anyway), after)


@router.get("/{path:tail}")
@needs(Action.WRITE_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def open_page(parts: TheParts, person: APerson, spot: ASpot, path: str, *, anyway: bool = False) -> Response:
    """Straight to Lab where it runs; else a page that asks for the start and shows it.

    The page asks by a form of its own, with its XSRF token: following a link starts nothing by itself. Where the
    environment has no kernel for the notebook the page says so instead, unless it is to be opened `anyway`. Where
    another person edits it, the notebook's own page has what else can be done (E7).
    """
    try:
        await _refuse_if_held(parts, spot, path)
    except LeaseHeld as error:
        place = _place(spot, names.notebook_path(path))
        return await notebook_page(
            parts, person, spot.of_notebooks, place, notice=error.message, status=status_of(error)
        )
    return await _open_page(parts, person, spot, _notebook(path, anyway))


@router.post("/{path:tail}")
@needs(Action.WRITE_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def ask(parts: TheParts, person: APerson, spot: ASpot, path: str, *, anyway: bool = False) -> Response:
    """Ask for the start; answers the first piece of progress, which follows the rest by itself."""
    await _refuse_if_held(parts, spot, path)
    return await _ask(parts, person, spot, _notebook(path, anyway))


@playground.get("/{path:tail}/live")
@needs(Action.READ_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def follow_playground(
    parts: TheParts, person: APerson, spot: ASpot, path: str, *, after: int = 0, anyway: bool = False
) -> StreamingResponse:
    """How it goes since start number `after`."""
    return await followed(parts, person, spot, _copy(path, anyway), after)


@playground.get("/{path:tail}")
@needs(Action.READ_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def open_playground(
    parts: TheParts, person: APerson, spot: ASpot, path: str, *, anyway: bool = False
) -> Response:
    """As for the notebook itself; who edits that does not matter."""
    return await _open_page(parts, person, spot, _copy(path, anyway))


@playground.post("/{path:tail}")
@needs(Action.READ_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def ask_for_playground(
    parts: TheParts, person: APerson, spot: ASpot, path: str, *, anyway: bool = False
) -> Response:
    """Ask for the start."""
    return await _ask(parts, person, spot, _copy(path, anyway))


@terminal.get("/live")
@needs(Action.USE_ENVIRONMENT)
async def follow_terminal(parts: TheParts, person: APerson, spot: ASpot, *, after: int = 0) -> StreamingResponse:
    """How it goes since start number `after`."""
    return await followed(parts, person, spot, _TERMINAL, after)


@terminal.get("")
@needs(Action.USE_ENVIRONMENT)
async def open_terminal(parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """As for a notebook: straight to Lab where it runs, else a page that asks for the start."""
    return await _page(parts, person, spot, _TERMINAL, None)


@terminal.post("")
@needs(Action.USE_ENVIRONMENT)
async def ask_for_terminal(parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """Ask for the start, from the image that there is, or the Python one."""
    return await asked(parts, person, spot, _TERMINAL, wishes.start(parts, spot))


def _notebook(path: str, anyway: bool) -> Goal:
    return Goal(kind=Kind.NOTEBOOK, path=names.notebook_path(path), anyway=anyway)


def _copy(path: str, anyway: bool) -> Goal:
    return Goal(kind=Kind.PLAYGROUND, path=names.notebook_path(path), anyway=anyway)


async def _open_page(parts: Parts, person: Person, spot: Spot, goal: Goal) -> Response:
    return await _page(parts, person, spot, goal, await _read(parts, spot, goal))


async def _page(parts: Parts, person: Person, spot: Spot, goal: Goal, info: NotebookInfo | None) -> Response:
    sight = await sights.look(parts, spot)
    misfit = misfit_of(sight, info) if info and not goal.anyway else ""
    progress = await progress_of(parts, spot, goal, sight, -1)
    if progress.go and not misfit:
        return RedirectResponse(progress.go, 303, headers={"Cache-Control": "no-store"})
    return parts.pages.page("open.html", person, at=sight.view.workspace, misfit=misfit, **addresses(parts, spot, goal))


async def _ask(parts: Parts, person: Person, spot: Spot, goal: Goal) -> Response:
    info = await _read(parts, spot, goal)
    return await asked(parts, person, spot, goal, _begun(parts, spot, goal, info))


async def _begun(parts: Parts, spot: Spot, goal: Goal, info: NotebookInfo) -> Sight:
    """The start; a notebook to be edited is kept for the tab that it leads to. Raises `LeaseHeld`."""
    is_edited = goal.kind is Kind.NOTEBOOK
    async with reserved(parts, _place(spot, goal.path)) if is_edited else nullcontext():
        return await (wishes.start(parts, spot) if goal.anyway else wishes.start_for(parts, spot, info))


async def _refuse_if_held(parts: Parts, spot: Spot, path: str) -> None:
    """Raises `LeaseHeld` where another person edits it."""
    await parts.deeds(leases.refuse_if_held, _place(spot, names.notebook_path(path)))


async def _read(parts: Parts, spot: Spot, goal: Goal) -> NotebookInfo:
    """Raises `NotebookMissing`."""
    _, info = await parts.deeds(notebooks.read_notebook, _place(spot, goal.path))
    return info


def _place(spot: Spot, path: str) -> Place:
    return spot.place(path)
