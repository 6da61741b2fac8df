"""REST of the extension for `src/human.ts` and `src/countdown.ts`.

Each answers with what is known then of the next stop, as `Activity.shown` says it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment.activity import Activity
from terraspawner_environment.assembly import Workspace
from terraspawner_environment.beats import LONGEST_AGO
from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.trouble import RefusedByService, ServiceTrouble, full_sentence

PATIENCE_SECONDS = 8.0
AWAY_SECONDS = 60
_NO_WORKSPACE = "This server belongs to no workspace."


class OfActivity(APIHandler):
    """`report` tells the service at once."""

    def initialize(
        self, activity: Activity | None, workspace: Workspace | None, report: Callable[[], Awaitable[None]]
    ) -> None:
        self.activity, self.workspace, self._report = activity, workspace, report

    @property
    def known(self) -> Activity:
        if self.activity is None:
            raise web.HTTPError(404, _NO_WORKSPACE)
        return self.activity

    @property
    def service(self) -> WorkspaceService:
        if self.workspace is None:
            raise web.HTTPError(404, _NO_WORKSPACE)
        return self.workspace.service

    @property
    def said(self) -> dict[str, Any]:
        said = self.get_json_body()
        return said if isinstance(said, dict) else {}

    async def report(self) -> None:
        """What it answers is waited for, and not for long: Lab asks again by itself."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._report()
        except TimeoutError:
            self.log.debug("The service has not answered a report yet")

    async def show(self) -> None:
        self.finish(json.dumps(await self.known.shown()))


class NextStopHandler(OfActivity):
    """`GET <base>/terraspawner/api/next-stop`."""

    @web.authenticated
    async def get(self) -> None:
        await self.show()


class HumanHandler(OfActivity):
    """`POST <base>/terraspawner/api/human` `{"ago": 3.5}`: a person typed or clicked so many seconds ago."""

    @web.authenticated
    async def post(self) -> None:
        ago = self.said.get("ago")
        if isinstance(ago, bool) or not isinstance(ago, int | float) or not 0 <= ago <= LONGEST_AGO:
            raise web.HTTPError(400, f"ago must be a number of seconds from 0 to {LONGEST_AGO:g}.")
        before = self.known.beats.seconds
        self.known.beats.beat(ago)
        # whoever comes back sees the new time at once; one who is at work goes along with the next report
        if before is None or before > AWAY_SECONDS or self.known.outlook.is_near:
            await self.report()
        await self.show()


class KeepAliveHandler(OfActivity):
    """`POST <base>/terraspawner/api/keep-alive` `{"seconds": 3600}`, `{"pid": 123}` or `{"kernel": id}`.

    `pid`: until that job's process ends; `kernel`: until its cell, and what waits behind it, has run. How long it may
    be kept alive is the service's to say.
    """

    @web.authenticated
    async def post(self) -> None:
        match self.said:
            case {"seconds": int(seconds)} if seconds > 0:
                await self._ask({"seconds": seconds})
            case {"pid": int(pid)}:
                if not self.known.jobs.hold(pid):
                    raise web.HTTPError(409, "That has ended meanwhile.")
                await self._ask({"pid": pid})
            case {"kernel": str(wanted)}:
                kernel = next((each for each in await self.known.kernels() if each.id == wanted), None)
                if kernel is None or kernel.is_idle:
                    raise web.HTTPError(409, "No cell runs there any more.")
                self.known.jobs.hold_cell(kernel)
                await self._ask({"pid": kernel.pid})
            case _:
                raise web.HTTPError(400, "Say for how many seconds, or the pid of a job, or a kernel.")
        await self.show()

    async def _ask(self, what: dict[str, int]) -> None:
        """The service knows of a process by the reports: what was just held is told first."""
        if "pid" in what:
            await self.report()
        try:
            await self.service.keep_alive(what)
        except ServiceTrouble as trouble:
            status = 409 if isinstance(trouble, RefusedByService) else 503
            raise web.HTTPError(status, full_sentence(trouble)) from trouble
        await self.report()
