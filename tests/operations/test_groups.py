"""Groups: those of operators, and those that the sign-in manages."""

from __future__ import annotations

import pytest

from terraspawner.errors import GroupManaged, GroupMissing, NameRefused, NameTaken
from terraspawner.errors_accounts import AccountMissing
from terraspawner.operations import audit, groups
from terraspawner.operations.context import Context
from terraspawner.sessions import OPERATORS


@pytest.mark.feature("B3")
def test_operators_make_groups_and_say_who_is_in_them(context: Context) -> None:
    groups.create_group(context, name="lab", actor="operator")
    for user in ("ana", "ben", "ana"):
        groups.put_member(context, name="lab", user=user, actor="operator")
    groups.remove_member(context, name="lab", user="ben", actor="operator")
    groups.remove_member(context, name="lab", user="ben", actor="operator")
    assert (groups.groups_of(context, "ana"), groups.groups_of(context, "ben")) == (["lab"], [])
    entries = audit.entries(context, user="operator", is_operator=True)
    noted = [entry.action for entry in entries if entry.subject == "group:lab"]
    assert noted == ["group-left", "group-joined", "group-joined", "group-created"]


@pytest.mark.feature("B3")
def test_claims_put_into_managed_groups_and_take_out_of_them(context: Context) -> None:
    assert groups.set_managed(context, user="ana", names=["/team/a", "b", "b"]) == ["/team/a", "b"]
    assert groups.set_managed(context, user="ben", names=["b"]) == ["b"]
    assert groups.set_managed(context, user="ana", names=["c"]) == ["c"]
    assert groups.groups_of(context, "ben") == ["b"]
    assert groups.set_managed(context, user="ana", names=[]) == []


def test_a_claim_makes_nobody_a_member_of_an_operators_group(context: Context) -> None:
    groups.create_group(context, name="lab", actor="operator")
    assert groups.set_managed(context, user="ben", names=["lab"]) == []
    groups.put_member(context, name="lab", user="ana", actor="operator")
    assert groups.set_managed(context, user="ana", names=["x"]) == ["lab", "x"]


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", "\x00", OPERATORS, OPERATORS.upper()])
def test_a_claim_that_is_no_name_is_passed_over(context: Context, name: str) -> None:
    assert groups.set_managed(context, user="ana", names=[name, "fine"]) == ["fine"]


def test_the_same_claims_again_change_and_note_nothing(context: Context) -> None:
    groups.set_managed(context, user="ana", names=["a"])
    before = audit.entries(context, user="operator", is_operator=True)
    groups.set_managed(context, user="ana", names=["a"])
    assert audit.entries(context, user="operator", is_operator=True) == before


def test_refusals_say_which_group(context: Context) -> None:
    groups.set_managed(context, user="ana", names=["claimed"])
    for name in ("claimed", "ana\n", "", "Lab", "a:b", OPERATORS):
        with pytest.raises(NameTaken if name == "claimed" else NameRefused):
            groups.create_group(context, name=name, actor="operator")
    for act in (groups.put_member, groups.remove_member):
        with pytest.raises(GroupManaged, match="claimed"):
            act(context, name="claimed", user="ben", actor="operator")
        with pytest.raises(GroupMissing, match="nothing"):
            act(context, name="nothing", user="ben", actor="operator")
    groups.create_group(context, name="lab", actor="operator")
    with pytest.raises(AccountMissing, match="nobody"):
        groups.put_member(context, name="lab", user="nobody", actor="operator")
