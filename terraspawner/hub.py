"""The Hub's REST API, as far as we use it. One client for the service and, later, the culler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from terraspawner.errors import HubUnavailable
from terraspawner.errors_starts import StartFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """What the Hub says of one named server. `pending` is "spawn", "stop", "check" or empty."""

    is_known: bool
    is_ready: bool
    pending: str
    last_activity: datetime | None = None
    """When something last went through the proxy to it, or it said so; an open page is enough for that."""


class HubClient:
    """Calls the Hub with a service's token. Raises `HubUnavailable` when it does not answer."""

    def __init__(self, api_url: str, token: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=api_url.rstrip("/"), headers={"Authorization": f"token {token}"}, timeout=30
        )

    async def server(self, user: str, slug: str) -> ServerState:
        answer = await self._call("GET", f"/users/{quote(user)}?include_stopped_servers=1")
        server = answer.json().get("servers", {}).get(slug) if answer.status_code == 200 else None
        if server is None:
            return ServerState(is_known=False, is_ready=False, pending="")
        return ServerState(
            is_known=True,
            is_ready=bool(server["ready"]),
            pending=server["pending"] or "",
            last_activity=_moment(server.get("last_activity")),
        )

    async def start(
        self, user: str, slug: str, display_name: str = "", options: Mapping[str, str] | None = None
    ) -> bool:
        """Ask for a start with the wishes `options`; true when it is up already, false when it is on its way.

        Raises `StartFailed` with the Hub's sentence when it refuses.
        """
        # the Hub keeps the options of an earlier start unless it is told others
        body: dict[str, object] = {"user_options": dict(options or {})}
        body |= {"display_name": display_name} if display_name else {}
        # our spawner's own refusals travel as 403 and 503: they are about this environment, not about our token
        answer = await self._call("POST", f"/users/{quote(user)}/servers/{slug}", json=body, may_refuse=True)
        if answer.status_code in (201, 202):
            return answer.status_code == 201
        message = _message(answer)
        if answer.status_code == 400 and "already" in message:
            return False
        raise StartFailed(f"The Hub did not start the environment: {message}", status=answer.status_code)

    async def stop(self, user: str, slug: str) -> bool:
        """Ask for a stop; true when it is stopped, false when it is on its way."""
        answer = await self._call("DELETE", f"/users/{quote(user)}/servers/{slug}")
        if answer.status_code not in (202, 204, 404, 400):
            raise HubUnavailable(f"The Hub did not stop the environment: {_message(answer)}")
        return answer.status_code in (204, 404)

    async def forget(self, user: str, slug: str) -> bool:
        """Stop and remove the server from the Hub; true when that is done, false when it is on its way."""
        answer = await self._call("DELETE", f"/users/{quote(user)}/servers/{slug}", json={"remove": True})
        if answer.status_code not in (202, 204, 404, 400):
            raise HubUnavailable(f"The Hub did not delete the environment: {_message(answer)}")
        return answer.status_code in (204, 404)

    async def is_up(self) -> bool:
        """Whether the Hub answers at all."""
        try:
            return (await self._client.get("/", timeout=3)).is_success
        except httpx.HTTPError:
            return False

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(self, method: str, path: str, json: object = None, *, may_refuse: bool = False) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, json=json)
        except httpx.HTTPError as error:
            raise HubUnavailable(cause=str(error)) from error
        if may_refuse and answer.status_code in (403, 503) and _has_message(answer):
            return answer
        if answer.status_code in (401, 403) or answer.status_code >= 502:
            raise HubUnavailable(f"The Hub refused our service: {answer.status_code} {_message(answer)}")
        return answer


def _moment(said: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _has_message(answer: httpx.Response) -> bool:
    try:
        return bool(answer.json().get("message"))
    except ValueError:
        return False


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message") or answer.text)
    except ValueError:
        return answer.text[:200]
