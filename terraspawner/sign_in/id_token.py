"""ID tokens of OpenID providers: who signed in, when, for whom. Nothing of one counts before all of it was checked.

OpenID Connect Core 3.1.3.7 lets a client skip the signature where it got the token from the provider over TLS, and
oauthenticator does. It is checked here all the same: a proxy that a site trusts for its builds need not be trusted
with who its people are.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import jwt

from terraspawner.errors_accounts import VisitorRefused

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a key that only the provider has: none that our client secret could make, and not "none"."""
LEEWAY_SECONDS = 60
_REQUIRED = ("iss", "sub", "aud", "exp", "iat", "nonce")


class TokenRefused(VisitorRefused):
    """What the identity provider sent to prove who you are could not be trusted. Sign in again; if it stays so, tell
    the operator."""


def nonce_of(verifier: str) -> str:
    """The nonce of a sign-in, from the PKCE verifier that only the browser's sealed cookie holds."""
    return hashlib.sha256(f"nonce\n{verifier}".encode()).hexdigest()


def key_name(token: str) -> str:
    """Which of the provider's keys the token names, unproven; empty where it names none."""
    try:
        named = jwt.get_unverified_header(token).get("kid", "")
    except jwt.PyJWTError as error:
        raise TokenRefused(cause=str(error)) from None
    return named if isinstance(named, str) else ""


def verified(token: str, keys: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str) -> Mapping[str, Any]:
    """The claims of an ID token. `keys` is the provider's JWK set. Raises `TokenRefused`, its cause for the log."""
    try:
        claims = jwt.decode(
            token,
            _key(keys, key_name(token)),
            algorithms=list(ALGORITHMS),
            issuer=issuer,
            audience=client_id,
            leeway=LEEWAY_SECONDS,
            options={"require": list(_REQUIRED)},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise TokenRefused(cause=f"{type(error).__name__}: {error}") from None
    for_whom, by_whom = claims["aud"], claims.get("azp", client_id)
    if by_whom != client_id or (isinstance(for_whom, list) and len(for_whom) > 1 and "azp" not in claims):
        raise TokenRefused(cause=f"the token is for {by_whom!r}")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise TokenRefused(cause="the token belongs to another sign-in")
    return dict(claims)


def _key(keys: Mapping[str, Any], name: str) -> jwt.PyJWK:
    """The key of this name, or the only one. Raises `jwt.PyJWTError`."""
    usable = [key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys if key.public_key_use in (None, "sig")]
    found = [key for key in usable if key.key_id == name] if name else usable
    if len(found) != 1:
        raise jwt.InvalidTokenError(f"the provider has {len(found)} keys of this name")
    return found[0]
