"""What runs although its person may no longer have it so: found in the rows at each sweep, and paused.

It counts from the next request on, whatever the pause takes: its key is dead (`identities`), and no start or wake is
admitted (`admission`). One whose person may write less than its container mounts starts again with less.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from terraspawner.db import account_records, member_records, records
from terraspawner.domain.access import Action, permits
from terraspawner.domain.account import Account
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.workspace import Membership, Workspace
from terraspawner.operations import ledger
from terraspawner.operations.context import Context

WITHDRAWAL = "(withdrawal)"
"""The actor of pauses of what its person may no longer have so."""
UP = frozenset({State.CREATING, State.STARTING, State.RUNNING, State.FREEZING, State.FROZEN})
"""What runs, or stands still with its memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """An environment that shall be paused, and the sentence that says why."""

    environment: Environment
    workspace: Workspace
    why: str


def to_be_paused(context: Context) -> list[Withdrawal]:
    """All there are. A fixed number of queries, however many environments run."""
    with context.database.read() as connection:
        found = member_records.environments_with_membership(connection, UP)
    return [
        Withdrawal(environment=environment, workspace=workspace, why=why)
        for environment, workspace, membership, account in found
        if (why := reason_to_pause(environment, membership, account))
    ]


def reason_to_pause(environment: Environment, membership: Membership | None, account: Account) -> str:
    """Why it may not go on as it is; empty where it may."""
    if account.is_disabled:
        return "The account is disabled."
    if account.is_let_go:
        return "You were in none of the groups whose members may come in, so your environment was paused. Resume it."
    if membership is None:
        return "You are no longer a member of this workspace."
    if not permits(membership.standing, Action.USE_ENVIRONMENT):
        return "An owner of the workspace has withdrawn compute from you, so your environment does not run."
    if writes_too_much(environment, membership):
        return (
            f"You are a {membership.role} of this workspace now. Resume the environment: it starts with its data"
            " read-only."
        )
    return ""


def is_withdrawn(connection: sa.Connection, environment: Environment) -> bool:
    """Whether its person may not have it any more as it is."""
    workspace = records.workspaces_by_id(connection, {environment.workspace_id}).get(environment.workspace_id)
    account = account_records.account_named(connection, environment.user)
    if workspace is None or account is None:
        return True
    membership = member_records.membership_by_slug(connection, environment.user, workspace.slug)
    return bool(reason_to_pause(environment, membership, account))


def writes_too_much(environment: Environment, membership: Membership) -> bool:
    """Whether its container may change data that its person may not change any more. That of a drive workspace mounts
    none of it: what its drive shows is each library's own right."""
    if membership.workspace.has_drive:
        return False
    return environment.writes_bucket and not permits(membership.standing, Action.WRITE_BUCKET)


def note_reason(context: Context, withdrawal: Withdrawal) -> bool:
    """Written before the pause is asked for, so that it is there whoever carries it out. Whether there is still
    something to pause: a later start is not meant."""
    here = withdrawal.environment
    with context.database.write() as connection:
        now = records.environment_by_id(connection, here.id)
        if now is None or now.start_number != here.start_number or now.state not in UP:
            return False
        if now.reason != withdrawal.why:
            asked = ledger.asked_by(context, WITHDRAWAL, withdrawal.why)
            records.update_environment(connection, here.id, reason=withdrawal.why, asked=asked)
        return True
