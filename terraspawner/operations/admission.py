"""Who may start an environment, or wake a frozen one: asked at each start, whoever asks for it."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import account_records, member_records
from terraspawner.domain.access import Action, permits
from terraspawner.domain.account import Account
from terraspawner.domain.workspace import Membership
from terraspawner.errors import NotAllowed, WorkspaceMissing
from terraspawner.operations.context import Context


def check(connection: sa.Connection, *, user: str, slug: str) -> tuple[Account, Membership]:
    """The account and its membership of the workspace with this slug. Raises `NotAllowed`, `WorkspaceMissing`."""
    account = account_records.account_named(connection, user)
    if account is None or account.is_disabled:
        raise NotAllowed(f"The account {user!r} is disabled. Ask the operator.")
    if account.is_let_go:
        raise NotAllowed(f"{user!r} is in none of the groups whose members may come in here. Ask the operator.")
    member = member_records.membership_by_slug(connection, user, slug)
    if member is None:
        raise WorkspaceMissing(no_workspace(slug))
    allowed = permits(member.standing, Action.USE_ENVIRONMENT)
    if not allowed:
        raise NotAllowed(
            f"In {member.workspace.name} {allowed.reason}. Ask an owner of the workspace.", needed=allowed.needed
        )
    return account, member


def why_no_server(context: Context, *, user: str, slug: str) -> str:
    """Why `user` can have no server of this name: a sentence; empty where a workspace of theirs has it as slug."""
    with context.database.read() as connection:
        found = member_records.membership_by_slug(connection, user, slug)
    return "" if found else no_workspace(slug)


def no_workspace(slug: str) -> str:
    return (
        f"No workspace of yours has the server name {slug!r}."
        " Environments are started from a workspace: open your workspaces and choose one."
    )
