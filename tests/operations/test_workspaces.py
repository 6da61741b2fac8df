"""Workspaces: create, list, who may enter."""

import pytest

import builders
from terraspawner.domain.access import Action
from terraspawner.errors import NameRefused, NameTaken, NotFound, Refused, WorkspaceMissing
from terraspawner.operations import workspaces
from terraspawner.operations.context import Context


@pytest.mark.feature("B2")
def test_a_new_workspace_is_listed_for_its_owner_alone(context: Context) -> None:
    made = builders.workspace(context)
    assert [member.workspace for member in workspaces.list_workspaces(context, "ana")] == [made]
    assert workspaces.list_workspaces(context, "ben") == []
    assert made.slug == "ana-alpha"


@pytest.mark.parametrize("name", ["alpha", "ALPHA", "Alpha"])
def test_a_name_is_unique_whatever_its_case(context: Context, name: str) -> None:
    builders.workspace(context)
    with pytest.raises(NameTaken, match="alpha"):
        builders.workspace(context, name=name)


@pytest.mark.parametrize(
    "name",
    ["", "a" * 51, "../x", "a/b", "a\\b", "a\x00", "a\nb", "🎉", "packages", "PACKAGES", "drive", ".", "..", " a"],
)
def test_a_bad_name_is_refused_and_nothing_is_created(context: Context, name: str) -> None:
    with pytest.raises(NameRefused):
        builders.workspace(context, name=name)
    assert workspaces.list_workspaces(context, "ana") == []
    assert context.bucket.made == {}  # type: ignore[attr-defined]


@pytest.mark.parametrize("namespace", ["ben", "nobody", "", "../ben"])
def test_nobody_creates_in_another_ones_project(context: Context, namespace: str) -> None:
    with pytest.raises(NotFound):
        workspaces.create_workspace(context, user="ana", namespace=namespace, name="alpha")


def test_a_storage_that_is_not_offered_is_refused(context: Context) -> None:
    with pytest.raises(Refused, match="'bucket' or 'drive'"):
        workspaces.create_workspace(context, user="ana", namespace="ana", name="alpha", storage="floppy")


def test_two_names_with_one_slug_are_kept_apart(context: Context) -> None:
    slugs = [builders.workspace(context, name=name).slug for name in ("a-b", "a_b", "a--b")]
    assert len(set(slugs)) == 3


@pytest.mark.parametrize(("user", "name"), [("ben", "alpha"), ("ana", "beta"), ("nobody", "alpha")])
def test_what_is_not_yours_does_not_exist(context: Context, user: str, name: str) -> None:
    builders.workspace(context)
    with pytest.raises(WorkspaceMissing, match=f"ana/{name}"):
        workspaces.enter(context, user=user, namespace="ana", name=name, action=Action.SEE)
