"""What nobody can come back to any more: blobs that no version and no open proposal refers to, histories of notebooks
long gone.

A blob lies there before a row refers to it, so one that is young is left alone (`storage.blobs`).
"""

from __future__ import annotations

from datetime import timedelta

from terraspawner.db import notebook_records, proposal_records, records
from terraspawner.domain.history import NotebookState
from terraspawner.operations.context import Context
from terraspawner.storage import blobs

GRACE = timedelta(days=1)
"""No save takes as long from its blob to the row that refers to it."""


AT_ONCE = 200
"""In one transaction: more would keep all others from writing for seconds."""


def forget_gone(context: Context, most: int = AT_ONCE) -> int:
    """Histories of notebooks whose file somebody took away past us, as long ago as the trash keeps things; some at a
    time. Returns how many there were, 0 when none is left."""
    until = context.now() - timedelta(days=context.settings.trash_days)
    with context.database.read() as connection:
        if not any(each.since <= until for each in notebook_records.notebooks_in(connection, NotebookState.GONE)):
            return 0
    with context.database.write() as connection:
        gone = notebook_records.notebooks_in(connection, NotebookState.GONE)
        over = [each for each in gone if each.since <= until][:most]
        for each in over:
            notebook_records.delete_notebook(connection, each.id)
        return len(over)


def workspaces_with_buckets(context: Context) -> list[str]:
    """The ids of all, also of those in the trash."""
    with context.database.read() as connection:
        return records.workspace_ids(connection)


def forget_blobs(context: Context, workspace_id: str) -> int:
    """In one workspace; returns how many there were.

    First the blobs are listed, then the rows are asked: what is referred to in between was written in between.
    """
    bucket = context.bucket(workspace_id)
    until = context.now() - GRACE
    old = [(sha256, info) for sha256, info in blobs.listed(bucket) if info.modified <= until]
    if not old:
        return 0
    with context.database.read() as connection:
        used = notebook_records.digests_in_use(connection, workspace_id)
        used |= proposal_records.open_digests(connection, workspace_id)
    return sum(blobs.forget(bucket, info) for sha256, info in old if sha256 not in used)
