"""Each save is a version with its author and time; old ones are read, restored, named and thinned out."""

from __future__ import annotations

import pytest

import builders
from saving_process import text_of
from terraspawner.domain.access import Role
from terraspawner.domain.history import VersionKind
from terraspawner.domain.lease import Editor
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import LeaseHeld, NameRefused, NotAllowed, NotebookMissing, VersionMissing
from terraspawner.operations import histories, leases, members, notebooks, trash, unused_versions
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.storage.base import ABSENT, ANYTHING
from terraspawner.storage.blobs import HISTORY


@pytest.fixture(autouse=True)
def workspace(context: Context) -> Workspace:
    at = builders.workspace(context)
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
    return at


def place(path: str = "first.ipynb", user: str = "ana") -> notebooks.Place:
    return notebooks.Place(user=user, namespace="ana", name="alpha", path=path)


def saved(context: Context, *words: str, path: str = "first.ipynb", user: str = "ana") -> NotebookInfo:
    """The notebook after these saves, one after the other."""
    info: NotebookInfo | None = None
    for word in words:
        if info is None:
            try:
                info = notebooks.read_notebook(context, place(path))[1]
            except NotebookMissing:
                info = None
        info = notebooks.save_notebook(context, place(path, user), text_of(word), info.version if info else None)
    assert info is not None
    return info


def told(context: Context, path: str = "first.ipynb", user: str = "ana") -> list[tuple[int, str, str]]:
    """Number, kind and author of all versions, the newest first."""
    found = histories.list_versions(context, place(path, user)).versions
    return [(each.number, str(each.kind), each.author) for each in found]


@pytest.mark.feature("F10")
def test_each_save_is_a_version_with_author_and_time(context: Context, clock: builders.Clock) -> None:
    saved(context, "one")
    clock.move(minutes=3)
    saved(context, "two", user="ben")
    assert told(context) == [(2, "saved", "ben"), (1, "created", "ana")]
    found = histories.list_versions(context, place()).versions
    assert [each.at for each in found] == [clock.now, builders.NOON]
    assert histories.read_version(context, place(), "1")[0] == text_of("one")
    assert histories.read_version(context, place(), found[0].version)[0] == text_of("two")


def test_unchanged_content_is_no_version(context: Context) -> None:
    saved(context, "one", "one", "one")
    assert told(context) == [(1, "created", "ana")]


def test_a_save_that_is_sent_again_is_answered_again_whatever_came_since(context: Context) -> None:
    base = saved(context, "one").version
    first = notebooks.save_notebook(context, place(), text_of("two"), base, save_id="mine")
    saved(context, "three", user="ben")
    again = notebooks.save_notebook(context, place(), text_of("two"), base, save_id="mine")
    assert again.version == first.version
    assert [number for number, _, _ in told(context)] == [3, 2, 1]


def test_a_notebook_of_before_there_were_histories_gets_its_first_version(
    context: Context, workspace: Workspace
) -> None:
    known = context.bucket(workspace.id).write("notebooks/old.ipynb", text_of("old"), ABSENT)
    # the version that an environment has noted down is good for its next save
    notebooks.save_notebook(context, place("old.ipynb"), text_of("new"), str(known.version))
    assert told(context, "old.ipynb") == [(2, "saved", "ana"), (1, "found", "")]
    assert histories.read_version(context, place("old.ipynb"), "1")[0] == text_of("old")


def test_what_was_changed_past_the_service_is_a_version(context: Context, workspace: Workspace) -> None:
    saved(context, "one")
    context.bucket(workspace.id).write("notebooks/first.ipynb", text_of("outside"), ANYTHING)
    assert told(context) == [(2, "external", ""), (1, "created", "ana")]


@pytest.mark.feature("F10")
def test_the_history_goes_along_with_a_new_name(context: Context) -> None:
    info = saved(context, "one", "two")
    notebooks.rename_notebook(context, place(), "second", info.version)
    assert [number for number, _, _ in told(context, "second.ipynb")] == [2, 1]
    saved(context, "other")
    assert told(context) == [(1, "created", "ana")]


