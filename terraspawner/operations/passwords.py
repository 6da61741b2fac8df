"""Passwords as they are kept: argon2id hashes.

A hash takes a core and 64 MB for a moment, so no more than `AT_ONCE` are made at once in a process, whoever asks.
"""

from __future__ import annotations

import threading

import argon2

from terraspawner.domain.password import normal

AT_ONCE = 2


class Passwords:
    """The hashes of one process. `hasher` says what one of them costs."""

    def __init__(self, hasher: argon2.PasswordHasher) -> None:
        self._hasher = hasher
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._unknown = hasher.hash("no account has this password")

    def hashed(self, password: str) -> str:
        """What is kept of it."""
        with self._slots:
            return str(self._hasher.hash(normal(password)))

    def is_right(self, kept: str | None, password: str) -> bool:
        """Whether it is the one that was kept. Takes as long where none is, as for an account that is not there."""
        try:
            with self._slots:
                return self._hasher.verify(kept or self._unknown, normal(password)) and bool(kept)
        except (argon2.exceptions.VerifyMismatchError, UnicodeEncodeError):
            return False
