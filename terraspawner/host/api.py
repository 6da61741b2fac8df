"""The host service's routes: aiohttp on a unix socket. Ids in, facts out; never a path, a command or an image.

Who calls is known from the kernel (``SO_PEERCRED``): hub, workspaces and root. There is no other secret to lose.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Any, TypeVar

from aiohttp import web

from terraspawner.domain.catalogue import is_reference
from terraspawner.domain.layer import read_layer
from terraspawner.errors import (
    Conflict,
    DiskAttached,
    DiskMissing,
    EngineUnavailable,
    EnvironmentMissing,
    MemoryInUse,
    NameRefused,
    NotAllowed,
    TerraError,
)
from terraspawner.host.asked import ALLOWED_UIDS, IDENTIFIER, check_caller, id_of, json_of, refusal
from terraspawner.host.doors import EmptyingDoor, EngineDoor, MeasureDoor, MemoryDoor, Part, ProbeDoor, ScratchDoor
from terraspawner.host.image_answers import told
from terraspawner.host.scripts import Scripts

log = logging.getLogger(__name__)

STATUS: dict[type[TerraError], int] = {
    NameRefused: 422,
    NotAllowed: 403,
    EnvironmentMissing: 404,
    DiskMissing: 404,
    DiskAttached: 409,
    MemoryInUse: 409,
    Conflict: 409,
    EngineUnavailable: 503,
}
"""This door's only place that knows HTTP status codes; anything else is a 500."""

MOST_LINES = 1000
MOST_IDS = 200
MOST_CPU, MOST_MEMORY = 1024, 2**46

