"""ID tokens: one that proves who came, and each way in which one does not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from terraspawner.sign_in.id_token import LEEWAY_SECONDS, TokenRefused, key_name, nonce_of, verified

ISSUER, CLIENT, NONCE = "https://id.example.org", "hub", nonce_of("a verifier")
KINDS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


@cache
def _made(name: str, algorithm: str) -> Any:
    return KINDS[algorithm]()


def key(name: str, algorithm: str = "RS256") -> Any:
    """The key of this name, made at its first use."""
    return _made(name, algorithm)


def jwk(name: str, algorithm: str = "RS256", **more: str) -> dict[str, Any]:
    public = jwt.get_algorithm_by_name(algorithm).to_jwk(key(name, algorithm).public_key(), as_dict=True)
    return {**public, "kid": name, "alg": algorithm, **more}


KEYS = {"keys": [jwk("own", use="sig"), jwk("other", use="sig")]}
HEADER = {"kid": "own"}


@dataclass(frozen=True)
class In:
    """A time so many seconds from the moment at which the token is made."""

    seconds: int


def claims(**changes: Any) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    ok = {"iss": ISSUER, "sub": "42", "aud": CLIENT, "iat": In(0), "exp": In(600), "nonce": NONCE}
    said = {name: value for name, value in {**ok, **changes}.items() if value is not None}
    return {name: now + value.seconds if isinstance(value, In) else value for name, value in said.items()}


def token(said: dict[str, Any], by: str = "own", algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode(said, key(by, algorithm), algorithm, headers={**HEADER, **header})


def look(text: str, keys: dict[str, Any] | None = None) -> Any:
    return verified(text, keys or KEYS, issuer=ISSUER, client_id=CLIENT, nonce=NONCE)


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_token_by_the_providers_key_says_who_came(algorithm: str) -> None:
    keys = {"keys": [jwk("own", algorithm)]}
    assert look(token(claims(), algorithm=algorithm), keys)["sub"] == "42"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"exp": In(-LEEWAY_SECONDS // 2)},
        {"iat": In(LEEWAY_SECONDS // 2)},
    ],
)
def test_other_tokens_that_are_good(changes: dict[str, Any]) -> None:
    assert look(token(claims(**changes)))["sub"] == "42"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example.org"},
        {"iss": f"{ISSUER}/"},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": []},
        {"aud": [CLIENT, "other"]},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"azp": "other"},
        {"exp": In(-2 * LEEWAY_SECONDS)},
        {"exp": "soon"},
        {"iat": In(2 * LEEWAY_SECONDS)},
        {"nbf": In(2 * LEEWAY_SECONDS)},
        {"nonce": nonce_of("another verifier")},
        {"nonce": 7},
        *({name: None} for name in ("iss", "sub", "aud", "exp", "iat", "nonce")),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused) as refused:
        look(token(claims(**changes)))
    assert refused.value.details["cause"]


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def by_public_key() -> str:
    """Signed as with a password, and the password is the provider's public key, which everybody knows."""
    pem = (
        key("own")
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signer = jwt.get_algorithm_by_name("HS256")
    text = f"{part({'alg': 'HS256', 'kid': 'own'})}.{part(claims())}"
    signature = base64.urlsafe_b64encode(signer.sign(text.encode(), pem)).rstrip(b"=").decode()
    return f"{text}.{signature}"


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(claims(), by="stranger"),
        lambda: token(claims(), by="other"),
        lambda: token(claims(), kid="stranger"),
        lambda: token(claims(), kid=""),
        lambda: f"{part({'alg': 'none'})}.{part(claims())}.",
        lambda: f"{part({'alg': 'none', 'kid': 'own'})}.{part(claims())}.",
        lambda: token(claims()).rpartition(".")[0] + ".",
        lambda: ".".join([token(claims()).split(".")[0], part(claims(sub="43")), token(claims()).split(".")[2]]),
        lambda: jwt.encode(claims(), "the client's secret, as long as it has to be", "HS256", headers=HEADER),
        by_public_key,
        lambda: token(claims(), jwk=jwk("stranger"), by="stranger"),
        lambda: "",
        lambda: "a.b.c",
        lambda: "\u00e9.\u00e9.\u00e9",
        lambda: f"{part([1])}.{part(claims())}.",
        lambda: f"{part({'alg': 'RS256', 'kid': ['own']})}.{part(claims())}.x",
    ],
)
def test_a_token_that_the_provider_did_not_sign_is_refused(make: Callable[[], str]) -> None:
    with pytest.raises(TokenRefused):
        look(make())


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": [{"kty": "RSA"}]}, {"keys": [jwk("own", use="enc")]}])
def test_a_provider_without_a_usable_key_proves_nothing(keys: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        verified(token(claims()), keys, issuer=ISSUER, client_id=CLIENT, nonce=NONCE)


def test_a_token_without_a_keys_name_is_of_the_only_key() -> None:
    text = jwt.encode(claims(), key("own"), "RS256")
    assert key_name(text) == ""
    assert look(text, {"keys": [jwk("own")]})["sub"] == "42"
    with pytest.raises(TokenRefused):
        look(text)


def test_a_nonce_tells_nothing_of_the_verifier() -> None:
    assert nonce_of("a") != nonce_of("b")
    assert "verifier" not in nonce_of("verifier")
