"""What a preview is made of: the bytes of a notebook, found by their digest, so that they need not be read again."""

from __future__ import annotations

from dataclasses import dataclass

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.errors import NotebookMissing, NotebookTooLarge
from terraspawner.operations import settling, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import digest_of
from terraspawner.storage.errors import ObjectMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of a notebook at this moment. `digest` is its SHA-256; None where the store says it only with the
    bytes. `body` is None until it is read."""

    version: str
    digest: str | None
    body: bytes | None = None


def look(context: Context, place: Place) -> Content:
    """What is there, unread. Raises `NotebookMissing`, `NotebookTooLarge`."""
    return _found(context, place, is_read=False)


def fetch(context: Context, place: Place) -> Content:
    """What is there, with its bytes and their digest. Raises `NotebookMissing`, `NotebookTooLarge`."""
    return _found(context, place, is_read=True)


def _found(context: Context, place: Place, *, is_read: bool) -> Content:
    workspace = workspaces.enter(
        context, user=place.user, namespace=place.namespace, name=place.name, action=Action.READ_NOTEBOOKS
    )
    path = names.notebook_path(place.path)
    settling.settled(context, workspace.id, path)
    bucket = context.bucket(workspace.id)
    limit = context.settings.notebook_limit
    try:
        info = bucket.stat(FOLDER + path)
        if info.size > limit:
            raise NotebookTooLarge(
                f"The notebook {path!r} has {info.size / 1024**2:.1f} MB, and a preview is made of at most"
                f" {limit / 1024**2:.1f} MB. Download it to look at it.",
                size=info.size,
                limit=limit,
            )
        if not is_read:
            return Content(version=info.version, digest=info.sha256)
        body, info = bucket.read(FOLDER + path)
        return Content(version=info.version, digest=info.sha256 or digest_of(body), body=body)
    except ObjectMissing as error:
        raise NotebookMissing(
            f"There is no notebook {path!r} in this workspace. It may have been renamed or deleted."
        ) from error
