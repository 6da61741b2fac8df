"""Our rows, the Hub and Docker compared, and put right by the tables of `domain.reconcile` (K1).

What is on its way is looked at in every sweep, and so is what runs, in turn where that is much: each question costs the
Hub some milliseconds, in which it does nothing else. Everything, volumes too, is looked at at the start, every minute
and on demand. The three are asked one after the other, so a look may catch a start in the middle: an act is carried out
only when a later look finds the same for the same start. No answer contradicts nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from terraspawner.domain import reconcile
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.reconcile import Act, Container, Server
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import TerraError
from terraspawner.host_client import ContainerState
from terraspawner.operations import environments, freezing, ledger, reconciling, trashed_environments
from terraspawner.web.deeds import Deeds
from terraspawner.web.launches import Hub
from terraspawner.web.origin import acting_as
from terraspawner.web.pace import Pace
from terraspawner.web.rota import Rota

log = logging.getLogger(__name__)

_HERE = frozenset(State) - {State.NONE}
_QUICK = reconcile.states_to_ask()
_STANDS_STILL = frozenset({State.FREEZING, State.FROZEN})
_LEFT_TO_OTHERS = frozenset({Act.FINISH_DELETION, Act.REPORT})
"""Deletions are the worker's, in every sweep; a report is for people."""


