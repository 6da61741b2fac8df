"""Environments of others, for those who pay for them: owners of the billing project, and operators (B6).

They list, pause and delete; the disk is kept. What runs inside, its log, its notebooks' names and its address are not
theirs to know. A person who was removed from the workspace reaches the own one here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa

from terraspawner.db import account_records, disk_records, oversight_records, project_records, records, tag_records
from terraspawner.domain import price
from terraspawner.domain.access import Action, Standing, permits
from terraspawner.domain.disk import Disk
from terraspawner.domain.environment import LIVE, Environment
from terraspawner.domain.tags import Tagged, Tags, Wanted
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import EnvironmentMissing, NotAllowed, ProjectMissing, Refused
from terraspawner.operations import audit, deletions, ledger
from terraspawner.operations.context import Context
from terraspawner.operations.names_given import shown

MOST = 200
"""On one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overseen:
    """An environment as who pays for it sees it."""

    environment: Environment
    workspace: Workspace
    disk: Disk
    prices: price.Prices
    tags: Tags
    data_disk: Disk | None = None

    @property
    def disk_bytes(self) -> int:
        """The size of its disks together."""
        return self.disk.size + (self.data_disk.size if self.data_disk else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of what one may oversee; `next` asks for those that follow, None where these are the last."""

    items: tuple[Overseen, ...]
    next: str | None


def list_environments(
    context: Context,
    *,
    actor: str,
    namespace: str | None = None,
    after: str = "",
    limit: int = MOST,
    wanted: Iterable[Wanted] = (),
) -> Page:
    """What a billing project pays for, or with None everybody's, which is for operators: by project, workspace and
    person, those that have the tags that are wanted. `after` is the `next` of the page before.

    Raises `ProjectMissing`, `NotAllowed` to members who do not own it and where everybody's are asked for by somebody
    else, `Refused` for an `after` that no page gave.
    """
    with context.database.read() as connection:
        if namespace is not None:
            check_payer(connection, actor, namespace)
        elif not (allowed := permits(standing_in(connection, actor, ""), Action.SEE_ENVIRONMENTS)):
            raise NotAllowed("Everybody's environments are for operators to see.", needed=allowed.needed[-1:])
        if after and records.environment_by_id(connection, after) is None:
            raise no_such_page()
        rows = oversight_records.environments_after(
            connection, after=after, limit=limit + 1, namespace=namespace, wanted=wanted
        )
        shown_now = rows[:limit]
        return Page(
            items=tuple(_overseen(context, connection, shown_now)),
            next=shown_now[-1][0].id if len(rows) > limit else None,
        )


def no_such_page() -> Refused:
    return Refused("There is no page after this cursor. Begin without one.")


def get_environment(context: Context, *, actor: str, environment_id: str) -> Overseen:
    """One. Raises `EnvironmentMissing` to everybody whose it is not to see."""
    with context.database.read() as connection:
        return _one(context, connection, actor, environment_id, Action.SEE_ENVIRONMENTS)


def get_environments(context: Context, *, actor: str, ids: Iterable[str]) -> list[Overseen]:
    """Those of `ids` that there are and that `actor` may see; the others are passed over."""
    found = []
    with context.database.read() as connection:
        for each in dict.fromkeys(ids):
            with suppress(EnvironmentMissing):
                found.append(_one(context, connection, actor, each, Action.SEE_ENVIRONMENTS))
    return found


def allow_pause(context: Context, *, actor: str, environment_id: str) -> Overseen:
    """Whether `actor` may have it paused; asks for nothing. Raises as `get_environment`."""
    with context.database.write() as connection:
        found = _one(context, connection, actor, environment_id, Action.END_ENVIRONMENTS)
        _note(context, connection, actor, "environment-pause-asked", found)
        return found


def allow_delete(context: Context, *, actor: str, environment_id: str) -> Overseen:
    """Whether `actor` may have it deleted; deletes nothing. Raises as `get_environment`."""
    with context.database.write() as connection:
        found = _one(context, connection, actor, environment_id, Action.END_ENVIRONMENTS)
        _note(context, connection, actor, "environment-delete-asked", found)
        return found


def delete(context: Context, *, actor: str, environment_id: str) -> None:
    """Write that it shall go, and that its disk stays. Raises as `get_environment`."""
    allow_delete(context, actor=actor, environment_id=environment_id)
    deletions.mark_deleting(context, environment_id)


def delete_own(context: Context, *, user: str, environment_id: str) -> None:
    """As `delete`, for one's own alone: no page of ours lists another's."""
    if get_environment(context, actor=user, environment_id=environment_id).environment.user != user:
        raise missing()
    delete(context, actor=user, environment_id=environment_id)


def _one(context: Context, connection: sa.Connection, actor: str, environment_id: str, action: Action) -> Overseen:
    environment = records.environment_by_id(connection, environment_id)
    if environment is not None and environment.state in LIVE:
        workspace = records.workspace_by_id(connection, environment.workspace_id)
        is_own = environment.user == actor
        if is_own or permits(standing_in(connection, actor, workspace.namespace), action):
            disk = disk_records.disk_by_id(connection, environment.disk_id)
            data_id = environment.data_disk_id
            data = disk_records.disk_by_id(connection, data_id) if data_id else None
            return _overseen(context, connection, [(environment, workspace, disk, data)])[0]
    raise missing()


def check_payer(connection: sa.Connection, actor: str, namespace: str) -> None:
    """Whether `actor` may see what a billing project pays for. Raises `ProjectMissing`, `NotAllowed`."""
    standing = standing_in(connection, actor, namespace)
    known = project_records.named(connection, namespace) is not None
    if not known or not (standing.project_role or standing.is_operator):
        raise ProjectMissing(
            f"There is no billing project {shown(namespace)}, or you do not belong to it."
            " Check the name or ask its owner."
        )
    allowed = permits(standing, Action.SEE_ENVIRONMENTS)
    if not allowed:
        raise NotAllowed(f"In {namespace} {allowed.reason}. Ask one of its owners.", needed=allowed.needed)


def missing() -> EnvironmentMissing:
    return EnvironmentMissing("There is no environment with this id that you may see. It may have been deleted.")


def standing_in(connection: sa.Connection, actor: str, namespace: str) -> Standing:
    """What `actor` holds in a billing project; nothing where the account is out."""
    account = account_records.account_named(connection, actor)
    if account is None or account.is_out:
        return Standing()
    membership = project_records.membership(connection, actor, namespace)
    return Standing(project_role=membership.role if membership else None, is_operator=account.is_operator)


def _overseen(context: Context, connection: sa.Connection, rows: Sequence[oversight_records.Row]) -> list[Overseen]:
    tags = tag_records.tags_of(connection, Tagged.ENVIRONMENT, [environment.id for environment, *_ in rows])
    return [
        Overseen(
            environment=environment,
            workspace=workspace,
            disk=disk,
            prices=ledger.prices(context, environment.size),
            tags=tags.get(environment.id, {}),
            data_disk=data_disk,
        )
        for environment, workspace, disk, data_disk in rows
        if disk is not None
    ]


def _note(context: Context, connection: sa.Connection, actor: str, action: str, found: Overseen) -> None:
    audit.note(
        context, connection, actor=actor, action=action, subject=f"environment:{found.environment.id}",
        user=found.environment.user, workspace=f"{found.workspace.namespace}/{found.workspace.name}",
        state=str(found.environment.state),
    )  # fmt: skip
