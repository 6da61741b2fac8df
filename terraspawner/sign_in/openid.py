"""Signing in with an OpenID provider: a site's own, Google, Globus, EBRAINS.

One class for all of them, since all of them keep to OpenID Connect. oauthenticator's own class for Globus cuts the
domain off user names, so that two people could be one, and hands tokens to environments; the one for Google reads
claims that Google's user info has as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from oauthenticator.generic import GenericOAuthenticator

from terraspawner import providers
from terraspawner.errors_accounts import ProviderUnavailable
from terraspawner.sign_in import id_token
from terraspawner.sign_in.external import ExternalSignIn

DISCOVERY_AGE = timedelta(hours=1)
KEYS_AGE = timedelta(seconds=5)
"""A token that names an unknown key has the keys fetched again, not more often than this."""
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


class OpenIdSignIn(ExternalSignIn, GenericOAuthenticator):
    """The provider says itself where its parts are; its ID tokens say who has come, its user info the rest."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._discovering = asyncio.Lock()
        self._document: dict[str, Any] = {}
        self._discovered_at: datetime | None = None
        self._keys: dict[str, Any] = {"keys": []}
        self._keys_at: datetime | None = None

    async def ready(self) -> None:
        async with self._discovering:
            now = self.context.now()
            if self._discovered_at is None or now - self._discovered_at > DISCOVERY_AGE:
                await self._discover()
                self._discovered_at = now

    def binding_params(self, verifier: str) -> dict[str, str]:
        return {"nonce": id_token.nonce_of(verifier)}

    async def proven_subject(self, token_info: Mapping[str, Any], verifier: str) -> str:
        token = token_info.get("id_token")
        if not isinstance(token, str):
            raise id_token.TokenRefused(cause="no ID token came")
        keys = await self._keys_with(id_token.key_name(token))
        claims = id_token.verified(
            token, keys, issuer=self.way.issuer, client_id=self.client_id, nonce=id_token.nonce_of(verifier)
        )
        return str(claims["sub"])

    async def claims_of(self, token_info: Mapping[str, Any]) -> Mapping[str, Any]:
        claims = await self.token_to_user({"token_type": "Bearer", **token_info})
        if not isinstance(claims, dict):
            raise TypeError("the user info is no object")
        return claims

    async def _discover(self) -> None:
        """Raises `ProviderUnavailable` for a document that is not this issuer's, or names an unsafe address."""
        address = f"{self.way.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await self.httpfetch(address, "discovering the provider")
        if not isinstance(found, dict) or found.get("issuer") != self.way.issuer:
            told = found.get("issuer") if isinstance(found, dict) else None
            raise ProviderUnavailable(
                f"{self.way.label} is not set up as it should be. Ask the operator.",
                cause=f"{address} is of the issuer {told!r}, TERRA_SIGN_IN_ISSUER is {self.way.issuer!r}",
            )
        for name in _ENDPOINTS:
            if not providers.is_safe(str(found.get(name, "")), self.context.settings.core_subnet):
                raise ProviderUnavailable(
                    f"{self.way.label} is not set up as it should be. Ask the operator.",
                    cause=f"{name} of {address} is {found.get(name)!r}: no address with TLS",
                )
        self._document = found
        self.authorize_url = found["authorization_endpoint"]
        self.token_url = found["token_endpoint"]
        self.userdata_url = found["userinfo_endpoint"]
        ways = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        self.basic_auth = "client_secret_post" not in ways

    async def _keys_with(self, name: str) -> dict[str, Any]:
        """The provider's keys, fetched again where none has this name: providers change them."""
        now = self.context.now()
        known = {key.get("kid", "") for key in self._keys["keys"]}
        is_young = self._keys_at is not None and now - self._keys_at < KEYS_AGE
        is_old = self._keys_at is None or now - self._keys_at > DISCOVERY_AGE
        if is_old or (name not in known and not is_young):
            found = await self.httpfetch(self._document["jwks_uri"], "fetching the provider's keys")
            self._keys, self._keys_at = {"keys": [key for key in found["keys"] if isinstance(key, dict)]}, now
        return self._keys
