"""A preview for a caller who may read the notebook: from the shelf, or made in the other process (`preview`)."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from fastapi import Request, Response

from terraspawner.operations import previews
from terraspawner.operations.notebooks import Place
from terraspawner.preview import page
from terraspawner.web.parts import Parts
from terraspawner.web.room import InPieces

EDITION = "1"
"""Part of the ETag: another one when the same notebook would be shown in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`tag` changes with the notebook's content and nothing else."""

    tag: str
    html: bytes


async def preview_of(parts: Parts, place: Place) -> Preview:
    """The notebook at `place` as HTML. Raises `NotebookMissing`, `NotebookTooLarge`, `NotebookUnreadable`."""
    there = await parts.deeds(previews.look, place)
    kept = parts.shelf.get(there.digest) if there.digest else None
    if kept is not None:
        return Preview(tag=f"{EDITION}-{there.digest}", html=kept)
    with closing(parts.room.share(place.user)) as share:
        read = await parts.deeds(previews.fetch, place)
        body = read.body or b""
        share.grow(len(body))
        digest = str(read.digest)
        html = await parts.shelf.get_or_make(digest, lambda: parts.renderer.render(place.user, body))
    return Preview(tag=f"{EDITION}-{digest}", html=html)


def document(parts: Parts, request: Request, place: Place, preview: Preview, theme: str) -> Response:
    """The answer: the document of the preview, or that the caller has it already."""
    tag = f'"{preview.tag}{theme if theme in page.THEMES else ""}"'
    headers = {**page.HEADERS, "ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in [each.strip() for each in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    body = page.page(place.path, preview.html, theme)
    share = parts.room.share(place.user)
    share.grow(len(body))
    return InPieces(body, share, media_type="text/html", headers=headers)
