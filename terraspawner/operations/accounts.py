"""Accounts of the embedded sign-in: one per person, passwords hashed with argon2id."""

from __future__ import annotations

import itertools
import re

import argon2
import sqlalchemy as sa

from terraspawner.db import records
from terraspawner.domain import names
from terraspawner.domain.account import Account
from terraspawner.errors import NameRefused
from terraspawner.operations.context import Context

_ACCOUNT_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?")
"""Lower case, as the Hub folds what is typed into its form."""

_hasher = argon2.PasswordHasher()
_UNKNOWN = _hasher.hash("no account has this password")


def ensure_account(context: Context, account: Account, password: str) -> bool:
    """Make the account with its personal project unless it is there. Returns whether it was made.

    Raises `NameRefused` for a name that cannot be one. An existing account keeps its password.
    """
    if not _ACCOUNT_NAME.fullmatch(account.name):
        raise NameRefused(
            f"The user name {account.name!r} cannot be used: use lower-case letters, digits, dots, hyphens."
        )
    with context.database.read() as connection:
        if records.account_named(connection, account.name):
            return False
    hashed = _hasher.hash(password)
    with context.database.write() as connection:
        if records.account_named(connection, account.name):
            return False
        records.insert_account(connection, account, hashed, context.now())
        namespace = _free_namespace(connection, account.name)
        records.insert_project(connection, namespace, account.name, True, context.now())
    return True


def sign_in(context: Context, name: str, password: str) -> Account | None:
    """The account, if name and password are right and it is not disabled. Slow on purpose: call it in a thread."""
    with context.database.read() as connection:
        account = records.account_named(connection, name)
        hashed = records.password_hash_of(connection, name)
    try:
        _hasher.verify(hashed or _UNKNOWN, password)
    except argon2.exceptions.VerifyMismatchError:
        return None
    return account if account and not account.is_disabled else None


def account_of(context: Context, name: str) -> Account | None:
    """The account as it is now, or None where it is missing or disabled. Asked at every request."""
    with context.database.read() as connection:
        account = records.account_named(connection, name)
    return account if account and not account.is_disabled else None


def personal_namespace(context: Context, user: str) -> str | None:
    """Namespace of the personal project of `user`."""
    with context.database.read() as connection:
        return records.personal_project_of(connection, user)


def _free_namespace(connection: sa.Connection, user: str) -> str:
    """The user's name as a project's name; with a counter where it is taken."""
    stem = user.replace(".", "-")[:30]
    candidates = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(
        names.namespace(candidate) for candidate in candidates if not records.project_owner(connection, candidate)
    )
