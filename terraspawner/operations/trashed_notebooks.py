"""Notebooks in the trash: back in the list with their history, or gone for good with it.

How one gets there is `move_steps`' business. The bytes of a notebook in the trash are those of its newest version, in
the history's own place. Items of deployments that had no histories have theirs under the trash's prefix.
"""

from __future__ import annotations

from contextlib import suppress

from terraspawner.db import notebook_records
from terraspawner.domain import names
from terraspawner.domain.history import Intent, Notebook, NotebookState, VersionKind
from terraspawner.domain.trash import Item
from terraspawner.errors import NameTaken, TrashMissing
from terraspawner.operations import library_room, move_steps, saving, settling
from terraspawner.operations.commit_words import MovedOn, Save
from terraspawner.operations.context import Context
from terraspawner.operations.move_steps import Taken
from terraspawner.operations.notebook_names import FOLDER, refuse_twin
from terraspawner.storage.base import ANYTHING, TRASH
from terraspawner.storage.errors import ObjectMissing


def put_back(context: Context, item: Item, to: str | None, by: str) -> None:
    """Into the list again, under its own name or `to`; if it is there already, that is as good.

    Raises `NameTaken`, `NameRefused`, `LibraryFull`, `TrashMissing`.
    """
    path = names.notebook_path_of_title(to) if to is not None else item.subject
    refuse_twin(context.bucket(item.workspace_id), path)
    with library_room.taken_again(context, item, FOLDER + path):
        _put_back(context, item, path, by)


def forget(context: Context, item: Item) -> None:
    """Forget what the trash kept; the worker takes away bytes that nothing refers to any more. Done already is done."""
    with context.database.write() as connection:
        notebook = notebook_records.notebook_of_item(connection, item.id)
        if (
            notebook is not None
            and notebook.state is NotebookState.TRASHED
            and notebook_records.intent_of(connection, notebook.id) is None
        ):
            notebook_records.delete_notebook(connection, notebook.id)
    with suppress(ObjectMissing):
        context.bucket(item.workspace_id).delete(_key(item.id), ANYTHING)


def _put_back(context: Context, item: Item, path: str, by: str) -> None:
    notebook = _of(context, item)
    if notebook is None:
        _put_back_without_history(context, item, path, by)
    elif notebook.state is NotebookState.TRASHED:
        intent = _begun(context, item, path)
        if intent is not None and not move_steps.carry_out_move(context, context.bucket(item.workspace_id), intent):
            raise _taken(path)


def _begun(context: Context, item: Item, path: str) -> Intent | None:
    """None where it is back already. Raises `NameTaken`."""
    for _ in range(settling.ATTEMPTS):
        if settling.present(context, item.workspace_id, path) is not None:
            now = _of(context, item)
            if now is not None and (now.path, now.state) == (path, NotebookState.LIVE):
                return None
            raise _taken(path)
        with context.database.write() as connection:
            notebook = notebook_records.notebook_of_item(connection, item.id)
            if notebook is None or notebook.state is not NotebookState.TRASHED:
                return None
            answer = move_steps.begin_put_back(context, connection, notebook, path)
        if isinstance(answer, Taken):
            raise _taken(path)
        if isinstance(answer, Intent):
            return answer
        settling.carry_out(context, item.workspace_id, answer.intent)
    raise settling.restless(path)


def _put_back_without_history(context: Context, item: Item, path: str, by: str) -> None:
    try:
        body, _ = context.bucket(item.workspace_id).read(_key(item.id))
    except ObjectMissing as error:
        raise TrashMissing from error
    wanted = Save(body=body, base=None, kind=VersionKind.RESTORED, author=by)
    if isinstance(saving.commit(context, item.workspace_id, path, wanted), MovedOn):
        raise _taken(path)


def _of(context: Context, item: Item) -> Notebook | None:
    with context.database.read() as connection:
        return notebook_records.notebook_of_item(connection, item.id)


def _taken(path: str) -> NameTaken:
    return NameTaken(
        f"There is another notebook {path!r} in this workspace by now. Restore this one under another name."
    )


def _key(item_id: str) -> str:
    return f"{TRASH}{item_id}"
