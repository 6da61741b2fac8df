"""Keeps one bucket or drive mounted: starts rclone, looks after it, starts it again when it ends or hangs.

An environment never waits for any of this: what hangs is killed, and whoever stands in a call there gets an error. The
trouble of one is in its own task and its own rclone, so it is no other's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from terraspawner.domain import bucket_mount
from terraspawner.domain.bucket_mount import Answer, Look, MountState, Standing
from terraspawner.domain.mount_words import Words
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.bucket_mounts.rclone import Unsent, answer_of, is_away

log = logging.getLogger(__name__)

# one thread of each mount may stand in a call to an rclone that hangs
_threads = ThreadPoolExecutor(max_workers=512, thread_name_prefix="mount")


class Program(Protocol):
    """What this needs of :class:`terraspawner.host.bucket_mounts.rclone.Rclone`."""

    @property
    def has_ended(self) -> bool: ...
    async def mount(self, request: Mapping[str, Any]) -> None: ...
    async def ask_store(self, question: Mapping[str, Any]) -> Answer: ...
    async def unsent(self, file_system: Mapping[str, str]) -> Unsent: ...
    async def end(self) -> None: ...


class Shown(Protocol):
    """What this needs of :class:`terraspawner.host.bucket_mounts.places.Places`."""

    def prepare(self) -> None: ...
    def show(self) -> None: ...
    def hide(self) -> None: ...
    def pulse(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """What is mounted: how its rclone is started, and what that is asked; `words` are for people."""

    start: Callable[[], Awaitable[Program]]
    places: Shown
    mounts: tuple[Mapping[str, Any], ...]
    question: Mapping[str, Any]
    data: Mapping[str, str]
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds: between two looks, between two questions to the store, and for which rclone may say nothing."""

    look: float = 2.0
    question: float = 10.0
    silence: float = 10.0


class _Lost(Exception):
    """It is not mounted any more. The text is for people."""


