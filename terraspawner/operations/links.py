"""One-time links: how a person sets a password without anybody else learning it.

An operator makes a link and hands it on; it says who made it, it can be used once, and the person is shown that it
was made and whether it was used. The secret is told once and kept as a hash; it has 256 bits, so a plain one serves.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from terraspawner.db import account_records
from terraspawner.domain.account import Link, LinkState
from terraspawner.domain.password import check_password
from terraspawner.errors import Conflict
from terraspawner.errors_accounts import AccountMissing, LinkDead, PasswordsElsewhere
from terraspawner.operations import audit, sign_ins
from terraspawner.operations.context import Context, new_id

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link as it is told, once. `code` is what stands behind the ``#``, which no browser sends to anybody."""

    account: str
    code: str
    expires_at: datetime


def make_link(context: Context, *, name: str, actor: str) -> NewLink:
    """A link for the account `name`; those before it end.

    Raises `AccountMissing`; `Conflict` where it is disabled, and for one's own account: who finds an operator's open
    browser would need no present password. `PasswordsElsewhere` where an identity provider signs people in.
    """
    refuse_elsewhere(context)
    if name == actor:
        raise Conflict("You cannot make a link for your own account. Change the password on the page Account.")
    with context.database.write() as connection:
        account = account_records.account_named(connection, name)
        if account is None:
            raise AccountMissing(f"There is no account {name!r}.")
        if account.is_disabled:
            raise Conflict(f"The account {name} is disabled. Enable it first.")
        return make_within(context, connection, name, actor)


def make_within(context: Context, connection: sa.Connection, name: str, actor: str) -> NewLink:
    """As `make_link`, in a transaction that has looked at the account."""
    now, secret = context.now(), secrets.token_urlsafe(_SECRET_BYTES)
    account_records.replace_links(connection, name, now)
    link = Link(
        id=new_id(),
        account=name,
        made_by=actor,
        made_at=now,
        expires_at=now + timedelta(seconds=context.settings.link_lifetime),
    )
    account_records.insert_link(connection, link, _hash(secret))
    audit.note(context, connection, actor=actor, action="link-made", subject=f"account:{name}", link=link.id)
    return NewLink(account=name, code=f"{link.id}.{secret}", expires_at=link.expires_at)


def refuse_elsewhere(context: Context) -> None:
    """Raises `PasswordsElsewhere` where an identity provider signs people in: no password would open anything."""
    way = context.settings.way
    if way is not None:
        raise PasswordsElsewhere(
            f"People sign in here with {way.label}: it keeps their passwords, and an account is made when somebody "
            f"signs in for the first time. Change the password at {way.label}."
        )


def look_at(context: Context, code: str) -> Link:
    """The link that can be used with this code. Raises `LinkDead` for every other one, whatever is wrong with it."""
    refuse_elsewhere(context)
    with context.database.read() as connection:
        return _open_link(context, connection, code)


def use_link(context: Context, *, code: str, password: str) -> str:
    """Set the password of the link's account; everything that was signed in as it ends. Returns its name.

    Raises `LinkDead`, and `PasswordRefused`, after which the link is as good as before; `PasswordsElsewhere`.
    """
    refuse_elsewhere(context)
    name = look_at(context, code).account
    check_password(password, name)
    password_hash = context.passwords.hashed(password)
    with context.database.write() as connection:
        link = _open_link(context, connection, code)
        account_records.mark_used(connection, link.id, context.now())
        sign_ins.set_password(context, connection, name, password_hash)
        audit.note(
            context, connection, actor=name, action="link-used", subject=f"account:{name}", link=link.id,
            made_by=link.made_by,
        )  # fmt: skip
    return name


def links_of(context: Context, name: str) -> list[Link]:
    """All that were ever made for this account, the newest first: for its owner."""
    with context.database.read() as connection:
        return account_records.links_of(connection, name)


def mark_seen(context: Context, name: str, up_to: datetime) -> None:
    """The owner has read of the links that were made until `up_to`."""
    with context.database.write() as connection:
        account_records.mark_seen(connection, name, up_to, context.now())


def _open_link(context: Context, connection: sa.Connection, code: str) -> Link:
    """Found by its id, so that no comparison of secrets is the database's; the secret itself in constant time."""
    link_id, _, secret = code.strip().rpartition("#")[2].partition(".")
    found = account_records.link_by_id(connection, link_id) if link_id.isascii() else None
    link, kept = found or (None, _hash(""))
    is_right = hmac.compare_digest(_hash(secret), kept)
    if link is None or not is_right or link.state(context.now()) is not LinkState.OPEN:
        raise LinkDead
    account = account_records.account_named(connection, link.account)
    if account is None or account.is_disabled:
        raise LinkDead
    return link


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
