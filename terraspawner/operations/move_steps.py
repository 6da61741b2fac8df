"""Renaming a notebook, putting it into the trash and having it back, step by step: intent, objects, row.

As with a save, the intent is the point of no return and whoever finds it goes on. No store moves an object in one step:
the new name is written before the old one goes, so it is under one of them at every moment. The history stays with
the notebook's id.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa

from terraspawner.db import notebook_records, trash_records
from terraspawner.domain.history import Deed, Found, Intent, Notebook, NotebookState, found_instead, is_same
from terraspawner.domain.trash import Item, Kind
from terraspawner.operations import discarding, lease_checks
from terraspawner.operations.commit_words import Guard, MovedOn, Placed, Underway, unguarded
from terraspawner.operations.context import Context, new_id
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.operations.save_steps import give_up, take_back
from terraspawner.storage import blobs
from terraspawner.storage.base import ABSENT, Bucket, ObjectChanged, Version
from terraspawner.storage.errors import KeyRefused, ObjectMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What somebody wants: version `base` of a notebook under the path `target`, or in the trash where that is
    empty."""

    base: str
    author: str
    target: str = ""
    fence: int | None = None
    guard: Guard = unguarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """There is another notebook at `path`."""

    path: str


Answer = Underway | MovedOn | Taken | Intent


def begin(context: Context, connection: sa.Connection, workspace_id: str, path: str, wanted: Move) -> Answer:
    """The point of no return of a move or a deletion."""
    wanted.guard(connection)
    present = notebook_records.notebook_at(connection, workspace_id, path)
    if (coming := _coming(connection, workspace_id, present, path, wanted.target)) is not None:
        return Underway(intent=coming)
    if present is None or present.version != wanted.base:
        return MovedOn(present=present)
    if wanted.target and notebook_records.notebook_at(connection, workspace_id, wanted.target):
        return Taken(path=wanted.target)
    intent = _intent(
        context,
        present,
        deed=Deed.MOVE if wanted.target else Deed.DISCARD,
        base=present.version,
        author=wanted.author,
        target=wanted.target,
        trash_item="" if wanted.target else new_id(),
        fence=wanted.fence,
    )
    notebook_records.insert_intent(connection, intent)
    return intent


def begin_put_back(
    context: Context, connection: sa.Connection, notebook: Notebook, path: str
) -> Underway | Taken | Intent:
    """The point of no return of having it back from the trash, at `path`."""
    if (coming := _coming(connection, notebook.workspace_id, notebook, path)) is not None:
        return Underway(intent=coming)
    if notebook_records.notebook_at(connection, notebook.workspace_id, path):
        return Taken(path=path)
    intent = _intent(context, notebook, deed=Deed.PUT_BACK, base="", author="", target=path, trash_item="")
    notebook_records.insert_intent(connection, intent)
    return intent


def carry_out_move(context: Context, bucket: Bucket, intent: Intent) -> bool:
    """Also of what is put back. False where something else lies at the new path: then the intent is given up."""
    with context.database.read() as connection:
        notebook = notebook_records.notebook_by_id(connection, intent.notebook_id)
    placed = _place(context, bucket, intent)
    if placed is None or notebook is None:
        return _is_done(context, intent)
    if intent.deed is Deed.MOVE and notebook.path != intent.target:
        with suppress(ObjectChanged, ObjectMissing):  # what somebody wrote there past us stays, under the old name
            bucket.delete(FOLDER + notebook.path, Version(intent.base))
    with context.database.write() as connection:
        standing = notebook_records.intent_of(connection, intent.notebook_id)
        if not is_same(intent, standing):
            if placed.by_us:
                take_back(connection, bucket, intent, placed.info)
            return _is_there(connection, intent)
        is_move = intent.deed is Deed.MOVE
        if is_move:
            lease_checks.note_renamed(
                context, connection, notebook.workspace_id, notebook.path, intent.target, intent.fence
            )
        notebook_records.update_notebook(
            connection,
            intent.notebook_id,
            path=intent.target,
            state=NotebookState.LIVE,
            version=placed.info.version,
            since=notebook.since if is_move else context.now(),
        )
        notebook_records.delete_intent(connection, intent)
        return True


def carry_out_discard(context: Context, bucket: Bucket, intent: Intent) -> Item | None:
    """The item in the trash; None where the notebook was changed past us in this moment, so that it stays."""
    with context.database.read() as connection:
        notebook = notebook_records.notebook_by_id(connection, intent.notebook_id)
    if notebook is None:
        return None
    try:
        bucket.delete(FOLDER + notebook.path, Version(intent.base))
    except ObjectChanged as error:
        if error.current is not None:
            give_up(context, intent)
        # else it went already: somebody carries this out as well, or did until he was killed
    with context.database.write() as connection:
        standing = notebook_records.intent_of(connection, intent.notebook_id)
        if not is_same(intent, standing):
            return trash_records.item_by_id(connection, intent.trash_item)
        notebook_records.update_notebook(
            connection,
            intent.notebook_id,
            state=NotebookState.TRASHED,
            trash_item=intent.trash_item,
            since=context.now(),
        )
        notebook_records.delete_intent(connection, intent)
        lease_checks.note_deleted(context, connection, notebook.workspace_id, notebook.path)
        return discarding.put(
            context,
            connection,
            kind=Kind.NOTEBOOK,
            subject=notebook.path,
            workspace_id=notebook.workspace_id,
            user=intent.author,
            name=notebook.path,
            size=notebook.size,
            by=intent.author,
            item_id=intent.trash_item,
        )


def _place(context: Context, bucket: Bucket, intent: Intent) -> Placed | None:
    """The newest version's bytes under the new path; None where something else is there, or the intent is gone."""
    key = FOLDER + intent.target
    try:
        body = blobs.read(bucket, intent.sha256)
        return Placed(info=bucket.write(key, body, ABSENT), by_us=True)
    except KeyRefused:
        give_up(context, intent)
        raise
    except ObjectChanged as error:
        there = error.current
    with context.database.read() as connection:
        standing = notebook_records.intent_of(connection, intent.notebook_id)
    found = found_instead(intent, there.sha256 if there else None, standing)
    if there is not None and found is Found.OURS:
        return Placed(info=there, by_us=False)
    if found is Found.OUTSIDE:
        give_up(context, intent)
    return None


def _is_done(context: Context, intent: Intent) -> bool:
    with context.database.read() as connection:
        return _is_there(connection, intent)


def _is_there(connection: sa.Connection, intent: Intent) -> bool:
    """Whether another process finished it."""
    now = notebook_records.notebook_by_id(connection, intent.notebook_id)
    return now is not None and (now.path, now.state) == (intent.target, NotebookState.LIVE)


def _coming(connection: sa.Connection, workspace_id: str, present: Notebook | None, *paths: str) -> Intent | None:
    """What is under way with the notebook, or towards one of these paths."""
    towards = (notebook_records.intent_towards(connection, workspace_id, path) for path in paths if path)
    own = notebook_records.intent_of(connection, present.id) if present else None
    return own or next((intent for intent in towards if intent), None)


def _intent(
    context: Context,
    notebook: Notebook,
    *,
    deed: Deed,
    base: str,
    author: str,
    target: str,
    trash_item: str,
    fence: int | None = None,
) -> Intent:
    return Intent(
        notebook_id=notebook.id,
        token=new_id(),
        deed=deed,
        base=base,
        number=notebook.number,
        sha256=notebook.sha256,
        size=notebook.size,
        at=context.now(),
        author=author,
        target=target,
        trash_item=trash_item,
        fence=fence,
    )
