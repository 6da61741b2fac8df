"""Does what is asked for fit the image that an environment is made from? It keeps that image until it is deleted."""

from __future__ import annotations

from terraspawner.domain.catalogue import Catalogue
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.language import Language, language_of, runs_in
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import OtherImage
from terraspawner.operations.notebooks import NotebookInfo

_SHORT = {Language.PYTHON: "Python", Language.R: "R"}


def refuse_other_image(
    catalogue: Catalogue, environment: Environment, workspace: Workspace, wanted: str | None
) -> None:
    """Raises `OtherImage` where another image is asked for than the one the environment is made from, `Refused` where
    there is none of that name."""
    if wanted in (None, environment.image_name):
        return
    other = catalogue.image_named(wanted)
    raise OtherImage(
        f"The environment in {workspace.name} is made from the {title_of(catalogue, environment)} image. For the"
        f" {other.title} image, delete it first and keep its disk: your files and packages stay.",
        image=environment.image_name,
    )


def title_of(catalogue: Catalogue, environment: Environment) -> str:
    """What people call its image, also where the catalogue has it no more."""
    offered = catalogue.find_image(environment.image_name)
    return offered.title if offered else environment.image_name or environment.image


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
