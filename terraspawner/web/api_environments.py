"""REST: the caller's environments."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from terraspawner.domain.access import Action
from terraspawner.domain.disk import DataWish
from terraspawner.domain.environment import HOLDS_CONTAINER, State
from terraspawner.domain.tags import Tagged, checked
from terraspawner.errors import NotAllowed
from terraspawner.operations import oversight, policies, views
from terraspawner.web import changes, live, sights, wishes
from terraspawner.web.callers import APerson, ASpot, ASpotOfPage, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, PERSON_OR_PAGE, Answers, Mine, PaidBy, for_person
from terraspawner.web.schemas import ListOut
from terraspawner.web.schemas_environment import ChangeIn, EnvironmentOut, LogOut, PauseIn, StartIn
from terraspawner.web.schemas_oversight import OverseenOut
from terraspawner.web.sights import Sight, Spot
from terraspawner.web.tag_wishes import WantedTags

router = APIRouter(tags=["environments"])
HERE = "/workspaces/{namespace}/{name}/environment"

_ON_ITS_WAY: Answers = {202: {"model": EnvironmentOut, "description": "on its way; see the state"}}


@router.get(HERE, responses=for_person(404), openapi_extra=PERSON_OR_PAGE)
@needs(Action.SEE)
async def get_environment(parts: TheParts, spot: ASpotOfPage) -> EnvironmentOut:
    """The caller's environment in this workspace; state `none` before there is one."""
    return wishes.told(parts, spot, await sights.look(parts, spot))


@router.post(f"{HERE}/start", responses={**for_person(404, 409, 422, 429), **_ON_ITS_WAY}, openapi_extra=PERSON_OR_PAGE)
@needs(Action.USE_ENVIRONMENT)
async def start_environment(
    parts: TheParts, spot: ASpotOfPage, response: Response, wanted: StartIn | None = None
) -> EnvironmentOut:
    """Create it, resume it, or wake it where it is frozen. 200 when it runs, 202 while it is on its way."""
    wish = wanted or StartIn()
    if spot.is_of_page and wish != StartIn():
        raise NotAllowed("A page of a server starts its environment as it is. Choose on the workspace's page.")
    seen = await wishes.start(
        parts, spot, size=wish.size, image=wish.image, script=wish.startup_script, disk=wish.disk,
        data_disk=wish.data_disk,
    )  # fmt: skip
    answer = wishes.told(parts, spot, seen)
    response.status_code = 200 if answer.state == "running" else 202
    return answer


@router.patch(HERE, responses=for_person(404, 409, 422), openapi_extra=PERSON)
@needs(Action.USE_ENVIRONMENT)
async def change_environment(parts: TheParts, spot: ASpot, change: ChangeIn) -> EnvironmentOut:
    """Give it another size, image, data disk, policy or other tags; first the policy, then the image, then the data
    disk, and what comes after a refusal is not changed.

    Another size keeps container and disk, and what runs goes on; its price counts from now on. It is refused (409,
    `memory-in-use`) where what runs holds more than nine tenths of its memory. Another image is for what is paused: the
    next start makes the container anew from it. The disk stays, what is in the old container alone is lost then. So it
    is with a data disk: `{"size": bytes}` makes one, `{"disk": id}` takes one that is kept, null detaches the one that
    it has, which is kept.
    """
    parts.catalogue.size_named(change.size)
    if change.tags is not None:
        checked(change.tags, Tagged.ENVIRONMENT)
    seen = None
    if change.policy is not None:
        said = change.policy.change()
        await parts.deeds(policies.change_own, user=spot.user, namespace=spot.namespace, name=spot.name, change=said)
    if change.image is not None:
        seen = await changes.change_image(parts, spot, change.image)
    if change.changes_data_disk:
        wish = change.data_disk
        wanted = DataWish(size=wish.size, disk=wish.disk) if wish else DataWish()
        seen = await changes.change_data_disk(parts, spot, wanted)
    if change.size is not None:
        seen = await changes.change_size(parts, spot, change.size)
    if change.tags is not None:
        seen = await changes.change_tags(parts, spot, change.tags)
    return wishes.told(parts, spot, seen or await sights.look(parts, spot))


@router.post(f"{HERE}/pause", responses={**for_person(404, 409), **_ON_ITS_WAY}, openapi_extra=PERSON)
@needs(Action.END_OWN_ENVIRONMENT)
async def pause_environment(
    parts: TheParts, spot: ASpot, response: Response, how: PauseIn | None = None
) -> EnvironmentOut:
    """Stop it; container and disk are kept. With `freeze` it stands still and keeps its memory and what runs in it.

    200 when it is paused (or frozen), 202 while it is on its way. A frozen one can be paused, a paused one not frozen.
    """
    wanted, act = ("frozen", wishes.freeze) if how and how.freeze else ("paused", wishes.pause)
    answer = wishes.told(parts, spot, await act(parts, spot))
    response.status_code = 200 if answer.state == wanted else 202
    return answer


