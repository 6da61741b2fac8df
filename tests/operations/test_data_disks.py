"""Data disks: a second disk of an environment, in our rows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

import builders
from terraspawner.db import disk_records, interval_records, reconcile_records, records
from terraspawner.domain.disk import DataWish, DiskState
from terraspawner.domain.environment import Environment
from terraspawner.domain.price import disk_per_hour
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import (
    DiskAttached,
    DiskMissing,
    DiskSizeRefused,
    OtherDisk,
    Refused,
    TerraError,
    WrongState,
)
from terraspawner.operations import (
    audit,
    data_disks,
    deletions,
    disks,
    environments,
    ledger,
    oversight,
    trash,
    trashed_disks,
    trashed_environments,
    views,
)
from terraspawner.operations.context import Context

GIB = 1024**3
pytestmark = pytest.mark.feature("D9")


def running(context: Context, at: Workspace, user: str = "ana", **wishes: Any) -> Environment:
    here = environments.admit(context, user=user, slug=at.slug, **wishes).environment
    environments.started(context, here.id, here.start_number, "c1")
    return here


def paused(context: Context, at: Workspace, user: str = "ana", **wishes: Any) -> Environment:
    here = running(context, at, user, **wishes)
    environments.begin_pause(context, here.id)
    environments.stopped(context, here.id, here.start_number)
    return here


def change(context: Context, here: Environment, user: str = "ana", **wish: Any) -> None:
    data_disks.change(context, here.id, DataWish(**wish), user=user)


def data_of(context: Context, here: Environment) -> str | None:
    with context.database.read() as connection:
        return ledger.load(connection, here.id).data_disk_id


def with_data(context: Context, at: Workspace, user: str = "ana") -> tuple[Environment, str]:
    """A paused environment, and the id of its new data disk."""
    here = paused(context, at, user)
    change(context, here, user, size=100 * GIB)
    found = data_of(context, here)
    assert found is not None
    return here, found


def delete(context: Context, here: Environment, **wishes: bool) -> None:
    deletions.mark_deleting(context, here.id, **wishes)
    deletions.finish_delete(context, here.id)


def states(context: Context, user: str = "ana") -> dict[str, str]:
    return {held.disk.id: str(held.disk.state) for held in disks.list_own(context, user)}


def test_a_new_one_is_attached_costs_and_is_told(context: Context, clock: builders.Clock, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    held = disks.get_own(context, user="ana", disk_id=disk_id)
    assert (str(held.disk.kind), held.disk.size, held.environment and held.environment.id) == (
        "data", 100 * GIB, here.id,
    )  # fmt: skip
    view = views.describe(context, user="ana", namespace="ana", name=workspace.name)
    assert view.data_disk is not None
    assert (view.data_disk.id, view.disk_bytes) == (disk_id, 150 * GIB)
    assert "anew, with its data disk" in (view.environment.reason if view.environment else "")
    assert oversight.get_environment(context, actor="ana", environment_id=here.id).disk_bytes == 150 * GIB
    with context.database.read() as connection:
        (interval,) = interval_records.intervals_of(connection, disk_id)
        assert interval["price_per_hour"] == disk_per_hour(ledger.prices(context), 100 * GIB)
        assert interval["price_per_hour"] > Decimal(0)
    clock.move(hours=1)
    assert view.data_disk.last_used_at is None
    running(context, workspace)
    clock.move(hours=1)
    environments.begin_pause(context, here.id)
    assert disks.get_own(context, user="ana", disk_id=disk_id).disk.last_used_at == clock.now


def test_detached_it_is_kept_and_attached_again(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    with pytest.raises(DiskAttached, match="Detach it"):
        disks.discard(context, actor="ana", disk_id=disk_id)
    change(context, here)
    assert (data_of(context, here), states(context)[disk_id]) == (None, "kept")
    change(context, here)  # asking again is no error
    change(context, here, disk=disk_id)
    change(context, here, disk=disk_id)
    assert (data_of(context, here), states(context)[disk_id]) == (disk_id, "attached")
    for wish in ({"size": GIB}, {"disk": "0" * 16}):
        with pytest.raises(OtherDisk, match="Detach that one first"):
            change(context, here, **wish)
    lines = audit.entries(context, user="operator", is_operator=True)
    assert sum(line.action == "environment-data-disk-changed" for line in lines) == 3


@pytest.mark.parametrize("deletes", [False, True])
def test_a_deleted_environment_leaves_it_unless_it_is_said_otherwise(
    context: Context, workspace: Workspace, deletes: bool
) -> None:
    here, disk_id = with_data(context, workspace)
    delete(context, here, deletes_data_disk=deletes)
    assert states(context) == {here.disk_id: "kept", disk_id: "trashed" if deletes else "kept"}
    if deletes:
        (item,) = [each.item for each in trash.list_trash(context, "ana")]
        assert item.name == "data disk of ana/alpha"
        trash.restore(context, user="ana", item_id=item.id)
    following = running(context, workspace, data_disk=disk_id)
    assert (following.disk_id, following.data_disk_id) == (here.disk_id, disk_id)
    assert states(context) == {here.disk_id: "attached", disk_id: "attached"}


def test_nothing_is_attached_that_is_not_asked_for(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    delete(context, here)
    following = running(context, workspace)
    assert (following.data_disk_id, states(context)[disk_id]) == (None, "kept")
    with pytest.raises(OtherDisk, match="Pause it"):
        environments.admit(context, user="ana", slug=workspace.slug, data_disk=disk_id)


def test_what_runs_keeps_what_is_mounted(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    running(context, workspace)
    for wish in ({}, {"size": GIB}, {"disk": disk_id}):
        with pytest.raises(WrongState, match="Pause it first"):
            change(context, here, **wish)
    assert data_of(context, here) == disk_id


@pytest.mark.parametrize("size", [0, 1, GIB - 1, 2048 * GIB + 1, 10**30, -GIB])
def test_a_size_out_of_bounds_makes_nothing(context: Context, workspace: Workspace, size: int) -> None:
    here = paused(context, workspace)
    with pytest.raises(DiskSizeRefused) as refused:
        change(context, here, size=size)
    assert refused.value.details == {"least": GIB, "most": 2048 * GIB}
    assert (data_of(context, here), states(context)) == (None, {here.disk_id: "attached"})


def test_where_there_are_none_kept_ones_can_still_be_had(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    change(context, here)
    without = replace(context, settings=replace(context.settings, data_disk_limit=0))
    with pytest.raises(Refused, match="no new data disks"):
        change(without, here, size=GIB)
    change(without, here, disk=disk_id)
    assert data_of(context, here) == disk_id
    with pytest.raises(DiskSizeRefused):
        disks.enlarge(without, user="ana", disk_id=disk_id, size=101 * GIB)


def test_another_disk_is_none_to_attach(context: Context, workspace: Workspace) -> None:
    here = paused(context, workspace)
    beta, bens = builders.workspace(context, name="beta"), builders.workspace(context, "ben")
    elsewhere, of_beta = with_data(context, beta)
    change(context, elsewhere)
    theirs, of_ben = with_data(context, bens, "ben")
    change(context, theirs, "ben")
    kept_home = elsewhere.disk_id
    delete(context, elsewhere)
    _, attached = with_data(context, beta)
    for disk_id in (of_beta, of_ben, kept_home, here.disk_id, attached, "0" * 16, "new"):
        with pytest.raises(DiskMissing):
            change(context, here, disk=disk_id)
    assert data_of(context, here) is None
    assert states(context, "ben")[of_ben] == "kept"


def test_a_data_disk_is_no_home_folder(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    delete(context, here, deletes_disk=True)
    assert [disk.id for disk in views.describe(context, user="ana", namespace="ana", name="alpha").kept] == []
    with pytest.raises(DiskMissing):
        running(context, workspace, disk=disk_id)
    assert running(context, workspace).disk_id not in (disk_id, here.disk_id)
    assert states(context)[disk_id] == "kept"


def test_a_start_that_is_refused_attaches_nothing(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    delete(context, here)
    with pytest.raises(Refused):
        running(context, workspace, data_disk=disk_id, image="nothing")
    assert states(context)[disk_id] == "kept"


def test_of_two_who_want_the_same_at_once_one_gets_it(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    change(context, here)
    acts = builders.at_once(
        lambda: change(context, here, disk=disk_id), lambda: disks.discard(context, actor="ana", disk_id=disk_id)
    )
    assert sum(isinstance(outcome, TerraError) for outcome in acts) == 1
    assert (data_of(context, here), states(context)[disk_id]) in ((disk_id, "attached"), (None, "trashed"))


def test_the_database_gives_a_data_disk_to_one_environment_at_a_time(context: Context, workspace: Workspace) -> None:
    here, _ = with_data(context, workspace)
    with context.database.read() as connection:
        row = ledger.load(connection, here.id)
        home = disk_records.disk_by_id(connection, here.disk_id)
    assert home is not None
    with context.database.write() as connection:
        disk_records.insert_disk(connection, replace(home, id="e" * 16, user="ben", state=DiskState.KEPT))
    with pytest.raises(sa.exc.IntegrityError), context.database.write() as connection:
        records.insert_environment(connection, replace(row, id="f" * 16, user="ben", disk_id="e" * 16))


def test_work_that_is_not_in_the_workspace_is_never_on_a_data_disk(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    with context.database.write() as connection:
        records.update_environment(connection, here.id, outbox_pending=3)
    pending = {held.disk.id: held.outbox_pending for held in disks.list_own(context, "ana")}
    assert pending == {here.disk_id: 3, disk_id: 0}
    delete(context, here)
    assert disks.discard(context, actor="ana", disk_id=disk_id).subject == disk_id


def test_the_reconciler_misses_the_volume_of_one_that_was_used(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)

    def is_missed() -> bool:
        with context.database.read() as connection:
            return disk_id in reconcile_records.used_disks(connection, [disk_id])

    assert not is_missed(), "nothing has made its volume"
    paused(context, workspace)
    assert is_missed()
    change(context, here)
    assert is_missed(), "detached it is remembered"


# --- with an environment in the trash ---


def trashed(context: Context, here: Environment, **wishes: bool) -> str:
    """Delete it with its container left; the id of its item."""
    deletions.mark_deleting(context, here.id, **wishes)
    deletions.finish_delete(context, here.id, "c1")
    (item,) = [each.item for each in trash.list_trash(context, "ana") if each.item.subject == here.id]
    return item.id


@pytest.mark.parametrize("deletes", [False, True])
def test_an_environment_comes_back_with_the_data_disk_that_its_container_has(
    context: Context, workspace: Workspace, deletes: bool
) -> None:
    here, disk_id = with_data(context, workspace)
    paused(context, workspace)
    item_id = trashed(context, here, deletes_data_disk=deletes)
    assert states(context)[disk_id] == ("trashed" if deletes else "kept")
    trash.restore(context, user="ana", item_id=item_id)
    assert (data_of(context, here), states(context)) == (disk_id, {here.disk_id: "attached", disk_id: "attached"})
    delete(context, here)
    assert states(context)[disk_id] == "kept", "what was said of an earlier deletion is forgotten"


def test_purged_it_takes_along_the_environment_in_the_trash_that_has_it(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    paused(context, workspace)
    item_id = trashed(context, here, deletes_data_disk=True)
    (of_disk,) = [each for each in trash.list_trash(context, "ana") if each.item.subject == disk_id]
    assert of_disk.along == (item_id,)
    trash.purge(context, user="ana", item_id=of_disk.item.id)
    assert trashed_disks.to_delete(context) == [], "its container goes first"
    trashed_environments.finish_purge(context, here.id)
    assert [disk.id for disk in trashed_disks.to_delete(context)] == [disk_id]


def test_while_a_newer_one_has_it_the_older_one_stays_in_the_trash(context: Context, workspace: Workspace) -> None:
    here, disk_id = with_data(context, workspace)
    paused(context, workspace)
    item_id = trashed(context, here)
    running(context, workspace, data_disk=disk_id, disk="new")
    with pytest.raises(DiskAttached, match=disk_id):
        trash.restore(context, user="ana", item_id=item_id)
