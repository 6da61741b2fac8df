"""Notebooks in the bucket: created at once, saved on a version, never overwritten."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import builders
from terraspawner.domain import notebook
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import (
    NameRefused,
    NameTaken,
    NotebookInvalid,
    NotebookMissing,
    NotebookMovedOn,
    NotebookTooLarge,
    Refused,
    WorkspaceMissing,
)
from terraspawner.operations import notebook_facts, notebook_lists, notebooks
from terraspawner.operations.context import Context
from terraspawner.storage.base import ABSENT


@pytest.fixture(autouse=True)
def workspace(context: Context) -> Workspace:
    return builders.workspace(context)


def place(path: str = "first.ipynb", user: str = "ana") -> notebooks.Place:
    return notebooks.Place(user=user, namespace="ana", name="alpha", path=path)


def body(text: str) -> bytes:
    document = json.loads(notebook.empty("python3"))
    document["cells"][0]["source"] = [text]
    return json.dumps(document).encode()


def paths(context: Context) -> list[str]:
    return [item.path for item in notebook_lists.list_notebooks(context, user="ana", namespace="ana", name="alpha")]


@pytest.mark.feature("E1")
def test_a_new_notebook_is_in_the_bucket_at_once(context: Context, workspace: Workspace) -> None:
    made = notebooks.create_notebook(context, place("first"), "python3")
    assert (made.path, made.kernel, made.language) == ("first.ipynb", "python3", "python")
    stored, info = context.bucket(workspace.id).read("notebooks/first.ipynb")
    assert (stored, info.version) == (notebook.empty("python3"), made.version)
    assert notebook_lists.list_notebooks(context, user="ana", namespace="ana", name="alpha") == [made]


@pytest.mark.parametrize("name", ["first", "first.ipynb", "FIRST", "First.IPYNB"])
def test_a_name_that_is_there_is_taken_whatever_its_case(context: Context, name: str) -> None:
    notebooks.create_notebook(context, place("first"), "python3")
    with pytest.raises(NameTaken):
        notebooks.create_notebook(context, place(name), "python3")


@pytest.mark.parametrize(
    "name", ["", "../x", "a//b", "/x", "a\x00", "a\n", "🎉", ".hidden", "x" * 300, "..", "CON/../x"]
)
def test_a_bad_name_is_refused_and_nothing_is_created(context: Context, name: str) -> None:
    with pytest.raises(NameRefused):
        notebooks.create_notebook(context, place(name), "python3")
    assert paths(context) == []


def test_an_unknown_kernel_is_refused(context: Context) -> None:
    with pytest.raises(Refused, match="python3"):
        notebooks.create_notebook(context, place("first"), "fortran")
    assert paths(context) == []


@pytest.mark.feature("F4")
def test_a_save_on_the_present_version_is_taken(context: Context) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    saved = notebooks.save_notebook(context, place(), body("1"), made.version)
    assert saved.version != made.version
    assert notebooks.read_notebook(context, place()) == (body("1"), saved)


def test_a_save_on_an_older_version_overwrites_nothing(context: Context) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    newer = notebooks.save_notebook(context, place(), body("1"), made.version)
    with pytest.raises(NotebookMovedOn) as refusal:
        notebooks.save_notebook(context, place(), body("2"), made.version)
    assert refusal.value.details["version"] == newer.version
    assert notebooks.read_notebook(context, place())[0] == body("1")


def test_a_save_sent_twice_is_answered_twice(context: Context) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    first = notebooks.save_notebook(context, place(), body("1"), made.version)
    assert notebooks.save_notebook(context, place(), body("1"), made.version) == first


def test_a_save_of_what_was_deleted_says_so(context: Context) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    notebooks.delete_notebook(context, place(), made.version)
    with pytest.raises(NotebookMovedOn, match="no longer") as refusal:
        notebooks.save_notebook(context, place(), body("1"), made.version)
    assert refusal.value.details["version"] is None
    assert paths(context) == []


def test_creating_over_another_one_overwrites_nothing(context: Context) -> None:
    notebooks.create_notebook(context, place(), "python3")
    with pytest.raises(NotebookMovedOn, match="already"):
        notebooks.save_notebook(context, place(), body("1"), None)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"no notebook", NotebookInvalid),
        (b'{"cells": [], "nbformat": 4', NotebookInvalid),
        (b" " * (50 * 1024 * 1024 + 1), NotebookTooLarge),
    ],
)
def test_a_bad_save_leaves_the_last_good_version(context: Context, content: bytes, error: type[Exception]) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    with pytest.raises(error, match="untouched"):
        notebooks.save_notebook(context, place(), content, made.version)
    assert notebooks.read_notebook(context, place())[1] == made


def test_a_renamed_notebook_has_its_content_and_one_name(context: Context) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    renamed = notebooks.rename_notebook(context, place(), "folder/second", made.version)
    assert paths(context) == ["folder/second.ipynb"]
    assert notebooks.read_notebook(context, place("folder/second.ipynb"))[1] == renamed


@pytest.mark.parametrize("to", ["second", "SECOND.ipynb"])
def test_a_rename_takes_no_name_that_is_there(context: Context, to: str) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    notebooks.create_notebook(context, place("second"), "python3")
    with pytest.raises(NameTaken):
        notebooks.rename_notebook(context, place(), to, made.version)
    assert paths(context) == ["first.ipynb", "second.ipynb"]


def test_only_the_case_of_the_own_name_may_change(context: Context) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    assert notebooks.rename_notebook(context, place(), "First", made.version).path == "First.ipynb"


@pytest.mark.parametrize(
    "act",
    [
        lambda context, base: notebooks.rename_notebook(context, place(), "second", base),
        lambda context, base: notebooks.delete_notebook(context, place(), base),
    ],
)
def test_what_has_moved_on_is_neither_renamed_nor_deleted(context: Context, act: Callable[..., object]) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    notebooks.save_notebook(context, place(), body("1"), made.version)
    with pytest.raises(NotebookMovedOn):
        act(context, made.version)
    assert paths(context) == ["first.ipynb"]


def test_a_missing_notebook_is_named(context: Context) -> None:
    for act in (
        lambda: notebooks.read_notebook(context, place()),
        lambda: notebooks.delete_notebook(context, place(), "v"),
        lambda: notebooks.rename_notebook(context, place(), "x", "v"),
    ):
        with pytest.raises((NotebookMissing, NotebookMovedOn), match="first"):
            act()


def test_a_stranger_finds_no_workspace(context: Context) -> None:
    made = notebooks.create_notebook(context, place(), "python3")
    stranger = place(user="ben")
    for act in (
        lambda: notebook_lists.list_notebooks(context, user="ben", namespace="ana", name="alpha"),
        lambda: notebooks.create_notebook(context, stranger, "python3"),
        lambda: notebooks.read_notebook(context, stranger),
        lambda: notebooks.save_notebook(context, stranger, body("1"), made.version),
        lambda: notebooks.rename_notebook(context, stranger, "x", made.version),
        lambda: notebooks.delete_notebook(context, stranger, made.version),
    ):
        with pytest.raises(WorkspaceMissing):
            act()
    assert notebooks.read_notebook(context, place())[1] == made


def test_a_listing_reads_bodies_up_to_a_bound_and_the_next_one_goes_on(
    context: Context, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = context.bucket(workspace.id)
    text = body("not read before")
    for name in "abc":
        bucket.write(f"notebooks/{name}.ipynb", text, ABSENT)
    monkeypatch.setattr(notebook_lists, "LIST_READS", 2 * len(text) + 1)

    def kernels() -> list[str]:
        return [
            item.kernel for item in notebook_lists.list_notebooks(context, user="ana", namespace="ana", name="alpha")
        ]

    assert sorted(kernels()) == ["", "python3", "python3"]
    assert kernels() == ["python3"] * 3


def test_two_big_notebooks_are_never_taken_apart_at_once(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most = 0, 0
    examine = notebook.examine

    def slowly(text: bytes) -> notebook.Examined:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        time.sleep(0.05)
        at_work -= 1
        return examine(text)

    monkeypatch.setattr(notebook, "examine", slowly)
    big = body("x" * notebook_facts.BIG)
    with ThreadPoolExecutor(4) as pool:
        saves = [pool.submit(notebooks.save_notebook, context, place(f"{n}.ipynb"), big, None) for n in range(4)]
    assert [save.result().size for save in saves] == [len(big)] * 4
    assert most == 1
