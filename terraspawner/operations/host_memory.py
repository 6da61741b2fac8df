"""Which frozen environments have to give their memory back now, marked in their rows: the culler pauses those."""

from __future__ import annotations

from terraspawner.db import activity_records
from terraspawner.domain import host_memory
from terraspawner.domain.environment import State
from terraspawner.domain.host_memory import Held, HostMemory
from terraspawner.operations.context import Context


def note(context: Context, memory: HostMemory | None) -> dict[str, str]:
    """Mark those that the shortage asks for, and unmark those that it does not any more; with `memory` None, which is
    unknown, all. Returns why, by the id of those that were not marked before.

    A mark keeps its words while it holds: others would be news, upon which the culler has to decide again.
    """
    shortage = host_memory.short_by(memory, context.settings.memory_reserve)
    with context.database.write() as connection:
        found = activity_records.standing_still(connection)
        held = [
            Held(id=here.id, since=here.since, memory=here.frozen_memory, is_going=here.state is not State.FROZEN)
            for here, _ in found
        ]
        chosen = host_memory.to_give_back(held, shortage.missing) if shortage else frozenset()
        marked: dict[str, str] = {}
        for here, before in found:
            if here.state is not State.FROZEN or bool(before) == (here.id in chosen):
                continue
            why = shortage.why if shortage and here.id in chosen else ""
            activity_records.note(connection, here.id, memory_short=why)
            activity_records.look_soon(connection, context.now(), environment_id=here.id)
            if why:
                marked[here.id] = why
    return marked
