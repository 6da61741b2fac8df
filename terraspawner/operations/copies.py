"""A copy of a notebook, in its workspace or in another one (E3): rights on both sides, and nothing is overwritten."""

from __future__ import annotations

from dataclasses import replace

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.domain.history import VersionKind
from terraspawner.errors import NotebookTooLarge
from terraspawner.operations import audit, notebooks, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import find


def copy_notebook(context: Context, place: Place, to: str, *, namespace: str, name: str) -> NotebookInfo:
    """Copy the notebook byte for byte to the path `to` in the workspace `namespace`/`name`; its history begins there.
    What goes to another workspace stands in the audit of the one that it comes from.

    Raises `WorkspaceMissing`, `NotAllowed`, `NotebookMissing`, `NameRefused`, `NameTaken`, `NotebookTooLarge`.
    """
    source = workspaces.enter(
        context, user=place.user, namespace=place.namespace, name=place.name, action=Action.READ_NOTEBOOKS
    )
    path, copied = names.notebook_path(place.path), names.notebook_path_of_title(to)
    target = replace(place, namespace=namespace, name=name, path=copied)
    workspaces.enter(context, user=place.user, namespace=namespace, name=name, action=Action.WRITE_NOTEBOOKS)
    limit = context.settings.notebook_limit
    found = find(context.bucket(source.id), FOLDER + path)
    if found is not None and found.size > limit:
        raise NotebookTooLarge(
            f"The notebook {path!r} has {found.size / 1024**2:.1f} MB and the limit is {limit / 1024**2:.1f} MB."
            " Nothing was copied. Clear large outputs first.",
            size=found.size,
            limit=limit,
        )
    body, _ = notebooks.read_notebook(context, place)
    made = notebooks.make_new(context, target, copied, body, VersionKind.COPIED)
    if (namespace, name) != (place.namespace, place.name):
        with context.database.write() as connection:
            audit.note(
                context, connection, actor=place.user, action="notebook-copied",
                subject=f"workspace:{place.namespace}/{place.name}", notebook=path,
                to=f"{namespace}/{name}", as_notebook=copied,
            )  # fmt: skip
    return made
