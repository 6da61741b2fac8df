"""Client of the mounter, which alone mounts what environments see. It is told identifiers, never paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from terraspawner.errors_mounts import MounterUnavailable

_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MounterHealth:
    """`why` says what is lost where mounts do not reach running environments."""

    is_live: bool
    why: str


class MounterClient:
    """Speaks HTTP over a unix socket. Raises `MounterUnavailable` when nobody answers, or with what went wrong."""

    def __init__(self, socket: str) -> None:
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=socket), base_url="http://mounter", timeout=_SECONDS
        )

    async def health(self) -> MounterHealth:
        found = (await self._call("GET", "/health")).json()
        return MounterHealth(is_live=bool(found["live"]), why=str(found["why"]))

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise MounterUnavailable(cause=str(error)) from error
        if answer.is_error:
            raise MounterUnavailable(f"The mounter could not do this: {_message(answer)}")
        return answer


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"it answered {answer.status_code}"
