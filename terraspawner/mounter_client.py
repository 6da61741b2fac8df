"""Client of the mounter, which alone mounts what environments see. It is told identifiers, never paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from terraspawner.errors_mounts import MounterUnavailable

_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MounterHealth:
    """`why` says what is lost where mounts do not reach running environments."""

    is_live: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A library in a view: in which of the drive's folders (mine, me, groups, all), under which name."""

    id: str
    folder: str
    name: str
    is_read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What an environment sees of its drive. `missing` are ids of libraries that are not on the machine; `was_open`:
    one that went was in use in the environment, and may be until that ends."""

    libraries: frozenset[Shown]
    missing: tuple[str, ...] = ()
    was_open: bool = False


class MounterClient:
    """Speaks HTTP over a unix socket. Raises `MounterUnavailable` when nobody answers, or with what went wrong."""

    def __init__(self, socket: str) -> None:
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=socket), base_url="http://mounter", timeout=_SECONDS
        )

    async def health(self) -> MounterHealth:
        found = (await self._call("GET", "/health")).json()
        return MounterHealth(is_live=bool(found["live"]), why=str(found["why"]))

    async def views(self) -> Mapping[str, View]:
        """All there are, by the environment's id."""
        found = (await self._call("GET", "/views")).json()["items"]
        return {identifier: _view(said) for identifier, said in found.items()}

    async def show(self, environment_id: str, libraries: Iterable[Shown]) -> View:
        """Make its view exactly this, also while it runs. What it is then."""
        said = {"libraries": [asdict(library) for library in libraries]}
        return _view((await self._call("PUT", f"/views/{environment_id}", json=said)).json())

    async def delete_view(self, environment_id: str) -> None:
        """Show nothing any more; of an environment that does not run. Done already is done."""
        await self._call("DELETE", f"/views/{environment_id}")

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


def _view(said: Mapping[str, Any]) -> View:
    return View(
        libraries=frozenset(Shown(**each) for each in said["libraries"]),
        missing=tuple(said["missing"]),
        was_open=bool(said["was_open"]),
    )


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"it answered {answer.status_code}"
