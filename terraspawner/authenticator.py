"""The embedded sign-in: the Hub's own login form over our accounts (TRAPS.md 5).

The Hub's shared-password authenticator is no choice (anyone could come in as anyone), and NativeAuthenticator
fails on Hub 6 (PLATFORM.md). Other sign-ins replace this class by a setting of the Hub.
"""

from __future__ import annotations

import asyncio
from typing import Any

from jupyterhub.auth import Authenticator

from terraspawner import wiring
from terraspawner.operations import accounts

OPERATORS = "terraspawner-operators"


class EmbeddedAuthenticator(Authenticator):
    """Names and passwords from our database. Operators are members of one Hub group, never Hub admins."""

    manage_groups = True
    auto_login = False
    auth_refresh_age = 5
    auth_refresh_strict = True
    refresh_pre_spawn = True

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:
        """Right name and password of an account that is not disabled, else None."""
        context = wiring.deployment_context()
        account = await asyncio.to_thread(accounts.sign_in, context, data["username"], data["password"])
        if account is None:
            return None
        return {"name": account.name, "groups": [OPERATORS] if account.is_operator else []}

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:
        """False as soon as the account is disabled or gone: asked again every few seconds."""
        account = await asyncio.to_thread(accounts.account_of, wiring.deployment_context(), user.name)
        return account is not None
