"""Whether the service is alive, and whether an environment could be started now. Open to everybody: no secret in it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response

from terraspawner import __version__
from terraspawner.errors import TerraError
from terraspawner.operations import cullers, freezing
from terraspawner.web.callers import TheParts
from terraspawner.web.declared import open_to_anybody
from terraspawner.web.openapi import NOBODY
from terraspawner.web.parts import Parts
from terraspawner.web.schemas import FindingOut, FrozenOut, HealthOut, PartOut

router = APIRouter(tags=["health"])

_ALIVE = PartOut(ok=True, message="answers")


@router.get(
    "/health",
    responses={503: {"model": HealthOut, "description": "our own database does not answer"}},
    openapi_extra=NOBODY,
)
@open_to_anybody
async def health(parts: TheParts, response: Response) -> HealthOut:
    """200 while this service can do its part, even when the Hub or the host is away (then `ready` is false)."""
    (database, frozen, culler), hub, (host, network), mounter = await asyncio.gather(
        _database(parts), _hub(parts), _host(parts), _mounter(parts)
    )
    needed = {"database": database, "hub": hub, "host": host}
    more = {"mounter": mounter, "buckets": _buckets(parts)}
    found = {**needed, **more, **({"culler": culler} if culler else {})}
    response.status_code = 200 if database.ok else 503
    response.headers["Cache-Control"] = "no-store"
    is_ready = all(part.ok for part in needed.values()) and all(finding.ok for finding in network)
    return HealthOut(ready=is_ready, version=__version__, parts=found, network=network, frozen=frozen)


async def _database(parts: Parts) -> tuple[PartOut, FrozenOut | None, PartOut | None]:
    try:
        total, (heard, is_there) = await parts.deeds(freezing.total), await parts.deeds(cullers.presence)
    except TerraError as error:
        return PartOut(ok=False, message=error.message), None, None
    return _ALIVE, FrozenOut(environments=total.environments, memory=total.memory), _culler(heard, is_there=is_there)


def _buckets(parts: Parts) -> PartOut:
    """As the last look found the store, so that asking this costs it nothing. An environment starts without it."""
    facts = parts.store.facts
    if facts is None:
        return PartOut(ok=True, message="not looked at yet")
    return PartOut(ok=not facts.problem, message=facts.message)


def _culler(heard: datetime | None, *, is_there: bool) -> PartOut | None:
    """None where this deployment never had one."""
    if heard is None or is_there:
        return _ALIVE if is_there else None
    return PartOut(
        ok=False, message=f"The culler has not asked since {heard:%d %b %H:%M} UTC: nothing idle is stopped."
    )


async def _hub(parts: Parts) -> PartOut:
    return _ALIVE if await parts.hub.is_up() else PartOut(ok=False, message="The Hub is not answering.")


async def _host(parts: Parts) -> tuple[PartOut, list[FindingOut]]:
    """The Engine, and what the probe of the environments' network found."""
    try:
        facts = await parts.host.health()
    except TerraError as error:
        return PartOut(ok=False, message=error.message), []
    engine, network = _mapping(facts, "engine"), _mapping(facts, "network")
    findings = [
        FindingOut(check=str(item.get("check", "")), ok=bool(item.get("ok")), message=str(item.get("message", "")))
        for item in network.get("findings", [])
    ]
    if not findings:
        findings = [FindingOut(check="network", ok=bool(network.get("ok")), message="not probed yet")]
    version = engine.get("version")
    message = f"Docker Engine {version}" if version else "The Docker Engine is not answering."
    return PartOut(ok=bool(version), message=message), findings


async def _mounter(parts: Parts) -> PartOut:
    """Only drives need it; where what it mounts does not reach running environments, that is a loss and no fault."""
    try:
        health = await parts.mounter.health()
    except TerraError as error:
        return PartOut(ok=False, message=error.message)
    return PartOut(ok=True, message="what is shared appears in running environments" if health.is_live else health.why)


def _mapping(facts: dict[str, Any], name: str) -> dict[str, Any]:
    found = facts.get(name)
    return found if isinstance(found, dict) else {}
