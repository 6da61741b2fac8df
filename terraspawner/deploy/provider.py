"""The identity provider, as far as `make up` can look at it: is there a secret to speak to it with?"""

from __future__ import annotations

import ssl
from pathlib import Path

from terraspawner.deploy.commands import SetupStopped
from terraspawner.settings import Settings

AUTHORITIES_LIMIT = 100_000
"""They travel in one variable, and Linux takes 128 KiB."""


def check(settings: Settings) -> None:
    """Raises `SetupStopped` with what is wrong with the files that the settings name."""
    client_secret(settings)
    authorities(settings)


def client_secret(settings: Settings) -> str:
    """The client's secret, from its setting or its file; empty with the embedded form. Raises `SetupStopped`."""
    if settings.way is None:
        return ""
    if not settings.sign_in_client_secret_file and not settings.sign_in_client_secret:
        raise SetupStopped(
            f"TERRA_SIGN_IN_CLIENT_SECRET_FILE is empty; name a file with the secret that {settings.way.label} has "
            "given this deployment."
        )
    if not settings.sign_in_client_secret_file:
        return settings.sign_in_client_secret
    return _text_of("TERRA_SIGN_IN_CLIENT_SECRET_FILE", settings.sign_in_client_secret_file, "the client's secret")


def authorities(settings: Settings) -> str:
    """The authorities for the provider's certificate, as PEM; empty for everybody's. Raises `SetupStopped`."""
    path = settings.sign_in_authorities_file
    if settings.way is None or not path:
        return ""
    text = _text_of("TERRA_SIGN_IN_AUTHORITIES_FILE", path, "the authority's certificate")
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise SetupStopped(
            f"TERRA_SIGN_IN_AUTHORITIES_FILE names {path}, which holds no certificates as PEM: {error}."
        ) from error
    if len(text) > AUTHORITIES_LIMIT:
        raise SetupStopped(
            f"TERRA_SIGN_IN_AUTHORITIES_FILE names {path}, which is too long; name a file with the provider's own "
            "authority alone."
        )
    return text


def _text_of(setting: str, path: str, what: str) -> str:
    try:
        text = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupStopped(f"{setting} names {path}, which cannot be read: {error}.") from error
    if not text:
        raise SetupStopped(f"{setting} names {path}, which is empty; put {what} there.")
    return text


def greeting(settings: Settings, logins: dict[str, str]) -> list[str]:
    """Who signs in how, as `make up` says it at its end."""
    if settings.way is None:
        return [f"Open {settings.address}/ and sign in:", *(f"    {name:<10} {word}" for name, word in logins.items())]
    return [
        f"Open {settings.address}/ and sign in with {settings.way.label}.",
        f"There, this deployment's callback (redirect) address must be {settings.callback_url}",
    ]
