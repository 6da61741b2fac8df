"""Before this environment ends or stands still, what is unsaved is saved and what is unsent is sent.

The spawner asks for it (`terraspawner/settling.py`) while the environment's address still answers, since a tab saves
over that address as ever. SIGTERM would be too late for tabs: by then the proxy has let go of them. What cannot be done
in the time given is said, and is where it was: in the tab, or on the disk with its entry in the outbox.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment.assembly import Workspace
from terraspawner_environment.outbox import SESSION_END
from terraspawner_environment.sessions import Tabs

LONGEST_SECONDS = 60.0
SHARE_OF_TABS = 0.6
"""Of the time: a tab that sleeps must leave some for sending what the others have saved."""
SHARE_OF_OUTPUTS = 0.2
END_IS_NEAR_SECONDS = 60.0
"""What was settled for an end is not waited for again when that comes."""


class Outputs(Protocol):
    """The recorder, as far as it is needed here."""

    async def write_all(self, *, is_last_chance: bool) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What could not be done: documents that are in a tab alone, notebooks (as the workspace calls them) that are on
    the disk alone, and tabs that did not answer."""

    unsaved: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    silent_tabs: int = 0


class Settling:
    """Asked for as often as one likes; one at a time."""

    def __init__(self, workspace: Workspace, tabs: Tabs, outputs: Outputs | None, clock: Callable[[], float]) -> None:
        self._workspace, self._tabs, self._outputs, self._clock = workspace, tabs, outputs, clock
        self._one = asyncio.Lock()
        self._ended_at: float | None = None

    @property
    def is_near_end(self) -> bool:
        """Whether all that could be done for an end was done a moment ago."""
        return self._ended_at is not None and self._clock() < self._ended_at + END_IS_NEAR_SECONDS

    async def settle(self, *, seconds: float, is_end: bool) -> Left:
        """Save, write, send, in at most so long. `is_end`: processes end; else they stand still, and go on one day."""
        async with self._one:
            deadline = self._clock() + seconds
            desk = self._workspace.desk
            desk.saves_as = SESSION_END
            try:
                saved = await self._tabs.save_all(seconds=seconds * SHARE_OF_TABS)
                if self._outputs is not None:
                    await _within(seconds * SHARE_OF_OUTPUTS, self._outputs.write_all(is_last_chance=is_end))
                await _within(max(0.0, deadline - self._clock()), self._look_outside())
            finally:
                desk.saves_as = None
            await self._workspace.courier.flush(seconds=max(0.0, deadline - self._clock()))
            self._ended_at = self._clock() if is_end else None
            unsent = sorted({entry.notebook for entry in desk.outbox.pending()})
            return Left(unsaved=saved.unsaved, unsent=tuple(unsent), silent_tabs=saved.silent)

    async def _look_outside(self) -> None:
        """For what git or papermill wrote just now: only a file that is the same in two looks is taken."""
        with suppress(OSError):
            await self._workspace.outside.look()
            await self._workspace.outside.look()


async def _within(seconds: float, work: Awaitable[None]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(work, seconds)


class SettleHandler(APIHandler):
    """`POST <base>/terraspawner/api/settle` `{"seconds": 8, "is_end": true}` ->
    `{"unsaved": [Lab's path, ...], "unsent": [notebook, ...], "silent_tabs": n}`: what could not be done."""

    def initialize(self, settling: Settling | None) -> None:
        self.settling = settling

    @web.authenticated
    async def post(self) -> None:
        asked = self.get_json_body() or {}
        seconds, is_end = asked.get("seconds"), asked.get("is_end")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_SECONDS or not isinstance(is_end, bool):
            raise web.HTTPError(400, f"seconds must be a number from 0 to {LONGEST_SECONDS:g}, is_end true or false.")
        left = Left()
        if self.settling is not None:
            left = await self.settling.settle(seconds=seconds, is_end=is_end)
        self.finish(json.dumps({"unsaved": left.unsaved, "unsent": left.unsent, "silent_tabs": left.silent_tabs}))
