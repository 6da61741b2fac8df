"""REST: copies of notebooks, in the workspace or into another one."""

from __future__ import annotations

from fastapi import APIRouter, Response

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.operations import copies
from terraspawner.operations.notebooks import Place
from terraspawner.web.api_notebooks import ONE
from terraspawner.web.callers import ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.responses import Malformed
from terraspawner.web.schemas import CopyIn, NotebookOut

router = APIRouter(tags=["notebooks"])


@router.post(f"{ONE}/copy", status_code=201, responses=for_person(404, 409, 413, 422, 429), openapi_extra=PERSON)
@needs(Action.READ_NOTEBOOKS)
async def copy_notebook(parts: TheParts, spot: ASpot, path: str, wanted: CopyIn, response: Response) -> NotebookOut:
    """Copy it to a path where nothing is: reading it here and writing there is what it takes.

    The answer says where: `path`, in the workspace that was asked for.
    """
    place = Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=names.notebook_path(path))
    namespace, slash, name = (wanted.workspace or f"{spot.namespace}/{spot.name}").partition("/")
    if not (namespace and slash and name):
        raise Malformed("The workspace is named as namespace/name, such as lab/brain-atlas.")
    made = await parts.deeds(copies.copy_notebook, place, wanted.to, namespace=namespace, name=name)
    response.headers["ETag"] = f'"{made.version}"'
    return NotebookOut.of(made)
