"""Who an environment key speaks for, and what an environment says of itself with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from terraspawner.db import account_records, member_records, records
from terraspawner.domain.access import Action, Role, permits
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.workspace import Workspace
from terraspawner.operations.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who an environment key speaks for. It opens this workspace's notebooks and nothing else."""

    environment: Environment
    workspace: Workspace
    role: Role

    @property
    def user(self) -> str:
        return self.environment.user


def hash_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def identify(context: Context, key: str) -> Identity | None:
    """Whom an environment key speaks for; None for a wrong or old key, an account that is out, a lost membership or
    compute.

    While the environment of an account that is out, or of a member without compute, is being paused its key still
    serves: what was acknowledged on the disk goes to the workspace in these seconds, and nobody could bring it there
    later. Who is no member any more brings nothing.
    """
    with context.database.read() as connection:
        environment = records.environment_by_key(connection, hash_of(key))
        if environment is None:
            return None
        account = account_records.account_named(connection, environment.user)
        workspace = records.workspace_by_id(connection, environment.workspace_id)
        member = member_records.membership_by_slug(connection, environment.user, workspace.slug)
    if account is None or member is None:
        return None
    may_go_on = not account.is_out and permits(member.standing, Action.USE_ENVIRONMENT)
    if not may_go_on and environment.state is not State.PAUSING:
        return None
    return Identity(environment=environment, workspace=workspace, role=member.role)


def note_activity(
    context: Context,
    identity: Identity,
    kernels: Sequence[Mapping[str, object]],
    memory: Mapping[str, object] | None = None,
) -> None:
    """What runs and what memory it takes, as the environment's own extension says; None where it does not say."""
    values = {"kernels": [dict(item) for item in kernels], "memory_seen": dict(memory or {})}
    with context.database.write() as connection:
        records.update_environment(connection, identity.environment.id, **values)


def note_outbox(context: Context, identity: Identity, pending: int) -> None:
    """How many notebooks have changes on the disk that are not in the workspace."""
    with context.database.write() as connection:
        records.update_environment(connection, identity.environment.id, outbox_pending=pending)
