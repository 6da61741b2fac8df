"""Accounts: who may be one, who may end one, and what ends with it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import builders
from terraspawner.db import tables
from terraspawner.db.audit_records import Filter
from terraspawner.domain.account import Account
from terraspawner.domain.environment import State
from terraspawner.errors import NameRefused, NameTaken, Refused
from terraspawner.errors_accounts import AccountMissing, OperatorNeeded
from terraspawner.operations import accounts, audit, environments, identities, links, projects, sign_ins, withdrawals
from terraspawner.operations.attempts import place_of
from terraspawner.operations.context import Context

HERE = place_of("192.0.2.1")


def test_the_password_is_stored_as_a_hash(context: Context) -> None:
    with context.database.read() as connection:
        stored = connection.scalars(sa.select(tables.account.c.password_hash)).all()
    assert all(text.startswith("$argon2id$") for text in stored)


def test_making_an_account_again_changes_nothing(context: Context) -> None:
    assert not accounts.ensure_account(context, Account(name="ana", is_operator=True), "other")
    assert not sign_ins.sign_in(context, "ana", "ana-secret", HERE).is_operator


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "is empty"),
        ("Ana", "'A'"),
        ("a b", "a space"),
        ("../x", "'/'"),
        ("..", "begins or ends with"),
        ("ana/ben", "'/'"),
        ("\u00e4", "latin small letter a with diaeresis"),
        ("\u0430na", "cyrillic small letter a"),
        ("\uff41na", "fullwidth latin small letter a"),
        ("\u212aim", "kelvin sign"),
        ("an\u0131", "dotless i"),
        ("ana\u200b", "zero width space"),
        ("ana\u202e", "right-to-left override"),
        ("-ana", "begins or ends with"),
        ("ana-", "begins or ends with"),
        ("a" * 63, "63 characters"),
        ("a\n", "U+000A"),
        ("a\0", "U+0000"),
        ("a%2f", "'%'"),
        ("(command line)", "'('"),
        ("\ud800", "U+D800"),
    ],
)
def test_a_name_that_the_hub_would_not_keep_or_that_looks_like_another_is_refused(
    context: Context, name: str, says: str
) -> None:
    before = accounts.list_accounts(context)
    with pytest.raises(NameRefused, match="name") as refused:
        accounts.add_account(context, name=name, actor="operator")
    assert says in refused.value.message
    assert refused.value.message.encode()
    assert accounts.list_accounts(context) == before


@pytest.mark.parametrize(
    "email", ["eva", "eva@", "@x.org", "eva@x", "a b@x.org", "eva@x.org\n", "e\0@x.org", "x" * 250 + "@x.org"]
)
def test_an_email_that_is_none_is_refused(context: Context, email: str) -> None:
    with pytest.raises(Refused, match="no e-mail address"):
        accounts.add_account(context, name="eva", email=email, actor="operator")


@pytest.mark.feature("B2")
def test_each_account_has_one_personal_project_of_its_own(context: Context) -> None:
    for name in ("a.b", "a-b"):
        accounts.add_account(context, name=name, actor="operator")
    for name, namespaces in (("ana", ["ana"]), ("a.b", ["a-b"]), ("a-b", ["a-b-2"]), ("nobody", [])):
        assert [each.project.namespace for each in projects.list_projects(context, name)] == namespaces


def test_a_new_account_has_no_password_until_its_owner_sets_one(context: Context) -> None:
    made = accounts.add_account(context, name="eva", email="eva@example.org", actor="operator")
    assert not accounts.get_account(context, "eva").has_password
    assert not context.passwords.is_right("", "")
    links.use_link(context, code=made.code, password="a garden of words")
    assert accounts.get_account(context, "eva").has_password
    sign_ins.sign_in(context, "eva", "a garden of words", HERE)
    assert accounts.get_account(context, "eva").signed_in_at == context.now()


def test_a_name_is_given_once_even_when_its_account_is_disabled(context: Context) -> None:
    accounts.disable(context, name="ana", actor="operator")
    with pytest.raises(NameTaken):
        accounts.add_account(context, name="ana", actor="operator")


def test_disabling_ends_the_account_and_enabling_brings_no_session_back(context: Context) -> None:
    before = accounts.account_of(context, "ana")
    link = links.make_link(context, name="ana", actor="operator")
    accounts.disable(context, name="ana", actor="operator")
    assert accounts.account_of(context, "ana") is None
    accounts.enable(context, name="ana", actor="operator")
    after = accounts.account_of(context, "ana")
    assert before is not None
    assert after is not None
    assert after.sessions_epoch > before.sessions_epoch
    assert links.links_of(context, "ana")[0].state(context.now()) == "replaced"
    with pytest.raises(links.LinkDead):
        links.look_at(context, link.code)


def test_an_operator_can_disable_neither_himself_nor_the_last_operator(context: Context) -> None:
    with pytest.raises(OperatorNeeded, match="your own"):
        accounts.disable(context, name="operator", actor="operator")
    with pytest.raises(OperatorNeeded, match="last operator"):
        accounts.disable(context, name="operator", actor=audit.COMMAND_LINE)
    second = accounts.add_account(context, name="otto", is_operator=True, actor="operator")
    with pytest.raises(OperatorNeeded, match="last operator"):  # one without a password cannot sign in
        accounts.disable(context, name="operator", actor=audit.COMMAND_LINE)
    links.use_link(context, code=second.code, password="a garden of words")
    accounts.disable(context, name="operator", actor="otto")
    with pytest.raises(OperatorNeeded):
        accounts.disable(context, name="otto", actor=audit.COMMAND_LINE)


def test_an_unknown_account_is_neither_disabled_nor_enabled_nor_linked(context: Context) -> None:
    for act in (accounts.disable, accounts.enable, links.make_link):
        with pytest.raises(AccountMissing, match="nobody"):
            act(context, name="nobody", actor="operator")


def test_what_runs_of_a_disabled_account_is_to_be_paused_and_its_key_serves_the_pause_alone(context: Context) -> None:
    at = builders.workspace(context)
    ticket = environments.admit(context, user="ana", slug=at.slug)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c1")
    assert withdrawals.to_be_paused(context) == []
    accounts.disable(context, name="ana", actor="operator")
    assert [found.environment.id for found in withdrawals.to_be_paused(context)] == [ticket.environment.id]
    assert identities.identify(context, ticket.key) is None
    environments.begin_pause(context, ticket.environment.id)
    identity = identities.identify(context, ticket.key)
    assert identity is not None
    assert identity.environment.state is State.PAUSING
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)
    assert identities.identify(context, ticket.key) is None
    assert withdrawals.to_be_paused(context) == []


def test_every_act_is_in_the_audit_and_no_secret(context: Context) -> None:
    made = accounts.add_account(context, name="eva", actor="operator")
    links.use_link(context, code=made.code, password="a garden of words")
    sign_ins.change_password(context, name="eva", present="a garden of words", new="another garden")
    accounts.disable(context, name="eva", actor="operator")
    accounts.enable(context, name="eva", actor=audit.COMMAND_LINE)
    found = [
        (entry.actor, entry.action)
        for entry in audit.entries(context, user="operator", is_operator=True)
        if entry.subject == "account:eva"
    ]
    assert found[::-1] == [
        ("operator", "account-added"),
        ("operator", "link-made"),
        ("eva", "link-used"),
        ("eva", "password-changed"),
        ("operator", "account-disabled"),
        (audit.COMMAND_LINE, "account-enabled"),
    ]
    assert audit.entries(context, user="ben", is_operator=False) == [
        entry for entry in audit.entries(context, user="operator", is_operator=True) if entry.subject == "account:ben"
    ]
    secret = made.code.partition(".")[2]
    with context.database.read() as connection:
        everything = str([connection.execute(sa.select(table)).all() for table in tables.metadata.sorted_tables])
    assert "operator" in everything
    assert secret not in everything
    assert "garden" not in everything


def test_the_newest_acts_come_first_and_in_pages(context: Context) -> None:
    with context.database.write() as connection:
        for number in range(audit.PAGE + 3):
            audit.note(context, connection, actor="ana", action="tried", subject="account:ana", number=number)
    first = audit.entries(context, user="ana", is_operator=False)
    second = audit.entries(context, user="ana", is_operator=False, wanted=Filter(before=first[-1].id))
    numbers = [entry.details.get("number") for entry in [*first, *second]]
    assert numbers[: audit.PAGE + 3] == list(reversed(range(audit.PAGE + 3)))
