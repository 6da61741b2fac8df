"""Deleted notebooks: in the trash, back again, gone for good; whatever is killed in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import builders
from terraspawner.domain import notebook
from terraspawner.domain.access import Role
from terraspawner.domain.trash import Kind
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import NameRefused, NameTaken, NotebookMovedOn, Refused, TrashMissing
from terraspawner.operations import (
    deletions,
    discarding,
    environments,
    members,
    notebook_lists,
    notebooks,
    settling,
    trash,
    unused_versions,
)
from terraspawner.operations.context import Context
from terraspawner.storage.base import ABSENT, ANYTHING, TRASH, Bucket, Version
from terraspawner.storage.blobs import HISTORY


@pytest.fixture(autouse=True)
def workspace(context: Context) -> Workspace:
    return builders.workspace(context)


def place(path: str = "first.ipynb", user: str = "ana") -> notebooks.Place:
    return notebooks.Place(user=user, namespace="ana", name="alpha", path=path)


def paths(context: Context) -> list[str]:
    return [item.path for item in notebook_lists.list_notebooks(context, user="ana", namespace="ana", name="alpha")]


def trashed(context: Context, user: str = "ana") -> list[str]:
    return [each.item.name for each in trash.list_trash(context, user)]


def deleted(context: Context, path: str = "first", user: str = "ana") -> str:
    """The id in the trash of a notebook that was there."""
    made = notebooks.create_notebook(context, place(path), "python3")
    return notebooks.delete_notebook(context, place(made.path, user), made.version).id


@pytest.mark.feature("C17")
def test_a_deleted_notebook_comes_back_as_it_was(context: Context, workspace: Workspace) -> None:
    item = deleted(context)
    assert (paths(context), trashed(context)) == ([], ["first.ipynb"])
    trash.restore(context, user="ana", item_id=item)
    assert (paths(context), trashed(context)) == (["first.ipynb"], [])
    assert notebooks.read_notebook(context, place())[0] == notebook.empty("python3")
    assert list(context.bucket(workspace.id).list(TRASH)) == []


def test_the_same_name_may_be_deleted_again_and_again(context: Context) -> None:
    first, second = deleted(context), deleted(context)
    assert first != second
    trash.restore(context, user="ana", item_id=first)
    with pytest.raises(NameTaken, match="under another name"):  # each has a history of its own
        trash.restore(context, user="ana", item_id=second)
    trash.restore(context, user="ana", item_id=second, name="second")
    assert (paths(context), trashed(context)) == (["first.ipynb", "second.ipynb"], [])


@pytest.mark.feature("C17")
def test_where_its_name_is_taken_by_now_it_comes_back_under_another(context: Context) -> None:
    item = deleted(context)
    made = notebooks.create_notebook(context, place("First"), "python3")
    with pytest.raises(NameTaken, match="only in case"):
        trash.restore(context, user="ana", item_id=item)
    notebooks.delete_notebook(context, place(made.path), made.version)
    notebooks.create_notebook(context, place(), "ir")
    with pytest.raises(NameTaken, match="under another name"):
        trash.restore(context, user="ana", item_id=item)
    with pytest.raises(NameRefused):
        trash.restore(context, user="ana", item_id=item, name="../first")
    trash.restore(context, user="ana", item_id=item, name="second")
    assert paths(context) == ["first.ipynb", "second.ipynb"]


@pytest.mark.feature("C17")
def test_a_notebook_is_purged_when_its_time_is_over(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    deleted(context)
    at_once = deleted(context, "second")
    trash.purge(context, user="ana", item_id=at_once)
    trash.purge_kept(context)
    assert trashed(context) == ["first.ipynb"]
    clock.move(days=context.settings.trash_days)
    assert trash.begin_due(context) == 1
    trash.purge_kept(context)
    trash.purge_kept(context)
    assert trashed(context) == []
    clock.move(days=1)
    assert unused_versions.forget_blobs(context, workspace.id) == 1  # both had the same bytes
    assert list(context.bucket(workspace.id).list()) == []


def test_of_very_many_that_are_due_some_are_written_down_at_a_time(context: Context, clock: builders.Clock) -> None:
    deleted(context)
    deleted(context, "second")
    clock.move(days=context.settings.trash_days)
    assert [trash.begin_due(context, most=1) for _ in range(3)] == [1, 1, 0]


def test_it_is_for_those_who_may_write_there(context: Context) -> None:
    item = deleted(context)
    for role, may in ((None, False), (Role.READER, False), (Role.WRITER, True)):
        if role:
            members.put_member(
                context, actor="ana", namespace="ana", name="alpha", who="ben", role=role, may_compute=False
            )
        assert trashed(context, "ben") == (["first.ipynb"] if may else [])
        if not may:
            for act in (trash.restore, trash.purge):
                with pytest.raises(TrashMissing):
                    act(context, user="ben", item_id=item)
    trash.restore(context, user="ben", item_id=item)
    assert paths(context) == ["first.ipynb"]


def test_a_disk_comes_back_under_its_own_name_alone(context: Context, workspace: Workspace) -> None:
    here = environments.admit(context, user="ana", slug=workspace.slug).environment
    deletions.mark_deleting(context, here.id, deletes_disk=True)
    deletions.finish_delete(context, here.id)
    (found,) = trash.list_trash(context, "ana")
    with pytest.raises(Refused):
        trash.restore(context, user="ana", item_id=found.item.id, name="mine")


class Killed(Exception):
    """The process ended here."""


class BucketThat:
    """Does something before a verb is carried out on a key that begins with `prefix`."""

    def __init__(self, bucket: Bucket, verb: str, prefix: str, act: Callable[[], object]) -> None:
        self._bucket = bucket
        self._at = (verb, prefix)
        self._act = act

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def carry_out(key: str, *arguments: object) -> object:
            if (verb, True) == (self._at[0], key.startswith(self._at[1])):
                self._act()
            return getattr(self._bucket, verb)(key, *arguments)

        return carry_out


def end() -> None:
    raise Killed


def killed(context: Context, workspace: Workspace, verb: str, prefix: str) -> Context:
    """Whose process ends before `verb` is carried out on such a key."""
    return replace(context, bucket=lambda _: BucketThat(context.bucket(workspace.id), verb, prefix, end))  # type: ignore[arg-type, return-value]


def test_a_deletion_that_was_killed_is_finished_by_whoever_finds_it(context: Context, workspace: Workspace) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    with pytest.raises(Killed):
        notebooks.delete_notebook(killed(context, workspace, "delete", "notebooks/"), place(), made.version)
    assert settling.settle_all(context) == 0
    assert (paths(context), trashed(context)) == ([], ["first.ipynb"])
    trash.restore(context, user="ana", item_id=trash.list_trash(context, "ana")[0].item.id)
    assert (paths(context), trashed(context)) == (["first.ipynb"], [])


@pytest.mark.parametrize(("verb", "prefix"), [("read", HISTORY), ("write", "notebooks/")])
def test_a_restore_that_was_killed_is_done_again(
    context: Context, workspace: Workspace, verb: str, prefix: str
) -> None:
    item = deleted(context)
    with pytest.raises(Killed):
        trash.restore(killed(context, workspace, verb, prefix), user="ana", item_id=item)
    trash.restore(context, user="ana", item_id=item)
    assert (paths(context), trashed(context)) == (["first.ipynb"], [])


def test_an_item_of_before_there_were_histories_comes_back(context: Context, workspace: Workspace) -> None:
    item, body = "0123456789abcdef", notebook.empty("ir")
    context.bucket(workspace.id).write(f"{TRASH}{item}", body, ABSENT)
    with context.database.write() as connection:
        discarding.put(
            context, connection, kind=Kind.NOTEBOOK, subject="old.ipynb", workspace_id=workspace.id, user="ana",
            name="old.ipynb", size=len(body), by="ana", item_id=item,
        )  # fmt: skip
    trash.restore(context, user="ana", item_id=item)
    assert notebooks.read_notebook(context, place("old.ipynb"))[0] == body
    assert list(context.bucket(workspace.id).list(TRASH)) == []


def test_what_somebody_saved_in_that_moment_stays(context: Context, workspace: Workspace) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    bucket = context.bucket(workspace.id)

    def save() -> None:
        bucket.write("notebooks/first.ipynb", b"theirs", ANYTHING)

    busy = replace(context, bucket=lambda _: BucketThat(bucket, "delete", "notebooks/", save))  # type: ignore[arg-type, return-value]
    with pytest.raises(NotebookMovedOn):
        notebooks.delete_notebook(busy, place(), made.version)
    assert bucket.read("notebooks/first.ipynb")[0] == b"theirs"
    assert trashed(context) == []
    assert list(bucket.list(TRASH)) == []


def test_another_version_is_not_deleted(context: Context, workspace: Workspace) -> None:
    notebooks.create_notebook(context, place(), "python3")
    with pytest.raises(NotebookMovedOn):
        notebooks.delete_notebook(context, place(), Version("1-0"))
    assert (paths(context), trashed(context)) == (["first.ipynb"], [])