class Machine(Protocol):
    """What we ask of the host service."""

    async def containers(self) -> Mapping[str, ContainerState]: ...
    async def disks(self) -> frozenset[str]: ...
    async def stop_environment(self, environment_id: str) -> None: ...
    async def delete_environment(self, environment_id: str) -> None: ...
    async def delete_disk(self, disk_id: str) -> None: ...
    async def lost_scratch(self) -> frozenset[str]: ...
    async def delete_scratch(self, environment_id: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A contradiction, and what follows. `key` is the same as long as it is the same of the same start."""

    act: Act
    subject: str
    why: str
    said: str
    environment: Environment | None = None
    workspace: Workspace | None = None
    container: ContainerState | None = None

    @property
    def id(self) -> str:
        return self.subject.partition(":")[2]

    @property
    def key(self) -> tuple[object, ...]:
        here = self.environment
        return (self.act, self.subject, here.start_number if here else 0, here.state if here else None)


class Reconciler:
    """`clock` gives seconds that only rise."""

    def __init__(self, *, deeds: Deeds, hub: Hub, host: Machine, pace: Pace, clock: Callable[[], float]) -> None:
        self._deeds = deeds
        self._hub = hub
        self._host = host
        self._pace = pace
        self._clock = clock
        self._doubts: dict[tuple[object, ...], float] = {}
        self._whole_at = float("-inf")
        self._told: frozenset[tuple[object, ...]] = frozenset()
        self._rota = Rota(pace.asks)
        self._on_machine: Mapping[Act, Callable[[str], Awaitable[None]]] = {
            Act.STOP_CONTAINER: host.stop_environment,
            Act.REMOVE_CONTAINER: host.delete_environment,
            Act.REMOVE_VOLUME: host.delete_disk,
            Act.REMOVE_SCRATCH: host.delete_scratch,
        }

    async def sweep(self) -> None:
        """Look, and put right what has been so for long enough."""
        now = self._clock()
        is_whole = bool(self._doubts) or now - self._whole_at >= self._pace.whole
        found = await (self.look(in_turn=True) if is_whole else self._look_quickly())
        if is_whole:
            self._whole_at = now
            self._tell(found)
        self._doubts = {each.key: self._doubts.get(each.key, now) for each in found if each.act not in _LEFT_TO_OTHERS}
        sure = [each for each in found if now - self._doubts.get(each.key, now) >= self._pace.doubt]
        await asyncio.gather(*(self._put_right(each) for each in sure))
        for each in sure:
            self._doubts.pop(each.key, None)

    async def act_now(self) -> list[Finding]:
        """Put right what two looks in a row find; what was found. Deletions are left to the worker."""
        first = {each.key for each in await self.look()}
        found = [each for each in await self.look() if each.key in first]
        await asyncio.gather(*(self._put_right(each) for each in found if each.act not in _LEFT_TO_OTHERS))
        return found

    # --- looking ---

    async def look(self, *, in_turn: bool = False) -> list[Finding]:
        """Everything that is contradicted now; with `in_turn` the Hub is asked in turn about what seems to run. Nothing
        is done."""
        rows = await self._deeds(environments.environments_in, _HERE)
        containers, volumes = await self._machine()
        found = await self._judged(self._in_turn(rows, containers) if in_turn else rows, containers)
        if containers is not None:
            found += await self._without_row({here.id for here, _ in rows}, containers)
        if volumes is not None:
            found += await self._disks(volumes)
            found += await self._scratch()
        return found

    async def _look_quickly(self) -> list[Finding]:
        rows = await self._deeds(environments.environments_in, _QUICK)
        needs_machine = any(here.state in _STANDS_STILL for here, _ in rows)
        containers = await self._containers() if needs_machine else None
        return await self._judged(self._in_turn(rows, containers), containers)

    def _in_turn(
        self, rows: Iterable[tuple[Environment, Workspace]], containers: Mapping[str, ContainerState] | None
    ) -> list[tuple[Environment, Workspace]]:
        """Without what runs, as far as is known, and whose turn it is not. What is in doubt is looked at always."""
        doubted, found = {key[1] for key in self._doubts}, list(rows)
        running = {
            here.id
            for here, _ in found
            if here.state is State.RUNNING
            and f"environment:{here.id}" not in doubted
            and (containers is None or _kind(containers.get(here.id)) is Container.RUNNING)
        }
        put_off = running - self._rota.next(running)
        return [(here, at) for here, at in found if here.id not in put_off]

    async def _machine(self) -> tuple[Mapping[str, ContainerState] | None, frozenset[str] | None]:
        containers = await self._containers()
        try:
            return containers, await self._host.disks() if containers is not None else None
        except TerraError as error:
            log.info("volumes not looked at: %s", error.message)
            return containers, None

    async def _containers(self) -> Mapping[str, ContainerState] | None:
        """What the Engine says; None where it says nothing."""
        try:
            return await self._host.containers()
        except TerraError as error:
            log.info("containers not looked at: %s", error.message)
            return None

    async def _judged(
        self, rows: Iterable[tuple[Environment, Workspace]], containers: Mapping[str, ContainerState] | None
    ) -> list[Finding]:
        gate = asyncio.Semaphore(self._pace.asks_at_once)

        async def one(here: Environment, at: Workspace) -> Finding | None:
            async with gate:
                return await self._one(here, at, containers)

        found = await asyncio.gather(*(one(here, at) for here, at in rows))
        return [each for each in found if each is not None]

    async def _one(
        self, here: Environment, at: Workspace, containers: Mapping[str, ContainerState] | None
    ) -> Finding | None:
        seen = containers.get(here.id) if containers is not None else None
        container = Container.UNKNOWN if containers is None else _kind(seen)
        half_made = (seen is not None and seen.id != here.container_id) or not here.container_id
        server = Server.UNKNOWN
        if reconcile.needs_hub(here.state, container, half_made=half_made):
            server = await self._server(here.user, at.slug)
        case = reconcile.judge(here.state, server, container, half_made=half_made)
        if case is None:
            return None
        said = f"row {here.state}, Hub {server}, container {container}"
        return Finding(
            act=case.act, subject=f"environment:{here.id}", why=case.why, said=said, environment=here, workspace=at,
            container=seen,
        )  # fmt: skip

    async def _server(self, user: str, slug: str) -> Server:
        try:
            server = await self._hub.server(user, slug)
        except TerraError as error:
            log.info("not looked at: %s", error.message)
            return Server.UNKNOWN
        if server.pending:
            return Server.BUSY
        return Server.READY if server.is_ready else Server.STOPPED

    async def _without_row(self, here: set[str], containers: Mapping[str, ContainerState]) -> list[Finding]:
        left = {identifier: seen for identifier, seen in containers.items() if identifier not in here}
        known = await self._deeds(reconciling.known_environments, tuple(left))
        found = []
        for identifier, seen in left.items():
            state = State.NONE if identifier in known else None
            case = reconcile.judge(state, Server.UNKNOWN, _kind(seen), half_made=False)
            if case:
                said = f"row {state or 'none'}, container {_kind(seen)}"
                found.append(
                    Finding(act=case.act, subject=f"container:{identifier}", why=case.why, said=said, container=seen)
                )
        return found

    async def _disks(self, volumes: frozenset[str]) -> list[Finding]:
        rows = await self._deeds(reconciling.disk_rows, volumes)
        found = []
        for identifier in sorted(volumes | rows.states.keys()):
            state, has_volume = rows.states.get(identifier), identifier in volumes
            case = reconcile.judge_disk(state, has_volume=has_volume, was_used=identifier in rows.used)
            if case:
                said = f"row {state or 'none'}, {'a volume' if has_volume else 'no volume'}"
                found.append(Finding(act=case.act, subject=f"disk:{identifier}", why=case.why, said=said))
        return found

    async def _scratch(self) -> list[Finding]:
        """Rooms without a container, which nobody would ever empty."""
        try:
            lost = await self._host.lost_scratch()
        except TerraError as error:
            log.info("scratch rooms not looked at: %s", error.message)
            return []
        return [
            Finding(act=Act.REMOVE_SCRATCH, subject=f"scratch:{each}", why=reconcile.LOST_SCRATCH, said="no container")
            for each in sorted(lost)
        ]

    def _tell(self, found: Iterable[Finding]) -> None:
        """Operators read it in the log once, and in `POST /reconcile` whenever they ask."""
        reports = {each.key: each for each in found if each.act is Act.REPORT}
        for key, each in reports.items():
            if key not in self._told:
                log.warning("%s: %s (%s)", each.subject, each.why, each.said)
        self._told = frozenset(reports)

    # --- putting right ---

    async def _put_right(self, finding: Finding) -> None:
        """Go down the same road again: what is wished for is asked of the Hub, what came of it is written down."""
        log.warning("%s: %s, so: %s", finding.subject, finding.said, finding.act)
        try:
            with acting_as(reconciling.RECONCILER):
                await self._carry_out(finding)
                await self._deeds(
                    reconciling.note_act, act=finding.act, subject=finding.subject, why=finding.why, state=finding.said
                )
        except TerraError as error:
            log.warning("%s not put right: %s", finding.subject, error.message)

    async def _carry_out(self, finding: Finding) -> None:
        here, at = finding.environment, finding.workspace
        if finding.act in self._on_machine:
            await self._on_machine[finding.act](finding.id)
            return
        match finding.act:
            case Act.PURGE if here:
                await self._deeds(trashed_environments.lost, here.id, finding.why)
            case Act.NOTE_GONE if here:
                await self._deeds(reconciling.container_gone, here, finding.why)
            case Act.NOTE_FROZEN if here and finding.container:
                await self._deeds(freezing.frozen, here.id, here.start_number, finding.container.memory)
            case Act.FREEZE if here and at:
                await self._hub.stop(here.user, at.slug)
            case Act.STOP if here and at:
                await self._deeds(ledger.note_asked, here.id, finding.why)
                # where the Hub had something to end, the row knows already and says why
                if await self._hub.stop(here.user, at.slug):
                    await self._deeds(environments.stopped, here.id, here.start_number, finding.why)
            case _:
                raise AssertionError(finding.act)


def _kind(container: ContainerState | None) -> Container:
    if container is None:
        return Container.NONE
    if container.is_frozen:
        return Container.FROZEN
    return Container.RUNNING if container.is_running else Container.STOPPED
