"""Billing projects: the personal one that everybody has, those that operators let people create, and their members."""

from __future__ import annotations

import pytest

from terraspawner.domain.access import Action, ProjectRole
from terraspawner.errors import (
    GroupMissing,
    MemberMissing,
    NameRefused,
    NameTaken,
    NotAllowed,
    OwnerNeeded,
    ProjectMissing,
    WorkspaceMissing,
)
from terraspawner.errors_accounts import AccountMissing
from terraspawner.operations import accounts, audit, groups, oversight, projects, workspaces
from terraspawner.operations.context import Context

OWNER, MEMBER = ProjectRole.OWNER, ProjectRole.MEMBER


@pytest.fixture
def lab(context: Context) -> str:
    """A project of ana's, who may create more."""
    accounts.set_project_founder(context, name="ana", may_create_projects=True, actor="operator")
    return projects.create_project(context, user="ana", namespace="lab", title="Our lab").membership.project.namespace


def put(context: Context, user: str, role: ProjectRole, actor: str = "ana", namespace: str = "lab") -> None:
    projects.put_member(context, actor=actor, namespace=namespace, who=user, role=role)


@pytest.mark.feature("B1")
def test_everybody_has_a_personal_project_and_keeps_it(context: Context) -> None:
    (own,) = projects.list_projects(context, "ana")
    assert (own.project.namespace, own.project.is_personal, own.role) == ("ana", True, OWNER)
    put(context, "ben", OWNER, namespace="ana")
    for attempt in (
        lambda: projects.remove_member(context, actor="ben", namespace="ana", who="ana"),
        lambda: put(context, "ana", MEMBER, actor="ben", namespace="ana"),
        lambda: projects.remove_member(context, actor="ana", namespace="ana", who="ana"),
    ):
        with pytest.raises(OwnerNeeded, match="personal project of ana"):
            attempt()


@pytest.mark.feature("B1")
def test_operators_say_who_may_create_more(context: Context) -> None:
    with pytest.raises(NotAllowed, match="Ask the operator"):
        projects.create_project(context, user="ana", namespace="lab")
    accounts.set_project_founder(context, name="ana", may_create_projects=True, actor="operator")
    made = projects.create_project(context, user="ana", namespace="lab")
    assert [(each.name, each.role) for each in made.members] == [("ana", OWNER)]
    assert [each.project.namespace for each in projects.list_projects(context, "ana")] == ["ana", "lab"]
    accounts.set_project_founder(context, name="ana", may_create_projects=False, actor="operator")
    with pytest.raises(NotAllowed):
        projects.create_project(context, user="ana", namespace="lab-2")
    assert projects.create_project(context, user="operator", namespace="core").membership.role is OWNER
    accounts.disable(context, name="ana", actor="operator")
    with pytest.raises(NotAllowed):
        projects.create_project(context, user="ana", namespace="lab-3")


@pytest.mark.parametrize("namespace", ["", "-x", "Lab", "a/b", "..", "x" * 41, "l\u0430b", "a b"])
def test_a_bad_name_is_refused(context: Context, namespace: str) -> None:
    with pytest.raises(NameRefused):
        projects.create_project(context, user="operator", namespace=namespace)


def test_a_name_that_is_there_is_taken_whoever_asks(context: Context, lab: str) -> None:
    for namespace in ("lab", "ben"):
        with pytest.raises(NameTaken):
            projects.create_project(context, user="operator", namespace=namespace)


@pytest.mark.feature("B1")
def test_members_create_workspaces_in_it_and_others_do_not(context: Context, lab: str) -> None:
    with pytest.raises(ProjectMissing):
        workspaces.create_workspace(context, user="ben", namespace="lab", name="beta")
    put(context, "ben", MEMBER)
    made = workspaces.create_workspace(context, user="ben", namespace="lab", name="beta")
    assert (made.workspace.slug, made.workspace.created_by) == ("lab-beta", "ben")
    projects.remove_member(context, actor="ana", namespace="lab", who="ben")
    with pytest.raises(ProjectMissing):
        workspaces.create_workspace(context, user="ben", namespace="lab", name="gamma")
    assert [each.workspace.name for each in workspaces.list_workspaces(context, "ben")] == ["beta"]


@pytest.mark.feature("B6")
def test_who_owns_the_project_comes_into_no_workspace_of_it(context: Context, lab: str) -> None:
    put(context, "ben", MEMBER)
    made = workspaces.create_workspace(context, user="ben", namespace="lab", name="beta").workspace
    assert workspaces.list_workspaces(context, "ana") == []
    with pytest.raises(WorkspaceMissing):
        workspaces.enter(context, user="ana", namespace="lab", name=made.name, action=Action.SEE)


@pytest.mark.feature("B5")
def test_members_are_refused_with_the_role_that_would_do(context: Context, lab: str) -> None:
    put(context, "ben", MEMBER)
    for attempt in (
        lambda: put(context, "ben", OWNER, actor="ben"),
        lambda: projects.remove_member(context, actor="ben", namespace="lab", who="ana"),
        lambda: projects.change_project(context, actor="ben", namespace="lab", title="Mine"),
    ):
        with pytest.raises(NotAllowed, match="an owner of the billing project may") as refused:
            attempt()
        assert refused.value.details["needed"] == ("owner of the billing project",)
    seen = projects.get_project(context, user="ben", namespace="lab")
    assert (seen.membership.project.title, [(each.name, each.role) for each in seen.members]) == (
        "Our lab",
        [("ana", OWNER), ("ben", MEMBER)],
    )


