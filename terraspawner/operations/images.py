"""Does what is asked for fit the image that an environment is made from? It keeps that image until it is deleted."""

from __future__ import annotations

from terraspawner.domain.environment import Environment, State
from terraspawner.domain.language import Language, language_of, runs_in
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import OtherImage
from terraspawner.operations.notebooks import NotebookInfo

_SHORT = {Language.PYTHON: "Python", Language.R: "R"}


def refuse_other_image(environment: Environment, workspace: Workspace, wanted: Language | None) -> None:
    """Raises `OtherImage` where another image is asked for than the one the environment is made from."""
    if wanted in (None, environment.language):
        return
    raise OtherImage(
        f"The environment in {workspace.name} is made from the {_SHORT[environment.language]} image. For the"
        f" {_SHORT[wanted]} image, delete it first and keep its disk: your files and packages stay.",
        image=str(environment.language),
    )


def refuse_without_kernel(environment: Environment, workspace: Workspace, info: NotebookInfo) -> None:
    """Raises `OtherImage` where the environment's image has no kernel for the notebook; one that goes is in no way."""
    wanted = language_of(info.kernel, info.language)
    if wanted is None or runs_in(environment.language, wanted) or environment.state is State.DELETING:
        return
    has, lacks = _SHORT[environment.language], _SHORT[wanted]
    raise OtherImage(
        f"“{info.path}” is a notebook for {lacks}, and your environment in {workspace.name} is made from the {has}"
        f" image, which has no {lacks}. Delete the environment and keep its disk (your files and packages stay), then"
        f" open the notebook again: its new environment has {lacks}.",
        image=str(environment.language),
        kernel=str(wanted),
    )
