"""REST: who belongs to a workspace, and in which role."""

from __future__ import annotations

from fastapi import APIRouter

from terraspawner.domain.access import Action
from terraspawner.operations import members
from terraspawner.web.callers import ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.schemas import ListOut
from terraspawner.web.schemas_access import MemberIn, MemberOut

router = APIRouter(tags=["people and workspaces"])

LIST = "/workspaces/{namespace}/{name}/members"
ONE = f"{LIST}/{{member:tail}}"
"""The name of a group that the sign-in manages may have slashes in it."""


@router.get(LIST, responses=for_person(404), openapi_extra=PERSON)
@needs(Action.SEE_MEMBERS)
async def list_members(parts: TheParts, spot: ASpot) -> ListOut[MemberOut]:
    """Who belongs to the workspace by name: people first, then groups."""
    found = await parts.deeds(members.list_members, user=spot.user, namespace=spot.namespace, name=spot.name)
    return ListOut(items=[MemberOut.of(member) for member in found])


@router.put(ONE, responses=for_person(404, 409, 413), openapi_extra=PERSON)
@needs(Action.CHANGE_MEMBERS)
async def put_member(parts: TheParts, spot: ASpot, member: str, wanted: MemberIn) -> MemberOut:
    """Give a person, or the people of a group (`group:` and its name), a role. It counts from their next request on.
    For owners."""
    given = await parts.deeds(
        members.put_member,
        actor=spot.user,
        namespace=spot.namespace,
        name=spot.name,
        who=member,
        role=wanted.role,
        may_compute=wanted.compute,
    )
    parts.worker.wake()  # who has less now: what runs is paused
    return MemberOut.of(given)


@router.delete(ONE, status_code=204, response_model=None, responses=for_person(404, 409), openapi_extra=PERSON)
@needs(Action.CHANGE_MEMBERS, of_oneself=Action.LEAVE)
async def remove_member(parts: TheParts, spot: ASpot, member: str) -> None:
    """Take a role away, from the next request on; what runs is paused. For owners, and for oneself."""
    await parts.deeds(members.remove_member, actor=spot.user, namespace=spot.namespace, name=spot.name, who=member)
    parts.worker.wake()
