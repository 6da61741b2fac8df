"""How environments and disks look to the person whose they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from terraspawner.db import disk_records, interval_records, member_records, records, tag_records
from terraspawner.domain import price
from terraspawner.domain.access import Action, permits
from terraspawner.domain.disk import Disk, DiskKind, chosen
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.tags import Tagged, Tags, Wanted
from terraspawner.domain.workspace import Membership, Workspace
from terraspawner.operations import decisions, ledger, policies, stops, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.policies import Plan
from terraspawner.operations.stops import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An environment as its user sees it; `environment` is None before there is one, `membership` where the person
    has left or was removed. `disk` is its disk, or the one that the next environment gets unless another wish is said;
    `kept` are all that can be chosen; `plan` says when it pauses and starts by itself. `trashed` counts those of the
    person's in the trash, where there is none; `tags` are the environment's. `data_disk` is its data disk, `kept_data`
    are those that it can have; `stop` is what will stop it by itself, `why_frozen` which rule froze it."""

    workspace: Workspace
    membership: Membership | None
    environment: Environment | None
    disk: Disk | None
    prices: price.Prices
    plan: Plan
    kept: tuple[Disk, ...] = ()
    trashed: int = 0
    tags: Tags = field(default_factory=dict)
    data_disk: Disk | None = None
    kept_data: tuple[Disk, ...] = ()
    stop: Stop | None = None
    why_frozen: str = ""

    @property
    def disk_bytes(self) -> int:
        """The size of its disks together."""
        return sum(disk.size for disk in (self.disk, self.data_disk) if disk)

    @property
    def state(self) -> State:
        return self.environment.state if self.environment else State.NONE

    @property
    def may_start(self) -> bool:
        return self.membership is not None and bool(permits(self.membership.standing, Action.USE_ENVIRONMENT))

    @property
    def now_per_hour(self) -> Decimal:
        """What it costs at this moment, without its disk."""
        waits = self.environment is not None and self.environment.waits_for_turn
        return price.per_hour(self.prices, self.state, waits_for_turn=waits)


def describe(context: Context, *, user: str, namespace: str, name: str) -> View:
    """The environment of `user` in a workspace, and the disk."""
    membership = workspaces.membership(context, user=user, namespace=namespace, name=name, action=Action.SEE)
    workspace = membership.workspace
    with context.database.read() as connection:
        environment = records.environment_for(connection, workspace.id, user)
        kept = disk_records.kept_by(connection, workspace.id, user)
        kept_data = disk_records.kept_by(connection, workspace.id, user, DiskKind.DATA)
        data_id = environment.data_disk_id if environment else None
        plan = (
            policies.plans(context, connection, [(environment, membership)])[environment.id]
            if environment
            else policies.ground(context, connection, membership)
        )
        return View(
            workspace=workspace,
            membership=membership,
            environment=environment,
            disk=disk_records.disk_by_id(connection, environment.disk_id) if environment else chosen(kept, None),
            prices=ledger.prices(context, environment.size if environment else None),
            plan=plan,
            kept=tuple(kept),
            trashed=0 if environment else records.count_trashed(connection, workspace.id, user),
            tags=_tags(connection, [environment]).get(environment.id, {}) if environment else {},
            data_disk=disk_records.disk_by_id(connection, data_id) if data_id else None,
            kept_data=tuple(kept_data),
            stop=_stop(context, connection, environment, workspace, plan),
            why_frozen=decisions.why_stopped(connection, environment.id, environment.state) if environment else "",
        )


def views_of(context: Context, user: str, wanted: Iterable[Wanted] = ()) -> list[View]:
    """All environments of `user` that have the tags that are wanted."""
    with context.database.read() as connection:
        held = {each.workspace.id: each for each in member_records.memberships_of(connection, user)}
        found = records.environments_of(connection, user, wanted)
        tags = _tags(connection, found)
        at = records.workspaces_by_id(connection, [each.workspace_id for each in found])
        ids = {each.disk_id for each in found} | {each.data_disk_id or "" for each in found}
        disks = disk_records.disks_by_id(connection, ids)
        plans = policies.plans(context, connection, [(each, held.get(each.workspace_id)) for each in found])
        coming = stops.stop_of(context, connection, [(each, at[each.workspace_id], plans[each.id]) for each in found])
    return [
        View(
            workspace=at[environment.workspace_id],
            membership=held.get(environment.workspace_id),
            environment=environment,
            disk=disks.get(environment.disk_id),
            data_disk=disks.get(environment.data_disk_id or ""),
            prices=ledger.prices(context, environment.size),
            plan=plans[environment.id],
            tags=tags.get(environment.id, {}),
            stop=coming.get(environment.id),
        )
        for environment in found
    ]


def last_used(context: Context, environments: Iterable[Environment]) -> dict[str, datetime]:
    """Environment id -> when it last stopped running; those that have never run are left out."""
    with context.database.read() as connection:
        return interval_records.last_ends(connection, [each.id for each in environments], str(State.RUNNING))


def _stop(
    context: Context, connection: sa.Connection, here: Environment | None, at: Workspace, plan: Plan
) -> Stop | None:
    return stops.stop_of(context, connection, [(here, at, plan)]).get(here.id) if here else None


def _tags(connection: sa.Connection, environments: Iterable[Environment]) -> dict[str, dict[str, str]]:
    return tag_records.tags_of(connection, Tagged.ENVIRONMENT, [each.id for each in environments])
