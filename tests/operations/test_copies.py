"""Copies of notebooks: rights on both sides, nothing overwritten, nobody told of what is hidden."""

from __future__ import annotations

import pytest

import builders
from terraspawner.domain import notebook
from terraspawner.domain.access import Role
from terraspawner.errors import (
    NameRefused,
    NameTaken,
    NotAllowed,
    NotebookMissing,
    NotebookTooLarge,
    TerraError,
    WorkspaceMissing,
)
from terraspawner.operations import audit, copies, members, notebook_lists, notebooks
from terraspawner.operations.context import Context
from terraspawner.storage.base import ABSENT

BODY = notebook.empty("ir") + b"\n\n"


@pytest.fixture(autouse=True)
def there(context: Context) -> None:
    """ana's alpha with a notebook, her beta, and ben's gamma."""
    at = builders.workspace(context)
    context.bucket(at.id).write("notebooks/a.ipynb", BODY, ABSENT)
    builders.workspace(context, "ana", "beta")
    builders.workspace(context, "ben", "gamma")


def place(user: str = "ana", path: str = "a.ipynb", name: str = "alpha") -> notebooks.Place:
    return notebooks.Place(user=user, namespace="ana", name=name, path=path)


def admit(context: Context, user: str, role: Role, namespace: str = "ana", name: str = "alpha") -> None:
    members.put_member(context, actor=namespace, namespace=namespace, name=name, who=user, role=role)


def paths(context: Context, name: str) -> list[str]:
    found = notebook_lists.list_notebooks(context, user="ana", namespace="ana", name=name)
    return [each.path for each in found]


@pytest.mark.feature("E3")
@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_copy_has_the_bytes_and_its_own_version(context: Context, name: str) -> None:
    made = copies.copy_notebook(context, place(), "deep/b", namespace="ana", name=name)
    assert (made.path, made.kernel) == ("deep/b.ipynb", "ir")
    assert notebooks.read_notebook(context, place(path="deep/b.ipynb", name=name)) == (BODY, made)
    assert "a.ipynb" in paths(context, "alpha")


@pytest.mark.parametrize(
    ("to", "error"),
    [("a", NameTaken), ("A.ipynb", NameTaken), ("../b", NameRefused), ("", NameRefused), ("x/", NameRefused)],
)
def test_a_copy_takes_no_name_that_is_there_or_none(context: Context, to: str, error: type[TerraError]) -> None:
    with pytest.raises(error):
        copies.copy_notebook(context, place(), to, namespace="ana", name="alpha")
    assert paths(context, "alpha") == ["a.ipynb"]


def test_what_is_not_there_is_not_copied(context: Context) -> None:
    with pytest.raises(NotebookMissing):
        copies.copy_notebook(context, place(path="b.ipynb"), "c", namespace="ana", name="beta")
    assert paths(context, "beta") == []


@pytest.mark.parametrize(
    ("here", "target", "error"),
    [
        (None, Role.OWNER, WorkspaceMissing),
        (Role.READER, None, WorkspaceMissing),
        (Role.READER, Role.READER, NotAllowed),
        (Role.WRITER, Role.READER, NotAllowed),
        (Role.READER, Role.WRITER, None),
        (Role.OWNER, Role.OWNER, None),
    ],
)
def test_it_takes_reading_here_and_writing_there(
    context: Context, here: Role | None, target: Role | None, error: type[TerraError] | None
) -> None:
    if here:
        admit(context, "ben", here)
    if target:
        admit(context, "ben", target, name="beta")
    if error:
        with pytest.raises(error):
            copies.copy_notebook(context, place("ben"), "b", namespace="ana", name="beta")
    else:
        copies.copy_notebook(context, place("ben"), "b", namespace="ana", name="beta")
    assert paths(context, "beta") == ([] if error else ["b.ipynb"])


def test_a_hidden_workspace_is_answered_as_one_that_is_not_there(context: Context) -> None:
    said = []
    for name in ("gamma", "none"):
        with pytest.raises(WorkspaceMissing) as refusal:
            copies.copy_notebook(context, place(), "b", namespace="ben", name=name)
        said.append(refusal.value.message.replace(name, "…"))
    assert said[0] == said[1]


def test_a_reader_copies_to_a_workspace_of_their_own(context: Context) -> None:
    admit(context, "ben", Role.READER)
    made = copies.copy_notebook(context, place("ben"), "mine", namespace="ben", name="gamma")
    assert made.path == "mine.ipynb"
    with pytest.raises(NotAllowed):
        copies.copy_notebook(context, place("ben"), "mine", namespace="ana", name="alpha")


@pytest.mark.feature("E3", "B7")
def test_a_copy_that_leaves_the_workspace_stands_in_its_audit_and_one_within_it_does_not(context: Context) -> None:
    admit(context, "ben", Role.READER)
    copies.copy_notebook(context, place(), "b", namespace="ana", name="alpha")
    copies.copy_notebook(context, place("ben"), "mine", namespace="ben", name="gamma")
    found = audit.entries(context, user="ana", is_operator=False)
    (line,) = [each for each in found if each.action == "notebook-copied"]
    assert (line.actor, line.subject) == ("ben", "workspace:ana/alpha")
    assert line.details == {"notebook": "a.ipynb", "to": "ben/gamma", "as_notebook": "mine.ipynb"}


def test_what_is_too_large_to_be_saved_is_not_copied(context: Context) -> None:
    at = context.bucket(builders.workspace(context, "ana", "large").id)
    at.write("notebooks/a.ipynb", b" " * (context.settings.notebook_limit + 1), ABSENT)
    with pytest.raises(NotebookTooLarge):
        copies.copy_notebook(context, place(name="large"), "b", namespace="ana", name="beta")
