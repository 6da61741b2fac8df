"""Leases in the database: one row per notebook for ever, changed by compare-and-set, ended with what held them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import builders
from lease_scene import BODY, HERE, editor, held, laid_out, place, put, state
from terraspawner.db import lease_records
from terraspawner.db.engine import Database
from terraspawner.domain.access import Role
from terraspawner.domain.lease import LEASE, RESERVATION, Lease, LeaseState
from terraspawner.domain.lease_requests import COUNTDOWN
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import (
    LeaseHeld,
    LeaseLost,
    NameRefused,
    NotAllowed,
    NotebookMissing,
    Unavailable,
    WorkspaceMissing,
)
from terraspawner.operations import (
    accounts,
    audit,
    deletions,
    environments,
    freezing,
    lease_endings,
    leases,
    members,
    notebooks,
)
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket


@pytest.fixture
def version(context: Context, workspace: Workspace) -> str:
    """Of ana's notebook; ben is a writer."""
    return laid_out(context)


@pytest.fixture
def ticket(context: Context, workspace: Workspace, version: str) -> Ticket:
    """Of ben's environment, which runs."""
    made = environments.admit(context, user="ben", slug=workspace.slug)
    environments.started(context, made.environment.id, made.environment.start_number, "c" * 64)
    return made


# --- holding ---


@pytest.mark.feature("F1")
def test_a_lease_is_held_renewed_given_back_and_runs_out(context: Context, clock: builders.Clock, version: str) -> None:
    mine = held(context)
    with pytest.raises(LeaseHeld) as refusal:
        held(context, "ben")
    assert refusal.value.details["holder"] == {"user": "ana", "session": "one"}
    assert refusal.value.details["seconds_left"] == LEASE.total_seconds()
    builders.pass_time(context, clock, 60)
    leases.renew(context, place(), mine)
    builders.pass_time(context, clock, 60)
    assert state(context) == "held"
    builders.pass_time(context, clock, 30)
    assert state(context) == "expired"
    assert held(context).fence == mine.fence  # nobody took it
    leases.release(context, place(), mine)
    assert state(context) == "free"
    bens = held(context, "ben")
    assert bens.fence == mine.fence + 1
    for act in (leases.renew, leases.release):
        with pytest.raises(LeaseLost, match="ben"):
            act(context, place(), mine)


@pytest.mark.feature("F1")
def test_a_row_is_written_only_where_it_still_is_what_was_read(
    context: Context, workspace: Workspace, version: str
) -> None:
    fresh = Lease(workspace_id=workspace.id, path="a.ipynb", fence=1)
    for lease in (fresh, None):
        with context.database.write() as connection:
            read = lease or lease_records.lease_at(connection, workspace.id, "a.ipynb")
            assert lease_records.put(connection, read)
        with context.database.write() as connection:
            assert not lease_records.put(connection, read)
            with pytest.raises(Unavailable, match="very moment"):
                lease_endings.keep(connection, read)
            assert lease_records.lease_at(connection, workspace.id, "a.ipynb").revision == read.revision + 1


@pytest.mark.feature("F1")
def test_the_database_alone_says_what_time_it_is(context: Context) -> None:
    database = Database(context.database.url)
    with database.read() as connection:
        before, now, after = datetime.now(UTC), database.now(connection), datetime.now(UTC)
    database.close()
    assert before - timedelta(milliseconds=1) <= now <= after
    assert now.tzinfo is UTC


@pytest.mark.parametrize(("path", "error"), [("b.ipynb", NotebookMissing), ("../a.ipynb", NameRefused)])
def test_no_row_is_made_for_what_is_no_notebook(
    context: Context, workspace: Workspace, version: str, path: str, error: type[Exception]
) -> None:
    acts: list[Callable[[notebooks.Place], object]] = [
        lambda where: leases.acquire(context, where, editor()),
        lambda where: leases.take_over(context, where),
        lambda where: leases.reserve(context, where, LEASE),
        lambda where: leases.look(context, where),
    ]
    for act in acts:
        with pytest.raises(error):
            act(place(path=path))
    with context.database.read() as connection:
        assert lease_records.leases_after(connection, builders.NOON) == []


@pytest.mark.parametrize(
    ("act", "role", "error"),
    [
        ("acquire", None, WorkspaceMissing),
        ("acquire", Role.READER, NotAllowed),
        ("take_over", None, WorkspaceMissing),
        ("take_over", Role.READER, NotAllowed),
        ("take_over", Role.WRITER, NotAllowed),
        ("ask", Role.READER, NotAllowed),
        ("look", None, WorkspaceMissing),
    ],
)
def test_who_may_do_what_with_a_lease(
    context: Context, version: str, act: str, role: Role | None, error: type[Exception]
) -> None:
    held(context)
    if role:
        put(context, role)
    else:
        members.remove_member(context, actor="ana", **HERE, who="ben")
    more = (editor("ben"),) if act == "acquire" else ()
    with pytest.raises(error):
        getattr(leases, act)(context, place("ben"), *more)


# --- its end ---


def _pause(context: Context, ticket: Ticket) -> None:
    environments.begin_pause(context, ticket.environment.id)
    assert state(context) == "held"  # what it still has it saves
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)


def _freeze(context: Context, ticket: Ticket) -> None:
    freezing.begin(context, ticket.environment.id)
    assert state(context) == "held"
    freezing.frozen(context, ticket.environment.id, ticket.environment.start_number, 1)


