"""Pausing and deleting environments by their id: one's own, and those of others for who pays. The disk is kept. And
the end of a workspace, which is that of all environments in it.

REST and pages ask through here. Several are asked for at once, and what became of each is told apart.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from terraspawner.domain.environment import Environment, Event, State, is_possible
from terraspawner.domain.trash import Item
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import HubUnavailable, TerraError, WrongState
from terraspawner.operations import deletions, environments, ledger, oversight, trashed_workspaces
from terraspawner.operations.oversight import Overseen
from terraspawner.web.parts import Parts

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
_PAUSED = frozenset({State.PAUSED, State.PAUSING})
_LATER = frozenset({State.DELETING, State.FREEZING})


class Ending(enum.StrEnum):
    PAUSE = "pause"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one: `fault` is empty where it was carried out."""

    environment_id: str
    fault: str = ""


def is_of_use(ending: Ending, state: State) -> bool:
    """Whether something in `state` would be changed by it."""
    return is_possible(state, Event.PAUSE if ending is Ending.PAUSE else Event.DELETE)


async def pause(parts: Parts, actor: str, environment_id: str) -> Overseen:
    """Stop it; container and disk are kept. Raises `EnvironmentMissing`, `WrongState`, `HubUnavailable`."""
    found = await parts.deeds(oversight.allow_pause, actor=actor, environment_id=environment_id)
    here = found.environment
    if here.state in _LATER:
        raise WrongState(f"The environment is {here.state}. Look again in a minute.", state=str(here.state))
    if here.state not in _PAUSED:
        await parts.deeds(ledger.note_asked, here.id)
        await parts.launches.pause((here.user, found.workspace.slug), parts.pace.ask)
    return await parts.deeds(oversight.get_environment, actor=actor, environment_id=environment_id)


async def delete(parts: Parts, actor: str, environment_id: str, *, force: bool = False) -> None:
    """Delete it, keep its disk. What runs saves and sends first, unless by `force`. Raises `EnvironmentMissing`."""
    found = await parts.deeds(oversight.allow_delete, actor=actor, environment_id=environment_id)
    if not force:
        await let_it_save(parts, found.environment, found.workspace, deletes_disk=False)
    await parts.deeds(deletions.mark_deleting, environment_id)
    parts.worker.wake()


async def delete_workspace(parts: Parts, actor: str, namespace: str, name: str, *, force: bool) -> Item:
    """Put it into the trash. What runs in it saves and sends first: `force` overrules that others are in it, which is
    no word of theirs that their work may be lost. Raises as `trashed_workspaces.discard`."""
    which: dict[str, Any] = {"actor": actor, "namespace": namespace, "name": name, "force": force}
    at, going = await parts.deeds(trashed_workspaces.ending, **which)
    await asyncio.gather(*(let_it_save(parts, each, at, deletes_disk=False) for each in going))
    item = await parts.deeds(trashed_workspaces.discard, **which)
    parts.worker.wake()
    return item


async def let_it_save(parts: Parts, here: Environment, at: Workspace, *, deletes_disk: bool) -> None:
    """Pause what shall be deleted: so what is unsaved is saved and sent, and then it is known what is on its disk
    alone. A deletion ends its key at once. Nobody waits for long, and where the Hub is away the deletion is written
    down all the same.

    Raises `WrongState` where it goes with its disk and still saves.
    """
    if here.state not in (State.RUNNING, State.FROZEN) or (deletes_disk and here.outbox_pending):
        return
    await parts.deeds(ledger.note_asked, here.id)
    try:
        await parts.launches.pause((here.user, at.slug), parts.pace.end)
    except HubUnavailable as error:
        log.warning("%s is deleted without having been paused: %s", here.id, error.message)
        return
    deadline = asyncio.get_running_loop().time() + parts.pace.end
    while await _state(parts, here, at) is State.PAUSING:
        if asyncio.get_running_loop().time() > deadline:
            if deletes_disk:
                raise WrongState(
                    f"The environment in {at.name} still saves what is not in the workspace yet. Delete it with its"
                    " disk when it is paused.",
                    state=str(State.PAUSING),
                )
            return
        await asyncio.sleep(min(_LOOK_SECONDS, parts.pace.look))


async def _state(parts: Parts, here: Environment, at: Workspace) -> State:
    """NONE where it is another one by now."""
    seen = await parts.deeds(environments.by_slug, user=here.user, slug=at.slug)
    return seen.state if seen and seen.id == here.id else State.NONE


async def end_all(parts: Parts, actor: str, ending: Ending, ids: Sequence[str]) -> list[Outcome]:
    """Each of `ids`, side by side; one that fails holds up no other."""

    async def one(environment_id: str) -> Outcome:
        try:
            await (pause if ending is Ending.PAUSE else delete)(parts, actor, environment_id)
        except TerraError as error:
            return Outcome(environment_id=environment_id, fault=error.message)
        return Outcome(environment_id=environment_id)

    return list(await asyncio.gather(*(one(each) for each in ids)))
