"""The embedded sign-in: the Hub's own login form over our accounts (TRAPS.md 5).

The Hub's shared-password authenticator is no choice (anyone could come in as anyone), and NativeAuthenticator
fails on Hub 6 (PLATFORM.md). Other sign-ins replace this class by a setting of the Hub.

A refusal is raised, not returned as None: the Hub would write what was typed into the name field to its log, and
people type passwords there.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError

from terraspawner import frozen, wiring
from terraspawner.domain.account import Account
from terraspawner.errors import TerraError
from terraspawner.errors_accounts import TooManyTries
from terraspawner.operations import accounts, attempts, passwords, sign_ins
from terraspawner.operations.attempts import Place
from terraspawner.operations.context import Context
from terraspawner.sessions import end_older_sessions, hub_groups, is_own_request, unless_away

MOST_WAITING = 40
"""Passwords that are tried or wait for it. They take a quarter of a second each, so the last waits some seconds."""
DEVICE_DAYS = 400

_hashing = ThreadPoolExecutor(max_workers=passwords.AT_ONCE, thread_name_prefix="sign-in")
"""A password takes a core and 64 MB for a moment, and anybody may send one. So those that are tried wait for each
other, and nobody who is signed in waits for them."""


class EmbeddedAuthenticator(Authenticator):
    """Names and passwords from our database. Operators are members of one Hub group, never Hub admins."""

    manage_groups = True
    auto_login = False
    auth_refresh_age = 0.001  # the row is asked at each request; 0 would mean never
    auth_refresh_strict = True
    refresh_pre_spawn = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._waiting = 0

    def get_handlers(self, app: Any) -> list[Any]:
        """The only handlers of ours that the Hub asks before its own, so one that is no sign-in stands here too."""
        return [*super().get_handlers(app), frozen.ROUTE]

    async def authenticate(self, handler: Any, data: Any) -> dict[str, Any]:
        """The account, for the right name and password. Raises `HTTPError` with the sentence for the login form."""
        context = wiring.deployment_context()
        name, password = _typed(data)
        place = place_of(context, handler, name)
        try:
            account = await self._try(context, name, password, place)
        except TerraError as error:
            self.log.warning("Sign-in refused: %s, from %s", error.code, place.name)
            raise _refusal(error) from None
        if handler is not None:
            # made here where the Hub does not know the person yet: the cookie that it sets next is of this epoch
            end_older_sessions(handler.user_from_username(account.name), account)
            if not place.is_known:
                _remember_device(context, handler, account.name)
        return {"name": account.name, "groups": await asyncio.to_thread(hub_groups, context, account)}

    async def _try(self, context: Context, name: str, password: str, place: Place) -> Account:
        if self._waiting >= MOST_WAITING:
            raise TooManyTries("Too many people are signing in at this moment. Try again in 10 seconds.", seconds=10)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(_hashing, sign_ins.sign_in, context, name, password, place)
        finally:
            self._waiting -= 1

    @unless_away
    async def refresh_user(self, user: Any, handler: Any = None) -> bool | dict[str, Any]:
        """Asked at each request: False as soon as the account is disabled or gone, or its sessions were ended.

        Who became an operator or is none any more has the other role from then on, not from the next sign-in on.
        """
        context = wiring.deployment_context()
        account = await asyncio.to_thread(accounts.account_of, context, user.name)
        if account is None or account.is_external:
            return False
        # what was ended is older than any sign-in, which passes `authenticate`; a service that asks for a person's
        # server is none of the person's sessions
        if end_older_sessions(user, account) and is_own_request(user, handler):
            return False
        wanted = await asyncio.to_thread(hub_groups, context, account)
        if sorted(group.name for group in user.groups) == wanted:
            return True
        return {"name": account.name, "groups": wanted}


def place_of(context: Context, handler: Any, name: str) -> Place:
    """A browser that has signed in as `name` before, else the address that our own proxy saw.

    Not the Hub's `remote_ip`: it believes ``X-Real-Ip``, which anybody may send along.
    """
    if handler is None:
        return attempts.place_of("")
    shown = handler.get_cookie(sign_ins.device_cookie(context, name), "")
    return sign_ins.place_of_device(context, name, shown) or attempts.place_of(_address(context, handler.request))


def _address(context: Context, request: Any) -> str:
    peer = str(request.connection.context.address[0])
    ours = {context.settings.core_proxy_address, context.settings.proxy_address}
    forwarded = request.headers.get_list("X-Forwarded-For")
    # the proxy appends: what stands before its own entry is the client's word
    return forwarded[-1].rpartition(",")[2].strip() if peer in ours and forwarded else peer


def _remember_device(context: Context, handler: Any, name: str) -> None:
    handler.set_cookie(
        sign_ins.device_cookie(context, name),
        sign_ins.device_token(context, name),
        path=handler.hub.base_url,
        expires_days=DEVICE_DAYS,
        httponly=True,
        samesite="Lax",
        secure=handler.request.protocol == "https",
    )


def _typed(data: Any) -> tuple[str, str]:
    """Name and password as they were sent, by the form or as JSON; the name folded as the Hub folds it."""
    said = data if isinstance(data, dict) else {}
    name, password = said.get("username"), said.get("password")
    return (name.strip().lower() if isinstance(name, str) else "", password if isinstance(password, str) else "")


def _refusal(error: TerraError) -> HTTPError:
    status = 429 if isinstance(error, TooManyTries) else 403
    refusal = HTTPError(status, error.message.replace("%", "%%"))
    if status == 429:
        refusal.headers = {"Retry-After": str(error.details["seconds"])}  # type: ignore[attr-defined]  # the Hub's own
    return refusal
