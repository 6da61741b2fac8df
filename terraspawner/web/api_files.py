"""REST: the data files of a workspace. Called by people and, with its key, by the environment of that workspace.

An environment's key may delete, too: who writes the bucket's data can remove a file in the mounted folder for good, and
here it goes into the trash. A write without a condition is the last one that counts, as in object stores and folders;
`If-None-Match: *` and `If-Match` are there for who wants to know.
"""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from terraspawner.domain.access import Action
from terraspawner.domain.data_file import PIECE
from terraspawner.operations import files, trashed_folders
from terraspawner.operations.files import Expected, FileInfo
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT, ANYTHING, Version
from terraspawner.web.callers import ASpotOfEither, TheParts
from terraspawner.web.conditions import IfMatch, IfNoneMatch, version_named
from terraspawner.web.declared import needs
from terraspawner.web.openapi import BOTH, for_person
from terraspawner.web.parts import Parts
from terraspawner.web.responses import Malformed
from terraspawner.web.schemas_files import EntryOut, FileListOut, FileOut, FolderGoneOut
from terraspawner.web.sending import BYTES, Span, StoredFile, attached, span_of
from terraspawner.web.sights import Spot
from terraspawner.web.taking import pieces_of

router = APIRouter(tags=["files"])

LIST = "/workspaces/{namespace}/{name}/files"
ONE = f"{LIST}/{{path:tail}}"
CONTENT: dict[str, Any] = {BYTES: {"schema": {"type": "string", "format": "binary"}}}
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Whatever the bytes are, no browser takes them for a page of ours."""


async def _expected(if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> Expected:
    if if_match is not None and if_none_match is not None:
        raise Malformed("Send If-Match or If-None-Match, not both.")
    if if_match is not None:
        return Version(version_named(if_match))
    if if_none_match is not None and if_none_match.strip() != "*":
        raise Malformed("If-None-Match must be * here: it says that there is no such file yet.")
    return ANYTHING if if_none_match is None else ABSENT


AnExpected = Annotated[Expected, Depends(_expected)]
"""What is to lie under the name before a write: nothing, one version, or anything."""


@router.get(LIST, responses=for_person(404, 422), openapi_extra=BOTH)
@needs(Action.READ_BUCKET)
async def list_files(
    parts: TheParts,
    spot: ASpotOfEither,
    folder: Annotated[str, Query(max_length=2000, description="empty for the top")] = "",
    cursor: Annotated[str, Query(max_length=2000)] = "",
    limit: Annotated[int, Query(ge=1, le=files.MOST)] = files.MOST,
) -> FileListOut:
    """What lies in a folder itself, by name. `next` is the `cursor` of the page that follows."""
    page = await parts.deeds(files.list_folder, place_of(spot, folder), after=cursor, limit=limit)
    return FileListOut(items=[EntryOut.of(each) for each in page.items], next=page.next, hidden=page.hidden)


@router.get(
    ONE,
    response_class=Response,
    responses={
        200: {"content": CONTENT, "description": "the file"},
        206: {"content": CONTENT, "description": "the range that was asked for"},
        304: {"description": "it is still the version in If-None-Match"},
        416: {"description": "the file ends before that range; its size is in the details"},
        **for_person(404, 409, 422, 429),
    },
    openapi_extra=BOTH,
)
@needs(Action.READ_BUCKET)
async def read_file(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    byte_range: Annotated[str | None, Header(alias="Range", description="one range of bytes")] = None,
    if_range: Annotated[str | None, Header(alias="If-Range")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The file with its version as ETag. Is it changed while it is sent, the answer breaks off."""
    place = place_of(spot, path)
    info = await parts.deeds(files.describe, place)
    if if_none_match and etag_of(info) in [tag.strip() for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers={"ETag": etag_of(info), **SAFE_HEADERS})
    span = None if if_range and if_range.strip() != etag_of(info) else span_of(byte_range, info.size)
    return sent(parts, place, info, span, headers={"Content-Disposition": attached(info.path.rpartition("/")[2])})


