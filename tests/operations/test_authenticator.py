"""The Hub's side of the sign-in: who is let in, and who is still what he was. Users and tokens are the Hub's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from jupyterhub import orm
from tornado.httputil import HTTPHeaders
from tornado.web import HTTPError

from terraspawner import wiring
from terraspawner.authenticator import MOST_WAITING, EmbeddedAuthenticator, place_of
from terraspawner.db import tables
from terraspawner.domain.account import Account
from terraspawner.domain.sign_in import SLOWDOWNS, Guard
from terraspawner.operations import accounts, groups, links, sign_ins
from terraspawner.operations import attempts as counts
from terraspawner.operations.context import Context
from terraspawner.operations.passwords import Passwords
from terraspawner.sessions import OPERATORS, end_older_sessions

HubUser = Callable[..., Any]


@pytest.fixture
def door(context: Context, monkeypatch: pytest.MonkeyPatch) -> EmbeddedAuthenticator:
    monkeypatch.setattr(wiring, "deployment_context", lambda: context)
    for name, is_operator in (("cleo", False), ("otto", True)):
        account = Account(name=name, email="", is_operator=is_operator, is_disabled=False)
        accounts.ensure_account(context, account, f"password of {name}")
    return EmbeddedAuthenticator()


def change(context: Context, name: str, **values: bool) -> None:
    with context.database.write() as connection:
        connection.execute(sa.update(tables.account).where(tables.account.c.name == name).values(**values))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"username": "cleo"},
        {"password": "x"},
        {"username": "\0", "password": "x"},
        {"username": ["cleo"], "password": {"x": 1}},
        {"username": "\ud800", "password": "\ud800"},
        None,
        "cleo",
    ],
)
async def test_a_form_with_something_missing_lets_nobody_in(door: EmbeddedAuthenticator, data: object) -> None:
    with pytest.raises(HTTPError) as refused:
        await door.authenticate(None, data)
    assert refused.value.status_code == 403
    assert refused.value.log_message == "Wrong name or password. Try again."


async def test_a_name_is_folded_as_the_hub_folds_it(door: EmbeddedAuthenticator) -> None:
    said = await door.authenticate(None, {"username": " Cleo ", "password": "password of cleo"})
    assert said == {"name": "cleo", "groups": []}


async def test_what_was_typed_into_the_name_field_is_in_no_log(
    door: EmbeddedAuthenticator, caplog: pytest.LogCaptureFixture
) -> None:
    door.log.propagate = True
    with pytest.raises(HTTPError) as refused:
        await door.authenticate(None, {"username": "my password 100%", "password": "by mistake"})
    assert "sign-in-refused" in caplog.text
    assert "my password" not in caplog.text + str(refused.value)
    assert "mistake" not in caplog.text + str(refused.value)


async def test_who_must_wait_is_told_how_long(door: EmbeddedAuthenticator) -> None:
    for _ in range(SLOWDOWNS[Guard.PAIR].free):
        with pytest.raises(HTTPError):
            await door.authenticate(None, {"username": "cleo", "password": "wrong"})
    with pytest.raises(HTTPError, match="Try again in 15 seconds") as refused:
        await door.authenticate(None, {"username": "cleo", "password": "password of cleo"})
    assert refused.value.status_code == 429
    assert refused.value.headers == {"Retry-After": "15"}


async def test_a_demoted_operator_is_none_from_the_next_look_on(
    door: EmbeddedAuthenticator, context: Context, hub_user: HubUser
) -> None:
    otto = hub_user("otto", OPERATORS)
    assert await door.refresh_user(otto) is True
    change(context, "otto", is_operator=False)
    assert await door.refresh_user(otto) == {"name": "otto", "groups": []}
    change(context, "otto", is_disabled=True)
    assert await door.refresh_user(otto) is False


@pytest.mark.feature("B3")
async def test_the_hub_knows_the_groups_that_a_person_is_in_from_the_next_look_on(
    door: EmbeddedAuthenticator, context: Context, hub_user: HubUser
) -> None:
    otto = hub_user("otto", OPERATORS)
    groups.create_group(context, name="lab", actor="otto")
    groups.put_member(context, name="lab", user="otto", actor="otto")
    wanted = {"name": "otto", "groups": ["lab", OPERATORS]}
    assert await door.refresh_user(otto) == wanted
    assert await door.authenticate(None, {"username": "otto", "password": "password of otto"}) == wanted
    assert await door.refresh_user(hub_user("cleo")) is True


async def test_a_new_password_ends_cookies_tokens_and_codes_but_not_the_servers_that_run(
    door: EmbeddedAuthenticator, context: Context, hub_user: HubUser
) -> None:
    cleo, ben = hub_user("cleo"), hub_user("ben")
    cookie, of_ben = cleo.cookie_id, ben.new_api_token()
    mine, server = cleo.new_api_token(note="Server at /user/cleo/forged/"), cleo.new_api_token()
    cleo.db.add(orm.Spawner(name="work", user=cleo.orm_user))
    cleo.db.add(orm.OAuthCode(code="c", user=cleo.orm_user))
    cleo.db.commit()
    cleo.spawners["work"].api_token = server
    assert await door.refresh_user(cleo) is True
    assert orm.APIToken.find(cleo.db, mine) is not None
    sign_ins.change_password(context, name="cleo", present="password of cleo", new="a garden of words")
    assert await door.refresh_user(cleo) is False
    assert cleo.cookie_id != cookie
    assert [token is not None for token in (orm.APIToken.find(cleo.db, text) for text in (mine, server, of_ben))] == [
        False,
        True,
        True,
    ]
    assert cleo.oauth_codes == []
    assert await door.refresh_user(cleo) is True  # whoever is signed in now has signed in since


async def test_a_service_that_acts_for_a_person_is_not_what_ended(
    door: EmbeddedAuthenticator, context: Context, hub_user: HubUser
) -> None:
    cleo = hub_user("cleo")
    code = links.make_link(context, name="cleo", actor="otto").code
    links.use_link(context, code=code, password="a garden of words")
    assert await door.refresh_user(cleo, SimpleNamespace(_jupyterhub_user=object())) is True
    assert "." in cleo.cookie_id


async def test_enabling_brings_back_no_cookie_and_no_token(
    door: EmbeddedAuthenticator, context: Context, hub_user: HubUser
) -> None:
    cleo = hub_user("cleo")
    token, cookie = cleo.new_api_token(), cleo.cookie_id
    accounts.disable(context, name="cleo", actor="otto")
    assert await door.refresh_user(cleo) is False
    accounts.enable(context, name="cleo", actor="otto")
    assert await door.refresh_user(cleo) is False
    assert orm.APIToken.find(cleo.db, token) is None
    assert cleo.cookie_id != cookie


def test_who_signs_in_for_the_first_time_gets_a_cookie_of_the_present_epoch(
    context: Context, hub_user: HubUser
) -> None:
    assert not end_older_sessions(hub_user("new"), Account(name="new"))
    eva = hub_user("eva")
    assert end_older_sessions(eva, Account(name="eva", sessions_epoch=1))
    assert not end_older_sessions(eva, Account(name="eva", sessions_epoch=1))


class Browser:
    """As much of the Hub's handler as says where a request comes from."""

    def __init__(self, peer: str, *, cookies: dict[str, str] | None = None, **headers: str) -> None:
        context = SimpleNamespace(address=(peer, 4711))
        sent = HTTPHeaders({name.replace("_", "-"): value for name, value in headers.items()})
        self.request = SimpleNamespace(connection=SimpleNamespace(context=context), headers=sent, remote_ip="9.9.9.9")
        self._cookies = cookies or {}

    def get_cookie(self, name: str, default: str) -> str:
        return self._cookies.get(name, default)


