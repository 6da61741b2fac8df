"""How one of our services on a unix socket is asked, and how what it refuses is read."""

from __future__ import annotations

from typing import Any

import httpx

from terraspawner.errors import Unavailable
from terraspawner.retries import Retrying


class SocketClient:
    """Speaks HTTP over a unix socket with the service of this `name`, which is given `seconds` for an answer unless a
    question says otherwise, and `patience` (seconds) to come back. `away` is what is raised when nobody answers."""

    def __init__(self, socket: str, name: str, away: type[Unavailable], *, seconds: float, patience: float = 0) -> None:
        self._name = name
        self._away = away
        self._client = httpx.AsyncClient(
            transport=Retrying(httpx.AsyncHTTPTransport(uds=socket), patience),
            base_url="http://service",
            timeout=seconds,
        )

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Its answer, which may be a refusal; `options` are those of httpx."""
        try:
            return await self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise self._away(cause=str(error)) from error

    def failure(self, answer: httpx.Response) -> Unavailable:
        """What to raise where it could not do what it was asked: with its own sentence."""
        return self._away(f"The {self._name} could not do this: {message_of(answer)}")

    async def close(self) -> None:
        await self._client.aclose()


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal; empty where it is none of ours."""
    return _error(answer).get("code", "")


def message_of(answer: httpx.Response) -> str:
    """The sentence of a refusal, or the status where it is none of ours."""
    return _error(answer).get("message", f"it answered {answer.status_code}")


def _error(answer: httpx.Response) -> dict[str, str]:
    try:
        return {name: str(said) for name, said in answer.json()["error"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