ENDS: dict[str, Callable[[Context, Ticket], object]] = {
    "paused": _pause,
    "frozen": _freeze,
    "crashed": lambda context, ticket: environments.stopped(
        context, ticket.environment.id, ticket.environment.start_number, "killed"
    ),
    "deleted": lambda context, ticket: deletions.mark_deleting(context, ticket.environment.id),
    "started anew": lambda context, ticket: environments.admit(context, user="ben", slug="ana-alpha"),
}


@pytest.mark.feature("F2")
@pytest.mark.parametrize("how", ENDS)
def test_a_lease_ends_with_the_run_of_its_environment(context: Context, ticket: Ticket, how: str) -> None:
    mine = held(context, "ben", ticket.environment.id)
    ENDS[how](context, ticket)
    assert state(context) == "free"
    with pytest.raises(LeaseLost):
        leases.renew(context, place("ben"), mine)
    assert held(context).fence == mine.fence + 1


WITHDRAWN: dict[str, Callable[[Context], object]] = {
    "membership": lambda context: members.remove_member(context, actor="ana", **HERE, who="ben"),
    "the role": lambda context: put(context, Role.READER, True),
    "compute": lambda context: put(context, Role.WRITER, False),
    "the account": lambda context: accounts.disable(context, name="ben", actor="operator"),
}


@pytest.mark.feature("F2")
@pytest.mark.parametrize("what", WITHDRAWN)
def test_a_lease_ends_with_its_holders_right_to_it(context: Context, ticket: Ticket, version: str, what: str) -> None:
    held(context, "ben", ticket.environment.id)
    WITHDRAWN[what](context)
    assert state(context) == "free"
    assert leases.look_at_all(context, user="ana", **HERE) == {}
    assert notebooks.save_notebook(context, place(), BODY, version).size == len(BODY)
    assert held(context).fence == 2


def test_a_person_without_compute_keeps_the_lease_of_a_program(context: Context, version: str) -> None:
    held(context, "ben")
    put(context, Role.WRITER, False)
    assert state(context) == "held"


def test_what_was_typed_before_compute_was_withdrawn_is_still_saved(
    context: Context, ticket: Ticket, version: str
) -> None:
    mine = held(context, "ben", ticket.environment.id)
    WITHDRAWN["compute"](context)
    environments.begin_pause(context, ticket.environment.id)
    assert notebooks.save_notebook(context, place("ben"), BODY, version, mine).size == len(BODY)


# --- asking and taking over ---


@pytest.mark.feature("F11")
def test_a_request_reaches_the_holder_and_what_is_handed_over_waits(
    context: Context, clock: builders.Clock, version: str
) -> None:
    mine = held(context)
    leases.ask(context, place("ben"))
    renewed = leases.renew(context, place(), mine)
    assert [(each.user, each.declined_at) for each in renewed.lease.requests] == [("ben", None)]
    leases.decline(context, place(), mine, "ben")
    builders.pass_time(context, clock, 60)
    leases.renew(context, place(), mine)
    builders.pass_time(context, clock, 60)
    leases.ask(context, place("ben"))
    leases.hand_over(context, place(), mine, "ben")
    assert state(context) == LeaseState.RESERVED
    with pytest.raises(LeaseHeld, match="reserved for ben"):
        held(context)
    bens = held(context, "ben")
    assert leases.hand_to_session(context, place("ben"), bens, "two").lease.fence == bens.fence + 1
    assert [each.lease.path for each in leases.look_at_all(context, user="ana", **HERE).values()] == ["a.ipynb"]


@pytest.mark.feature("F11")
def test_an_owner_takes_over_after_the_countdown_and_it_is_written_down(
    context: Context, clock: builders.Clock, version: str
) -> None:
    bens = held(context, "ben")
    leases.take_over(context, place())
    builders.pass_time(context, clock, COUNTDOWN.total_seconds() - 5)
    assert leases.renew(context, place("ben"), bens).lease.countdown
    builders.pass_time(context, clock, 5)
    with pytest.raises(LeaseLost, match="reserved for ana"):
        leases.renew(context, place("ben"), bens)
    assert held(context).fence == bens.fence + 1
    (entry,) = [
        each for each in audit.entries(context, user="ana", is_operator=False) if each.action == "lease-takeover"
    ]
    assert (entry.actor, entry.workspace, dict(entry.details)) == (
        "ana",
        "ana/alpha",
        {"notebook": "a.ipynb", "holder": "ben"},
    )


def test_a_reservation_for_a_tab_on_its_way_keeps_others_out(
    context: Context, clock: builders.Clock, version: str
) -> None:
    leases.reserve(context, place(), 2 * RESERVATION)
    builders.pass_time(context, clock, RESERVATION.total_seconds())
    with pytest.raises(LeaseHeld):
        held(context, "ben")
    assert held(context).fence == 1


# --- outages ---


@pytest.mark.feature("F2")
def test_an_outage_of_the_service_ends_no_lease(context: Context, clock: builders.Clock, version: str) -> None:
    lease_endings.beat(context)
    mine = held(context)
    clock.move(hours=2)
    with pytest.raises(LeaseHeld) as refusal:  # nobody is quicker than the service's first heartbeat
        held(context, "ben")
    assert refusal.value.details["seconds_left"] == LEASE.total_seconds()
    builders.pass_time(context, clock, 85)
    leases.renew(context, place(), mine)
    builders.pass_time(context, clock, 90)
    assert held(context, "ben").fence == 2


def test_a_clock_that_went_back_holds_nothing_for_hours(context: Context, clock: builders.Clock, version: str) -> None:
    lease_endings.beat(context)
    held(context)
    clock.move(hours=-2)
    lease_endings.beat(context)
    assert state(context) == "held"
    builders.pass_time(context, clock, LEASE.total_seconds())
    assert held(context, "ben").fence == 2
