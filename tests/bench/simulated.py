"""Environments that save every few seconds: ``python -m tests.bench.simulated <plan.json> <told.jsonl>``.

A process of its own, over real connections, one set for each environment, each with its own key. A save is due at a
time that was fixed before the first one was sent, and is measured from that time: one that is sent late because the one
before was not answered yet counts all of its waiting. One that fails is sent again under its name, with growing pauses,
as the extension does it, until it is acknowledged. Meanwhile each environment renews its lease and says what runs, as
often as the extension.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import aiohttp

from tests.bench.documents import document, edited, written

RENEW_SECONDS, REPORT_SECONDS = 20.0, 30.0
"""As `terraspawner_environment.lease` and `.reports` have them."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
PATIENCE = aiohttp.ClientTimeout(total=30)
SESSION = "tab-bench"
MARK = "round 00000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done: times in seconds, `begins` by the machine's monotonic clock."""

    url: str
    environments: list[dict[str, str]]
    size: int
    every: float
    begins: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A save that was due. `acknowledged` is None where it was not until the end."""

    environment: int
    due: float
    sent: float
    acknowledged: float | None
    failures: list[str]
    sha256: str


class Simulated:
    """One environment. `each` has its `key`, the `address` of its notebook below the API, and its `version`."""

    def __init__(self, number: int, plan: Plan, http: aiohttp.ClientSession, out: TextIO) -> None:
        self._number, self._plan, self._http, self._out = number, plan, http, out
        self._each = plan.environments[number]
        self._address = f"{plan.url}/{self._each['address']}"
        self._ends = plan.begins + plan.seconds
        self._dice = random.Random(number)
        self._text = written(edited(document(plan.size, seed=number), MARK))
        self._version = self._each["version"]
        self._fence = 0

    async def live(self) -> None:
        async with self._http.post(f"{self._address}/lease", json={"session": SESSION}) as answer:
            self._fence = (await answer.json())["fence"]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._save_all())
            tasks.create_task(self._again_and_again(RENEW_SECONDS, self._renew))
            tasks.create_task(self._again_and_again(REPORT_SECONDS, self._report))

    async def _save_all(self) -> None:
        due = self._plan.begins + self._dice.random() * self._plan.every
        number = 0
        while due < self._ends:
            number += 1
            body = self._text.replace(MARK.encode(), f"round {number:08}".encode(), 1)
            sha256 = hashlib.sha256(body).hexdigest()
            await _until(due)
            await self._save(due, body, sha256)
            due += self._plan.every

    async def _save(self, due: float, body: bytes, sha256: str) -> None:
        headers = {
            "If-Match": f'"{self._version}"', "Save-Id": f"{self._number}-{sha256[:32]}", "Save-Kind": "saved",
            "Lease-Session": SESSION, "Lease-Fence": str(self._fence), "Content-Type": "application/json",
        }  # fmt: skip
        sent, acknowledged, failures, pause = time.monotonic(), None, [], FIRST_PAUSE
        while acknowledged is None and time.monotonic() < self._ends + PATIENCE.total:
            try:
                async with self._http.put(self._address, data=body, headers=headers) as answer:
                    said = await answer.json()
                    if answer.status in (200, 201):
                        acknowledged, self._version = time.monotonic(), said["version"]
                        break
                    failures.append(f"{answer.status} {said['error']['code']}")
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                failures.append(type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        told = Told(
            environment=self._number, due=due, sent=sent, acknowledged=acknowledged, failures=failures, sha256=sha256
        )
        self._out.write(json.dumps(asdict(told)) + "\n")

    async def _again_and_again(self, every: float, act: Any) -> None:
        due = self._plan.begins + self._dice.random() * every
        while due < self._ends:
            await _until(due)
            try:
                await act()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                print(f"{act.__name__}: {error!r}", file=sys.stderr)
            due += every

    async def _renew(self) -> None:
        claim = {"session": SESSION, "fence": self._fence}
        async with self._http.patch(f"{self._address}/lease", json=claim) as answer:
            await answer.read()

    async def _report(self) -> None:
        kernel = {"id": "0", "path": "a.ipynb", "state": "idle", "last_activity": None}
        memory = {"limit": 2**31, "used": 2**28, "kills": 0}
        said = {"kernels": [kernel], "terminals": 0, "memory": memory}
        async with self._http.post(f"{self._plan.url}/environments/self/activity", json=said) as answer:
            await answer.read()


async def _until(due: float) -> None:
    await asyncio.sleep(max(0.0, due - time.monotonic()))


async def main(plan: Plan, out: TextIO) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number, each in enumerate(plan.environments):
            tasks.create_task(_live(number, each, plan, out))


async def _live(number: int, each: dict[str, str], plan: Plan, out: TextIO) -> None:
    headers = {"Authorization": f"environment {each['key']}"}
    async with aiohttp.ClientSession(headers=headers, timeout=PATIENCE, trust_env=False) as http:
        # they come up one after the other, before the first save is due
        await _until(plan.begins - 10 * (1 - number / len(plan.environments)))
        await Simulated(number, plan, http, out).live()


if __name__ == "__main__":
    with Path(sys.argv[2]).open("w") as told:
        asyncio.run(main(Plan(**json.loads(Path(sys.argv[1]).read_text())), told))
