"""What terminals and programs change in libraries, noticed: a notebook that they wrote becomes a version of it.

Whoever has a library on a drive may write to its files past us (`storage.drive`), and no lease keeps them from it. So
what is looked at anew is each library on the drive of an environment that runs, beside each look of a person or a save.
"""

from __future__ import annotations

import logging

from terraspawner.db import notebook_records, reconcile_records
from terraspawner.domain import names
from terraspawner.domain.environment import State
from terraspawner.domain.history import Notebook, NotebookState
from terraspawner.errors import TerraError
from terraspawner.operations import drives, settling
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_names import FOLDER

log = logging.getLogger(__name__)

_WRITES = frozenset({State.STARTING, State.RUNNING, State.FREEZING})
"""In these a process of an environment may write."""


def libraries_in_use(context: Context) -> list[str]:
    """The ids of those on the drives of environments that run."""
    with context.database.read() as connection:
        running = reconcile_records.environments_with_workspace(connection, _WRITES)
        users = {environment.user for environment, workspace in running if workspace.has_drive}
        return sorted({each.id for user in users for each in drives.on_drive_of(connection, user)})


def notice(context: Context, library_id: str) -> int:
    """Take in what was changed past us in a library; returns how many notebooks. One notebook's trouble holds up no
    other. Raises `BucketUnavailable`."""
    with context.database.read() as connection:
        known = {each.path: each for each in notebook_records.notebooks_of(connection, library_id) if _is_there(each)}
    there = {
        info.key.removeprefix(FOLDER): info.version
        for info in context.bucket(library_id).list(FOLDER)
        if info.key.endswith(names.NOTEBOOK_ENDING)
    }
    changed = [path for path, version in there.items() if path not in known or known[path].version != version]
    changed += [path for path in known if path not in there]
    return sum(_take_in(context, library_id, path) for path in changed)


def _is_there(notebook: Notebook) -> bool:
    return notebook.state is NotebookState.LIVE


def _take_in(context: Context, library_id: str, path: str) -> bool:
    try:
        settling.present(context, library_id, path)
    except TerraError as error:  # too large, closed to us, changed all the time: looked at again in the next round
        log.info("%s of library %s is not taken in: %s", path, library_id, error.message)
        return False
    return True
