"""REST for operators: groups of people, to which owners give roles in their workspaces."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from terraspawner.domain.access import Action
from terraspawner.operations import groups
from terraspawner.web.callers import AnOperator, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.schemas import In, ListOut, Text

router = APIRouter(tags=["groups"])
MEMBER = "/groups/{group}/members/{member}"


class GroupOut(BaseModel):
    name: str
    is_managed: bool = Field(description="who is in it is said by the sign-in, at each sign-in anew")
    members: list[str]

    @classmethod
    def of(cls, group: groups.Group) -> GroupOut:
        return cls(name=group.name, is_managed=group.is_managed, members=list(group.members))


class GroupIn(In):
    name: Text = Field(description="small letters a-z, digits, '.' and '-'", examples=["students"])


@router.get("/groups", responses=for_person(), openapi_extra=PERSON)
@needs(Action.RUN_ACCOUNTS)
async def list_groups(parts: TheParts, operator: AnOperator) -> ListOut[GroupOut]:  # noqa: ARG001 - the guard
    """All groups with their members, by name. For operators."""
    return ListOut(items=[GroupOut.of(group) for group in await parts.deeds(groups.list_groups)])


@router.post("/groups", status_code=201, responses=for_person(409, 413, 422), openapi_extra=PERSON)
@needs(Action.RUN_ACCOUNTS)
async def create_group(parts: TheParts, operator: AnOperator, wanted: GroupIn) -> GroupOut:
    """Make an empty group. For operators."""
    await parts.deeds(groups.create_group, name=wanted.name, actor=operator.name)
    return GroupOut(name=wanted.name, is_managed=False, members=[])


@router.put(MEMBER, status_code=204, response_model=None, responses=for_person(404, 409), openapi_extra=PERSON)
@needs(Action.RUN_ACCOUNTS)
async def put_group_member(parts: TheParts, operator: AnOperator, group: str, member: str) -> None:
    """Put somebody into a group: the roles that it has are the person's from the next request on. For operators."""
    await parts.deeds(groups.put_member, name=group, user=member, actor=operator.name)


@router.delete(MEMBER, status_code=204, response_model=None, responses=for_person(404, 409), openapi_extra=PERSON)
@needs(Action.RUN_ACCOUNTS)
async def remove_group_member(parts: TheParts, operator: AnOperator, group: str, member: str) -> None:
    """Take somebody out of a group; what runs by a role of the group is paused. For operators."""
    await parts.deeds(groups.remove_member, name=group, user=member, actor=operator.name)
    parts.worker.wake()
