"""Who an environment key speaks for, and what an environment says of itself with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from culler.decision import Decision
from culler.policy import Policy
from terraspawner.db import member_records, records
from terraspawner.domain.access import Action, Role, permits
from terraspawner.domain.activity import Report
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.layer import MOST_NAMED
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import activity, reports
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
        found = member_records.environment_by_key(connection, hash_of(key))
        if found is None:
            return None
        environment, account = found
        member = member_records.membership_in(connection, environment.user, environment.workspace_id)
    if member is None:
        return None
    may_go_on = not account.is_out and permits(member.standing, Action.USE_ENVIRONMENT)
    if not may_go_on and environment.state is not State.PAUSING:
        return None
    return Identity(environment=environment, workspace=member.workspace, role=member.role)


def note_activity(
    context: Context,
    identity: Identity,
    kernels: Sequence[Mapping[str, object]],
    memory: Mapping[str, object] | None = None,
    *,
    terminals: int = 0,
    trees: Sequence[Mapping[str, object]] | None = None,
    report: Report | None = None,
) -> tuple[Decision, Policy] | None:
    """What runs, what memory it takes, and which git folders hold work that is nowhere else, as the environment's own
    extension says; None where it does not say, and of the folders then what it said before. `report` is what it says
    of work and of its person. Returns what comes next for it, as `reports.take`."""
    values: dict[str, object] = {
        "kernels": [dict(item) for item in kernels],
        "memory_seen": dict(memory or {}),
        "terminals": terminals,
    }
    if trees is not None:
        values["trees"] = [dict(item) for item in trees]
    here, said = identity.environment, report or Report(hears_humans=False)
    return reports.take(
        context, environment_id=here.id, start_number=here.start_number, at=identity.workspace, row=values, said=said
    )


def note_outbox(context: Context, identity: Identity, pending: Sequence[str]) -> None:
    """Which notebooks have changes on the disk that are not in the workspace; of very many the first are kept."""
    with context.database.write() as connection:
        records.update_environment(
            connection, identity.environment.id, outbox_pending=len(pending), unsent=list(pending[:MOST_NAMED])
        )
        if len(pending) != identity.environment.outbox_pending:
            activity.note_outbox(context, connection, identity.environment.id, len(pending))
