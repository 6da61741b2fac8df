"""For a tab that was opened while cells ran that it did not ask for: it takes them over and shows what comes."""

import asyncio
import json
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment.recorder import Recorder
from terraspawner_environment.runs import KernelRuns, Run

PATIENCE_SECONDS = 20.0
STEP_SECONDS = 0.5
BYTES_PER_SECOND = 4_000_000


class FollowHandler(APIHandler):
    """`GET <base>/terraspawner/api/runs?kernel=…&session=…&seen=0` ->
    `{"seen": 7, "is_over": false, "runs": [{"cell", "outputs", "execution_count", "state"}, ...]}`.

    Answers when something has changed since `seen`, at the latest after 20 s; what it tells replaces what was shown.
    404 for a kernel that nobody has used yet, 409 while the session is not connected to it.
    """

    def initialize(self, recorder: Recorder | None) -> None:
        self.recorder = recorder
        self._is_left = asyncio.Event()

    def on_connection_close(self) -> None:
        self._is_left.set()

    @web.authenticated
    async def get(self) -> None:
        session, seen = self.get_query_argument("session"), self.get_query_argument("seen", "0")
        runs = self.recorder.follow(self.get_query_argument("kernel"), session) if self.recorder else None
        if runs is None:
            raise web.HTTPError(404, "Nothing is known of this kernel.")
        if not runs.is_live(session):
            raise web.HTTPError(409, "This session is not connected to the kernel.")
        if not (seen.isascii() and seen.isdecimal() and len(seen) < 16):
            raise web.HTTPError(400, "seen must be a number.")
        answer = await self._changed(runs, session, int(seen))
        text = await asyncio.to_thread(json.dumps, answer)
        # outputs are told whole each time: large ones less often
        await self._wait(max(STEP_SECONDS, len(text) / BYTES_PER_SECOND) if not answer["is_over"] else 0)
        self.finish(text)

    async def _changed(self, runs: KernelRuns, session: str, seen: int) -> dict[str, Any]:
        waited = 0.0
        while True:
            runs.follow(session)
            is_over = runs.is_over(session)
            found = runs.followed(session, seen)
            if found or is_over or waited >= PATIENCE_SECONDS or self._is_left.is_set():
                return {"seen": runs.revision, "is_over": is_over, "runs": [_told(run) for run in found]}
            await self._wait(STEP_SECONDS)
            waited += STEP_SECONDS

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._is_left.wait(), seconds)
        except TimeoutError:
            return


def _told(run: Run) -> dict[str, Any]:
    return {"cell": run.cell, "outputs": run.outputs.all(), "execution_count": run.count, "state": run.state}
