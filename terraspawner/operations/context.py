"""What every deed is handed, as ``terraspawner.wiring`` builds it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from terraspawner.db.engine import Database
from terraspawner.domain.catalogue import Catalogue
from terraspawner.domain.outside import OfferedDrive
from terraspawner.operations.passwords import Passwords
from terraspawner.settings import Settings
from terraspawner.storage.base import Bucket
from terraspawner.storage.facts import StoreFacts

HUB = "(hub)"
"""The actor of what the Hub and its spawner carry out; who asked for it stands in the row."""
SERVICE = "(service)"
"""The actor of what the service does by itself, as a row says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """In whose name a deed is done: an account, or one of the words in parentheses. `request` is the number of the
    request that asked for it."""

    actor: str = HUB
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`now` gives aware UTC; `bucket` opens the bucket of a workspace id, `make_bucket` makes it, `remove_bucket`
    takes away what is left of one that was emptied. A library is a workspace whose bucket `make_library` makes, or
    `make_outside` where its files lie on one of the `drives` that people may connect. `look_at_store` asks the store
    itself how it is.

    A bucket that is missing is an error, never made again in silence: it would look like an empty workspace.
    """

    database: Database
    settings: Settings
    now: Callable[[], datetime]
    bucket: Callable[[str], Bucket]
    make_bucket: Callable[[str], Bucket]
    make_library: Callable[[str], Bucket]
    make_outside: Callable[[str], Bucket]
    remove_bucket: Callable[[str], None]
    passwords: Passwords
    catalogue: Catalogue
    look_at_store: Callable[[], StoreFacts]
    drives: tuple[OfferedDrive, ...] = ()
    origin: Origin = Origin()


def new_id() -> str:
    """An identifier of 16 hex digits, never used again."""
    return secrets.token_hex(8)
