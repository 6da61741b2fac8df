"""A person keeps an environment alive: for hours, or while a process works; never past the cap."""

from __future__ import annotations

import pytest

import builders
from culler.deadlines import Act, Name
from terraspawner.errors import Refused, WrongState
from terraspawner.operations import (
    environments,
    keep_alives,
)
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from tests.operations.watched import (
    ANAS,
    IDLE,
    SHELL,
    TRAIN,
    due,
    known,
    live,
    with_cap,
)

pytestmark = pytest.mark.slow


def test_a_person_keeps_it_alive_for_hours(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    live(context, clock, ticket, IDLE, minutes=20)
    pressed = clock.now
    keep_alives.keep(context, **ANAS, seconds=3600)
    live(context, clock, ticket, IDLE, minutes=59)
    assert due(context) == []
    live(context, clock, ticket, IDLE, minutes=2)
    assert [decision.act for _, decision in due(context)] == [Act.FREEZE]
    assert known(context, ticket).human_at == pressed


def test_a_page_of_its_server_keeps_it_alive_and_is_no_human_input(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    began = clock.now
    live(context, clock, ticket, IDLE, minutes=20)
    keep_alives.keep(context, **ANAS, seconds=3600, by_person=False)
    assert known(context, ticket).human_at == began
    assert known(context, ticket).keep_alive is not None


def test_keep_alive_never_passes_the_cap(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    context = with_cap(context, 1)
    live(context, clock, ticket, TRAIN, seconds=30)
    for _ in range(4):
        assert due(context) == []
        keep_alives.keep(context, **ANAS, seconds=12 * 3600, by_person=False)
        live(context, clock, ticket, TRAIN, minutes=15)
    assert [decision.name for _, decision in due(context)] == [Name.BUSY_TOO_LONG]


def test_keep_alive_ends_when_it_is_taken_back(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    keep_alives.keep(context, **ANAS, seconds=4 * 3600)
    live(context, clock, ticket, IDLE, minutes=31)
    assert due(context) == []
    keep_alives.end(context, **ANAS)
    keep_alives.end(context, **ANAS)
    assert [decision.act for _, decision in due(context)] == [Act.FREEZE]


def test_it_is_kept_while_a_process_works(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    live(context, clock, ticket, SHELL, seconds=30)
    with pytest.raises(Refused):
        keep_alives.keep(context, **ANAS, pid=8)
    keep_alives.keep(context, **ANAS, pid=7)
    assert known(context, ticket).keep_alive is not None
    live(context, clock, ticket, IDLE, seconds=30)
    assert known(context, ticket).keep_alive is None


@pytest.mark.parametrize("seconds", [0, 59, 12 * 3600 + 1, 10**9])
def test_keep_alive_has_bounds(context: Context, ticket: Ticket, seconds: int) -> None:
    with pytest.raises(Refused):
        keep_alives.keep(context, **ANAS, seconds=seconds)


def test_what_does_not_run_is_not_kept_alive(context: Context, ticket: Ticket) -> None:
    environments.begin_pause(context, ticket.environment.id)
    with pytest.raises(WrongState):
        keep_alives.keep(context, **ANAS, seconds=3600)
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)
    with pytest.raises(WrongState):
        keep_alives.keep(context, **ANAS, seconds=3600)
