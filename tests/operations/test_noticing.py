"""What terminals and programs write in libraries past us is kept as a version, and overwrites nobody's work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import builders
from terraspawner.domain.history import VersionKind
from terraspawner.domain.library import Access
from terraspawner.errors import NotebookMovedOn
from terraspawner.operations import environments, histories, libraries, notebooks, noticing, trash, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_lists import list_notebooks
from terraspawner.operations.notebooks import Place
from terraspawner.storage.errors import KeyRefused

pytestmark = pytest.mark.feature("H4", "F4")


@pytest.fixture
def library(context: Context) -> str:
    return libraries.create_library(context, user="ana", name="Survey").library.id


@pytest.fixture
def tree(context: Context, library: str, tmp_path: Path) -> Path:
    """What environments see of it."""
    return tmp_path / "libraries" / library / "data"


def place(library: str, path: str = "first.ipynb", user: str = "ana") -> Place:
    return Place(user=user, namespace="library", name=library, path=path)


def a_document(words: str) -> bytes:
    cell = {"cell_type": "raw", "id": "a", "metadata": {}, "source": words}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def kinds(context: Context, library: str, path: str = "first.ipynb") -> list[VersionKind]:
    """The newest first."""
    return [each.kind for each in histories.list_versions(context, place(library, path)).versions]


def test_a_write_past_us_becomes_a_version(context: Context, library: str, tree: Path) -> None:
    notebooks.create_notebook(context, place(library, "first"), "python3")
    (tree / "first.ipynb").write_bytes(a_document("by a terminal"))
    assert noticing.notice(context, library) == 1
    assert noticing.notice(context, library) == 0
    assert kinds(context, library) == [VersionKind.EXTERNAL, VersionKind.CREATED]
    newest = histories.list_versions(context, place(library)).versions[0]
    assert histories.read_version(context, place(library), newest.version)[0] == a_document("by a terminal")


def test_what_is_touched_without_a_change_makes_none(context: Context, library: str, tree: Path) -> None:
    made = notebooks.create_notebook(context, place(library, "first"), "python3")
    (tree / "first.ipynb").write_bytes((tree / "first.ipynb").read_bytes())
    noticing.notice(context, library)
    assert kinds(context, library) == [VersionKind.CREATED]
    assert notebooks.read_notebook(context, place(library))[1].version != made.version


def test_a_save_does_not_overwrite_what_a_terminal_wrote(context: Context, library: str, tree: Path) -> None:
    seen = notebooks.create_notebook(context, place(library, "first"), "python3")
    (tree / "first.ipynb").write_bytes(a_document("by a terminal"))
    with pytest.raises(NotebookMovedOn):
        notebooks.save_notebook(context, place(library), a_document("by Lab"), seen.version)
    assert kinds(context, library) == [VersionKind.EXTERNAL, VersionKind.CREATED]
    assert (tree / "first.ipynb").read_bytes() == a_document("by a terminal")


def test_what_each_of_two_wrote_is_in_the_history_when_one_goes_on(context: Context, library: str, tree: Path) -> None:
    notebooks.create_notebook(context, place(library, "first"), "python3")
    (tree / "first.ipynb").write_bytes(a_document("by a terminal"))
    _, now = notebooks.read_notebook(context, place(library))
    notebooks.save_notebook(context, place(library), a_document("by Lab, after that"), now.version)
    assert kinds(context, library) == [VersionKind.SAVED, VersionKind.EXTERNAL, VersionKind.CREATED]


def test_a_notebook_that_a_terminal_made_or_took_away_is_noticed(context: Context, library: str, tree: Path) -> None:
    (tree / "deep").mkdir()
    (tree / "deep" / "new.ipynb").write_bytes(a_document("new"))
    assert noticing.notice(context, library) == 1
    assert kinds(context, library, "deep/new.ipynb") == [VersionKind.FOUND]
    (tree / "deep" / "new.ipynb").unlink()
    assert noticing.notice(context, library) == 1
    assert list_notebooks(context, user="ana", namespace="library", name=library) == []
    (tree / "deep" / "new.ipynb").write_bytes(a_document("again"))
    noticing.notice(context, library)
    assert kinds(context, library, "deep/new.ipynb") == [VersionKind.EXTERNAL, VersionKind.FOUND]


def test_one_that_cannot_be_read_holds_up_no_other(context: Context, library: str, tree: Path) -> None:
    with (tree / "huge.ipynb").open("wb") as file:
        file.truncate(builders.LARGEST + 1)
    (tree / "zebra.ipynb").write_bytes(a_document("small"))
    assert noticing.notice(context, library) == 1
    listed = list_notebooks(context, user="ana", namespace="library", name=library)
    assert [(each.path, each.kernel) for each in listed] == [("huge.ipynb", ""), ("zebra.ipynb", "")]
    with pytest.raises(KeyRefused, match="at most"):
        notebooks.read_notebook(context, place(library, "huge.ipynb"))


def test_a_notebook_is_deleted_and_restored_within_the_tree(context: Context, library: str, tree: Path) -> None:
    made = notebooks.create_notebook(context, place(library, "first"), "python3")
    item = notebooks.delete_notebook(context, place(library), made.version)
    assert list(tree.iterdir()) == []
    trash.restore(context, user="ana", item_id=item.id)
    assert [path.name for path in tree.iterdir()] == ["first.ipynb"]


def test_libraries_on_drives_that_run_are_looked_at(context: Context, library: str) -> None:
    assert noticing.libraries_in_use(context) == []
    desk = workspaces.create_workspace(context, user="ben", namespace="ben", name="desk", storage="drive").workspace
    ticket = environments.admit(context, user="ben", slug=desk.slug)
    assert noticing.libraries_in_use(context) == []
    libraries.share(context, actor="ana", library_id=library, who="ben", access=Access.READ)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c1")
    assert noticing.libraries_in_use(context) == [library]
    ana = builders.workspace(context)
    environments.admit(context, user="ana", slug=ana.slug)  # with a bucket: nothing of a drive is written there
    libraries.unshare(context, actor="ana", library_id=library, who="ben")
    assert noticing.libraries_in_use(context) == []
