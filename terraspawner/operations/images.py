"""Which image an environment is made from: whether what is asked for fits it, and another one for what is paused.

A container keeps its image. Another one is a wish in the row, and the next start makes the container anew from it
(`making`); the disk is attached to that one as it was to the old.
"""

from __future__ import annotations

from dataclasses import replace

from terraspawner.db import account_records, records
from terraspawner.domain.account import Account
from terraspawner.domain.catalogue import Catalogue, OfferedImage
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.language import Language, language_of, runs_in
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import OtherImage, Refused, WrongState
from terraspawner.host_client import SeenImage
from terraspawner.operations import audit, ledger
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo

_WAITS = "Its next start is from the image {title}; its disk stays."
_SHORT = {Language.PYTHON: "Python", Language.R: "R"}


def refuse_other_image(
    catalogue: Catalogue,
    environment: Environment,
    workspace: Workspace,
    wanted: str | None,
    *,
    is_operator: bool = False,
) -> None:
    """Raises `OtherImage` where another image is asked for than the one the environment is made from, `Refused` where
    there is none of that name."""
    if wanted in (None, environment.image_name):
        return
    other = catalogue.image_wished(wanted, is_operator=is_operator)
    raise OtherImage(
        f"The environment in {workspace.name} is made from the {title_of(catalogue, environment)} image, not from the"
        f" {other.title} image. Pause it, change its image, then start it: its disk stays, what is installed beside the"
        " disk goes.",
        image=environment.image_name,
    )


def allow(context: Context, *, user: str, name: str) -> OfferedImage:
    """The image that `user` wishes by this name, from the catalogue or beside it. Raises `Refused`."""
    with context.database.read() as connection:
        account = account_records.account_named(connection, user)
    return context.catalogue.image_wished(name, is_operator=account is not None and account.is_operator)


def refuse_unfit(image: OfferedImage, seen: SeenImage) -> OfferedImage:
    """What was looked into, with what it is for. Raises `Refused` with all that is missing in it."""
    if not seen.is_here:
        raise Refused(
            f"This machine has no image {image.reference}. Ask the operator to fetch it (docker pull {image.reference})"
        )
    if seen.findings:
        raise Refused(
            f"No environment can be made from the image {image.reference}. {' '.join(seen.findings)}",
            findings=list(seen.findings),
        )
    return replace(image, language=Language(seen.language))


def looked_into(context: Context, account: Account, name: str | None, language: str | None) -> OfferedImage:
    """The image that is wished, once more in the transaction of a start. Raises `Refused`; also for one beside the
    catalogue that has not been looked into, where `language` is None."""
    offered = context.catalogue.image_wished(name, is_operator=account.is_operator)
    if context.catalogue.find_image(offered.name):
        return offered
    if language is None:
        raise Refused(f"The image {offered.reference} has not been looked into, so nothing is made from it. Try again.")
    return replace(offered, language=Language(language))


def change(context: Context, environment_id: str, image: OfferedImage, *, user: str) -> None:
    """Write from which image its container is made at the next start. Until then the old one is there, and a change
    back loses nothing.

    Raises `WrongState` unless it is paused: what runs ends when its container is made anew.
    """
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if environment.state is not State.PAUSED:
            raise WrongState(
                f"The environment is {environment.state}. Pause it first, then change its image: its container is made"
                " anew from it at the next start.",
                state=str(environment.state),
            )
        records.update_environment(
            connection,
            environment.id,
            image=image.reference,
            image_name=image.name,
            language=str(image.language),
            reason=_WAITS.format(title=image.title) if environment.container_id else environment.reason,
        )
        audit.note(
            context,
            connection,
            actor=user,
            action="environment-image-changed",
            subject=f"environment:{environment.id}",
            before=environment.image_name,
            after=image.name,
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
        f"“{info.path}” is a notebook for {lacks}, and your environment in {workspace.name} is made from an image for"
        f" {has}, which has no {lacks}. Pause the environment and change its image to one with {lacks}, then open the"
        " notebook again. Its disk stays, with your files and packages; what is installed beside the disk goes.",
        image=str(environment.language),
        kernel=str(wanted),
    )
