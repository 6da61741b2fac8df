"""Page for operators: where buckets are, and what is known of that store."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.web.callers import AnOperator, TheParts
from terraspawner.web.declared import needs

router = APIRouter(include_in_schema=False)


@router.get("/store")
@needs(Action.SEE_STORE)
async def show(parts: TheParts, operator: AnOperator) -> Response:
    """What the last look found."""
    watch = parts.store
    return parts.pages.page("store.html", operator, facts=watch.facts, looked_at=watch.looked_at)
