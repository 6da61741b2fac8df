"""Accounts of people whom an identity provider signs in: the first time, the next time, and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import builders
from terraspawner.domain.access import Role
from terraspawner.domain.account import Account
from terraspawner.domain.visitor import Visitor
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import GroupMissing, NotAllowed, WorkspaceMissing
from terraspawner.errors_accounts import (
    AccountDisabled,
    AccountMissing,
    OperatorNeeded,
    PasswordsElsewhere,
    VisitorRefused,
)
from terraspawner.operations import (
    accounts,
    audit,
    environments,
    groups,
    identities,
    links,
    members,
    sign_ins,
    withdrawals,
    workspaces,
)
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from terraspawner.operations.external_accounts import arrive, renew

EVA = Visitor(
    subject="https://id.example.org 42",
    name="eva@example.org",
    email="eva@example.org",
    groups=("heart", "lab"),
    is_operator=False,
    is_allowed=True,
)


@pytest.fixture
def outside(tmp_path: Path, clock: builders.Clock) -> Iterator[Context]:
    """A deployment with an identity provider."""
    made = builders.context(
        tmp_path,
        clock,
        sign_in="oidc",
        sign_in_client_id="hub",
        sign_in_issuer="https://id.example.org",
        sign_in_operators="rosa",
    )
    yield made
    made.database.close()


def test_the_first_sign_in_makes_an_account_without_a_password(outside: Context) -> None:
    account = arrive(outside, EVA)
    assert account == Account(name=EVA.name, email=EVA.email, subject=EVA.subject)
    listed = accounts.get_account(outside, EVA.name)
    assert not listed.has_password
    assert listed.signed_in_at == outside.now()
    assert groups.managed_groups(outside, EVA.name) == ["heart", "lab"]
    made = workspaces.create_workspace(outside, user=EVA.name, namespace="eva-example-org", name="alpha").workspace
    assert made.slug == "eva-example-org-alpha"


def test_who_comes_again_under_another_name_is_the_same_account(outside: Context) -> None:
    arrive(outside, EVA)
    again = arrive(outside, replace(EVA, name="eva.neu@example.org", email="eva.neu@example.org"))
    assert (again.name, again.email) == (EVA.name, "eva.neu@example.org")
    assert accounts.account_of(outside, "eva.neu@example.org") is None


@pytest.mark.parametrize("subject", ["https://id.example.org 43", "https://other.example.org 42"])
def test_a_name_that_was_given_to_another_person_opens_nothing(outside: Context, subject: str) -> None:
    arrive(outside, EVA)
    with pytest.raises(VisitorRefused, match="belongs to another person"):
        arrive(outside, replace(EVA, subject=subject, is_operator=True))
    account = accounts.account_of(outside, EVA.name)
    assert account is not None
    assert (account.subject, account.is_operator) == (EVA.subject, False)


def test_an_account_with_a_password_is_not_taken_over_by_its_name(outside: Context) -> None:
    with pytest.raises(VisitorRefused, match="There is an account operator here already"):
        arrive(outside, replace(EVA, name="operator"))


def test_who_is_in_no_group_that_may_come_in_gets_no_account(outside: Context) -> None:
    with pytest.raises(VisitorRefused, match="none of the groups"):
        arrive(outside, replace(EVA, is_allowed=False))
    assert accounts.account_of(outside, EVA.name) is None


@pytest.mark.parametrize("look", [arrive, renew])
def test_a_group_that_the_provider_takes_away_is_gone_at_the_next_look(
    outside: Context, look: Callable[[Context, Visitor], object]
) -> None:
    arrive(outside, EVA)
    look(outside, replace(EVA, groups=("lab", "liver")))
    assert groups.managed_groups(outside, EVA.name) == ["lab", "liver"]
    newest = audit.entries(outside, user=EVA.name, is_operator=False)[0]
    assert (newest.actor, newest.action) == (groups.PROVIDER, "groups-claimed")
    assert newest.details == {"gained": ["liver"], "lost": ["heart"]}


def test_who_may_not_come_in_any_more_is_in_no_group_and_no_operator(outside: Context) -> None:
    arrive(outside, replace(EVA, is_operator=True))
    assert not renew(outside, replace(EVA, is_operator=True, is_allowed=False))
    assert groups.managed_groups(outside, EVA.name) == []
    account = accounts.account_of(outside, EVA.name)
    assert account is not None
    assert not account.is_operator


def test_an_operator_is_one_as_long_as_the_provider_says_so(outside: Context) -> None:
    assert arrive(outside, replace(EVA, is_operator=True)).is_operator
    with pytest.raises(OperatorNeeded, match="last operator"):
        accounts.disable(outside, name=EVA.name, actor="operator")
    assert renew(outside, EVA)
    accounts.disable(outside, name=EVA.name, actor="operator")


def test_a_disabled_account_stays_out_whatever_the_provider_says(outside: Context) -> None:
    arrive(outside, EVA)
    accounts.disable(outside, name=EVA.name, actor="operator")
    with pytest.raises(AccountDisabled):
        arrive(outside, EVA)
    assert not renew(outside, EVA)
    accounts.enable(outside, name=EVA.name, actor="operator")
    assert arrive(outside, EVA).name == EVA.name


def test_nobody_is_renewed_who_never_arrived(outside: Context) -> None:
    assert not renew(outside, EVA)


def test_an_unchanged_person_leaves_no_trace_in_the_audit(outside: Context) -> None:
    arrive(outside, EVA)
    before = audit.entries(outside, user=EVA.name, is_operator=False)
    assert renew(outside, EVA)
    assert audit.entries(outside, user=EVA.name, is_operator=False) == before


@pytest.mark.parametrize(
    "act",
    [
        lambda context: sign_ins.change_password(context, name="ana", present="ana-secret", new="a garden of words"),
        lambda context: links.make_link(context, name="ana", actor="operator"),
        lambda context: links.look_at(context, "x.y"),
        lambda context: links.use_link(context, code="x.y", password="a garden of words"),
        lambda context: accounts.add_account(context, name="new", actor="operator"),
    ],
)
def test_nobody_sets_a_password_where_a_provider_keeps_them(outside: Context, act: Callable[[Context], object]) -> None:
    with pytest.raises(PasswordsElsewhere, match=r"id\.example\.org"):
        act(outside)


# --- what a group's claim gives, and what takes it away ---


@pytest.fixture
def shared(outside: Context) -> Workspace:
    """Ana's workspace, in which the lab writes and the heart reads; Eva has come."""
    arrive(outside, EVA)
    made = builders.workspace(outside)
    give(outside, "group:lab", Role.WRITER)
    give(outside, "group:heart", Role.READER)
    return made


