"""The culler's way to the service, over real HTTP: pages, refusals, and answers that are none."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from culler.client import Outcome, Service
from culler.decision import Decision
from culler.facts import Facts
from terraspawner.errors import NotAllowed, TerraError, Unavailable
from tests.web.hubs import serving

pytestmark = pytest.mark.slow

EXAMPLES = json.loads((Path(__file__).parents[1] / "contracts" / "facts.json").read_text())
Answers = Callable[[Request], Awaitable[Response]]


@asynccontextmanager
async def asked(answer: Answers) -> AsyncIterator[Service]:
    async with serving(Starlette(routes=[Route("/api/{rest:path}", answer, methods=["GET", "POST"])])) as url:
        service = Service(f"{url}/api", "the-token")
        yield service
        await service.close()


def told(status: int, body: object) -> Answers:
    async def answer(_: Request) -> Response:
        return JSONResponse(body, status) if not isinstance(body, str) else PlainTextResponse(body, status)

    return answer


def error(message: str) -> dict[str, Any]:
    return {"error": {"code": "x", "message": message, "details": {}}}


async def test_all_pages_are_read_and_what_cannot_be_read_is_told_apart() -> None:
    seen = []

    async def answer(request: Request) -> Response:
        seen.append((request.url.path, dict(request.query_params), request.headers["authorization"]))
        if "cursor" in request.query_params:
            return JSONResponse({"items": [{"id": "odd"}, EXAMPLES[1]["facts"]], "next": None})
        return JSONResponse({"items": [EXAMPLES[0]["facts"]], "next": "a b&c"})

    async with asked(answer) as service:
        found = [each async for each in service.facts(due=True)]
    assert [each.facts for each in found] == [
        Facts.from_json(EXAMPLES[0]["facts"]), None, Facts.from_json(EXAMPLES[1]["facts"]),
    ]  # fmt: skip
    assert found[1].id == "odd"
    assert "The facts have no" in found[1].fault
    first = {"due": "true", "limit": "200"}
    path = "/api/environments/facts"
    assert seen == [(path, first, "token the-token"), (path, {**first, "cursor": "a b&c"}, "token the-token")]


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (401, error("Sign in."), NotAllowed, "does not take the culler's token: Sign in."),
        (403, error("Not you."), NotAllowed, "does not take the culler's token: Not you."),
        (422, error("What?"), TerraError, "refused: 422 What?"),
        (500, "broken", Unavailable, "says 500: broken"),
        (503, error("Try later."), Unavailable, "says 503: Try later."),
        (200, "hello", Unavailable, "no list: hello"),
        (200, {"items": None, "next": None}, Unavailable, "no list"),
        (200, {"things": []}, Unavailable, "no list"),
        (200, [], Unavailable, "no list"),
    ],
)
async def test_what_is_no_list_is_an_error_that_says_what_came(
    status: int, body: object, kind: type[TerraError], says: str
) -> None:
    async with asked(told(status, body)) as service:
        with pytest.raises(kind, match=says.replace("?", r"\?")):
            _ = [each async for each in service.facts(due=True)]


async def test_a_service_that_is_away_is_an_error_of_ours() -> None:
    async with serving(Starlette()) as url:
        service = Service(f"{url}/api", "the-token")
    with pytest.raises(Unavailable, match="not answering"):
        _ = [each async for each in service.facts(due=True)]
    await service.close()


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {}, Outcome.DONE),
        (202, {}, Outcome.DONE),
        (409, error("The facts have changed."), Outcome.MOVED_ON),
        (404, error("There is no such environment."), Outcome.GONE),
    ],
)
async def test_a_decision_is_sent_with_the_revision_that_it_is_of(status: int, body: object, outcome: Outcome) -> None:
    sent = []

    async def answer(request: Request) -> Response:
        sent.append((request.method, request.url.path, await request.json()))
        return JSONResponse(body, status)

    facts, decision = Facts.from_json(EXAMPLES[1]["facts"]), Decision.from_json(EXAMPLES[1]["decision"])
    async with asked(answer) as service:
        assert (await service.act_on(facts, decision)).outcome is outcome
    said = {"revision": facts.revision, "decision": EXAMPLES[1]["decision"]}
    assert sent == [("POST", f"/api/environments/{facts.id}/decisions", said)]


@pytest.mark.parametrize("status", [401, 403, 422, 500, 503])
async def test_a_decision_that_is_not_taken_is_an_error(status: int) -> None:
    facts, decision = Facts.from_json(EXAMPLES[1]["facts"]), Decision.from_json(EXAMPLES[1]["decision"])
    async with asked(told(status, error("No."))) as service:
        with pytest.raises(TerraError, match=r"No\."):
            await service.act_on(facts, decision)
