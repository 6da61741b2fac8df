"""Versions of a notebook to look at, compared and merged, for a caller who may read it: made in the other process."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from fastapi import Response

from terraspawner.operations import histories
from terraspawner.operations.notebooks import Place
from terraspawner.preview import page
from terraspawner.web.parts import Parts
from terraspawner.web.room import InPieces, Share


async def view(parts: Parts, place: Place, which: str) -> bytes:
    """A version as HTML. Raises `VersionMissing`, `NotebookUnreadable`."""
    with closing(parts.room.share(place.user)) as share:
        body, version = await parts.deeds(histories.read_version, place, which)
        share.grow(len(body))
        return await parts.shelf.get_or_make(version.sha256, lambda: parts.renderer.render(place.user, body))


async def compare(parts: Parts, place: Place, old: str, new: str) -> bytes:
    """What became of version `old` in `new`, the present one where that is empty. Raises as `view`."""
    with closing(parts.room.share(place.user)) as share:
        before, first = await parts.deeds(histories.read_version, place, old)
        share.grow(len(before))
        after, second = await parts.deeds(histories.read_version, place, new)
        share.grow(len(after))
        return await parts.shelf.get_or_make(
            f"{first.sha256}-{second.sha256}", lambda: parts.renderer.compare(place.user, before, after)
        )


async def compare_with(parts: Parts, place: Place, old: str, new: bytes, share: Share) -> bytes:
    """What would become of version `old` in the notebook `new`, which is nowhere yet. Raises as `view`."""
    before, _ = await parts.deeds(histories.read_version, place, old)
    share.grow(len(before))
    return await parts.renderer.compare(place.user, before, new)


async def merge(parts: Parts, place: Place, base: str, mine: bytes, theirs: str, share: Share) -> dict[str, Any]:
    """What `preview.merged` made of it, and of which versions. Raises as `view`."""
    came_from, first = await parts.deeds(histories.read_version, place, base)
    share.grow(len(came_from))
    present, second = await parts.deeds(histories.read_version, place, theirs)
    share.grow(len(present))
    merged = await parts.renderer.merge(place.user, came_from, mine, present)
    return {**merged, "base": first.version, "theirs": second.version}


def document(parts: Parts, place: Place, html: bytes, theme: str) -> Response:
    """The answer: HTML of ours as a document that runs nothing."""
    body = page.page(place.path, html, theme)
    share = parts.room.share(place.user)
    share.grow(len(body))
    return InPieces(body, share, media_type="text/html", headers={**page.HEADERS, "Cache-Control": "private, no-cache"})
