"""The ledger: what was in which state for how long, and at which price (J2)."""

from datetime import timedelta
from decimal import Decimal

import pytest

import builders
from terraspawner.db import interval_records
from terraspawner.domain.start import StepName, begun
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import deletions, environments, trash, trashed_disks, views
from terraspawner.operations.context import Context


@pytest.mark.feature("J2")
def test_every_interval_is_recorded_with_its_size_and_price(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    ticket = environments.admit(context, user="ana", slug=workspace.slug)
    clock.move(seconds=3)
    environments.started(context, ticket.environment.id, 1, "c1")
    clock.move(hours=2)
    environments.begin_pause(context, ticket.environment.id)
    clock.move(seconds=1)
    environments.stopped(context, ticket.environment.id, 1)
    clock.move(hours=10)
    deletions.mark_deleting(context, ticket.environment.id, deletes_disk=True)
    deletions.finish_delete(context, ticket.environment.id)
    clock.move(minutes=1)
    (held,) = trash.list_trash(context, "ana")
    trash.purge(context, user="ana", item_id=held.item.id)
    clock.move(seconds=7)
    trashed_disks.finish_delete(context, ticket.environment.disk_id)
    with context.database.read() as connection:
        rows = interval_records.intervals_of(connection, ticket.environment.id)
        disk_rows = interval_records.intervals_of(connection, ticket.environment.disk_id)
    assert [(row["state"], row["ended_at"] - row["started_at"], row["price_per_hour"]) for row in rows] == [
        ("creating", timedelta(seconds=3), Decimal("0.06")),
        ("running", timedelta(hours=2), Decimal("0.06")),
        ("pausing", timedelta(seconds=1), Decimal("0.06")),
        ("paused", timedelta(hours=10), Decimal(0)),
        ("deleting", timedelta(0), Decimal(0)),
        ("none", timedelta(0), Decimal(0)),
    ]
    assert {(row["cpu"], row["memory"]) for row in rows} == {(1.0, 2 * 1024**3)}
    assert [(row["state"], row["ended_at"] - row["started_at"]) for row in disk_rows] == [
        ("attached", timedelta(hours=12, seconds=4)),
        ("kept", timedelta(0)),
        ("trashed", timedelta(minutes=1)),
        ("deleting", timedelta(seconds=7)),
    ]
    assert {(row["disk_size"], row["price_per_hour"]) for row in disk_rows} == {(50 * 1024**3, Decimal("0.002740"))}


@pytest.mark.feature("J2")
def test_a_start_is_priced_from_its_turn_on(context: Context, clock: builders.Clock, workspace: Workspace) -> None:
    here = environments.admit(context, user="ana", slug=workspace.slug).environment
    waits = begun((), StepName.QUEUE, clock())
    environments.note_steps(context, here.id, here.start_number, waits)
    assert views.describe(context, user="ana", namespace="ana", name=workspace.name).now_per_hour == 0
    clock.move(minutes=10)
    environments.note_steps(context, here.id, here.start_number, begun(waits, StepName.QUEUE, clock(), "the next one"))
    clock.move(minutes=20)
    creating = begun(waits, StepName.CONTAINER, clock())
    environments.note_steps(context, here.id, here.start_number, creating)
    assert views.describe(context, user="ana", namespace="ana", name=workspace.name).now_per_hour == Decimal("0.06")
    clock.move(seconds=2)
    environments.note_steps(context, here.id, here.start_number, begun(creating, StepName.ANSWER, clock()))
    clock.move(seconds=1)
    environments.started(context, here.id, here.start_number, "c1")
    with context.database.read() as connection:
        rows = interval_records.intervals_of(connection, here.id)
    assert [(row["state"], row["ended_at"] and row["ended_at"] - row["started_at"]) for row in rows] == [
        ("creating", timedelta(0)),  # its checks, before it stood in the row
        ("creating", timedelta(minutes=30)),
        ("creating", timedelta(seconds=3)),
        ("running", None),
    ]
    assert [row["price_per_hour"] for row in rows] == [Decimal("0.06"), 0, Decimal("0.06"), Decimal("0.06")]


def test_a_start_that_is_given_up_in_the_queue_costs_nothing(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    here = environments.admit(context, user="ana", slug=workspace.slug).environment
    environments.note_steps(context, here.id, here.start_number, begun((), StepName.QUEUE, clock()))
    clock.move(hours=1)
    environments.begin_pause(context, here.id)
    environments.stopped(context, here.id, here.start_number)
    with context.database.read() as connection:
        rows = interval_records.intervals_of(connection, here.id)
    hours = [(row["ended_at"] or clock()) - row["started_at"] for row in rows]
    assert sum(row["price_per_hour"] * int(each.total_seconds()) for row, each in zip(rows, hours, strict=True)) == 0
