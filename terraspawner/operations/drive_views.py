"""Which drives are up, and what each shows: the wish, read from the rows, that the mounter is held to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from terraspawner.db import reconcile_records, records
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.library import Shown
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import drives
from terraspawner.operations.context import Context
from terraspawner.operations.withdrawals import UP, Withdrawal

WITHDRAWN = (
    "A library that was open in the environment is not shared with you any more, or for reading only. It was paused so"
    " that nothing goes on writing there. Resume it: it starts with what is shared with you now."
)
_SEES = UP | {State.PAUSING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """Of an environment that runs, or is about to, or stands still."""

    environment: Environment
    workspace: Workspace
    libraries: tuple[Shown, ...]

    @property
    def withdrawal(self) -> Withdrawal:
        """What it is paused for, where a library that went was open."""
        return Withdrawal(environment=self.environment, workspace=self.workspace, why=WITHDRAWN)


def drives_up(context: Context) -> list[Drive]:
    """All of them; a few queries for each person."""
    with context.database.read() as connection:
        found = reconcile_records.environments_with_workspace(connection, _SEES)
        up = [(here, at) for here, at in found if at.has_drive]
        shown = {user: drives.on_drive_of(connection, user) for user in {here.user for here, _ in up}}
    return [Drive(environment=here, workspace=at, libraries=shown[here.user]) for here, at in up]


def at_rest(context: Context, environment_ids: Collection[str]) -> dict[str, bool]:
    """Those of these that see nothing now, and whether they are environments still. One of them may have been about to
    start since the rows were read."""
    with context.database.read() as connection:
        found = {each: records.environment_by_id(connection, each) for each in environment_ids}
    states = {each: here.state if here else State.NONE for each, here in found.items()}
    return {each: state is not State.NONE for each, state in states.items() if state not in _SEES}
