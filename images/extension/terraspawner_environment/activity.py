"""What the culler hears from here, and what the service answers: when this environment is stopped next, and why.

The service says instants of its own clock. What Lab is told are seconds, reckoned from the time in the same answer, so
that no clock of this machine or of a browser matters.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from terraspawner_environment.beats import HumanBeats
from terraspawner_environment.jobs import LOOK_SECONDS, Jobs, KernelProcess
from terraspawner_environment.processes import below, read_processes

CALM_SECONDS = 60.0
"""So long before the first warning a person's input is told at once: it puts the stop off."""


class Outlook:
    """What the service last said comes next. Unknown while it takes no report; nothing where it never said anything."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._is_known = False
        self._stop: dict[str, Any] | None = None
        self._warn: list[int] = []
        self._ends_at: float | None = None

    def heard(self, headers: Mapping[str, str], body: bytes) -> None:
        """An answer to a report. Older services have none, and then nothing is shown."""
        answer = _object(body)
        stop = answer.get("next_stop")
        self._is_known = True
        self._stop = stop if isinstance(stop, dict) else None
        warn = answer.get("warn")
        self._warn = [each for each in warn if type(each) is int] if isinstance(warn, list) else []
        left = _seconds_left(self._stop or {}, _time(answer.get("now")) or _sent(headers))
        self._ends_at = None if left is None else self._clock() + left

    def missed(self) -> None:
        """A report got no answer."""
        self._is_known = False

    @property
    def is_near(self) -> bool:
        """Is the stop, or its warning, so near that what happens now should be told at once? Also where nothing is
        known."""
        left = self._left
        return not self._is_known or (left is not None and left <= max(self._warn, default=0) + CALM_SECONDS)

    def facts(self) -> dict[str, Any]:
        """`next_stop`: `act` is what comes next ("keep": nothing does), `seconds` until then."""
        stop = self._stop
        if stop is None:
            return {"is_known": self._is_known, "next_stop": None, "warn": []}
        left = self._left
        said = {
            "act": _coming(stop) if left is not None else "keep",
            "name": str(stop.get("name") or ""),
            "why": str(stop.get("why") or ""),
            "seconds": None if left is None else round(max(0.0, left), 1),
            "guards": [str(each) for each in _list(stop.get("guards"))],
        }
        return {"is_known": self._is_known, "next_stop": said, "warn": self._warn}

    @property
    def _left(self) -> float | None:
        return None if self._ends_at is None else self._ends_at - self._clock()


class Activity:
    """The parts together, for one running server (`ServerApp`)."""

    def __init__(self, server: Any, clock: Callable[[], float]) -> None:
        self._server = server
        self.beats = HumanBeats(clock)
        self.outlook = Outlook(clock)
        self.jobs = Jobs(server=os.getpgrp(), hertz=os.sysconf("SC_CLK_TCK"), clock=clock)
        self._sees_processes = False

    async def watch(self) -> None:
        """Look at the processes now and then; runs until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        processes = await asyncio.to_thread(read_processes, user=os.getuid())
        if processes is not None:
            self._sees_processes = True
            self.jobs.look(below(processes, os.getppid()), await self.kernels())

    async def facts(self) -> dict[str, Any]:
        """Return what a report says besides its kernels. `human` None: nobody was here since this server started."""
        if self.jobs.held_cells():
            self.jobs.look_at_cells(await self.kernels())
        jobs = [job.facts() for job in (*self.jobs.working(), *self.jobs.held_cells())]
        return {"human": self.beats.seconds, **({"jobs": jobs} if self._sees_processes else {})}

    async def kernels(self) -> list[KernelProcess]:
        """Return the kernels that are processes here. One whose state is not known may compute."""
        paths = {each["kernel"]["id"]: each["path"] for each in await self._server.session_manager.list_sessions()}
        found = []
        for kernel_id in self._server.kernel_manager.list_kernel_ids():
            kernel = self._server.kernel_manager.get_kernel(kernel_id)
            pid = getattr(kernel.provisioner, "pid", None)
            if pid:
                is_idle = getattr(kernel, "execution_state", None) == "idle"
                found.append(KernelProcess(id=kernel_id, pid=pid, path=paths.get(kernel_id), is_idle=is_idle))
        return found

    async def rests(self) -> bool:
        """Whether it is known that nothing works."""
        await self.look()
        kernels = self._server.kernel_manager
        states = [getattr(kernels.get_kernel(each), "execution_state", None) for each in kernels.list_kernel_ids()]
        is_idle = all(state == "idle" for state in states)
        return self._sees_processes and is_idle and not self.jobs.working()

    async def shown(self) -> dict[str, Any]:
        """Return what Lab shows: the outlook, and what a person can have it kept alive for."""
        cells = [{"kernel": each.id, "name": each.name} for each in await self.kernels() if not each.is_idle]
        jobs = [{"what": job.what, "pid": job.pid} for job in self.jobs.working()]
        return {**self.outlook.facts(), "cells": cells, "jobs": jobs}


def _coming(stop: Mapping[str, Any]) -> str:
    """A decision to keep for now names the deadline that comes next; what it does then stands there."""
    named = [each for each in _list(stop.get("deadlines")) if isinstance(each, dict) and each.get("name")]
    coming = next((each for each in named if each["name"] == stop.get("name")), stop)
    return str(coming.get("act") or "keep")


def _seconds_left(stop: Mapping[str, Any], now: datetime | None) -> float | None:
    at = _time(stop.get("at"))
    return None if at is None or now is None else (at - now).total_seconds()


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _list(said: object) -> list[Any]:
    return said if isinstance(said, list) else []


def _time(said: object) -> datetime | None:
    """RFC 3339; None for anything else, and for a time without a zone."""
    try:
        at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _sent(headers: Mapping[str, str]) -> datetime | None:
    try:
        at = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