@router.post(f"{HERE}/cancel", responses={**for_person(404, 409), **_ON_ITS_WAY}, openapi_extra=PERSON)
@needs(Action.END_OWN_ENVIRONMENT)
async def cancel_start(parts: TheParts, spot: ASpot, response: Response) -> EnvironmentOut:
    """Call off a start, whatever step it has come to; the disk is kept. 200 when nothing is under way any more."""
    seen = await wishes.cancel(parts, spot)
    response.status_code = 202 if seen.is_cancellable or seen.view.state is State.PAUSING else 200
    return wishes.told(parts, spot, seen)


@router.delete(
    HERE, status_code=204, response_model=None, responses={**for_person(404, 409), **_ON_ITS_WAY}, openapi_extra=PERSON
)
@needs(Action.END_OWN_ENVIRONMENT)
async def delete_environment(
    parts: TheParts,
    spot: ASpot,
    disk: Annotated[
        Literal["keep", "delete"], Query(description="what becomes of the disk; `delete` puts it into the trash")
    ] = "keep",
    data_disk: Annotated[Literal["keep", "delete"], Query(description="the same of its data disk")] = "keep",
    force: Annotated[bool, Query(description="lose changes that are only on the disk")] = False,
) -> Response:
    """Delete it. 204 when it is gone, 202 while it is on its way.

    It goes into the trash with its stopped container, unless it never came up: `GET /trash` has it, and its person can
    restore it with what was installed in it. What runs is paused first, so that it saves and sends what is unsaved
    (not with `force`); then its key and its server's token are dead.
    """
    left = await wishes.delete(
        parts, spot, deletes_disk=disk == "delete", deletes_data_disk=data_disk == "delete", loses_unsent=force
    )
    if left is None:
        return Response(status_code=204)
    body = wishes.told(parts, spot, left).model_dump_json()
    return Response(body, status_code=202, media_type="application/json")


@router.get(
    f"{HERE}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {}},
            "description": "event `environment`, with the environment as JSON, now and at each change",
        },
        **for_person(404),
    },
    openapi_extra=PERSON,
)
@needs(Action.SEE)
async def environment_events(parts: TheParts, spot: ASpot) -> StreamingResponse:
    """The environment now and at each change, as server-sent events."""
    await sights.look(parts, spot)  # a refusal is told as a status, before the stream begins

    def tell(sight: Sight) -> list[tuple[str, str]]:
        return [("environment", wishes.told(parts, spot, sight).model_dump_json())]

    return live.stream(parts, spot.user, lambda: sights.look(parts, spot), tell)


@router.get(f"{HERE}/log", responses=for_person(404), openapi_extra=PERSON)
@needs(Action.SEE)
async def environment_log(
    parts: TheParts,
    spot: ASpot,
    lines: Annotated[int, Query(ge=1, le=1000)] = 100,
    source: Annotated[Literal["container", "startup"], Query(description="whose log")] = "container",
) -> LogOut:
    """The last lines of the container's log, after a failed start those of that start; or of the startup script's.

    The startup script's can be read while it runs; its end is kept with the environment.
    """
    view = (await sights.look(parts, spot)).view
    here = view.environment
    if here is None:
        return LogOut(lines=[])
    if source == "startup":
        runs = sights.runs_script(view)
        said = await sights.script_log(parts, here, lines) if runs else here.startup_log.splitlines()
        return LogOut(lines=said[-lines:])
    kept = here.log.splitlines()[-lines:]
    if kept or here.state not in HOLDS_CONTAINER:
        return LogOut(lines=kept)
    return LogOut(lines=await parts.host.log(here.id, lines))


@router.get("/environments", responses=for_person(404, 422), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def list_environments(
    parts: TheParts,
    person: APerson,
    project: PaidBy = None,
    mine: Mine = False,
    cursor: Annotated[str, Query(max_length=100, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=oversight.MOST)] = 100,
    tags: WantedTags = (),
) -> ListOut[EnvironmentOut] | ListOut[OverseenOut]:
    """All environments of the caller; to an operator everybody's, page by page; with `project` all that it pays for.

    Of others it is told whose they are, where, in which state and at what cost: not what runs in them.
    """
    if project is not None or (person.account.is_operator and not mine):
        page = await parts.deeds(
            oversight.list_environments, actor=person.name, namespace=project, after=cursor, limit=limit, wanted=tags
        )
        return ListOut[OverseenOut](items=[OverseenOut.of(each) for each in page.items], next=page.next)
    if cursor:
        raise oversight.no_such_page()  # one's own are told at once
    answers = []
    for view in await parts.deeds(views.views_of, person.name, tags):
        server = (person.name, view.workspace.slug)
        sight = Sight(
            view=view,
            is_asked=parts.launches.is_under_way(server),
            fault=parts.launches.fault(server),
            mount=parts.bucket_mounts.standing(view),
        )
        spot = Spot(user=person.name, namespace=view.workspace.namespace, name=view.workspace.name)
        answers.append(wishes.told(parts, spot, sight))
    return ListOut[EnvironmentOut](items=answers)