@router.put(
    ONE,
    responses={
        201: {"model": FileOut, "description": "created, where If-None-Match said so"},
        **for_person(404, 408, 409, 413, 422, 429),
    },
    openapi_extra={**BOTH, "requestBody": {"required": True, "content": CONTENT}},
)
@needs(Action.WRITE_BUCKET)
async def write_file(
    parts: TheParts, spot: ASpotOfEither, path: str, request: Request, response: Response, expected: AnExpected
) -> FileOut:
    """Put the body there as a file, whole or not at all. What is larger than 100 MB had better go by `…/uploads`, which
    can be gone on with after a break. Notebooks are refused: they travel by edit mode, with a lock and versions."""
    place = place_of(spot, path)
    announced = request.headers.get("content-length", "")
    await parts.deeds(files.check_write, place, int(announced) if announced.isdecimal() else 0, expected)
    info = await _taken(parts, place, request, expected)
    response.status_code = 201 if expected is ABSENT else 200
    response.headers["ETag"] = etag_of(info)
    return FileOut.of(info)


@router.delete(
    ONE,
    status_code=204,
    response_model=None,
    responses={
        202: {"model": FolderGoneOut, "description": "a folder is on its way; it is in `/trash` at once"},
        **for_person(404, 409, 422),
    },
    openapi_extra=BOTH,
)
@needs(Action.WRITE_BUCKET)
async def delete_file(
    parts: TheParts, spot: ASpotOfEither, path: str, response: Response, if_match: IfMatch = None
) -> FolderGoneOut | None:
    """Put it into the trash; with If-Match only if it is still that version. With a `/` at the end it is a folder with
    all files in it, which comes back as one; notebooks in a library's folder stay."""
    base = None if if_match is None else version_named(if_match)
    if not path.endswith("/"):
        await parts.carrying(files.delete, place_of(spot, path), base)
        return None
    if base is not None:
        raise Malformed("A folder has no version: leave If-Match out.")
    item, weight = await parts.carrying(trashed_folders.discard, place_of(spot, path))
    parts.worker.wake()
    response.status_code = 202
    return FolderGoneOut.of(item, weight)


def sent(
    parts: Parts, place: Place, info: FileInfo, span: Span | None, *, media_type: str = BYTES, headers: dict[str, str]
) -> Response:
    """The answer that carries a file, or the `span` of it."""
    told = {"ETag": etag_of(info), "Accept-Ranges": "bytes", **SAFE_HEADERS, **headers}
    if span is not None:
        told["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{info.size}"

    async def read(start: int, size: int) -> bytes:
        return await parts.carrying(files.read_part, place, info.version, start, size)

    return StoredFile(
        read,
        parts.room.share(place.user),
        span or Span(start=0, end=info.size),
        status_code=200 if span is None else 206,
        media_type=media_type,
        headers=told,
    )


def place_of(spot: Spot, path: str) -> Place:
    return Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=path)


def etag_of(info: FileInfo) -> str:
    return f'"{info.version}"'


async def _taken(parts: Parts, place: Place, request: Request, expected: Expected) -> FileInfo:
    """The body as a file. All but its last piece wait in the bucket until the end is there."""
    upload_id, at = files.new_upload_id(), 0
    limit = parts.settings.file_limit
    with closing(parts.room.share(place.user)) as share:
        try:
            async for piece in pieces_of(request.stream(), share):
                files.check_size(place.path, at + len(piece), limit)
                if len(piece) < PIECE:  # the last
                    sent_before = upload_id if at else ""
                    return await parts.carrying(files.write, place, piece, expected, sent_before, at)
                await parts.carrying(files.keep_piece, place, upload_id, at, piece)
                at += len(piece)
        finally:
            if at:
                await parts.carrying(files.drop_pieces, place, upload_id)
    raise AssertionError("a body has a last piece, and be it empty")
