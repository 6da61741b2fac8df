"""Sweeps: what may be due is listed, decided, and asked for, many at the same time.

A sweep costs by what is due, not by what there is: the service keeps for each environment when it is to be looked at
next. It waits for none of the environments that it acts on: one that is stuck goes on being waited for beside the next
sweeps, which let it alone meanwhile, until it is given up.

Two cullers may run: what one has done the other meets as other facts, and does nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from culler.client import Answer, Listed, Outcome
from culler.decision import Act, Decision, decide
from culler.facts import Facts
from terraspawner.errors import TerraError

log = logging.getLogger(__name__)


FIRST_PAUSE = 0.5
"""Seconds after a sweep that failed, twice as long after each further one."""


class TellsFacts(Protocol):
    """The service; `culler.client.Service` is it."""

    def facts(self, *, due: bool) -> AsyncIterator[Listed]: ...

    async def act_on(self, facts: Facts, decision: Decision) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """`listed` were named as due; `asked` of them are acted on; `waiting` still are from sweeps before; of `unread`
    the facts could not be read."""

    listed: int = 0
    asked: int = 0
    waiting: int = 0
    unread: int = 0


class Sweeper:
    """Sweeps with at most `at_once` environments acted on at the same time, each for at most `patience` seconds."""

    def __init__(self, service: TellsFacts, *, at_once: int, patience: float) -> None:
        self._service, self._patience = service, patience
        self._gate = asyncio.Semaphore(at_once)
        self._acts: dict[str, asyncio.Task[None]] = {}

    async def sweep(self) -> Swept:
        """Look once. What was decided is under way when this returns. Raises what the listing raises."""
        listed = asked = waiting = unread = 0
        async for each in self._service.facts(due=True):
            listed += 1
            if each.facts is None:
                unread += 1
                log.error("environment %s is let alone, as its facts cannot be read: %s", each.id, each.fault)
            elif each.id in self._acts:
                waiting += 1
            elif self._begin(each.facts):
                asked += 1
        return Swept(listed=listed, asked=asked, waiting=waiting, unread=unread)

    async def settle(self, within: float | None = None) -> None:
        """Wait until nothing is under way any more; after `within` seconds the rest is given up."""
        pending = list(self._acts.values())
        if pending:
            await asyncio.wait(pending, timeout=within)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    def _begin(self, facts: Facts) -> bool:
        """By the service's own clock: ours may be another."""
        decision = decide(facts, facts.policy, facts.now)
        if decision.act is Act.KEEP:
            log.debug("%s: keep; %s", named(facts), decision.why)
            return False
        task = asyncio.create_task(self._act(facts, decision))
        self._acts[facts.id] = task
        task.add_done_callback(lambda _: self._acts.pop(facts.id, None))
        return True

    async def _act(self, facts: Facts, decision: Decision) -> None:
        async with self._gate:
            try:
                async with asyncio.timeout(self._patience):
                    answer = await self._service.act_on(facts, decision)
            except TimeoutError:
                log.warning("%s: %s did not answer for %g s", named(facts), decision.act, self._patience)
            except TerraError as error:
                log.warning("%s: %s could not be asked for: %s", named(facts), decision.act, error.message)
            except Exception:  # one environment of many: whatever is wrong with it, the others go on
                log.exception("%s: %s failed", named(facts), decision.act)
            else:
                _say(facts, decision, answer)


def named(facts: Facts) -> str:
    return f"{facts.user} in {facts.workspace.namespace}/{facts.workspace.name}"


def _say(facts: Facts, decision: Decision, answer: Answer) -> None:
    if answer.outcome is Outcome.DONE:
        log.info("%s: %s (%s): %s", named(facts), decision.act, decision.name, decision.why)
    else:
        log.info("%s: not %s, %s: %s", named(facts), decision.act, answer.outcome, answer.message)


async def run(sweeper: Sweeper, seconds: float, ending: asyncio.Event, told: Told) -> None:
    """Sweep every so many `seconds` until `ending` is set. A service that is away is asked again soon, then less and
    less often; nothing is decided without it, so nothing is stopped for not knowing."""
    failures = 0
    while not ending.is_set():
        failures = 0 if await _once(sweeper, told) else failures + 1
        pause = min(seconds, FIRST_PAUSE * 2 ** min(failures - 1, 10)) if failures else seconds
        try:
            async with asyncio.timeout(pause):
                await ending.wait()
        except TimeoutError:
            continue
    await sweeper.settle(within=5)


async def _once(sweeper: Sweeper, told: Told) -> bool:
    try:
        told.went_well(await sweeper.sweep())
    except TerraError as error:
        told.failed(error.message)
    except Exception as error:  # a process that ends would leave everything running, for good and unseen
        log.exception("the sweep failed")
        told.failed(f"{type(error).__name__}: {error}")
    else:
        return True
    return False


class Told(Protocol):
    """Who is told how the sweeps go."""

    def went_well(self, swept: Swept) -> None: ...

    def failed(self, message: str) -> None: ...
