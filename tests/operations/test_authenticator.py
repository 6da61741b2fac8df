"""The Hub's side of the sign-in: who is let in, and who is still what he was."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from terraspawner import wiring
from terraspawner.authenticator import OPERATORS, EmbeddedAuthenticator
from terraspawner.db import tables
from terraspawner.domain.account import Account
from terraspawner.operations import accounts
from terraspawner.operations.context import Context


@pytest.fixture
def door(context: Context, monkeypatch: pytest.MonkeyPatch) -> EmbeddedAuthenticator:
    monkeypatch.setattr(wiring, "deployment_context", lambda: context)
    for name, is_operator in (("cleo", False), ("otto", True)):
        account = Account(name=name, email="", is_operator=is_operator, is_disabled=False)
        accounts.ensure_account(context, account, f"password of {name}")
    return EmbeddedAuthenticator()


def hub_user(name: str, *groups: str) -> SimpleNamespace:
    return SimpleNamespace(name=name, groups=[SimpleNamespace(name=group) for group in groups])


def change(context: Context, name: str, **values: bool) -> None:
    with context.database.write() as connection:
        connection.execute(sa.update(tables.account).where(tables.account.c.name == name).values(**values))


@pytest.mark.parametrize("data", [{}, {"username": "cleo"}, {"password": "x"}, {"username": "\0", "password": "x"}])
async def test_a_form_with_something_missing_lets_nobody_in(door: EmbeddedAuthenticator, data: dict[str, str]) -> None:
    assert await door.authenticate(None, data) is None


async def test_a_demoted_operator_is_none_from_the_next_look_on(door: EmbeddedAuthenticator, context: Context) -> None:
    assert await door.refresh_user(hub_user("otto", OPERATORS)) is True
    change(context, "otto", is_operator=False)
    assert await door.refresh_user(hub_user("otto", OPERATORS)) == {"name": "otto", "groups": []}
    change(context, "otto", is_disabled=True)
    assert await door.refresh_user(hub_user("otto")) is False


async def test_passwords_that_are_tried_keep_nobody_waiting_who_is_signed_in(
    door: EmbeddedAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = threading.Event()
    monkeypatch.setattr(accounts, "sign_in", lambda *_: end.wait(30) and None)
    tries = [asyncio.create_task(door.authenticate(None, {"username": "x", "password": "y"})) for _ in range(100)]
    await asyncio.sleep(0)
    try:
        assert await asyncio.wait_for(door.refresh_user(hub_user("cleo")), 5) is True
    finally:
        end.set()
        await asyncio.gather(*tries)
