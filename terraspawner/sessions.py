"""The Hub's sessions of a person: what ends them, and the Hub group of operators. For every way to sign in."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from jupyterhub import orm
from tornado.web import HTTPError

from terraspawner.domain.account import Account
from terraspawner.errors import Unavailable
from terraspawner.operations import groups
from terraspawner.operations.context import Context

OPERATORS = "terraspawner-operators"
"""Operators are members of this Hub group, never Hub admins."""


def hub_groups(context: Context, account: Account) -> list[str]:
    """The Hub's groups of an account, sorted: those of our tables, which none of a reserved name is among, so that no
    claim can pass for it, and the operators' own."""
    return sorted([*groups.groups_of(context, account.name), *([OPERATORS] if account.is_operator else [])])


Refreshed = bool | dict[str, Any]


def unless_away(refresh: Callable[..., Awaitable[Refreshed]]) -> Callable[..., Awaitable[Refreshed]]:
    """For an authenticator's ``refresh_user``: what is not answering makes the request a 503.

    The Hub takes a refresh that raises for a request of nobody: people would be sent to the sign-in, and services told
    that a good token is void.
    """

    @functools.wraps(refresh)
    async def refreshed(self: Any, user: Any, handler: Any = None, **more: Any) -> Refreshed:
        try:
            return await refresh(self, user, handler, **more)
        except Unavailable as error:
            if handler is not None:
                _answer_that_it_is_away(handler, str(error))
            raise

    return refreshed


def _answer_that_it_is_away(handler: Any, sentence: str) -> None:
    def refuse(*_arguments: object, **_options: object) -> NoReturn:
        raise HTTPError(503, sentence)

    handler.check_xsrf_cookie = refuse  # asked before the method, and refuses nobody's forms with a 403
    setattr(handler, handler.request.method.lower(), refuse)


def is_own_request(user: Any, handler: Any) -> bool:
    """Whether the request is the person's, not one of a service that asks for a person's server."""
    return handler is None or getattr(handler, "_jupyterhub_user", None) is user


def end_older_sessions(user: Any, account: Account) -> bool:
    """Revoke what was signed in before the account's present epoch; whether there was anything to revoke.

    The cookie's id carries the epoch, so the Hub's database says by itself what was done already. A login cookie
    holds this id, and all tokens go but those of servers that run: these are the environments', not the person's.
    """
    mark = f"{account.sessions_epoch}."
    if user.cookie_id.startswith(mark) or (account.sessions_epoch == 0 and "." not in user.cookie_id):
        return False
    kept = {token.id for token in (orm.APIToken.find(user.db, value) for value in _server_tokens(user)) if token}
    for token in list(user.api_tokens):
        if token.id not in kept:
            user.db.delete(token)
    for code in list(user.oauth_codes):
        user.db.delete(code)
    user.cookie_id = mark + secrets.token_hex(32)
    user.db.commit()
    return True


def _server_tokens(user: Any) -> list[str]:
    """Tokens of the servers that run or are frozen: the spawners know them."""
    spawners = [user.spawners[name] for name in list(user.orm_spawners)]
    kept = [spawner.kept.token for spawner in spawners if getattr(spawner, "kept", None)]
    return [*kept, *(spawner.api_token for spawner in spawners if spawner.api_token)]
