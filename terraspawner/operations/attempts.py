"""Counts of wrong passwords, kept in the database: a restart of the Hub forgives nothing. The rule: `domain.sign_in`.

A try is counted before it is made and taken back when it was right, so that a hundred at once are no more than one
after the other. What is counted stands here as a keyed hash: people type passwords into the name field.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import account_records
from terraspawner.domain.sign_in import FORGOTTEN_AFTER, Guard, in_words, one_more, waits_until
from terraspawner.errors_accounts import TooManyTries
from terraspawner.operations.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a try comes from. One that `is_known` has been let in before and is held up by its own tries alone."""

    name: str
    is_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try that was counted. `wait_words` says how long the next one waits if this one is wrong; empty for not."""

    keys: dict[Guard, str]
    wait_words: str


def place_of(address: str) -> Place:
    """A network address; one household of IPv6 addresses is one place."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return Place(name="address:unknown")
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address
    return Place(name=f"address:{found}")


def begin(context: Context, name: str, place: Place) -> Attempt:
    """Count a try for the account `name`, whether there is one or not. Raises `TooManyTries` while it must wait."""
    now = context.now()
    keys = _keys(context, name, place)
    with context.database.write() as connection:
        account_records.forget_failures(connection, now - FORGOTTEN_AFTER)
        kept = account_records.tallies(connection, keys.values())
        waits = [waits_until(guard, kept.get(key)) for guard, key in keys.items()]
        _refuse_early(max((wait for wait in waits if wait), default=now), now)
        counted = {key: one_more(guard, kept.get(key), now) for guard, key in keys.items()}
        for key, tally in counted.items():
            account_records.set_tally(connection, key, tally)
    after = [waits_until(guard, counted[key]) for guard, key in keys.items()]
    longest = max((wait for wait in after if wait), default=now)
    return Attempt(keys=keys, wait_words=in_words(longest - now) if longest > now else "")


def succeeded(connection: sa.Connection, attempt: Attempt) -> None:
    """It was right: the pair is forgiven, the others are as they were."""
    kept = account_records.tallies(connection, attempt.keys.values())
    for guard, key in attempt.keys.items():
        if tally := kept.get(key):
            failures = 0 if guard is Guard.PAIR else tally.failures - 1
            account_records.set_tally(connection, key, replace(tally, failures=failures))


def _refuse_early(until: datetime, now: datetime) -> None:
    if until > now:
        wait = until - now
        raise TooManyTries(
            f"There were too many wrong passwords. Try again in {in_words(wait)}.",
            seconds=math.ceil(wait.total_seconds()),
        )


def _keys(context: Context, name: str, place: Place) -> dict[Guard, str]:
    counted = {Guard.PAIR: f"{name}\n{place.name}"}
    if not place.is_known:
        counted |= {Guard.ACCOUNT: name, Guard.PLACE: place.name}
    secret = context.settings.secret_key.encode()
    return {
        guard: hmac.new(secret, f"{guard}\n{text}".encode(errors="replace"), hashlib.sha256).hexdigest()
        for guard, text in counted.items()
    }