@pytest.mark.feature("B5")
@pytest.mark.parametrize("namespace", ["lab", "nothing"])
@pytest.mark.parametrize("actor", ["ben", "operator"])
def test_to_those_outside_it_is_as_if_there_were_none(context: Context, lab: str, actor: str, namespace: str) -> None:
    for attempt in (
        lambda: projects.get_project(context, user=actor, namespace=namespace),
        lambda: projects.change_project(context, actor=actor, namespace=namespace, title="Mine"),
        lambda: put(context, actor, OWNER, actor=actor, namespace=namespace),
        lambda: projects.remove_member(context, actor=actor, namespace=namespace, who="ana"),
        lambda: projects.remove_member(context, actor=actor, namespace=namespace, who=actor),
        lambda: workspaces.create_workspace(context, user=actor, namespace=namespace, name="x"),
    ):
        with pytest.raises(ProjectMissing) as hidden:
            attempt()
        assert hidden.value.message == (
            f"There is no billing project '{namespace}', or you do not belong to it. Check the name or ask its owner."
        )


def test_a_project_keeps_an_owner(context: Context, lab: str) -> None:
    put(context, "ben", MEMBER)
    with pytest.raises(OwnerNeeded):
        projects.remove_member(context, actor="ana", namespace="lab", who="ana")
    put(context, "ben", OWNER)
    put(context, "ana", MEMBER)
    projects.remove_member(context, actor="ana", namespace="lab", who="ana")
    assert [each.name for each in projects.get_project(context, user="ben", namespace="lab").members] == ["ben"]


def test_who_is_not_there_is_neither_put_nor_removed(context: Context, lab: str) -> None:
    with pytest.raises(AccountMissing):
        put(context, "nobody", MEMBER)
    with pytest.raises(MemberMissing):
        projects.remove_member(context, actor="ana", namespace="lab", who="ben")


@pytest.mark.feature("B7")
def test_every_act_is_in_the_audit(context: Context, lab: str) -> None:
    put(context, "ben", MEMBER)
    put(context, "ben", MEMBER)
    projects.change_project(context, actor="ana", namespace="lab", title="")
    projects.remove_member(context, actor="ben", namespace="lab", who="ben")
    found = [
        (entry.action, entry.actor)
        for entry in audit.entries(context, user="operator", is_operator=True)
        if entry.subject == "project:lab"
    ]
    assert found == [
        ("project-member-removed", "ben"),
        ("project-changed", "ana"),
        ("project-member-put", "ana"),
        ("project-created", "ana"),
    ]


# --- by group ---


@pytest.mark.feature("A3", "B1")
def test_a_group_of_the_sign_in_belongs_to_a_project_and_leaves_it_with_the_claim(context: Context, lab: str) -> None:
    groups.set_managed(context, user="ben", names=["/cells/imaging"])
    put(context, "group:/cells/imaging", MEMBER)
    members = projects.get_project(context, user="ben", namespace="lab").members
    assert [(each.address, each.is_group, each.role) for each in members] == [
        ("ana", False, OWNER),
        ("group:/cells/imaging", True, MEMBER),
    ]
    workspaces.create_workspace(context, user="ben", namespace="lab", name="beta")
    groups.set_managed(context, user="ben", names=[])
    with pytest.raises(ProjectMissing):
        workspaces.create_workspace(context, user="ben", namespace="lab", name="gamma")
    assert "lab" not in [each.project.namespace for each in projects.list_projects(context, "ben")]


@pytest.mark.feature("B6")
def test_the_higher_of_two_roles_counts_and_a_group_of_owners_oversees(context: Context, lab: str) -> None:
    groups.set_managed(context, user="ben", names=["payers"])
    put(context, "ben", MEMBER)
    with pytest.raises(NotAllowed):
        oversight.list_environments(context, actor="ben", namespace="lab")
    put(context, "group:payers", OWNER)
    assert oversight.list_environments(context, actor="ben", namespace="lab").items == ()
    assert [each.role for each in projects.list_projects(context, "ben")] == [OWNER, OWNER]
    put(context, "group:payers", MEMBER)
    with pytest.raises(NotAllowed):
        oversight.list_environments(context, actor="ben", namespace="lab")


def test_a_group_is_no_last_owner_and_one_that_is_not_there_is_not_put(context: Context, lab: str) -> None:
    groups.set_managed(context, user="ben", names=["payers"])
    put(context, "group:payers", OWNER)
    with pytest.raises(OwnerNeeded):
        projects.remove_member(context, actor="ben", namespace="lab", who="ana")
    with pytest.raises(GroupMissing):
        put(context, "group:nothing", MEMBER)
    with pytest.raises(MemberMissing, match="leaves it with the group"):
        projects.remove_member(context, actor="ben", namespace="lab", who="ben")
    projects.remove_member(context, actor="ana", namespace="lab", who="group:payers")
    assert [each.address for each in projects.get_project(context, user="ana", namespace="lab").members] == ["ana"]