Answer = TypeVar("Answer")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HostApi:
    """The handlers. Blocking work runs on a pool of its own, so one slow stop holds up nobody."""

    def __init__(
        self,
        engine: EngineDoor,
        probe: ProbeDoor,
        measure: MeasureDoor,
        emptying: EmptyingDoor,
        scratch: ScratchDoor,
        memory: MemoryDoor,
        allowed_uids: frozenset[int] = ALLOWED_UIDS,
        more: Sequence[Part] = (),
    ) -> None:
        self._engine = engine
        self._probe = probe
        self._measure = measure
        self._emptying = emptying
        self._scratch = scratch
        self._memory = memory
        self._allowed_uids = allowed_uids
        self._more = more
        self._hub_version = metadata.version("jupyterhub")
        self._scripts = Scripts(engine.start_script)
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="engine")
        # a disk takes seconds to minutes to be read through, and they go one after the other
        self._measure_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="measure")
        # scripts take minutes: there are as many of them as containers that just start, and none waits for another
        self._script_pool = ThreadPoolExecutor(max_workers=1000, thread_name_prefix="script")

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._translate], client_max_size=64 * 1024)
        application.add_routes(
            [
                web.get("/health", self.health),
                web.post("/network/probe", self.probe),
                web.get("/memory", self._memory.answer),
                web.get("/environments", self.environments),
                web.get("/environments/processor-times", self.processor_times),
                web.get("/environments/{id}", self.environment),
                web.get("/environments/{id}/log", self.environment_log),
                web.get("/environments/{id}/layer", self.environment_layer),
                web.post("/environments/{id}/startup", self.run_startup_script),
                web.get("/environments/{id}/startup/log", self.startup_log),
                web.put("/environments/{id}/size", self.resize_environment),
                web.post("/environments/{id}/stop", self.stop_environment),
                web.delete("/environments/{id}/scratch", self.empty_scratch),
                web.delete("/environments/{id}", self.delete_environment),
                web.get("/scratch", self.lost_scratch),
                web.delete("/scratch/{id}", self.remove_scratch),
                web.get("/disks", self.disks),
                web.post("/disks/{id}/measure", self.measure_disk),
                web.post("/images/look", self.look_at_image),
                web.delete("/buckets/{id}", self.empty_bucket),
                web.delete("/disks/{id}", self.delete_disk),
            ]
        )
        application.add_routes([route for part in self._more for route in part.routes()])
        return application

    async def health(self, _: web.Request) -> web.Response:
        engine = await self._in_thread(self._engine.version)
        return web.json_response({"engine": engine, "network": self._probe.state.as_json()})

    async def probe(self, _: web.Request) -> web.Response:
        state = await self._in_thread(self._probe.run)
        return web.json_response(state.as_json())

    async def environments(self, _: web.Request) -> web.Response:
        return web.json_response({"items": await self._in_thread(self._engine.environments)})

    async def processor_times(self, request: web.Request) -> web.Response:
        identifiers = _identifiers(request)
        return web.json_response({"items": await self._in_thread(lambda: self._engine.processor_times(identifiers))})

    async def environment(self, request: web.Request) -> web.Response:
        identifier = id_of(request)
        return web.json_response(await self._in_thread(lambda: self._engine.facts(identifier)))

    async def environment_log(self, request: web.Request) -> web.Response:
        identifier, lines = id_of(request), _line_count(request)
        return web.json_response({"lines": await self._in_thread(lambda: self._engine.log(identifier, lines))})

    async def environment_layer(self, request: web.Request) -> web.Response:
        """What was installed and written beside the disk, and whether scratch holds anything. Many paths go in, so they
        are sorted here."""
        identifier = id_of(request)
        layer = await self._in_thread(
            lambda: read_layer(self._engine.changes(identifier), holds_scratch=self._scratch.holds_anything(identifier))
        )
        return web.json_response(layer.as_json())

    async def run_startup_script(self, request: web.Request) -> web.Response:
        """Answers when it has ended. The script lies in the container already: nothing is taken from the request."""
        identifier = id_of(request)
        if request.can_read_body or request.query:
            raise NameRefused("This takes an environment's id and nothing else; nothing was run.")
        run = functools.partial(self._scripts.run, identifier)
        outcome = await asyncio.get_running_loop().run_in_executor(self._script_pool, run)
        return web.json_response({"exit_code": outcome.exit_code, "log": outcome.log})

    async def startup_log(self, request: web.Request) -> web.Response:
        return web.json_response({"lines": self._scripts.log(id_of(request), _line_count(request))})

    async def resize_environment(self, request: web.Request) -> web.Response:
        """Cores and bytes; 409 where what runs would not fit."""
        identifier = id_of(request)
        cpu, memory = _size(await json_of(request))
        await self._in_thread(lambda: self._engine.resize(identifier, cpu, memory))
        return web.Response(status=204)

    async def stop_environment(self, request: web.Request) -> web.Response:
        """Its processes end, and its scratch room is emptied: what is stopped is paused, deleted or past us."""
        identifier = id_of(request)
        await self._in_thread(lambda: self._engine.stop_environment(identifier))
        try:
            await self._in_thread(lambda: self._scratch.empty(identifier))
        except TerraError as error:  # it is stopped; what lies there is emptied as it starts
            log.warning("scratch of %s is not emptied yet: %s", identifier, error.message)
        return web.Response(status=204)

    async def disks(self, _: web.Request) -> web.Response:
        return web.json_response({"items": await self._in_thread(self._engine.disks)})

    async def delete_environment(self, request: web.Request) -> web.Response:
        identifier = id_of(request)
        await self._in_thread(lambda: self._engine.remove_environment(identifier))
        return web.Response(status=204)

    async def measure_disk(self, request: web.Request) -> web.Response:
        """How full it is, and its largest folders. Takes an id and nothing else."""
        identifier = id_of(request)
        run = functools.partial(self._measure.run, identifier)
        return web.json_response(await asyncio.get_running_loop().run_in_executor(self._measure_pool, run))

    async def look_at_image(self, request: web.Request) -> web.Response:
        """What is in an image of this machine, and what is missing in it. Nothing is pulled, nothing of it is run."""
        reference = _reference(await json_of(request))
        look = await self._in_thread(lambda: self._engine.look(reference))
        return web.json_response(told(look, self._hub_version))

    async def empty_bucket(self, request: web.Request) -> web.Response:
        """Everything in the bucket of a workspace; its folder stays, for the service whose it is."""
        identifier = id_of(request)
        await self._in_thread(lambda: self._emptying.run(identifier))
        return web.Response(status=204)

    async def empty_scratch(self, request: web.Request) -> web.Response:
        """Everything in the scratch room of an environment that is stopped; 409 where it runs."""
        identifier = id_of(request)
        await self._in_thread(lambda: self._scratch.empty(identifier))
        return web.Response(status=204)

    async def lost_scratch(self, _: web.Request) -> web.Response:
        """The environments whose scratch room no container has."""
        return web.json_response({"items": await self._in_thread(self._scratch.lost)})

    async def remove_scratch(self, request: web.Request) -> web.Response:
        identifier = id_of(request)
        await self._in_thread(lambda: self._scratch.remove(identifier))
        return web.Response(status=204)

    async def delete_disk(self, request: web.Request) -> web.Response:
        identifier = id_of(request)
        await self._in_thread(lambda: self._engine.remove_disk(identifier))
        return web.Response(status=204)

    async def _in_thread(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    @web.middleware
    async def _translate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check_caller(request, self._allowed_uids, "the host service")
            return await handler(request)
        except TerraError as error:
            return refusal(error, STATUS)


def _identifiers(request: web.Request) -> list[str]:
    found = [each for each in request.query.get("ids", "").split(",") if each]
    if len(found) > MOST_IDS or not all(IDENTIFIER.fullmatch(each) for each in found):
        raise NameRefused(f"`ids` are up to {MOST_IDS} ids of 16 hexadecimal digits, with commas between them.")
    return found


def _reference(body: Any) -> str:
    reference = body["reference"] if isinstance(body, dict) and set(body) == {"reference"} else None
    if isinstance(reference, str) and is_reference(reference):
        return reference
    raise NameRefused("An image is looked at by its `reference`, such as ours/lab:2026.1; nothing was done.")


def _size(body: Any) -> tuple[float, int]:
    if isinstance(body, dict) and set(body) == {"cpu", "memory"}:
        cpu, memory = body["cpu"], body["memory"]
        if type(cpu) in (int, float) and type(memory) is int and 0 < cpu <= MOST_CPU and 0 < memory <= MOST_MEMORY:
            return float(cpu), memory
    raise NameRefused(f"A size is `cpu`, cores up to {MOST_CPU}, and `memory`, bytes up to {MOST_MEMORY}.")


def _line_count(request: web.Request) -> int:
    text = request.query.get("lines", "50")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_LINES:
        raise NameRefused(f"`lines` is a number from 1 to {MOST_LINES}.")
    return int(text)