def give(context: Context, who: str, role: Role) -> None:
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who=who, role=role, may_compute=True)


def run(context: Context, workspace: Workspace) -> Ticket:
    ticket = environments.admit(context, user=EVA.name, slug=workspace.slug)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c" * 64)
    return ticket


def roles(context: Context) -> list[Role]:
    return [each.role for each in workspaces.list_workspaces(context, EVA.name)]


def to_be_paused(context: Context) -> list[str]:
    return [each.why for each in withdrawals.to_be_paused(context) if each.environment.user == EVA.name]


@pytest.mark.feature("A3", "B3")
@pytest.mark.parametrize("look", [arrive, renew])
def test_a_claim_gives_what_its_group_was_given_and_takes_it_away(
    outside: Context, shared: Workspace, look: Callable[[Context, Visitor], object]
) -> None:
    ticket = run(outside, shared)
    assert (roles(outside), ticket.role, to_be_paused(outside)) == ([Role.WRITER], Role.WRITER, [])
    look(outside, replace(EVA, groups=("heart",)))
    assert roles(outside) == [Role.READER]
    (why,) = to_be_paused(outside)
    assert "reader of this workspace now" in why
    look(outside, replace(EVA, groups=("others",)))
    assert roles(outside) == []
    (why,) = to_be_paused(outside)
    assert "no longer a member" in why
    assert identities.identify(outside, ticket.key) is None
    with pytest.raises(WorkspaceMissing):
        environments.admit(outside, user=EVA.name, slug=shared.slug)
    look(outside, EVA)
    assert (roles(outside), to_be_paused(outside)) == ([Role.WRITER], [])


def test_a_group_that_nobody_has_brought_yet_is_told_so(outside: Context, shared: Workspace) -> None:
    with pytest.raises(GroupMissing, match="once somebody in it has signed in"):
        give(outside, "group:liver", Role.READER)


@pytest.mark.feature("A3", "B3")
def test_a_claim_of_the_name_of_an_operators_group_gives_nothing(outside: Context, shared: Workspace) -> None:
    groups.create_group(outside, name="staff", actor="operator")
    give(outside, "group:staff", Role.OWNER)
    assert renew(outside, replace(EVA, groups=("lab", "staff")))
    assert roles(outside) == [Role.WRITER]


@pytest.mark.feature("A3", "B3")
def test_what_runs_of_somebody_who_was_let_go_is_paused_until_the_person_is_taken_back(
    outside: Context, shared: Workspace
) -> None:
    give(outside, EVA.name, Role.WRITER)
    ticket = run(outside, shared)
    gone = replace(EVA, is_allowed=False)
    assert not renew(outside, gone)
    (why,) = to_be_paused(outside)
    assert "none of the groups" in why
    assert identities.identify(outside, ticket.key) is None
    with pytest.raises(NotAllowed, match="none of the groups"):
        environments.admit(outside, user=EVA.name, slug=shared.slug)
    with pytest.raises(AccountMissing):
        give(outside, EVA.name, Role.OWNER)
    with pytest.raises(VisitorRefused):
        arrive(outside, gone)
    arrive(outside, EVA)
    assert to_be_paused(outside) == []
    assert identities.identify(outside, ticket.key) is not None
    acts = [each.action for each in audit.entries(outside, user=EVA.name, is_operator=False)]
    assert [act for act in acts if act.startswith("account-")] == [
        "account-taken-back",
        "account-let-go",
        "account-added",
    ]
