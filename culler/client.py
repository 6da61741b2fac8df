"""The workspaces service as the culler knows it: three roads of its REST API, by the token of a service of the Hub's.

No power over the Hub, the Engine or the database is here: what is decided is asked of the service, which reads the
facts again, decides by the same code, and refuses what it would not do itself.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from culler.decision import Decision
from culler.facts import Facts
from terraspawner.errors import NotAllowed, TerraError, Unavailable

PAGE = 200
MOST_PAGES = 10_000
"""Of one listing; a service whose pages never end is not followed for ever."""


class Outcome(enum.StrEnum):
    DONE = "done"
    MOVED_ON = "moved on"
    """The facts are others now, as when another culler or its person was first. Nothing was done."""
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a decision, and what the service said."""

    outcome: Outcome
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One entry of the list of facts: `facts`, or `fault`, why they cannot be read."""

    id: str
    facts: Facts | None = None
    fault: str = ""


class Service:
    """Raises `Unavailable` when the service does not answer as it should, `NotAllowed` for a token it does not take."""

    def __init__(self, api_url: str, token: str, patience: float = 120) -> None:
        self._client = httpx.AsyncClient(
            base_url=api_url.rstrip("/") + "/",
            headers={"Authorization": f"token {token}"},
            timeout=httpx.Timeout(patience, connect=min(10, patience)),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,  # a site's proxy for the outside world is no way to the service
        )

    async def facts(self, *, due: bool) -> AsyncIterator[Listed]:
        """Facts of all environments, or of those at which something may be due now."""
        async for said in self._items("environments/facts", {"due": "true"} if due else {}):
            yield _listed(said)

    async def records(self, begin: str = "", end: str = "") -> AsyncIterator[dict[str, Any]]:
        """What was decided from `begin` to `end`, RFC 3339 each."""
        wanted = {name: value for name, value in (("from", begin), ("to", end)) if value}
        async for said in self._items("decisions", wanted):
            yield said

    async def act_on(self, facts: Facts, decision: Decision) -> Answer:
        """Ask for what was decided; it is done, or on its way, when this returns `DONE`."""
        body = {"revision": facts.revision, "decision": decision.as_json()}
        answer = await self._call("POST", f"environments/{quote(facts.id, safe='')}/decisions", json=body)
        if answer.status_code == httpx.codes.CONFLICT:
            return Answer(outcome=Outcome.MOVED_ON, message=_message(answer))
        if answer.status_code == httpx.codes.NOT_FOUND:
            return Answer(outcome=Outcome.GONE, message=_message(answer))
        _check(answer)
        return Answer(outcome=Outcome.DONE)

    async def close(self) -> None:
        await self._client.aclose()

    async def _items(self, path: str, wanted: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
        cursor: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            answer = await self._call("GET", path, params={**wanted, "limit": str(PAGE), **cursor})
            _check(answer)
            items, following = _page(answer)
            for item in items:
                yield item
            if not following:
                return
            cursor = {"cursor": following}
        raise Unavailable(f"The list at {path} does not end.")

    async def _call(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return await self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            raise Unavailable(f"The workspaces service is not answering: {type(error).__name__} {error}") from error


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise NotAllowed(f"The workspaces service does not take the culler's token: {_message(answer)}")
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Unavailable(f"The workspaces service says {answer.status_code}: {_message(answer)}")
    raise TerraError(f"The workspaces service refused: {answer.status_code} {_message(answer)}")


def _page(answer: httpx.Response) -> tuple[list[dict[str, Any]], str]:
    try:
        page = answer.json()
        return list(page["items"]), str(page["next"] or "")
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"The workspaces service answered with no list: {answer.text[:200]}") from error


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


def _listed(said: dict[str, Any]) -> Listed:
    name = str(said.get("id", "?"))
    try:
        return Listed(id=name, facts=Facts.from_json(said))
    except ValueError as error:
        return Listed(id=name, fault=str(error))
