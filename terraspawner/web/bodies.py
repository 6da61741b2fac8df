"""Notebooks on their way in: read in pieces, never more of them in memory than may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from terraspawner.errors import NotebookTooLarge
from terraspawner.web.rendering import show_bytes
from terraspawner.web.responses import TooMany, TooSlow
from terraspawner.web.room import Share

_PATIENCE = 4
"""A body up to this many times the limit is read to its end and dropped: only then does every client see the answer."""
_BODY_SECONDS = 300


def _keep(chunk: bytes, chunks: list[bytes], share: Share) -> TooMany | None:
    try:
        share.grow(len(chunk))
    except TooMany as refusal:
        return refusal
    chunks.append(chunk)
    return None


async def read_notebook_body(stream: AsyncIterator[bytes], limit: int, path: str, share: Share) -> bytes:
    """The body, at most `limit` bytes of it in memory. Raises `NotebookTooLarge`, `TooMany`, `TooSlow`."""
    chunks: list[bytes] = []
    size, refusal = 0, None
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in stream:
                size += len(chunk)
                if size <= limit and refusal is None:
                    refusal = _keep(chunk, chunks, share)
                if size > limit or refusal:
                    chunks.clear()
                    share.close()
                if size > _PATIENCE * limit:
                    break
    except TimeoutError as error:
        raise TooSlow from error
    if refusal:
        raise refusal
    if size > limit:
        raise NotebookTooLarge(
            f"The notebook {path!r} is larger than {show_bytes(limit)}, which is the limit."
            " Clear large outputs and save again. The last good version is untouched.",
            size=size,
            limit=limit,
        )
    return b"".join(chunks)
