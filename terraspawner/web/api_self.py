"""REST for environments: what one says of itself, by its key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from terraspawner.domain.access import Action
from terraspawner.operations import identities
from terraspawner.web import wishes
from terraspawner.web.callers import AnEnvironment, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import ENVIRONMENT, for_person
from terraspawner.web.schemas_self import ActivityIn, CallsOut, OutboxIn, SelfOut
from terraspawner.web.schemas_stops import DecisionOut, ReportedOut
from terraspawner.web.sights import Spot

LONGEST_WAIT = 60.0

router = APIRouter(prefix="/environments/self", tags=["from inside an environment"])


@router.get("", responses=for_person(), openapi_extra=ENVIRONMENT)
@needs(Action.USE_ENVIRONMENT)
async def get_self(environment: AnEnvironment) -> SelfOut:
    """Which environment this key speaks for."""
    return SelfOut.of(environment)


@router.get("/calls", responses=for_person(), openapi_extra=ENVIRONMENT)
@needs(Action.USE_ENVIRONMENT)
async def await_calls(
    parts: TheParts,
    environment: AnEnvironment,
    seen: Annotated[int, Query(ge=0, le=2**53, description="the number that was answered last")] = 0,
    seconds: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="to wait for another one")] = 0,
) -> CallsOut:
    """Wait until somebody asks for a notebook that is edited here, or an owner begins to take one over. The leases say
    which."""
    return CallsOut(
        seen=await parts.calls.wait(environment.environment.id, seen=seen, seconds=min(seconds, parts.pace.call))
    )


@router.post("/activity", responses=for_person(413), openapi_extra=ENVIRONMENT)
@needs(Action.USE_ENVIRONMENT)
async def note_activity(parts: TheParts, environment: AnEnvironment, said: ActivityIn) -> ReportedOut:
    """What runs now, what memory it takes, and when somebody was there. The answer says when it is stopped next."""
    kernels = [kernel.model_dump() for kernel in said.kernels]
    memory = said.memory.model_dump(mode="json") if said.memory else None
    trees = None if said.trees is None else [tree.model_dump() for tree in said.trees]
    coming = await parts.deeds(
        identities.note_activity, environment, kernels, memory, terminals=said.terminals, trees=trees,
        report=said.report,
    )  # fmt: skip
    return ReportedOut(
        now=parts.deeds.context.now(),
        next_stop=DecisionOut.of(coming[0]) if coming else None,
        warn=list(coming[1].warn) if coming else [],
    )


@router.post("/outbox", status_code=204, response_model=None, responses=for_person(413), openapi_extra=ENVIRONMENT)
@needs(Action.USE_ENVIRONMENT)
async def note_outbox(parts: TheParts, environment: AnEnvironment, said: OutboxIn) -> None:
    """Which notebooks have changes that are not in the workspace yet."""
    await parts.deeds(identities.note_outbox, environment, [each.path for each in said.pending])


@router.post("/pause", status_code=202, response_model=None, responses=for_person(404, 409), openapi_extra=ENVIRONMENT)
@needs(Action.END_OWN_ENVIRONMENT)
async def pause_self(parts: TheParts, environment: AnEnvironment) -> None:
    """Pause the environment that asks, as "Close and Pause" in JupyterLab does.

    A pause is not asked for with the page's token or by a link with the person's session, where a hostile notebook or
    another site could ask as well, for any environment of theirs. By its key an environment can pause itself alone,
    and that it could always do: it need only end. Answers before the Hub does, which ends the one who asks.
    """
    at = environment.workspace
    await wishes.pause(parts, Spot(user=environment.user, namespace=at.namespace, name=at.name), wait=0)
