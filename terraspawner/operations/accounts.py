"""Accounts: made and disabled by operators, who never learn or set a password (`operations.links`)."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import account_records, project_records
from terraspawner.domain import names
from terraspawner.domain.account import Account, Link, account_name, email_address
from terraspawner.domain.project import Project
from terraspawner.errors import NameTaken
from terraspawner.errors_accounts import AccountMissing, OperatorNeeded
from terraspawner.operations import audit, links
from terraspawner.operations.context import Context
from terraspawner.operations.links import NewLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An account as operators see it. `link` is the newest one."""

    account: Account
    created_at: datetime
    signed_in_at: datetime | None
    has_password: bool
    link: Link | None


def ensure_account(context: Context, account: Account, password: str) -> bool:
    """Make an account of the set-up's with its personal project unless it is there. Returns whether it was made.

    Raises `NameRefused` for a name that cannot be one. An existing account keeps its password.
    """
    account_name(account.name)
    with context.database.read() as connection:
        if account_records.account_named(connection, account.name):
            return False
    hashed = context.passwords.hashed(password)
    with context.database.write() as connection:
        if account_records.account_named(connection, account.name):
            return False
        insert_within(context, connection, account, hashed, audit.COMMAND_LINE)
    return True


def add_account(context: Context, *, name: str, email: str = "", is_operator: bool = False, actor: str) -> NewLink:
    """Make an account without a password, and the link by which its owner sets one.

    Raises `NameRefused`, `Refused` for the e-mail, `NameTaken`: a disabled account keeps its name too;
    `PasswordsElsewhere` where accounts are made by the first sign-in at an identity provider.
    """
    links.refuse_elsewhere(context)
    account = Account(name=account_name(name), email=email_address(email), is_operator=is_operator)
    with context.database.write() as connection:
        if account_records.account_named(connection, name):
            raise NameTaken(f"There is an account {name} already. Choose another name, or make a link for that one.")
        insert_within(context, connection, account, "", actor)
        return links.make_within(context, connection, name, actor)


def list_accounts(context: Context) -> list[Listed]:
    """All accounts, by name."""
    with context.database.read() as connection:
        newest = account_records.newest_links(connection)
        return [_listed(row, newest.get(row["name"])) for row in account_records.account_rows(connection)]


def get_account(context: Context, name: str) -> Listed:
    """One account. Raises `AccountMissing`."""
    with context.database.read() as connection:
        row = account_records.account_row(connection, name)
        if row is None:
            raise AccountMissing(f"There is no account {name!r}.")
        return _listed(row, next(iter(account_records.links_of(connection, name)), None))


def disable(context: Context, *, name: str, actor: str) -> None:
    """From the next request on nothing is done in this name; its environments are paused, its disks and work stay.

    Raises `AccountMissing`; `OperatorNeeded` for one's own account and for the last operator. Idempotent.
    """
    with context.database.write() as connection:
        account = _there(connection, name)
        if name == actor:
            raise OperatorNeeded("You cannot disable your own account. Ask another operator.")
        if account.is_disabled:
            return
        if account.is_operator and _able_operators(context, connection) <= {name}:
            raise OperatorNeeded(f"{name} is the last operator who can sign in. Make another one first.")
        account_records.update_account(connection, name, is_disabled=True)
        account_records.end_sessions(connection, name)
        account_records.replace_links(connection, name, context.now())
        audit.note(context, connection, actor=actor, action="account-disabled", subject=f"account:{name}")


def enable(context: Context, *, name: str, actor: str) -> None:
    """The account signs in again, with the password that it had; nothing that was signed in before comes back."""
    with context.database.write() as connection:
        if not _there(connection, name).is_disabled:
            return
        account_records.update_account(connection, name, is_disabled=False)
        audit.note(context, connection, actor=actor, action="account-enabled", subject=f"account:{name}")


def set_project_founder(context: Context, *, name: str, may_create_projects: bool, actor: str) -> None:
    """Say whether the account may create billing projects besides its personal one. Raises `AccountMissing`."""
    with context.database.write() as connection:
        if _there(connection, name).may_create_projects == may_create_projects:
            return
        account_records.update_account(connection, name, may_create_projects=may_create_projects)
        audit.note(
            context, connection, actor=actor, action="account-changed", subject=f"account:{name}",
            may_create_projects=may_create_projects,
        )  # fmt: skip


def account_of(context: Context, name: str) -> Account | None:
    """The account as it is now, or None where it is missing or disabled. Asked at every request."""
    with context.database.read() as connection:
        row = account_records.account_row(connection, name)
        if row is None or row["is_disabled"]:
            return None
        return _account(row, tuple(account_records.links_of(connection, name, unseen=True)))


def insert_within(
    context: Context, connection: sa.Connection, account: Account, password_hash: str, actor: str
) -> None:
    """A new account with its personal project, in the caller's transaction."""
    account_records.insert_account(connection, account, password_hash, context.now())
    namespace = _free_namespace(connection, account.name)
    project = Project(namespace=namespace, title="", owner=account.name, is_personal=True, created_at=context.now())
    project_records.insert(connection, project)
    audit.note(
        context, connection, actor=actor, action="account-added", subject=f"account:{account.name}",
        operator=account.is_operator,
    )  # fmt: skip


def _able_operators(context: Context, connection: sa.Connection) -> set[str]:
    return set(account_records.able_operators(connection, external=context.settings.way is not None))


def _there(connection: sa.Connection, name: str) -> Account:
    account = account_records.account_named(connection, name)
    if account is None:
        raise AccountMissing(f"There is no account {name!r}.")
    return account


def _listed(row: account_records.Row, link: Link | None) -> Listed:
    return Listed(
        account=_account(row),
        created_at=row["created_at"],
        signed_in_at=row["signed_in_at"],
        has_password=bool(row["password_hash"]),
        link=link,
    )


def _account(row: account_records.Row, unseen: tuple[Link, ...] = ()) -> Account:
    return Account(
        name=row["name"],
        email=row["email"],
        is_operator=row["is_operator"],
        is_disabled=row["is_disabled"],
        is_let_go=row["is_let_go"],
        may_create_projects=row["may_create_projects"],
        sessions_epoch=row["sessions_epoch"],
        unseen=unseen,
        subject=row["subject"] or "",
    )


def _free_namespace(connection: sa.Connection, user: str) -> str:
    """The user's name as a project's name; with a counter where it is taken."""
    stem = re.sub("[^a-z0-9]", "-", user)[:30]
    candidates = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    free = (
        each for each in candidates if each != names.RESERVED_NAMESPACE and not project_records.named(connection, each)
    )
    return names.namespace(next(free))
