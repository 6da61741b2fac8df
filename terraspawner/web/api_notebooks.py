"""REST: the notebooks of a workspace. Called by people and, with its key, by the environment of that workspace.

A `{path}` ends at its first segment that ends in ``.ipynb``. Versions travel as ETags: a save names the one it
is based on. Bodies are stored as they come; the size limit holds while they are read.
"""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from terraspawner.domain import names, notebook_list
from terraspawner.domain.access import Action
from terraspawner.domain.lease import Editor
from terraspawner.domain.notebook import Mode
from terraspawner.domain.notebook_list import Sort, Wanted
from terraspawner.errors import NotFound, Refused
from terraspawner.operations import leases, notebook_lists, notebooks, workspaces
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.operations.notebooks import Place
from terraspawner.web import wishes
from terraspawner.web.addresses import lab_url, playground_url
from terraspawner.web.bodies import read_notebook_body
from terraspawner.web.callers import ASpot, ASpotOfEither, TheParts
from terraspawner.web.conditions import ASaving, IfMatch, IfNoneMatch, version_named
from terraspawner.web.declared import needs
from terraspawner.web.lease_claims import AClaim, AClaimOfEither
from terraspawner.web.openapi import BOTH, PERSON, for_person
from terraspawner.web.reservations import reserved
from terraspawner.web.responses import Malformed
from terraspawner.web.room import InPieces
from terraspawner.web.schemas import FolderOut, NotebookIn, NotebookListOut, NotebookOut, OpenIn, RenameIn, SavedOut
from terraspawner.web.schemas_environment import EnvironmentOut, OpenOut
from terraspawner.web.schemas_leases import LeaseOut
from terraspawner.web.sights import Spot

router = APIRouter(tags=["notebooks"])

LIST = "/workspaces/{namespace}/{name}/notebooks"
ONE = f"{LIST}/{{path:tail}}"
NOTEBOOK_TYPE = "application/x-ipynb+json"
NOTEBOOK_BYTES: dict[str, Any] = {
    NOTEBOOK_TYPE: {
        "schema": {"type": "object", "description": "a Jupyter notebook, nbformat 4", "required": ["nbformat"]}
    }
}
NOTEBOOK_AS_IT_IS: dict[str, Any] = {
    "content": NOTEBOOK_BYTES,
    "description": "the notebook, byte for byte as it was stored",
}


@router.get(LIST, responses=for_person(404, 422), openapi_extra=BOTH)
@needs(Action.READ_NOTEBOOKS)
async def list_notebooks(
    parts: TheParts,
    spot: ASpotOfEither,
    folder: Annotated[
        str | None, Query(max_length=2000, description="only what lies in it itself, empty for the top; without it all")
    ] = None,
    q: Annotated[str, Query(max_length=200, description="words that the path has, in the folder and below it")] = "",
    sort: Sort = Sort.NAME,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
    limit: Annotated[int, Query(ge=1, le=notebook_list.MOST)] = notebook_list.MOST,
) -> NotebookListOut:
    """The notebooks of a workspace. `next` is the `cursor` of the page that follows in the same order."""
    here = {"user": spot.user, "namespace": spot.namespace, "name": spot.name}
    wanted = Wanted(folder=folder, q=q, sort=sort, cursor=cursor, limit=limit)
    page = await parts.deeds(notebook_lists.list_page, **here, wanted=wanted)
    edited = await parts.deeds(leases.look_at_all, **here)
    asks = Editor(user=spot.user, environment=spot.environment, session="")
    told = {path: LeaseOut.of(sight, asks) for path, sight in edited.items()}
    return NotebookListOut(
        items=[NotebookOut.of(info, told.get(info.path)) for info in page.items],
        next=page.next,
        total=page.total,
        folders=[FolderOut.of(each) for each in page.folders],
    )


@router.post(LIST, status_code=201, responses=for_person(404, 409, 413, 422), openapi_extra=PERSON)
@needs(Action.WRITE_NOTEBOOKS)
async def create_notebook(parts: TheParts, spot: ASpot, wanted: NotebookIn, response: Response) -> NotebookOut:
    """Create an empty notebook from what a person calls it; it is in the bucket at once."""
    place = _place(spot, wanted.name)
    info = await parts.deeds(notebooks.create_notebook, place, wanted.kernel)
    response.headers["ETag"] = _etag(info)
    return NotebookOut.of(info)