def test_a_place_is_the_address_that_our_own_proxy_saw(context: Context) -> None:
    proxy, stranger = context.settings.core_proxy_address, "172.31.240.99"
    for browser, address in [
        (Browser(proxy, X_Forwarded_For="192.0.2.7"), "192.0.2.7"),
        (Browser(proxy, X_Forwarded_For="1.1.1.1, 192.0.2.7"), "192.0.2.7"),
        (Browser(proxy, X_Forwarded_For="1.1.1.1,192.0.2.7", X_Real_Ip="1.1.1.1"), "192.0.2.7"),
        (Browser(context.settings.proxy_address, X_Forwarded_For="192.0.2.7"), "192.0.2.7"),
        (Browser(stranger, X_Forwarded_For="192.0.2.7", X_Real_Ip="192.0.2.7"), stranger),
        (Browser(proxy), proxy),
    ]:
        assert place_of(context, browser, "cleo") == counts.place_of(address)


def test_a_browser_that_has_signed_in_before_is_its_own_place(context: Context) -> None:
    cookies = {sign_ins.device_cookie(context, "cleo"): sign_ins.device_token(context, "cleo")}
    known = Browser("192.0.2.7", cookies=cookies)
    assert place_of(context, known, "cleo").is_known
    assert not place_of(context, known, "otto").is_known


async def test_passwords_that_are_tried_keep_nobody_waiting_who_is_signed_in_and_wait_in_a_short_row(
    door: EmbeddedAuthenticator, context: Context, monkeypatch: pytest.MonkeyPatch, hub_user: HubUser
) -> None:
    end = threading.Event()

    class HasherThatWaits:
        def hash(self, _: str) -> str:
            return "unknown"

        def verify(self, *_: str) -> bool:
            return end.wait(30)

    waiting = replace(context, passwords=Passwords(HasherThatWaits()))
    monkeypatch.setattr(wiring, "deployment_context", lambda: waiting)
    tries = [asyncio.create_task(door.authenticate(None, {"username": "x", "password": "y"})) for _ in range(100)]
    await asyncio.sleep(0)
    try:
        assert await asyncio.wait_for(door.refresh_user(hub_user("cleo")), 5) is True
        refused = [task.exception() for task in tries if task.done()]
        assert len(refused) == 100 - MOST_WAITING
        assert {getattr(error, "status_code", 0) for error in refused} == {429}
    finally:
        end.set()
        await asyncio.gather(*tries, return_exceptions=True)
