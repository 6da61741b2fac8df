"""One rclone that runs: the door to it. It is asked over its own unix socket, which root alone reaches.

What it says goes to our log without addresses and credentials: a store's address can hold a signature.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from terraspawner.domain.bucket_mount import Answer
from terraspawner.errors_mounts import MountFailed

log = logging.getLogger(__name__)

COME_UP_SECONDS = 10.0
_LOOK_SECONDS = 0.02
_SHORT, _LONG = 5.0, 40.0
_END_SECONDS = 2.0
_LINES_A_MINUTE = 10
_REFUSED = re.compile(
    r"(StatusCode: |RESPONSE |Error )40[13]\b|couldn't list files: (.*: )?40[13] |Unable to login with provided"
)
_AWAY = re.compile(r"dial tcp|i/o timeout|deadline exceeded|Client.Timeout|timeout awaiting")
_MISSING = "directory not found"
_SOON = 20.0
"""Seconds between two tries to send a file that was not taken. rclone's own pauses grow to five minutes, which people
would wait for after the store is well again."""
_ADDRESS = re.compile(r"https?://\S+")
_MOST_LETTERS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """How many files the store does not have yet; how many of them it did not take when they were sent, twice at
    least; and whether there is no room here for more."""

    waiting: int = 0
    not_taken: int = 0
    is_full: bool = False


def answer_of(error: str) -> Answer:
    """What rclone's sentence about a question that went wrong means."""
    if _REFUSED.search(error):
        return Answer.REFUSED
    return Answer.MISSING if _MISSING in error else Answer.NONE


def is_away(error: str) -> bool:
    """Whether rclone says of what it was asked that its store cannot be reached: some are asked before the mount."""
    return _AWAY.search(error) is not None


def told(line: str, secrets: Sequence[str]) -> str:
    """A line of rclone's as our log may have it."""
    line = _ADDRESS.sub("<address>", line)
    for secret in secrets:
        line = line.replace(secret, "<secret>")
    return line.strip()[:_MOST_LETTERS]


class Rclone:
    """Made by `started`. Raises `MountFailed` where it does not do what it is asked."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        words: asyncio.StreamReader,
        socket: Path,
        name: str,
        secrets: Sequence[str],
    ) -> None:
        self._process = process
        self._name = name
        self._secrets = secrets
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://rclone", timeout=_SHORT)
        self._listening = asyncio.create_task(self._listen(words))

    @classmethod
    async def started(
        cls, words: Sequence[str], environment: Mapping[str, str], socket: Path, *, name: str, secrets: Sequence[str]
    ) -> Rclone:
        """Start it and wait until it answers. `name` is for our log."""
        socket.unlink(missing_ok=True)  # noqa: ASYNC240 - in memory
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *words, env=dict(environment), stdin=nothing, stdout=nothing, stderr=pipe, start_new_session=True
        )
        made = cls(process, cast("asyncio.StreamReader", process.stderr), socket, name, secrets)
        try:
            await made._come_up(socket)
        except BaseException:
            await made.end()
            raise
        return made

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    async def mount(self, request: Mapping[str, Any]) -> None:
        """The store is not asked for that."""
        await self._ask("mount/mount", request, _LONG)

    async def ask_store(self, question: Mapping[str, Any]) -> Answer:
        """Takes as long as the store does, twice the time-out at most."""
        try:
            said = await self._ask("operations/stat", question, _LONG)
        except MountFailed as error:
            return answer_of(error.message)
        return Answer.MISSING if said["item"] is None else Answer.WELL

    async def unsent(self, file_system: Mapping[str, str]) -> Unsent:
        """What waits to be sent; what was not taken is sent again soon."""
        cache = (await self._ask("vfs/stats", file_system, _SHORT))["diskCache"]
        waiting = int(cache["uploadsQueued"]) + int(cache["uploadsInProgress"])
        not_taken = await self._not_taken(file_system) if waiting else 0
        return Unsent(waiting=waiting, not_taken=not_taken, is_full=bool(cache["outOfSpace"]))

    async def _not_taken(self, file_system: Mapping[str, str]) -> int:
        queue = (await self._ask("vfs/queue", file_system, _SHORT))["queue"]
        for item in queue:
            if not item["uploading"] and float(item["expiry"]) > _SOON:
                await self._ask("vfs/queue-set-expiry", {**file_system, "id": item["id"], "expiry": _SOON}, _SHORT)
        return sum(int(item["tries"]) - bool(item["uploading"]) > 1 for item in queue)

    async def end(self) -> None:
        """Asked to first, so that it takes its mounts along; killed where it does not. Done already is done."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
            try:
                async with asyncio.timeout(_END_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        self._listening.cancel()
        await self._client.aclose()

    async def _come_up(self, socket: Path) -> None:
        end = time.monotonic() + COME_UP_SECONDS
        while not socket.exists():  # noqa: ASYNC240 - in memory
            if self.has_ended or time.monotonic() > end:
                raise MountFailed("rclone did not come up. The log of the mounts service has its words.")
            await asyncio.sleep(_LOOK_SECONDS)
        await self._ask("rc/noop", {}, _SHORT)

    async def _ask(self, method: str, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        try:
            answer = await self._client.post(f"/{method}", json=dict(request), timeout=seconds)
            said: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise MountFailed(f"rclone did not answer ({type(error).__name__}).") from error
        if answer.is_error:
            raise MountFailed(f"rclone could not do this: {told(str(said.get('error')), self._secrets)}")
        return said

    async def _listen(self, words: asyncio.StreamReader) -> None:
        """Its words into our log, not more than a few a minute: a store that is away makes it say the same again and
        again. All of it is read, or it would stand."""
        minute, lines = 0, 0
        while line := await self._next_line(words):
            now = int(time.monotonic() // 60)
            minute, lines = now, (lines + 1 if now == minute else 1)
            if lines <= _LINES_A_MINUTE:
                log.warning("%s: %s", self._name, told(line, self._secrets))

    @staticmethod
    async def _next_line(stream: asyncio.StreamReader) -> str:
        """Empty at the end. Of a line that is too long for the reader the rest is left out."""
        try:
            return (await stream.readline()).decode(errors="replace")
        except ValueError:
            return "…"
