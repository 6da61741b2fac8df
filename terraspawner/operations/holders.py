"""Whether a role can be given to somebody: a person who can sign in, or a group that is known."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import account_records, group_records
from terraspawner.domain.holder import Holder, holder
from terraspawner.errors import GroupMissing
from terraspawner.errors_accounts import AccountMissing
from terraspawner.operations.context import Context
from terraspawner.operations.names_given import shown


def able(context: Context, connection: sa.Connection, address: str) -> Holder:
    """Who `address` means, where a role can be given to it. Raises `AccountMissing`, `GroupMissing`."""
    who = holder(address)
    if who.is_group:
        if group_records.is_managed(connection, who.name) is None:
            way = context.settings.way
            known = f" A group of {way.label} is known here once somebody in it has signed in." if way else ""
            raise GroupMissing(f"There is no group {shown(who.name)}. Check the spelling.{known}")
        return who
    account = account_records.account_named(connection, who.name)
    if account is None or account.is_out:
        raise AccountMissing(
            f"There is no account {shown(who.name)} that can be a member. Check the spelling, or ask the operator."
        )
    return who
