"""REST: billing projects and who belongs to them."""

from __future__ import annotations

from fastapi import APIRouter

from terraspawner.domain.access import Action
from terraspawner.operations import projects
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.schemas import ListOut
from terraspawner.web.schemas_access import (
    ProjectChangeIn,
    ProjectDetailsOut,
    ProjectIn,
    ProjectMemberIn,
    ProjectMemberOut,
    ProjectOut,
)

router = APIRouter(tags=["billing projects"])

ONE = "/projects/{namespace}"
MEMBER = f"{ONE}/members/{{member:tail}}"
"""The name of a group that the sign-in manages may have slashes in it."""


@router.get("/projects", responses=for_person(), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def list_projects(parts: TheParts, person: APerson) -> ListOut[ProjectOut]:
    """The billing projects that the caller belongs to, the personal one first."""
    return ListOut(items=[ProjectOut.of(each) for each in await parts.deeds(projects.list_projects, person.name)])


@router.post("/projects", status_code=201, responses=for_person(409, 413, 422), openapi_extra=PERSON)
@needs(Action.CREATE_PROJECT)
async def create_project(parts: TheParts, person: APerson, wanted: ProjectIn) -> ProjectDetailsOut:
    """Create a billing project; the caller is its owner. Operators say who may."""
    return ProjectDetailsOut.of_view(
        await parts.deeds(projects.create_project, user=person.name, namespace=wanted.namespace, title=wanted.title)
    )


@router.get(ONE, responses=for_person(404), openapi_extra=PERSON)
@needs(Action.SEE_PROJECT)
async def get_project(parts: TheParts, person: APerson, namespace: str) -> ProjectDetailsOut:
    """One billing project, with the caller's role in it and its members."""
    return ProjectDetailsOut.of_view(await parts.deeds(projects.get_project, user=person.name, namespace=namespace))


@router.patch(ONE, responses=for_person(404, 413, 422), openapi_extra=PERSON)
@needs(Action.CHANGE_PROJECT)
async def change_project(
    parts: TheParts, person: APerson, namespace: str, wanted: ProjectChangeIn
) -> ProjectDetailsOut:
    """Give it another title; its name stays. For its owners."""
    return ProjectDetailsOut.of_view(
        await parts.deeds(projects.change_project, actor=person.name, namespace=namespace, title=wanted.title)
    )


@router.put(MEMBER, responses=for_person(404, 409, 413), openapi_extra=PERSON)
@needs(Action.CHANGE_PROJECT_MEMBERS)
async def put_project_member(
    parts: TheParts, person: APerson, namespace: str, member: str, wanted: ProjectMemberIn
) -> ProjectMemberOut:
    """Make a person, or the people of a group (`group:` and its name), owners or members of the project: a member may
    create workspaces that it pays for. For its owners."""
    return ProjectMemberOut.of(
        await parts.deeds(projects.put_member, actor=person.name, namespace=namespace, who=member, role=wanted.role)
    )


@router.delete(MEMBER, status_code=204, response_model=None, responses=for_person(404, 409), openapi_extra=PERSON)
@needs(Action.CHANGE_PROJECT_MEMBERS, of_oneself=Action.LEAVE_PROJECT)
async def remove_project_member(parts: TheParts, person: APerson, namespace: str, member: str) -> None:
    """Take somebody, or a group, out of the project; what they are in its workspaces stays. For its owners, and for
    oneself."""
    await parts.deeds(projects.remove_member, actor=person.name, namespace=namespace, who=member)