class Keeper:
    """`standing` is how it stands now; `run` goes on until it was let go and all is known to be sent."""

    def __init__(self, name: str, remote: Remote, now: Callable[[], datetime], pace: Pace) -> None:
        self._name, self._remote, self._now, self._pace = name, remote, now, pace
        self.standing = Standing(state=MountState.GONE, since=now(), reason=remote.words.being_made)
        self.is_up = asyncio.Event()
        """Set while it is mounted and was looked at."""
        self._is_wanted = True
        self._is_other = False
        """Whether what is mounted is not what is to be any more."""
        self._is_counted = False
        """Whether it is known how many files wait to be sent: an rclone that is gone may have left more."""
        self._hurry = asyncio.Event()

    def want(self, *, is_wanted: bool) -> None:
        """Whether an environment has it. What is not wanted is kept until nothing waits to be sent."""
        self._is_wanted = is_wanted
        if not is_wanted:
            self._hurry.set()

    def renew(self, remote: Remote) -> None:
        """Mount this from now on, in the same place."""
        self._remote = remote
        self._is_other = True
        self.standing = bucket_mount.lost(self.standing, remote.words.being_made, self._now())
        self._hurry.set()

    async def run(self) -> None:
        tries = 0
        while self._goes_on():
            try:
                await self._mounted()
            except _Lost as lost:
                tries = 0
                self._lose(str(lost))
            except (MountFailed, OSError) as error:
                tries += 1
                self._lose(self._why(error))
                log.warning("%s is not mounted: %s", self._name, error)
            await self._rest(bucket_mount.pause_before(tries))

    def _why(self, error: Exception) -> str:
        """It never was mounted: some stores are asked before that, and may be away or have refused."""
        said, words = error.message if isinstance(error, MountFailed) else "", self._remote.words
        if answer_of(said) is Answer.REFUSED:
            return words.refusing
        return words.silent if is_away(said) else words.ended

    def _goes_on(self) -> bool:
        return self._is_wanted or self.standing.waiting > 0 or not self._is_counted

    def _lose(self, reason: str) -> None:
        self._is_counted = False
        self.standing = bucket_mount.lost(self.standing, reason, self._now())
        log.warning("%s: %s", self._name, reason)

    async def _mounted(self) -> None:
        """Mount it and look after it. Raises `_Lost`, or `MountFailed` where it never was."""
        self._is_other = False
        await self._in_thread(self._remote.places.prepare)
        program = await self._remote.start()
        try:
            for request in self._remote.mounts:
                await program.mount(request)
            await self._in_thread(self._remote.places.show)
            await self._look_after(program)
        finally:
            self.is_up.clear()
            await _in_full(self._take_away(program))

    async def _take_away(self, program: Program) -> None:
        await program.end()  # first, so that whoever stands in a call there gets an error
        await self._in_thread(self._remote.places.hide)

    async def _look_after(self, program: Program) -> None:
        questions = _Questions(lambda: program.ask_store(self._remote.question), self._pace.question)
        try:
            while True:
                await self._feel(program)
                await questions.settle(self._pace.look, is_well=self.standing.state is MountState.MOUNTED)
                self._see(await self._unsent(program), questions.answer, questions.took)
                self.is_up.set()
                if not self._goes_on():
                    return
                await self._rest(self._pace.look)
                if self._is_other:
                    raise _Lost(self._remote.words.being_made)
        finally:
            questions.close()

    def _see(self, unsent: Unsent, answer: Answer, took: timedelta) -> None:
        look = Look(
            answer=answer, took=took, waiting=unsent.waiting, not_taken=unsent.not_taken, is_full=unsent.is_full
        )
        standing = bucket_mount.seen(self.standing, look, self._now(), self._remote.words)
        if standing.state is not self.standing.state:
            log.info("%s: %s. %s", self._name, standing.state, standing.reason)
        self.standing = standing

    async def _feel(self, program: Program) -> None:
        """Raises `_Lost` where rclone is dead, or answers nobody."""
        try:
            async with asyncio.timeout(self._pace.silence):
                await self._in_thread(self._remote.places.pulse)
        except TimeoutError:
            raise _Lost(self._remote.words.stuck) from None
        except OSError as error:
            raise _Lost(self._remote.words.ended) from error
        if program.has_ended:
            raise _Lost(self._remote.words.ended)

    async def _unsent(self, program: Program) -> Unsent:
        try:
            found = await program.unsent(self._remote.data)
        except MountFailed:
            return Unsent(waiting=self.standing.waiting)  # dead or hung: the next feeling tells
        self._is_counted = True
        return found

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return
        self._hurry.clear()

    @staticmethod
    async def _in_thread(call: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(_threads, call)


async def _in_full(act: Coroutine[Any, Any, None]) -> None:
    """Also where who waits for it is cancelled: half of it would leave an rclone that nobody knows of, and that sends
    to a bucket that is purged."""
    task = asyncio.ensure_future(act)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.wait({task})


class _Questions:
    """Asks the store now and then, without anybody waiting for its answer longer than for the next look."""

    def __init__(self, ask: Callable[[], Awaitable[Answer]], every: float) -> None:
        self._ask, self._every = ask, every
        self._clock = asyncio.get_running_loop().time
        self._asking: asyncio.Task[Answer] | None = None
        self._asked_at = self._clock() - every
        self._took = 0.0
        self.answer = Answer.WELL

    @property
    def took(self) -> timedelta:
        """How long the last answer took; while one is waited for at least as long as that."""
        under_way = self._clock() - self._asked_at if self._asking else 0.0
        return timedelta(seconds=max(self._took, under_way))

    async def settle(self, within: float, *, is_well: bool) -> None:
        """Ask if it is time to, and take the answer if it comes within so many seconds. What is not well is asked about
        at each look."""
        if self._asking is None:
            if is_well and self._clock() - self._asked_at < self._every:
                return
            self._asked_at = self._clock()
            self._asking = asyncio.ensure_future(self._ask())
        await asyncio.wait({self._asking}, timeout=within)
        if self._asking.done():
            self.answer, self._took = self._asking.result(), self._clock() - self._asked_at
            self._asking = None

    def close(self) -> None:
        if self._asking:
            self._asking.cancel()
