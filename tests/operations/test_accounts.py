"""The embedded sign-in."""

import pytest
import sqlalchemy as sa

from terraspawner.db import tables
from terraspawner.domain.account import Account
from terraspawner.errors import NameRefused
from terraspawner.operations import accounts
from terraspawner.operations.context import Context


def disable(context: Context, name: str) -> None:
    with context.database.write() as connection:
        connection.execute(sa.update(tables.account).where(tables.account.c.name == name).values(is_disabled=True))


@pytest.mark.feature("A2")
@pytest.mark.parametrize(
    ("name", "password", "signs_in"),
    [
        ("ana", "ana-secret", True),
        ("ana", "ben-secret", False),
        ("ana", "", False),
        ("ana", "ANA-SECRET", False),
        ("nobody", "ana-secret", False),
        ("", "", False),
    ],
)
def test_only_the_own_password_signs_in(context: Context, name: str, password: str, signs_in: bool) -> None:
    account = accounts.sign_in(context, name, password)
    assert (account is not None) == signs_in


def test_a_disabled_account_neither_signs_in_nor_stays(context: Context) -> None:
    disable(context, "ana")
    assert accounts.sign_in(context, "ana", "ana-secret") is None
    assert accounts.account_of(context, "ana") is None


def test_the_password_is_stored_as_a_hash(context: Context) -> None:
    with context.database.read() as connection:
        stored = connection.scalars(sa.select(tables.account.c.password_hash)).all()
    assert all(text.startswith("$argon2id$") for text in stored)


def test_making_an_account_again_changes_nothing(context: Context) -> None:
    assert not accounts.ensure_account(context, Account(name="ana", is_operator=True), "other")
    account = accounts.sign_in(context, "ana", "ana-secret")
    assert account is not None
    assert not account.is_operator


@pytest.mark.parametrize("name", ["", "Ana", "a b", "../x", "ana/ben", "ä", "-ana", "ana-", "a" * 63, "a\n"])
def test_a_name_that_the_hub_would_not_keep_is_refused(context: Context, name: str) -> None:
    with pytest.raises(NameRefused, match="cannot be used"):
        accounts.ensure_account(context, Account(name=name), "secret")


@pytest.mark.feature("B2")
def test_each_account_has_one_personal_project_of_its_own(context: Context) -> None:
    for name in ("a.b", "a-b"):
        accounts.ensure_account(context, Account(name=name), "secret")
    assert [accounts.personal_namespace(context, name) for name in ("ana", "a.b", "a-b", "nobody")] == [
        "ana",
        "a-b",
        "a-b-2",
        None,
    ]
