"""REST: uploads of data files that can be gone on with after a break, by tus 1.0 (https://tus.io/protocols/resumable-upload).

tus was taken of the two kept standards: it has clients for every language, browsers included, and says what is open in
parts by `Content-Range` (how a client learns where to go on). Its core and the extensions *creation*, *expiration* and
*termination*. The Python servers for it keep their pieces in files of one process and know no roles, so the verbs are
served here; `tests/web/test_uploads.py` holds them to a client of others.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import closing
from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from terraspawner.domain.access import Action
from terraspawner.domain.data_file import LIFETIME, Upload
from terraspawner.errors_files import TusVersionUnknown
from terraspawner.operations import uploads
from terraspawner.operations.uploads import At
from terraspawner.web.api_files import AnExpected, place_of
from terraspawner.web.callers import ASpotOfEither, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import BOTH, for_person
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import Malformed
from terraspawner.web.sights import Spot
from terraspawner.web.taking import pieces_of

router = APIRouter(tags=["files"])

ALL = "/workspaces/{namespace}/{name}/uploads"
ONE = f"{ALL}/{{upload_id:id}}"
VERSION = "1.0.0"
PIECE_TYPE = "application/offset+octet-stream"

TusResumable = Annotated[str, Header(alias="Tus-Resumable", description=f"`{VERSION}`")]
Number = Annotated[int, Header(ge=0, le=1 << 60)]


@router.post(
    ALL,
    status_code=201,
    response_class=Response,
    responses={
        201: {"description": "begun; `Location` is where to send it"},
        412: {"description": "another version of tus"},
        **for_person(404, 409, 413, 422),
    },
    openapi_extra=BOTH,
)
@needs(Action.WRITE_BUCKET)
async def begin_upload(
    parts: TheParts,
    spot: ASpotOfEither,
    expected: AnExpected,
    tus_resumable: TusResumable,
    upload_length: Annotated[Number, Header(alias="Upload-Length")],
    upload_metadata: Annotated[
        str,
        Header(alias="Upload-Metadata", max_length=4000, description="`filename` and the file's path in base64"),
    ],
) -> Response:
    """Begin one. `If-None-Match: *` or `If-Match` say what is to lie under the name when it ends, and now."""
    _check(tus_resumable)
    place = place_of(spot, _path_in(upload_metadata))
    made = await parts.carrying(uploads.begin, place, upload_length, expected)
    at = quoted(spot.namespace, spot.name)
    return _told(201, made, {"Location": f"{parts.settings.api_prefix}/workspaces/{at}/uploads/{made.id}"})


@router.head(ONE, response_class=Response, responses=for_person(404), openapi_extra=BOTH)
@needs(Action.WRITE_BUCKET)
async def look_at_upload(parts: TheParts, spot: ASpotOfEither, upload_id: str) -> Response:
    """How much of it is here."""
    return _told(200, await parts.deeds(uploads.look, _at(spot, upload_id)), {})


@router.patch(
    ONE,
    status_code=204,
    response_class=Response,
    responses={412: {"description": "another version of tus"}, **for_person(404, 408, 409, 422, 429)},
    openapi_extra={
        **BOTH,
        "requestBody": {
            "required": True,
            "content": {PIECE_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
@needs(Action.WRITE_BUCKET)
async def go_on(
    parts: TheParts,
    spot: ASpotOfEither,
    upload_id: str,
    request: Request,
    tus_resumable: TusResumable,
    upload_offset: Annotated[Number, Header(alias="Upload-Offset")],
) -> Response:
    """Send from the byte that the upload is at. With its last byte the file is in the bucket, and not before; 409 says
    where to go on, or that the file is not what was expected any more."""
    _check(tus_resumable)
    if request.headers.get("content-type") != PIECE_TYPE:
        raise Malformed(f"Content-Type must be {PIECE_TYPE} here.")
    at, offset = _at(spot, upload_id), upload_offset
    upload = await parts.deeds(uploads.look, at)
    with closing(parts.room.share(spot.user)) as share:
        async for piece in pieces_of(request.stream(), share):
            upload = await parts.carrying(uploads.append, at, offset, piece)
            offset += len(piece)
    return _told(204, upload, {})


@router.delete(ONE, status_code=204, response_class=Response, responses=for_person(404), openapi_extra=BOTH)
@needs(Action.WRITE_BUCKET)
async def give_up(parts: TheParts, spot: ASpotOfEither, upload_id: str) -> Response:
    """Drop what came of it; the file of one that is done stays."""
    await parts.carrying(uploads.give_up, _at(spot, upload_id))
    return _answer(204, {})


def _check(version: str) -> None:
    if version != VERSION:
        raise TusVersionUnknown


def _at(spot: Spot, upload_id: str) -> At:
    return At(user=spot.user, namespace=spot.namespace, name=spot.name, id=upload_id)


def _path_in(metadata: str) -> str:
    """The value of `filename`. Raises `Malformed`."""
    pairs = (pair.strip().partition(" ") for pair in metadata.split(","))
    values = {key: value for key, _, value in pairs}
    try:
        return base64.b64decode(values["filename"], validate=True).decode()
    except (KeyError, binascii.Error, UnicodeDecodeError) as error:
        raise Malformed("Upload-Metadata must have `filename` with the file's path in base64.") from error


def _told(status: int, upload: Upload, headers: dict[str, str]) -> Response:
    told = {"Upload-Offset": str(upload.received), "Upload-Length": str(upload.size), **headers}
    if upload.is_done:
        told["ETag"] = f'"{upload.version}"'
    else:
        told["Upload-Expires"] = format_datetime(upload.touched_at + LIFETIME, usegmt=True)
    return _answer(status, told)


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": VERSION, "Cache-Control": "no-store", **headers})