@pytest.mark.feature("F10")
def test_the_history_comes_back_from_the_trash_and_is_gone_with_it(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    info = saved(context, "one", "two")
    item = notebooks.delete_notebook(context, place(), info.version)
    trash.restore(context, user="ana", item_id=item.id)
    assert [number for number, _, _ in told(context)] == [2, 1]
    _, info = notebooks.read_notebook(context, place())
    item = notebooks.delete_notebook(context, place(), info.version)
    trash.purge(context, user="ana", item_id=item.id)
    trash.purge_kept(context)
    clock.move(days=1)
    assert unused_versions.forget_blobs(context, workspace.id) == 2
    assert list(context.bucket(workspace.id).list(HISTORY)) == []


@pytest.mark.feature("F10")
def test_a_restored_version_is_the_newest_one_and_nothing_is_lost(context: Context) -> None:
    saved(context, "one", "two")
    histories.restore_version(context, place(user="ben"), "1")
    assert notebooks.read_notebook(context, place())[0] == text_of("one")
    assert told(context) == [(3, "restored", "ben"), (2, "saved", "ana"), (1, "created", "ana")]
    histories.restore_version(context, place(), "1")  # it is the newest already
    assert len(told(context)) == 3


@pytest.mark.feature("F10")
def test_nothing_is_restored_while_somebody_else_edits(context: Context) -> None:
    saved(context, "one", "two")
    leases.acquire(context, place(), Editor(user="ana", environment="e1", session="tab"))
    with pytest.raises(LeaseHeld):
        histories.restore_version(context, place(user="ben"), "1")
    assert notebooks.read_notebook(context, place())[0] == text_of("two")


def test_a_reader_reads_and_changes_nothing(context: Context) -> None:
    saved(context, "one", "two")
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.READER)
    assert histories.read_version(context, place(user="ben"), "1")[0] == text_of("one")
    assert histories.list_versions(context, place(user="ben")).size is None  # of owners' interest
    for act in (
        lambda: histories.restore_version(context, place(user="ben"), "1"),
        lambda: histories.name_version(context, place(user="ben"), "1", "mine"),
    ):
        with pytest.raises(NotAllowed):
            act()


@pytest.mark.parametrize("which", ["3", "0", "-1", "1.0", "\u0661", "../1", "x" * 300])
def test_a_version_that_is_not_there_is_named(context: Context, which: str) -> None:
    saved(context, "one", "two")
    with pytest.raises(VersionMissing):
        histories.read_version(context, place(), which)


@pytest.mark.feature("F10")
def test_old_versions_are_thinned_and_their_bytes_go(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    for minute in range(12):
        saved(context, f"{minute}")
        clock.move(minutes=1)
    histories.name_version(context, place(), "3", "before the talk")
    assert histories.thin(context, workspace.id) == 0
    size = histories.list_versions(context, place()).size
    clock.move(hours=2)
    assert histories.thin(context, workspace.id) == 12 - len([1, 3, 10, 12])
    assert [number for number, _, _ in told(context)] == [12, 10, 3, 1]
    clock.move(days=1)
    assert unused_versions.forget_blobs(context, workspace.id) == 8
    left = histories.list_versions(context, place())
    assert left.size is not None
    assert size is not None
    assert left.size < size
    assert [histories.read_version(context, place(), str(each.number))[1] for each in left.versions] == left.versions


def test_a_name_is_given_and_taken_away(context: Context) -> None:
    saved(context, "one")
    for name in ("before the talk", ""):
        histories.name_version(context, place(), "1", name)
        assert [each.name for each in histories.list_versions(context, place()).versions] == [name]
    with pytest.raises(NameRefused):
        histories.name_version(context, place(), "1", "x" * 121)


def test_bytes_that_are_needed_again_are_not_cleared(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    """A blob that nobody refers to is old, then somebody saves the same bytes: they are young again."""
    saved(context, "one", "two")
    histories.name_version(context, place(), "1", "")
    bucket = context.bucket(workspace.id)
    for info in bucket.list(HISTORY):
        assert info.modified == clock.now
    clock.move(days=3)
    saved(context, "one")
    young = [info for info in bucket.list(HISTORY) if info.modified == clock.now]
    assert len(young) == 1


def test_a_page_ends_where_the_next_one_begins(context: Context) -> None:
    words = [str(n) for n in range(histories.PAGE + 2)]
    saved(context, *words)
    first = histories.list_versions(context, place())
    rest = histories.list_versions(context, place(), first.following)
    numbers = [each.number for each in [*first.versions, *rest.versions]]
    assert numbers == list(range(len(words), 0, -1))
    assert (first.count, rest.following) == (len(words), None)
    assert first.versions[-1].kind is VersionKind.SAVED