@router.get(
    ONE,
    response_class=Response,
    responses={
        200: NOTEBOOK_AS_IT_IS,
        304: {"description": "it is still the version in If-None-Match"},
        **for_person(404, 422, 429),
    },
    openapi_extra=BOTH,
)
@needs(Action.READ_NOTEBOOKS)
async def read_notebook(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The notebook as stored, with its version as ETag."""
    place = _place(spot, _only_path(path))
    body, info = await parts.deeds(notebooks.read_notebook, place)
    share = parts.room.share(spot.user)
    share.grow(len(body))
    headers = notebook_headers(place.path, info.version)
    if if_none_match and _etag(info) in [tag.strip() for tag in if_none_match.split(",")]:
        share.close()
        return Response(status_code=304, headers=headers)
    return InPieces(body, share, media_type=NOTEBOOK_TYPE, headers=headers)


@router.put(
    ONE,
    responses={201: {"model": SavedOut, "description": "created"}, **for_person(404, 408, 409, 413, 422, 423, 429)},
    openapi_extra={**BOTH, "requestBody": {"required": True, "content": NOTEBOOK_BYTES}},
)
@needs(Action.WRITE_NOTEBOOKS)
async def save_notebook(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    request: Request,
    response: Response,
    claim: AClaimOfEither,
    saving: ASaving,
) -> SavedOut:
    """Create (`If-None-Match: *`) or replace (`If-Match: "<version>"`); never overwrites another version.

    `Lease-Session` and `Lease-Fence` say by which lease: a good one is renewed, an old one refused (409 `lease-lost`).
    Without them it is refused while somebody else edits the notebook (423 `lease-held`), and from an environment also
    where nobody does (409 `lease-needed`); what creates a notebook needs none.

    The same bytes sent again are answered as before, with the same `Save-Id` also when others saved since. Otherwise
    409 `notebook-moved-on` has the present version in its details, null where there is none.
    """
    place = _place(spot, _only_path(path))
    with closing(parts.room.share(spot.user)) as share:
        body = await read_notebook_body(request.stream(), parts.settings.notebook_limit, place.path, share)
        info = await parts.deeds(
            notebooks.save_notebook, place, body, saving.base, claim, save_id=saving.save_id, kind=saving.kind
        )
    response.status_code = 201 if saving.base is None else 200
    response.headers["ETag"] = _etag(info)
    return SavedOut.of(spot.told(info))


@router.delete(
    ONE, status_code=204, response_model=None, responses=for_person(404, 409, 422, 423), openapi_extra=PERSON
)
@needs(Action.WRITE_NOTEBOOKS)
async def delete_notebook(parts: TheParts, spot: ASpot, path: str, claim: AClaim, if_match: IfMatch = None) -> None:
    """Put it into the trash, unless somebody else edits it; with If-Match only if it is still that version."""
    place = _place(spot, _only_path(path))
    if if_match is None:
        _, info = await parts.deeds(notebooks.read_notebook, place)
        base = info.version
    else:
        base = version_named(if_match)
    await parts.deeds(notebooks.delete_notebook, place, base, claim)


@router.post(f"{ONE}/rename", responses=for_person(404, 409, 413, 422, 423), openapi_extra=BOTH)
@needs(Action.WRITE_NOTEBOOKS)
async def rename_notebook(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    wanted: RenameIn,
    response: Response,
    claim: AClaimOfEither,
    if_match: IfMatch = None,
) -> SavedOut:
    """Give it another path, if it is still the version in If-Match and nobody else edits it.

    The lease of who names it (`Lease-Session`, `Lease-Fence`) goes along; the answer's `Lease-Fence` is its new one.
    """
    if if_match is None:
        raise Malformed('Say which version you rename: If-Match: "<version>".')
    place = _place(spot, names.notebook_path(path))
    base = version_named(if_match)
    info = await parts.deeds(notebooks.rename_notebook, place, spot.inside(wanted.to), base, claim)
    response.headers["ETag"] = _etag(info)
    if claim.fence is not None:
        sight = await parts.deeds(leases.look, replace(place, path=info.path))
        response.headers["Lease-Fence"] = str(sight.lease.fence)
    return SavedOut.of(spot.told(info))


@router.post(
    f"{ONE}/open",
    responses={
        202: {"model": OpenOut, "description": "the environment is on its way"},
        **for_person(404, 409, 413, 422, 423, 429),
    },
    openapi_extra=PERSON,
)
@needs(Action.READ_NOTEBOOKS, Action.USE_ENVIRONMENT)
async def open_notebook(parts: TheParts, spot: ASpot, path: str, wanted: OpenIn, response: Response) -> OpenOut:
    """Start what is needed and say where the notebook opens. 200 when it answers there, 202 while it is on its way.

    To edit takes a writer, and 423 says that another person edits it; then nothing is started. It is reserved for the
    tab that the url opens, until that has come or the start would have taken too long. In the playground every reader
    opens a copy of their own.
    """
    mode, place = _mode(wanted.mode), _place(spot, names.notebook_path(path))
    if mode is Mode.EDIT:
        await parts.deeds(workspaces.enter, user=spot.user, **spot.notebooks, action=Action.WRITE_NOTEBOOKS)
    _, info = await parts.deeds(notebooks.read_notebook, place)
    wish = wanted.environment
    async with reserved(parts, place) if mode is Mode.EDIT else nullcontext() as kept:
        sight = await wishes.start_for(parts, spot, info, size=wish.size, image=wish.image)
    environment: EnvironmentOut = wishes.told(parts, spot, sight)
    response.status_code = 200 if environment.state == "running" else 202
    where = lab_url if mode is Mode.EDIT else playground_url
    return OpenOut(
        url=where(parts.settings, spot.user, sight.view.workspace, names.notebook_path(path)),
        mode=mode,
        lease=LeaseOut.of(kept, Editor(user=spot.user, environment="", session="")) if kept else None,
        environment=environment,
    )


# --- where, which version ---


def notebook_headers(path: str, version: str) -> dict[str, str]:
    """Of an answer with a notebook's bytes, which are anybody's."""
    return {
        "ETag": f'"{version}"',
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "sandbox",  # a notebook opened as a page runs nothing in our origin
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(path.rpartition('/')[2], safe='')}",
        "X-Content-Type-Options": "nosniff",
    }


def _mode(wanted: str) -> Mode:
    try:
        return Mode(wanted)
    except ValueError:
        offered = " or ".join(repr(str(mode)) for mode in Mode)
        raise Refused(f"There is no mode {wanted!r}. Open the notebook in the mode {offered}.") from None


def _place(spot: Spot, path: str) -> Place:
    return spot.place(path)


def _only_path(text: str) -> str:
    """The notebook's path. Raises `NotFound` where more follows it: nothing of that name is offered."""
    path, rest = names.split_at_notebook(text)
    if rest:
        raise NotFound(f"A notebook has nothing called {rest!r} that could be asked for here.")
    return path


def _etag(info: NotebookInfo) -> str:
    return f'"{info.version}"'
