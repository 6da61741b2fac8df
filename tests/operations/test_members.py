"""Who is what in a workspace: given by its owners to people and groups, taken away, hidden from those outside."""

from __future__ import annotations

import pytest

import builders
from terraspawner.domain.access import Action, Role
from terraspawner.domain.workspace import Member, Workspace
from terraspawner.errors import GroupMissing, MemberMissing, NameRefused, NotAllowed, OwnerNeeded, WorkspaceMissing
from terraspawner.errors_accounts import AccountMissing
from terraspawner.operations import accounts, audit, groups, members, workspaces
from terraspawner.operations.context import Context

HERE = {"namespace": "ana", "name": "alpha"}


def put(context: Context, who: str, role: Role, may_compute: bool | None = None, actor: str = "ana") -> Member:
    return members.put_member(context, actor=actor, **HERE, who=who, role=role, may_compute=may_compute)


def remove(context: Context, who: str, actor: str = "ana") -> None:
    members.remove_member(context, actor=actor, **HERE, who=who)


def standing(context: Context, user: str) -> tuple[Role, bool]:
    found = workspaces.membership(context, user=user, **HERE, action=Action.SEE)
    return found.role, found.may_compute


def group(context: Context, name: str, *people: str) -> None:
    groups.create_group(context, name=name, actor="operator")
    for user in people:
        groups.put_member(context, name=name, user=user, actor="operator")


@pytest.mark.feature("B3")
@pytest.mark.parametrize(
    ("role", "said", "may_compute"),
    [
        (Role.READER, None, False),
        (Role.READER, True, True),
        (Role.WRITER, None, True),
        (Role.WRITER, False, False),
        (Role.OWNER, None, True),
        (Role.OWNER, False, False),
    ],
)
def test_a_role_is_given_with_compute_or_without(
    context: Context, workspace: Workspace, role: Role, said: bool | None, may_compute: bool
) -> None:
    put(context, "ben", role, said)
    assert standing(context, "ben") == (role, may_compute)
    assert [each.workspace for each in workspaces.list_workspaces(context, "ben")] == [workspace]


def test_a_role_given_again_takes_the_place_of_the_first(context: Context, workspace: Workspace) -> None:
    for role, compute in ((Role.WRITER, True), (Role.READER, False), (Role.OWNER, True)):
        put(context, "ben", role)
        assert standing(context, "ben") == (role, compute)
    listed = members.list_members(context, user="ben", **HERE)
    assert [(each.address, each.role) for each in listed] == [("ana", Role.OWNER), ("ben", Role.OWNER)]


@pytest.mark.feature("B3")
def test_who_is_removed_is_outside_at_once(context: Context, workspace: Workspace) -> None:
    put(context, "ben", Role.WRITER)
    remove(context, "ben")
    with pytest.raises(WorkspaceMissing):
        standing(context, "ben")
    assert workspaces.list_workspaces(context, "ben") == []


@pytest.mark.feature("B3")
def test_a_group_gives_its_people_a_role_and_the_highest_counts(context: Context, workspace: Workspace) -> None:
    group(context, "lab", "ben")
    group(context, "guests", "ben", "operator")
    put(context, "group:guests", Role.READER)
    assert standing(context, "ben") == (Role.READER, False)
    put(context, "group:lab", Role.WRITER)
    put(context, "ben", Role.READER)
    assert standing(context, "ben") == (Role.WRITER, True)
    assert standing(context, "operator") == (Role.READER, False)
    assert len(workspaces.list_workspaces(context, "ben")) == 1
    groups.remove_member(context, name="lab", user="ben", actor="operator")
    assert standing(context, "ben") == (Role.READER, False)
    remove(context, "ben")
    remove(context, "group:guests")
    with pytest.raises(WorkspaceMissing):
        standing(context, "ben")


def test_compute_given_by_one_way_is_not_taken_by_another(context: Context, workspace: Workspace) -> None:
    group(context, "runs", "ben")
    put(context, "group:runs", Role.READER, True)
    put(context, "ben", Role.OWNER, False)
    assert standing(context, "ben") == (Role.OWNER, True)


def test_a_group_and_an_account_of_one_name_are_two(context: Context, workspace: Workspace) -> None:
    group(context, "ben")
    put(context, "group:ben", Role.OWNER)
    with pytest.raises(WorkspaceMissing):
        standing(context, "ben")
    put(context, "ben", Role.READER)
    remove(context, "group:ben")
    assert standing(context, "ben") == (Role.READER, False)


@pytest.mark.feature("B5")
@pytest.mark.parametrize("role", [Role.READER, Role.WRITER])
def test_members_with_too_little_are_refused_with_the_role_that_would_do(
    context: Context, workspace: Workspace, role: Role
) -> None:
    put(context, "ben", role)
    before = members.list_members(context, user="ben", **HERE)
    for attempt in (
        lambda: put(context, "ben", Role.OWNER, actor="ben"),
        lambda: put(context, "operator", Role.READER, actor="ben"),
        lambda: remove(context, "ana", actor="ben"),
        lambda: workspaces.change_workspace(context, actor="ben", **HERE, title="Mine now"),
    ):
        with pytest.raises(NotAllowed, match=f"a {role} may not .*an owner may") as refused:
            attempt()
        assert refused.value.details["needed"] == ("owner",)
    assert members.list_members(context, user="ana", **HERE) == before


