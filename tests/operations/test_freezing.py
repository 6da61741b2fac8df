"""Freezing and waking in our rows: the start goes on, and nobody wakes it who could not start it (FEATURES.md C8)."""

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

import builders
from terraspawner.db import interval_records, tables
from terraspawner.domain.access import Role
from terraspawner.domain.environment import State
from terraspawner.errors import NotAllowed, WorkspaceMissing, WrongState
from terraspawner.operations import environments, freezing, identities, views
from terraspawner.operations.context import Context

HELD = 7 * 1024**2
SLUG = "ana-alpha"


@pytest.fixture
def frozen(context: Context) -> environments.Ticket:
    builders.workspace(context)
    ticket = environments.admit(context, user="ana", slug=SLUG)
    environments.started(context, ticket.environment.id, 1, "c1")
    freezing.begin(context, ticket.environment.id)
    freezing.frozen(context, ticket.environment.id, 1, HELD)
    return ticket


def row(context: Context) -> environments.Environment:
    here = views.describe(context, user="ana", namespace="ana", name="alpha").environment
    assert here
    return here


def wake(context: Context, ticket: environments.Ticket, *, number: int = 1, user: str = "ana") -> bool:
    return freezing.wake(context, ticket.environment.id, number, user=user, slug=SLUG)


@pytest.mark.feature("C8")
def test_the_start_goes_on_over_a_freeze(context: Context, frozen: environments.Ticket) -> None:
    assert (row(context).state, row(context).frozen_memory) == (State.FROZEN, HELD)
    assert wake(context, frozen)
    assert row(context).state is State.STARTING
    environments.started(context, frozen.environment.id, 1, "c1")
    assert (row(context).state, row(context).start_number) == (State.RUNNING, 1)
    identity = identities.identify(context, frozen.key)
    assert identity
    assert identity.environment.id == frozen.environment.id


def test_what_was_paused_past_us_is_frozen_and_a_wake_that_was_cut_off_too(
    context: Context, frozen: environments.Ticket
) -> None:
    wake(context, frozen)
    freezing.frozen(context, frozen.environment.id, 1, HELD)
    assert row(context).state is State.FROZEN
    wake(context, frozen)
    environments.started(context, frozen.environment.id, 1, "c1")
    freezing.frozen(context, frozen.environment.id, 1, HELD)
    assert row(context).state is State.FROZEN


def test_saying_it_again_or_of_another_start_changes_nothing(context: Context, frozen: environments.Ticket) -> None:
    before = row(context)
    freezing.frozen(context, frozen.environment.id, 1, 1)
    freezing.frozen(context, frozen.environment.id, 2, 1)
    assert row(context) == before


def test_only_what_runs_is_frozen(context: Context, frozen: environments.Ticket) -> None:
    with pytest.raises(WrongState, match="is frozen, so it cannot freeze"):
        freezing.begin(context, frozen.environment.id)


def test_another_start_is_not_woken(context: Context, frozen: environments.Ticket) -> None:
    assert not wake(context, frozen, number=2)
    environments.stopped(context, frozen.environment.id, 1)
    assert not wake(context, frozen)
    assert row(context).state is State.PAUSED


def test_who_may_not_start_it_may_not_wake_it(context: Context, frozen: environments.Ticket) -> None:
    with pytest.raises(WorkspaceMissing):
        wake(context, frozen, user="ben")
    with context.database.write() as connection:
        connection.execute(sa.update(tables.workspace_member).values(role=str(Role.READER), may_compute=False))
    with pytest.raises(NotAllowed, match="with compute"):
        wake(context, frozen)
    with context.database.write() as connection:
        connection.execute(sa.update(tables.account).values(is_disabled=True))
    with pytest.raises(NotAllowed, match="disabled"):
        wake(context, frozen)
    assert row(context).state is State.FROZEN


def test_a_pause_or_an_end_takes_the_key(context: Context, frozen: environments.Ticket) -> None:
    environments.begin_pause(context, frozen.environment.id)
    assert identities.identify(context, frozen.key) is not None  # it saves on its way down
    environments.stopped(context, frozen.environment.id, 1)
    assert identities.identify(context, frozen.key) is None


def test_a_fresh_start_of_what_cannot_be_woken_has_a_new_key(context: Context, frozen: environments.Ticket) -> None:
    again = environments.admit(context, user="ana", slug=SLUG)
    assert (row(context).state, again.environment.start_number) == (State.STARTING, 2)
    assert identities.identify(context, frozen.key) is None


@pytest.mark.feature("C8", "J2")
def test_frozen_has_a_price_of_its_own(context: Context, clock: builders.Clock, frozen: environments.Ticket) -> None:
    clock.move(hours=3)
    wake(context, frozen)
    with context.database.read() as connection:
        rows = interval_records.intervals_of(connection, frozen.environment.id)
    assert [(item["state"], item["price_per_hour"]) for item in rows[-4:]] == [
        ("running", Decimal("0.06")),
        ("freezing", Decimal("0.06")),
        ("frozen", Decimal("0.02")),
        ("starting", Decimal("0.06")),
    ]
    assert rows[-2]["ended_at"] - rows[-2]["started_at"] == timedelta(hours=3)


def test_the_sum_counts_what_is_frozen_now(context: Context, frozen: environments.Ticket) -> None:
    assert freezing.total(context) == freezing.Frozen(environments=1, memory=HELD)
    wake(context, frozen)
    assert freezing.total(context) == freezing.Frozen(environments=0, memory=0)
