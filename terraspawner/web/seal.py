"""Values that browsers keep for us and can neither read nor change."""

from __future__ import annotations

import json

from cryptography.fernet import Fernet, InvalidToken

from terraspawner.errors import SettingsWrong


class Seal:
    """Seals small values for cookies. A value sealed for one purpose opens for no other."""

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise SettingsWrong("TERRA_SECRET_KEY is no Fernet key; `make up` makes one.") from error

    def seal(self, purpose: str, **values: str) -> str:
        return self._fernet.encrypt(json.dumps({**values, "for": purpose}).encode()).decode()

    def open(self, purpose: str, sealed: str, seconds: int) -> dict[str, str] | None:
        """What was sealed for `purpose` less than `seconds` ago, else None."""
        try:
            values: dict[str, str] = json.loads(self._fernet.decrypt(sealed.encode(), ttl=seconds))
        except (InvalidToken, ValueError):
            return None
        return values if values.pop("for", "") == purpose else None
