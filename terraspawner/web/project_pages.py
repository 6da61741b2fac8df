"""Pages: billing projects and who belongs to them, and, for operators, groups. A refusal stands beside the fields."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from terraspawner.domain.access import Action, ProjectRole, permits
from terraspawner.errors import Conflict, NotFound, ProjectMissing, Refused, TerraError
from terraspawner.operations import groups, projects
from terraspawner.web.auth import Person
from terraspawner.web.callers import AnOperator, APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.pages import Field, see
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of

router = APIRouter(include_in_schema=False)

_LONGEST = 300
_SHOWN = (Refused, Conflict, NotFound)


# --- billing projects ---


@router.get("/projects")
@needs(Action.ABOUT_ONESELF)
async def all_projects(parts: TheParts, person: APerson) -> Response:
    """Those that the person belongs to; the form for a new one, for who may."""
    return await _projects(parts, person)


@router.post("/projects")
@needs(Action.CREATE_PROJECT)
async def create(parts: TheParts, person: APerson, namespace: Field = "", title: Field = "") -> Response:
    """The form for a new one."""
    wanted = {"namespace": namespace[:_LONGEST].strip(), "title": title[:_LONGEST].strip()}
    try:
        made = await parts.deeds(projects.create_project, user=person.name, **wanted)
    except _SHOWN as error:
        return await _projects(parts, person, error=error, wanted=wanted)
    return see(_address(parts, made.membership.project.namespace))


@router.get("/projects/{namespace}")
@needs(Action.SEE_PROJECT)
async def one(parts: TheParts, person: APerson, namespace: str) -> Response:
    """One: who pays, who belongs to it."""
    return await _project(parts, person, namespace)


@router.post("/projects/{namespace}")
@needs(Action.CHANGE_PROJECT)
async def change(parts: TheParts, person: APerson, namespace: str, title: Field = "") -> Response:
    """The form with the title; an empty one takes it away."""
    try:
        await parts.deeds(
            projects.change_project, actor=person.name, namespace=namespace, title=title[:_LONGEST].strip()
        )
    except _SHOWN as error:
        return await _project(parts, person, namespace, error=error, wanted=title[:_LONGEST])
    return see(_address(parts, namespace))


@router.post("/projects/{namespace}/people")
@needs(Action.CHANGE_PROJECT_MEMBERS)
async def put_member(parts: TheParts, person: APerson, namespace: str, who: Field = "", role: Field = "") -> Response:
    """Add somebody, or change what somebody is."""
    who = who[:_LONGEST].strip()
    try:
        await parts.deeds(projects.put_member, actor=person.name, namespace=namespace, who=who, role=_role(role))
    except _SHOWN as error:
        return await _project(parts, person, namespace, fault=error, invited=who)
    return see(f"{_address(parts, namespace)}#people")


@router.post("/projects/{namespace}/people/remove")
@needs(Action.CHANGE_PROJECT_MEMBERS)
async def remove_member(parts: TheParts, person: APerson, namespace: str, who: Field = "") -> Response:
    """The dialog of the button Remove."""
    return await _removed(parts, person, namespace, who[:_LONGEST])


@router.post("/projects/{namespace}/leave")
@needs(Action.LEAVE_PROJECT)
async def leave(parts: TheParts, person: APerson, namespace: str) -> Response:
    """The dialog of the button Leave."""
    return await _removed(parts, person, namespace, person.name)


async def _removed(parts: Parts, person: Person, namespace: str, who: str) -> Response:
    try:
        await parts.deeds(projects.remove_member, actor=person.name, namespace=namespace, who=who)
    except _SHOWN as error:
        return await _project(parts, person, namespace, fault=error)
    return see(f"{parts.settings.service_prefix}projects" if who == person.name else _address(parts, namespace))


async def _projects(
    parts: Parts, person: Person, *, error: TerraError | None = None, wanted: dict[str, str] | None = None
) -> Response:
    return parts.pages.page(
        "projects.html",
        person,
        status=status_of(error) if error else 200,
        projects=await parts.deeds(projects.list_projects, person.name),
        may_create=bool(permits(projects.standing_of(person.account), Action.CREATE_PROJECT)),
        error=error,
        wanted=wanted or {},
    )


async def _project(
    parts: Parts,
    person: Person,
    namespace: str,
    *,
    error: TerraError | None = None,
    wanted: str = "",
    fault: TerraError | None = None,
    invited: str = "",
) -> Response:
    """`error` stands beside the title, `fault` with the people; who may not see the project is not shown its page."""
    problem = error or fault
    if isinstance(problem, ProjectMissing):
        raise problem
    view = await parts.deeds(projects.get_project, user=person.name, namespace=namespace)
    return parts.pages.page(
        "project.html",
        person,
        status=status_of(problem) if problem else 200,
        project=view.membership.project,
        role=view.membership.role,
        is_owner=view.membership.role is ProjectRole.OWNER,
        people=view.members,
        named=any(each.address == person.name for each in view.members),
        here=_address(parts, namespace),
        error=error,
        wanted=wanted,
        fault=fault,
        invited=invited,
    )


def _role(text: str) -> ProjectRole:
    try:
        return ProjectRole(text)
    except ValueError:
        raise Refused("Choose a role: owner or member.") from None


def _address(parts: Parts, namespace: str) -> str:
    return f"{parts.settings.service_prefix}projects/{quoted(namespace)}"


# --- groups, for operators ---


@router.get("/groups")
@needs(Action.RUN_ACCOUNTS)
async def all_groups(parts: TheParts, operator: AnOperator) -> Response:
    """All groups with who is in them."""
    return await _groups(parts, operator)


@router.post("/groups")
@needs(Action.RUN_ACCOUNTS)
async def create_group(parts: TheParts, operator: AnOperator, name: Field = "") -> Response:
    """The form for a new one."""
    name = name[:_LONGEST].strip()
    try:
        await parts.deeds(groups.create_group, name=name, actor=operator.name)
    except _SHOWN as error:
        return await _groups(parts, operator, error=error, wanted=name)
    return see(f"{parts.settings.service_prefix}groups")


@router.post("/groups/{group}/people")
@needs(Action.RUN_ACCOUNTS)
async def join(parts: TheParts, operator: AnOperator, group: str, who: Field = "") -> Response:
    """The form beside a group: put somebody in."""
    try:
        await parts.deeds(groups.put_member, name=group, user=who[:_LONGEST].strip(), actor=operator.name)
    except _SHOWN as error:
        return await _groups(parts, operator, fault=error)
    return see(f"{parts.settings.service_prefix}groups")


@router.post("/groups/{group}/people/remove")
@needs(Action.RUN_ACCOUNTS)
async def take_out(parts: TheParts, operator: AnOperator, group: str, who: Field = "") -> Response:
    """The dialog of the button Remove: what runs by a role of the group is paused."""
    try:
        await parts.deeds(groups.remove_member, name=group, user=who[:_LONGEST], actor=operator.name)
    except _SHOWN as error:
        return await _groups(parts, operator, fault=error)
    parts.worker.wake()
    return see(f"{parts.settings.service_prefix}groups")


async def _groups(
    parts: Parts,
    operator: Person,
    *,
    error: TerraError | None = None,
    wanted: str = "",
    fault: TerraError | None = None,
) -> Response:
    problem = error or fault
    return parts.pages.page(
        "groups.html",
        operator,
        status=status_of(problem) if problem else 200,
        groups=await parts.deeds(groups.list_groups),
        error=error,
        wanted=wanted,
        fault=fault,
    )
