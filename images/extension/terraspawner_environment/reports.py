"""Tells the workspaces service what goes on here: kernels, jobs and when somebody was here every 30 s and at each
change, the outbox at each change, git folders with work of their own every five minutes.

These are the user's claims (`ARCHITECTURE.md`, Activity): nothing here is trusted there beyond its bounds, and
nothing here fails when the service does not answer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from terraspawner_environment.activity import Activity
from terraspawner_environment.assembly import Workspace
from terraspawner_environment.kills import Kills
from terraspawner_environment.saves import rfc3339
from terraspawner_environment.trouble import ServiceTrouble

log = logging.getLogger(__name__)

EVERY_SECONDS = 30.0
TREES_EVERY_SECONDS = 300.0
LOOK_EVERY_SECONDS = 1.0

KernelFacts = Callable[[], Awaitable[dict[str, Any]]]


class Reporter:
    """Three loops; each says once in the log that the service does not take its reports, until it does again."""

    def __init__(
        self,
        workspace: Workspace,
        facts: KernelFacts,
        *,
        kills: Kills | None = None,
        activity: Activity | None = None,
        look_every: float = LOOK_EVERY_SECONDS,
        trees: Callable[[], list[dict[str, Any]]] | None = None,
    ) -> None:
        self._workspace = workspace
        self._facts = facts
        self._kills = kills
        self._activity = activity
        self._look_every = look_every
        self._look_for_trees = trees
        self._trees: list[dict[str, Any]] | None = None
        self._outbox_changed = asyncio.Event()
        self._failing: set[str] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._is_asked = asyncio.Event()
        self._taken: list[str] | None = None
        workspace.desk.states.listen(lambda _: self._outbox_changed.set())

    async def report_now(self) -> None:
        """Have the activity told at once; returns when that was tried."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._is_asked.set()
        await waiting

    async def report_activity(self) -> None:
        """Send what runs when it or the last kill changed, every 30 s and when asked; the memory in use goes along.
        States change many times a second in a busy notebook, so they are looked at once a second."""
        loop = asyncio.get_running_loop()
        said: object = None
        said_at = float("-inf")
        while True:
            waiting, self._waiting = self._waiting, []
            self._is_asked.clear()
            facts, more = await self._facts(), await self._activity.facts() if self._activity else {}
            kernels = [(kernel["id"], kernel["path"], kernel["state"]) for kernel in facts["kernels"]]
            jobs = [(job["pid"], job["what"]) for job in more.get("jobs", ())]
            shape = kernels, jobs, facts["terminals"], self._kills.last if self._kills else None, self._trees
            if waiting or shape != said or loop.time() - said_at >= EVERY_SECONDS:
                memory = self._kills.facts() if self._kills else None
                told = {**facts, "memory": memory, "trees": self._trees}
                await self._report("activity", {name: fact for name, fact in told.items() if fact is not None} | more)
                said, said_at = shape, loop.time()
            for each in waiting:
                if not each.done():  # whoever asked may have gone
                    each.set_result(None)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_asked.wait(), self._look_every)

    async def look_for_trees(self) -> None:
        """Look for git folders with work that is nowhere else now and then; they go along with the next report."""
        while self._look_for_trees is not None:
            self._trees = await asyncio.to_thread(self._look_for_trees)
            await asyncio.sleep(TREES_EVERY_SECONDS)

    async def report_outbox(self) -> None:
        """Send what is pending, whenever that changed."""
        said: object = None
        while True:
            pending = outbox_facts(self._workspace)
            if pending != said:
                await self._report_pending(pending)
                said = pending
            await self._outbox_changed.wait()
            self._outbox_changed.clear()
            await asyncio.sleep(self._look_every / 2)  # a save passes two states within milliseconds

    async def say_last(self, *, seconds: float) -> None:
        """The server ends: what is still unsent, if that is not what was said last."""
        pending = outbox_facts(self._workspace)
        if [fact["path"] for fact in pending] != self._taken:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._report_pending(pending), seconds)

    async def _report_pending(self, pending: list[dict[str, Any]]) -> None:
        is_taken = await self._report("outbox", {"pending": pending})
        self._taken = [fact["path"] for fact in pending] if is_taken else None

    async def _report(self, what: str, facts: dict[str, Any]) -> bool:
        """Whether it was taken."""
        try:
            self._heard(what, *await self._workspace.service.report(what, facts))
        except ServiceTrouble as trouble:
            if what == "activity" and self._activity:
                self._activity.outlook.missed()
            if what not in self._failing:
                log.warning("The workspace takes no report of %s: %s", what, trouble.sentence)
            self._failing.add(what)
            return False
        self._failing.discard(what)
        return True

    def _heard(self, what: str, headers: Mapping[str, str], body: bytes) -> None:
        if what == "activity" and self._activity:
            self._activity.outlook.heard(headers, body)


def outbox_facts(workspace: Workspace) -> list[dict[str, Any]]:
    desk = workspace.desk
    facts = []
    for entry in desk.outbox.pending():
        state = desk.states.of(desk.paths.lab_path(entry.notebook))
        error = entry.refused or (state.reason if state and state.state == "waiting" else None)
        facts.append({"path": entry.notebook, "since": entry.since, "error": error})
    return facts


async def kernel_facts(server: Any) -> dict[str, Any]:
    """Read kernels and terminals of a running Jupyter server (`ServerApp`)."""
    paths = {session["kernel"]["id"]: session["path"] for session in await server.session_manager.list_sessions()}
    kernels = []
    for kernel_id in server.kernel_manager.list_kernel_ids():
        kernel = server.kernel_manager.get_kernel(kernel_id)
        active = last_activity(kernel)
        kernels.append(
            {
                "id": kernel_id,
                "path": paths.get(kernel_id),
                "state": getattr(kernel, "execution_state", "unknown"),
                "last_activity": rfc3339(active) if active else None,
            }
        )
    terminals = getattr(server.web_app.settings.get("terminal_manager"), "terminals", {})
    return {"kernels": kernels, "terminals": len(terminals)}


async def is_busy(server: Any, path: str) -> bool:
    """Whether the kernel of the notebook at Lab's `path` runs something."""
    return any(
        session["path"] == path and session["kernel"].get("execution_state") in ("busy", "starting", "restarting")
        for session in await server.session_manager.list_sessions()
    )


def last_activity(kernel: Any) -> datetime | None:
    """None while the kernel is being started: its trait has no value then, and to read it is an error."""
    return kernel.last_activity if kernel.trait_has_value("last_activity") else None
