"""Accounts of people whom an identity provider signs in: made by the first sign-in, kept as the provider says."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import account_records
from terraspawner.domain.account import Account
from terraspawner.domain.visitor import Visitor
from terraspawner.errors_accounts import AccountDisabled, VisitorRefused
from terraspawner.operations import accounts, audit, groups
from terraspawner.operations.context import Context


def arrive(context: Context, visitor: Visitor) -> Account:
    """The account of somebody who has just signed in at the provider; made if there is none.

    The account is found by the provider's own number for the person. One of the same name that belongs to somebody
    else, or to a password of ours, is not opened: names and e-mail addresses are given away anew one day.

    Raises `VisitorRefused`; `AccountDisabled`. What the provider says of a known account's groups is kept in any case.
    """
    with context.database.write() as connection:
        account = account_records.account_of_subject(connection, visitor.subject)
        if account is not None:
            _keep(context, connection, account, visitor)
        elif visitor.is_allowed:
            account = _make(context, connection, visitor)
    if account is not None and account.is_disabled:
        raise AccountDisabled
    if account is None or not visitor.is_allowed:
        raise VisitorRefused(
            "You have signed in, but you are in none of the groups whose members may come in here. Ask the operator."
        )
    with context.database.write() as connection:
        account_records.update_account(connection, account.name, signed_in_at=context.now())
        return account_records.account_named(connection, account.name) or account


def renew(context: Context, visitor: Visitor) -> bool:
    """Keep what the provider says now of somebody who is signed in; whether the person may stay."""
    with context.database.write() as connection:
        account = account_records.account_of_subject(connection, visitor.subject)
        if account is None:
            return False
        _keep(context, connection, account, visitor)
    return visitor.is_allowed and not account.is_disabled


def _make(context: Context, connection: sa.Connection, visitor: Visitor) -> Account:
    if account_records.account_named(connection, visitor.name) is not None:
        raise VisitorRefused(
            f"There is an account {visitor.name} here already, and it belongs to another person or to an earlier way "
            "to sign in. Ask the operator."
        )
    account = Account(name=visitor.name, email=visitor.email, is_operator=visitor.is_operator, subject=visitor.subject)
    accounts.insert_within(context, connection, account, "", groups.PROVIDER)
    groups.set_managed_within(context, connection, user=account.name, names=visitor.groups)
    return account


def _keep(context: Context, connection: sa.Connection, account: Account, visitor: Visitor) -> None:
    """Groups, e-mail and role as the provider says; whoever may not come in is in no group and no operator, and what
    runs is paused (`operations.withdrawals`)."""
    told = visitor.groups if visitor.is_allowed else ()
    groups.set_managed_within(context, connection, user=account.name, names=told)
    is_operator = visitor.is_operator and visitor.is_allowed
    if is_operator != account.is_operator:
        audit.note(
            context, connection, actor=groups.PROVIDER, action="operator-changed", subject=f"account:{account.name}",
            operator=is_operator,
        )  # fmt: skip
    is_let_go = not visitor.is_allowed
    if is_let_go != account.is_let_go:
        audit.note(
            context, connection, actor=groups.PROVIDER, subject=f"account:{account.name}",
            action="account-let-go" if is_let_go else "account-taken-back",
        )  # fmt: skip
    if (is_operator, is_let_go, visitor.email) != (account.is_operator, account.is_let_go, account.email):
        account_records.update_account(
            connection, account.name, is_operator=is_operator, is_let_go=is_let_go, email=visitor.email
        )
