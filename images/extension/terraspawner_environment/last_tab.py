"""Pauses the environment when its last tab is closed and nothing runs, for whoever wants that (`pauseWhenClosed`).

Closed is what a browser says goodbye for, and not a line that breaks: a laptop that is shut, a train in a tunnel. Nor
is a page that is loaded anew, or opened again within `SECONDS`. Where something works at that time nothing is paused,
then or when it ends: its results would be gone at the moment they are there. The rules that hold for everybody do then.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment.trouble import ServiceTrouble

log = logging.getLogger(__name__)

SECONDS = 30.0
SECONDS_TO_SEND = 15.0


class LastTab:
    """`rests`: is it known that nothing works; `flush`: send everything within so many seconds, and say whether the
    workspace has it."""

    def __init__(
        self,
        *,
        rests: Callable[[], Awaitable[bool]],
        flush: Callable[[float], Awaitable[bool]],
        pause: Callable[[], Awaitable[None]],
        seconds: float = SECONDS,
    ) -> None:
        self.is_wanted = False
        self._rests, self._flush, self._pause, self._seconds = rests, flush, pause, seconds
        self._task: asyncio.Task[None] | None = None

    def left(self, *, on_purpose: bool) -> None:
        """The last tab is gone."""
        if self.is_wanted and on_purpose:
            self._task = asyncio.create_task(self._pause_soon())

    def came(self) -> None:
        """A tab is there."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _pause_soon(self) -> None:
        await asyncio.sleep(self._seconds)
        if not (await self._rests() and await self._flush(SECONDS_TO_SEND) and await self._rests()):
            log.info("The last tab was closed; nothing is paused, as something works here or is still to be sent")
            return
        try:
            await self._pause()
        except ServiceTrouble as trouble:
            log.warning("The last tab was closed, and the environment was not paused: %s", trouble.sentence)


class WhenClosedHandler(APIHandler):
    """`POST <base>/terraspawner/api/when-closed` `{"pause": true}` -> `{}`: what Lab's setting says, at each load."""

    def initialize(self, last_tab: LastTab | None) -> None:
        self.last_tab = last_tab

    @web.authenticated
    async def post(self) -> None:
        said = self.get_json_body()
        pause = said.get("pause") if isinstance(said, dict) else None
        if not isinstance(pause, bool):
            raise web.HTTPError(400, "pause must be true or false.")
        if self.last_tab is None:
            raise web.HTTPError(404, "This server belongs to no workspace.")
        self.last_tab.is_wanted = pause
        self.finish("{}")
