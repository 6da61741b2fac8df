"""REST: who am I, which billing projects, which workspaces."""

from __future__ import annotations

from fastapi import APIRouter

from terraspawner.domain.access import Action
from terraspawner.operations import accounts, workspaces
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.parts import Parts
from terraspawner.web.schemas import ListOut, ProjectOut, WhoAmI, WorkspaceIn, WorkspaceOut

router = APIRouter(tags=["people and workspaces"])


@router.get("/whoami", responses=for_person(), openapi_extra=PERSON)
async def whoami(parts: TheParts, person: APerson) -> WhoAmI:
    """The caller: user, roles, billing projects."""
    return WhoAmI(
        name=person.name,
        email=person.account.email,
        roles=["user", "operator"] if person.account.is_operator else ["user"],
        projects=await _projects(parts, person),
    )


@router.get("/projects", responses=for_person(), openapi_extra=PERSON)
async def list_projects(parts: TheParts, person: APerson) -> ListOut[ProjectOut]:
    """The caller's billing projects."""
    return ListOut(items=await _projects(parts, person))


@router.get("/workspaces", responses=for_person(), openapi_extra=PERSON)
async def list_workspaces(parts: TheParts, person: APerson) -> ListOut[WorkspaceOut]:
    """The caller's workspaces, by name."""
    found = await parts.deeds(workspaces.list_workspaces, person.name)
    return ListOut(items=[WorkspaceOut.of(member) for member in found])


@router.post("/workspaces", status_code=201, responses=for_person(404, 409, 413, 422), openapi_extra=PERSON)
async def create_workspace(parts: TheParts, person: APerson, wanted: WorkspaceIn) -> WorkspaceOut:
    """Create a workspace with its bucket; the caller is its owner."""
    made = await parts.deeds(
        workspaces.create_workspace,
        user=person.name,
        namespace=wanted.namespace,
        name=wanted.name,
        storage=wanted.storage,
    )
    return WorkspaceOut.of(made)


@router.get("/workspaces/{namespace}/{name}", responses=for_person(404), openapi_extra=PERSON)
async def get_workspace(parts: TheParts, spot: ASpot) -> WorkspaceOut:
    """One workspace, with the caller's role in it."""
    return WorkspaceOut.of(
        await parts.deeds(
            workspaces.membership, user=spot.user, namespace=spot.namespace, name=spot.name, action=Action.SEE
        )
    )


async def _projects(parts: Parts, person: Person) -> list[ProjectOut]:
    namespace = await parts.deeds(accounts.personal_namespace, person.name)
    return [ProjectOut(namespace=namespace, role="owner", is_personal=True)] if namespace else []
