"""Which workspaces' buckets environments need at hand."""

from __future__ import annotations

from terraspawner.db import records
from terraspawner.domain.environment import LIVE, State
from terraspawner.operations.context import Context

_AT_REST = frozenset({State.NONE, State.PAUSED})


def workspaces_in_use(context: Context) -> frozenset[str]:
    """Those with an environment that is not at rest: something of it may be running, or be about to. A drive has no
    bucket."""
    with context.database.read() as connection:
        found = {each.workspace_id for each in records.environments_in(connection, frozenset(LIVE) - _AT_REST)}
        at = records.workspaces_by_id(connection, found)
    return frozenset(each for each in found if not at[each].has_drive)
