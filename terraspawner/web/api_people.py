"""REST: who am I, which workspaces."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from terraspawner.domain.access import Action
from terraspawner.operations import groups, policies, projects, trash, workspaces
from terraspawner.web import endings
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.parts import Parts
from terraspawner.web.schemas import ListOut, WorkspaceIn, WorkspaceOut
from terraspawner.web.schemas_access import ProjectOut, WhoAmI
from terraspawner.web.schemas_accounts import roles_of
from terraspawner.web.schemas_disks import TrashOut
from terraspawner.web.schemas_workspace import WorkspaceChangeIn, WorkspaceDetailsOut
from terraspawner.web.sights import Spot

router = APIRouter(tags=["people and workspaces"])


@router.get("/whoami", responses=for_person(), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def whoami(parts: TheParts, person: APerson) -> WhoAmI:
    """The caller: user, roles, groups, billing projects."""
    found = await parts.deeds(projects.list_projects, person.name)
    return WhoAmI(
        name=person.name,
        email=person.account.email,
        roles=roles_of(person.account),
        groups=await parts.deeds(groups.groups_of, person.name),
        projects=[ProjectOut.of(each) for each in found],
    )


@router.get("/workspaces", responses=for_person(), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def list_workspaces(parts: TheParts, person: APerson) -> ListOut[WorkspaceOut]:
    """The workspaces in which the caller has a role: own ones and shared ones, by name."""
    found = await parts.deeds(workspaces.list_workspaces, person.name)
    return ListOut(items=[WorkspaceOut.of(member) for member in found])


@router.post("/workspaces", status_code=201, responses=for_person(404, 409, 413, 422), openapi_extra=PERSON)
@needs(Action.CREATE_WORKSPACE)
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
@needs(Action.SEE)
async def get_workspace(parts: TheParts, spot: ASpot) -> WorkspaceDetailsOut:
    """One workspace, with the caller's role in it."""
    return await _details(parts, spot)


@router.delete("/workspaces/{namespace}/{name}", responses=for_person(404, 409), openapi_extra=PERSON)
@needs(Action.DELETE_WORKSPACE)
async def delete_workspace(
    parts: TheParts,
    spot: ASpot,
    force: Annotated[bool, Query(description="although others have something there, or work is not saved yet")] = False,
) -> TrashOut:
    """Put it into the trash, with all that is in it: it is gone for everybody, and its name is free. For owners.

    Environments in it end; what is unsaved there is saved first. 409 while others have environments or disks there,
    unless `force`.
    """
    item = await endings.delete_workspace(parts, spot.user, spot.namespace, spot.name, force=force)
    return TrashOut.of(await parts.deeds(trash.describe, item))


@router.patch("/workspaces/{namespace}/{name}", responses=for_person(404, 413, 422), openapi_extra=PERSON)
@needs(Action.CHANGE_WORKSPACE)
async def change_workspace(parts: TheParts, spot: ASpot, wanted: WorkspaceChangeIn) -> WorkspaceDetailsOut:
    """Give it another title, or say when environments in it pause where their persons say nothing else; the policy
    first. Its name, address and folders stay. For owners.
    """
    here = {"actor": spot.user, "namespace": spot.namespace, "name": spot.name}
    if wanted.policy is not None:
        await parts.deeds(policies.change_default, **here, change=wanted.policy.change())
    if wanted.title is not None:
        await parts.deeds(workspaces.change_workspace, **here, title=wanted.title)
    return await _details(parts, spot)


async def _details(parts: Parts, spot: Spot) -> WorkspaceDetailsOut:
    member = await parts.deeds(
        workspaces.membership, user=spot.user, namespace=spot.namespace, name=spot.name, action=Action.SEE
    )
    return WorkspaceDetailsOut.with_policy(member, await parts.deeds(policies.plan_of_workspace, member))
