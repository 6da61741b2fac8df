"""The identity provider, as far as `make up` can look at it: is there a secret to speak to it with?"""

from __future__ import annotations

from pathlib import Path

from terraspawner.deploy.commands import SetupStopped
from terraspawner.settings import Settings


def client_secret(settings: Settings) -> str:
    """The client's secret, from its setting or its file; empty with the embedded form. Raises `SetupStopped`."""
    if settings.way is None:
        return ""
    path = settings.sign_in_client_secret_file
    if not path and not settings.sign_in_client_secret:
        raise SetupStopped(
            f"TERRA_SIGN_IN_CLIENT_SECRET_FILE is empty; name a file with the secret that {settings.way.label} has "
            "given this deployment."
        )
    if not path:
        return settings.sign_in_client_secret
    try:
        secret = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupStopped(f"TERRA_SIGN_IN_CLIENT_SECRET_FILE names {path}, which cannot be read: {error}.") from error
    if not secret:
        raise SetupStopped(
            f"TERRA_SIGN_IN_CLIENT_SECRET_FILE names {path}, which is empty; put the client's secret there."
        )
    return secret


def greeting(settings: Settings, logins: dict[str, str]) -> list[str]:
    """Who signs in how, as `make up` says it at its end."""
    if settings.way is None:
        return [f"Open {settings.address}/ and sign in:", *(f"    {name:<10} {word}" for name, word in logins.items())]
    return [
        f"Open {settings.address}/ and sign in with {settings.way.label}.",
        f"There, this deployment's callback (redirect) address must be {settings.callback_url}",
    ]
