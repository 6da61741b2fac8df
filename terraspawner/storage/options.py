"""What a client of a store by network must know beside the store's address."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from terraspawner.errors import SettingsWrong


def is_alone() -> bool:
    """Of a process that is known to be alone."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a store by network wants beside its URL; nothing of it matters to the others."""

    endpoint: str = ""
    """URL of a store that is not the cloud's own."""
    region: str = ""
    credentials: str = field(default="", repr=False)
    """Lines ``NAME=value``, or the JSON of a Google service account. Empty: the platform's own chain."""
    seconds: float = 8.0
    """How long one request may take."""
    is_sole_writer: Callable[[], bool] = field(default=is_alone, repr=False)
    """Whether this process may write to a store that takes no conditions, which one alone may."""

    @property
    def values(self) -> dict[str, str]:
        """The credentials by the client's names. Raises `SettingsWrong`, without a word of what they are."""
        if self.credentials.lstrip().startswith("{"):
            return {"google_service_account_key": _compact(self.credentials)}
        found = {}
        for number, line in enumerate(self.credentials.splitlines(), 1):
            if not (text := line.strip().removeprefix("export ")) or text.startswith("#"):
                continue
            name, equals, value = text.partition("=")
            if not equals:
                raise SettingsWrong(
                    f"Line {number} of TERRA_BUCKETS_CREDENTIALS_FILE is not of the form NAME=value, such as"
                    " AWS_ACCESS_KEY_ID=...; a Google service account's JSON stands there alone."
                )
            found[name.strip().lower()] = value.strip().strip("'\"")
        return found


def _compact(text: str) -> str:
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        raise SettingsWrong("TERRA_BUCKETS_CREDENTIALS_FILE begins as JSON and is none.") from None