@pytest.mark.feature("B5")
@pytest.mark.parametrize("name", ["alpha", "nothing"])
@pytest.mark.parametrize("actor", ["ben", "operator", "nobody"])
def test_to_those_outside_it_is_as_if_there_were_none(
    context: Context, workspace: Workspace, actor: str, name: str
) -> None:
    at = {"namespace": "ana", "name": name}
    sentence = f"There is no workspace ana/{name}, or you are not a member of it. Check the address or ask its owner."
    for attempt in (
        lambda: members.list_members(context, user=actor, **at),
        lambda: members.put_member(context, actor=actor, **at, who=actor, role=Role.OWNER),
        lambda: members.put_member(context, actor=actor, **at, who="group:none", role=Role.OWNER),
        lambda: members.remove_member(context, actor=actor, **at, who="ana"),
        lambda: members.remove_member(context, actor=actor, **at, who=actor),
        lambda: workspaces.change_workspace(context, actor=actor, **at, title="Mine now"),
    ):
        with pytest.raises(WorkspaceMissing) as hidden:
            attempt()
        assert (hidden.value.message, hidden.value.details) == (sentence, {})


def test_a_workspace_keeps_an_owner_by_name(context: Context, workspace: Workspace) -> None:
    group(context, "lab", "ben")
    put(context, "group:lab", Role.OWNER)
    for attempt in (lambda: remove(context, "ana"), lambda: put(context, "ana", Role.WRITER)):
        with pytest.raises(OwnerNeeded, match="last owner of ana/alpha"):
            attempt()
    put(context, "ben", Role.OWNER)
    accounts.disable(context, name="ben", actor="operator")
    with pytest.raises(OwnerNeeded):
        remove(context, "ana")
    accounts.enable(context, name="ben", actor="operator")
    remove(context, "ana")
    with pytest.raises(WorkspaceMissing):
        standing(context, "ana")
    with pytest.raises(OwnerNeeded):
        remove(context, "ben", actor="ben")


def test_everybody_may_leave(context: Context, workspace: Workspace) -> None:
    put(context, "ben", Role.READER)
    remove(context, "ben", actor="ben")
    with pytest.raises(WorkspaceMissing):
        standing(context, "ben")


@pytest.mark.parametrize("who", ["nobody", "", "../ana", "Ana", "x" * 3000, "a\nb", "\u0430na"])
def test_only_accounts_that_are_there_become_members(context: Context, workspace: Workspace, who: str) -> None:
    for name, missing in ((who, AccountMissing), (f"group:{who}", GroupMissing)):
        with pytest.raises(missing) as refused:
            put(context, name, Role.READER)
        assert refused.value.message.isprintable()
        assert len(refused.value.message) < 300
        with pytest.raises(MemberMissing):
            remove(context, name)
    assert len(members.list_members(context, user="ana", **HERE)) == 1


def test_a_disabled_account_becomes_no_member(context: Context, workspace: Workspace) -> None:
    accounts.disable(context, name="ben", actor="operator")
    with pytest.raises(AccountMissing):
        put(context, "ben", Role.READER)


@pytest.mark.feature("B7")
def test_who_gave_and_took_which_role_is_in_the_audit(context: Context, workspace: Workspace) -> None:
    put(context, "ben", Role.READER)
    put(context, "ben", Role.READER)  # nothing changed, nothing noted
    put(context, "ben", Role.WRITER, False)
    remove(context, "ben")
    found = [
        (entry.action, entry.actor, entry.details["member"], entry.details["before"], entry.details["after"])
        for entry in audit.entries(context, user="operator", is_operator=True)
        if entry.subject == "workspace:ana/alpha"
    ]
    reader, writer = {"role": "reader", "compute": False}, {"role": "writer", "compute": False}
    assert found == [
        ("member-removed", "ana", "ben", writer, None),
        ("member-put", "ana", "ben", reader, writer),
        ("member-put", "ana", "ben", None, reader),
    ]


@pytest.mark.feature("B2")
def test_a_title_is_for_people_and_moves_nothing(context: Context, workspace: Workspace) -> None:
    changed = workspaces.change_workspace(context, actor="ana", **HERE, title="Cell atlas, 2026 🔬").workspace
    assert (changed.shown, changed.name, changed.slug) == ("Cell atlas, 2026 🔬", workspace.name, workspace.slug)
    with pytest.raises(NameRefused):
        workspaces.change_workspace(context, actor="ana", **HERE, title="x\u202ey")
    assert workspaces.change_workspace(context, actor="ana", **HERE, title="").workspace.shown == "alpha"


def test_one_of_two_owners_who_go_at_once_stays(context: Context, workspace: Workspace) -> None:
    """Each in a thread of its own, on the real database."""
    put(context, "ben", Role.OWNER)
    outcomes = builders.at_once(lambda: remove(context, "ana", "ana"), lambda: remove(context, "ben", "ben"))
    assert sorted(type(each).__name__ for each in outcomes) == ["NoneType", "OwnerNeeded"]
