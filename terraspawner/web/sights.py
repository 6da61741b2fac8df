"""Whose environment, and how it looks now: the row, and what is under way of which the row does not know yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from terraspawner.domain.bucket_mount import Standing
from terraspawner.domain.environment import CANCELLABLE, Environment, State
from terraspawner.domain.library import NAMESPACE
from terraspawner.domain.start import StepName, under_way
from terraspawner.errors import HostUnavailable, NotLoggedIn, Refused, WorkspaceMissing
from terraspawner.operations import accounts, views
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.operations.notebooks import Place
from terraspawner.operations.views import View
from terraspawner.web.parts import Parts

_SHOWN_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Whose environment, in which workspace. `is_of_page`: a page of that environment's server asks, not the person;
    `environment`: the id of the one that asks by its key. `library`: the id of the one in which the notebook is that is
    asked for below a drive workspace, by the name `shelf` that it has on the drive."""

    user: str
    namespace: str
    name: str
    is_of_page: bool = False
    environment: str = ""
    library: str = ""
    shelf: str = ""

    @property
    def notebooks(self) -> dict[str, str]:
        """Namespace and name of where the notebooks are: the workspace, or a library of its drive."""
        if self.library:
            return {"namespace": NAMESPACE, "name": self.library}
        return {"namespace": self.namespace, "name": self.name}

    def place(self, path: str) -> Place:
        """The notebook of an address below this workspace."""
        inside = path.partition("/")[2] if self.library and self.namespace != NAMESPACE else path
        return Place(user=self.user, path=inside, **self.notebooks)

    @property
    def of_notebooks(self) -> Spot:
        """The spot of where the notebooks are."""
        return replace(self, namespace=NAMESPACE, name=self.library) if self.library else self

    def inside(self, path: str) -> str:
        """A path as the address had it, in the library that the address led to. Raises `Refused` for another one's."""
        if not self.shelf or path.startswith(f"{self.shelf}/"):
            return path.removeprefix(f"{self.shelf}/") if self.shelf else path
        raise Refused(f"A notebook stays in its library, here {self.shelf!r}. Copy it to have it in another one.")

    def told(self, info: NotebookInfo) -> NotebookInfo:
        """With its path as the address has it."""
        return replace(info, path=f"{self.shelf}/{info.path}") if self.shelf else info

    def __post_init__(self) -> None:
        if not (self.namespace + self.name).isprintable():
            raise WorkspaceMissing("There is no workspace of this name. Check the address.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """An environment as it looks now. `is_asked`: the Hub has not answered a start yet; `fault`: why it refused.

    `script_lines`: what a startup script that runs now has said last; `mount`: how the bucket is mounted in it, where
    it has to be.
    """

    view: View
    is_asked: bool
    fault: str
    script_lines: tuple[str, ...] = ()
    mount: Standing | None = None

    @property
    def is_cancellable(self) -> bool:
        """A start is under way, here or at the Hub."""
        state = self.view.state
        return state in CANCELLABLE or (self.is_asked and state in (State.NONE, State.PAUSED))


async def look(parts: Parts, spot: Spot) -> Sight:
    """How it stands now, if account and membership still hold. Raises `NotLoggedIn`, `WorkspaceMissing`."""
    view = await parts.deeds(_look, spot)
    server = (spot.user, view.workspace.slug)
    return Sight(
        view=view,
        is_asked=parts.launches.is_under_way(server),
        fault=parts.launches.fault(server),
        script_lines=tuple(await script_log(parts, view.environment, _SHOWN_LINES)) if runs_script(view) else (),
        mount=parts.bucket_mounts.standing(view),
    )


def runs_script(view: View) -> bool:
    """Whether the startup script is the step under way."""
    here = view.environment
    step = under_way(here.steps) if here and here.state in CANCELLABLE else None
    return step is not None and step.name is StepName.SCRIPT


async def script_log(parts: Parts, environment: Environment | None, lines: int) -> list[str]:
    """The end of what the startup script that runs now has said; nothing where `host` does not answer."""
    if environment is None:
        return []
    try:
        return await parts.host.startup_log(environment.id, lines)
    except HostUnavailable:
        return []


def _look(context: Context, spot: Spot) -> View:
    if accounts.account_of(context, spot.user) is None:
        raise NotLoggedIn("This account is disabled. Ask the operator.")
    return views.describe(context, user=spot.user, namespace=spot.namespace, name=spot.name)
