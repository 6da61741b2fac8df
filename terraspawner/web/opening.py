"""On the way to Lab: start or resume what is needed, show how it goes, land there.

The addresses that begin it are in `open_pages`.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any

from fastapi.responses import Response, StreamingResponse

from terraspawner.domain.environment import CANCELLABLE, State
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import HubUnavailable, OtherImage, TerraError
from terraspawner.operations import images
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.settings import Settings
from terraspawner.web import live, sights
from terraspawner.web.addresses import lab_url, playground_url, terminal_url
from terraspawner.web.auth import Person
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Sight, Spot

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


@enum.unique
class Kind(enum.StrEnum):
    """What Lab shall show; the value is its part of our addresses."""

    NOTEBOOK = "notebooks"
    PLAYGROUND = "playground"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where to: `path` is the notebook's, empty for the terminal. `anyway`: also without a kernel for it."""

    kind: Kind
    path: str = ""
    anyway: bool = False

    @property
    def words(self) -> str:
        """What opens, as a page says it."""
        return {
            Kind.NOTEBOOK: "the notebook",
            Kind.PLAYGROUND: "your copy in the playground",
            Kind.TERMINAL: "the terminal",
        }[self.kind]

    def in_lab(self, settings: Settings, user: str, workspace: Workspace) -> str:
        """Its address in Lab."""
        if self.kind is Kind.TERMINAL:
            return terminal_url(settings, user, workspace)
        where = playground_url if self.kind is Kind.PLAYGROUND else lab_url
        return where(settings, user, workspace, self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it has come: `go` when Lab answers, `failure` when it will not."""

    sight: Sight
    step: str
    failure: str = ""
    go: str = ""


async def followed(parts: Parts, person: Person, spot: Spot, goal: Goal, after: int) -> StreamingResponse:
    """How it goes since start number `after`, until it is there or has failed."""
    await sights.look(parts, spot)

    async def see() -> Progress:
        return await progress_of(parts, spot, goal, await sights.look(parts, spot), after)

    def tell(progress: Progress) -> list[tuple[str, str]]:
        values = _values(parts, spot, goal, progress)
        return [("progress", parts.pages.render("_progress_inside.html", person, **values))]

    return live.stream(parts, spot.user, see, tell)


async def asked(parts: Parts, person: Person, spot: Spot, goal: Goal, begin: Awaitable[Sight]) -> Response:
    """Ask for the start by `begin`; answers the first piece of progress, which follows the rest by itself."""
    before = await sights.look(parts, spot)
    after = _start_number(before) - (1 if before.view.state in _START_GOES_ON else 0)
    try:
        sight = await begin
    except TerraError as error:
        progress = await progress_of(parts, spot, goal, await sights.look(parts, spot), after)
        failed = progress if progress.failure else replace(progress, failure=error.message)
        return parts.pages.fragment(
            "_progress.html", person, status=status_of(error), **_values(parts, spot, goal, failed), follow=""
        )
    progress = await progress_of(parts, spot, goal, sight, after)
    follow = f"{addresses(parts, spot, goal)['open_url']}/live?after={after}" + ("&anyway=true" if goal.anyway else "")
    return parts.pages.fragment("_progress.html", person, **_values(parts, spot, goal, progress), follow=follow)


def misfit_of(sight: Sight, info: NotebookInfo) -> str:
    """Why the environment that is there cannot run the notebook; empty where it can."""
    try:
        if sight.view.environment:
            images.refuse_without_kernel(sight.view.environment, sight.view.workspace, info)
    except OtherImage as error:
        return error.message
    return ""


async def progress_of(parts: Parts, spot: Spot, goal: Goal, sight: Sight, after: int) -> Progress:
    """How far it has come. A start with a number up to `after` that failed is an older one; -1: none has failed yet."""
    state = sight.view.state
    if state is State.RUNNING and await _answers(parts, spot, sight):
        go = goal.in_lab(parts.settings, spot.user, sight.view.workspace)
        return Progress(sight=sight, step=_STEPS[state], go=go)
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


def _values(parts: Parts, spot: Spot, goal: Goal, progress: Progress) -> dict[str, Any]:
    here = progress.sight.view.environment
    return {
        "progress": progress,
        "log": here.log.splitlines() if here and progress.failure else [],
        "since": here.since if here else None,
        "steps": here.steps if here and (progress.failure or here.state in CANCELLABLE) else (),
        "script_lines": progress.sight.script_lines,
        "is_cancellable": progress.sight.is_cancellable,
        **addresses(parts, spot, goal),
    }


def addresses(parts: Parts, spot: Spot, goal: Goal) -> dict[str, Any]:
    """`open_url` opens the goal, `ask_url` takes the form that asks for the start."""
    prefix, at = parts.settings.service_prefix, quoted(spot.namespace, spot.name)
    tail = f"/{quoted(*goal.path.split('/'))}" if goal.path else ""
    open_url = f"{prefix}open/{at}/{goal.kind}{tail}"
    return {
        "goal": goal,
        "open_url": open_url,
        "ask_url": f"{open_url}?anyway=true" if goal.anyway else open_url,
        "workspace_url": f"{prefix}workspaces/{at}",
    }
