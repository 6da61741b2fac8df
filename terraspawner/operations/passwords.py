"""Passwords as they are kept: argon2id hashes.

A hash takes a core and 64 MB for a moment, so no more than `AT_ONCE` are made at once in a process, whoever asks.
"""

from __future__ import annotations

import threading

import argon2

from terraspawner.domain.password import normal

AT_ONCE = 2

_hasher = argon2.PasswordHasher()
_slots = threading.BoundedSemaphore(AT_ONCE)
_UNKNOWN = _hasher.hash("no account has this password")


def hashed(password: str) -> str:
    """What is kept of it."""
    with _slots:
        return str(_hasher.hash(normal(password)))


def is_right(kept: str | None, password: str) -> bool:
    """Whether it is the one that was kept. Takes as long where none is, as for an account that is not there."""
    try:
        with _slots:
            return _hasher.verify(kept or _UNKNOWN, normal(password)) and bool(kept)
    except (argon2.exceptions.VerifyMismatchError, UnicodeEncodeError):
        return False
