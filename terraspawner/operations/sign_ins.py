"""Signing in with name and password, the browsers that are known for it, and the owner's change of the password."""

from __future__ import annotations

import hashlib
import hmac

import sqlalchemy as sa

from terraspawner.db import account_records
from terraspawner.domain.account import Account
from terraspawner.domain.password import check_password
from terraspawner.errors_accounts import (
    AccountDisabled,
    AccountMissing,
    PasswordsElsewhere,
    PasswordWrong,
    SignInRefused,
)
from terraspawner.operations import attempts, audit
from terraspawner.operations.attempts import Place
from terraspawner.operations.context import Context, new_id

_OWN_PAGE = Place(name="own page", is_known=True)
_NAME_LIMIT = 255


def sign_in(context: Context, name: str, password: str, place: Place) -> Account:
    """The account, if name and password are right. Slow on purpose: call it in a thread.

    Raises `SignInRefused`, the same and after the same time whether there is such an account; `AccountDisabled` to
    who knows its password; `TooManyTries`.
    """
    name = name[:_NAME_LIMIT] if name.isascii() else ""
    attempt = attempts.begin(context, name, place)
    with context.database.read() as connection:
        account = account_records.account_named(connection, name)
        kept = account_records.password_hash_of(connection, name)
    if not context.passwords.is_right(kept, password) or account is None:
        raise SignInRefused(_wrong("name or password", attempt.wait_words))
    with context.database.write() as connection:
        attempts.succeeded(connection, attempt)
        if account.is_disabled:
            raise AccountDisabled
        account_records.update_account(connection, name, signed_in_at=context.now())
    return account


def change_password(context: Context, *, name: str, present: str, new: str) -> None:
    """The owner sets another password; everything that is signed in as `name` ends, the caller too.

    Raises `PasswordRefused`; `PasswordWrong` and `TooManyTries`: who has found an open browser may not guess.
    `PasswordsElsewhere` where an identity provider keeps the passwords.
    """
    if context.settings.way is not None:
        raise PasswordsElsewhere(
            f"{context.settings.way.label} keeps your password, and nobody here knows it. Change it at "
            f"{context.settings.way.label}."
        )
    with context.database.read() as connection:
        kept = account_records.password_hash_of(connection, name)
    if kept is None:
        raise AccountMissing
    check_password(new, name)
    attempt = attempts.begin(context, name, _OWN_PAGE)
    if not context.passwords.is_right(kept, present):
        raise PasswordWrong(_wrong("present password; nothing was changed", attempt.wait_words))
    password_hash = context.passwords.hashed(new)
    with context.database.write() as connection:
        attempts.succeeded(connection, attempt)
        set_password(context, connection, name, password_hash)
        audit.note(context, connection, actor=name, action="password-changed", subject=f"account:{name}")


def set_password(context: Context, connection: sa.Connection, name: str, password_hash: str) -> None:
    """The one place where a password is set after the account was made: what was signed in before ends with it."""
    account_records.update_account(connection, name, password_hash=password_hash, password_set_at=context.now())
    account_records.end_sessions(connection, name)


# --- browsers that were let in before ---


def device_token(context: Context, name: str) -> str:
    """What a browser keeps that has signed in as `name`. It opens nothing."""
    device = new_id()
    return f"{device}.{_device_seal(context, name, device)}"


def place_of_device(context: Context, name: str, token: str) -> Place | None:
    """The place of a browser that shows this; None for a forged one, or one for another account."""
    device, _, seal = token.partition(".")
    if not hmac.compare_digest(seal.encode(errors="replace"), _device_seal(context, name, device).encode()):
        return None
    return Place(name=f"device:{device}", is_known=True)


def device_cookie(context: Context, name: str) -> str:
    """The cookie's name: one for each account, since people share machines."""
    return f"{context.settings.deployment}-known-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:12]}"


def _device_seal(context: Context, name: str, device: str) -> str:
    said = f"device\n{name}\n{device}".encode(errors="replace")
    return hmac.new(context.settings.secret_key.encode(), said, hashlib.sha256).hexdigest()


def _wrong(what: str, wait_words: str) -> str:
    return f"Wrong {what}. Wait {wait_words} before the next try." if wait_words else f"Wrong {what}. Try again."
