"""The embedded sign-in: the Hub's own login form over our accounts (TRAPS.md 5).

The Hub's shared-password authenticator is no choice (anyone could come in as anyone), and NativeAuthenticator
fails on Hub 6 (PLATFORM.md). Other sign-ins replace this class by a setting of the Hub.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jupyterhub.auth import Authenticator

from terraspawner import frozen, wiring
from terraspawner.domain.account import Account
from terraspawner.operations import accounts

OPERATORS = "terraspawner-operators"

_hashing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sign-in")
"""A password takes a core and 64 MB for a moment, and anybody may send one. So those that are tried wait for each
other, and nobody who is signed in waits for them."""


class EmbeddedAuthenticator(Authenticator):
    """Names and passwords from our database. Operators are members of one Hub group, never Hub admins."""

    manage_groups = True
    auto_login = False
    auth_refresh_age = 5
    auth_refresh_strict = True
    refresh_pre_spawn = True

    def get_handlers(self, app: Any) -> list[Any]:
        """The only handlers of ours that the Hub asks before its own, so one that is no sign-in stands here too."""
        return [*super().get_handlers(app), frozen.ROUTE]

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:
        """Right name and password of an account that is not disabled, else None."""
        context = wiring.deployment_context()
        name, password = data.get("username", ""), data.get("password", "")
        trial = asyncio.get_running_loop().run_in_executor(_hashing, accounts.sign_in, context, name, password)
        account = await trial
        return None if account is None else {"name": account.name, "groups": _groups(account)}

    async def refresh_user(self, user: Any, handler: Any = None) -> bool | dict[str, Any]:
        """False as soon as the account is disabled or gone: asked again every few seconds.

        Who became an operator or is none any more has the other role from then on, not from the next sign-in on.
        """
        account = await asyncio.to_thread(accounts.account_of, wiring.deployment_context(), user.name)
        if account is None:
            return False
        if [group.name for group in user.groups] == _groups(account):
            return True
        return {"name": account.name, "groups": _groups(account)}


def _groups(account: Account) -> list[str]:
    return [OPERATORS] if account.is_operator else []
