"""Two processes change the same rows at once, on both databases: one wins, the other is told, none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

import builders
from contenders import SLUG, Ring, ring
from postgresql import emptied
from terraspawner.db import interval_records, records, tables
from terraspawner.db.engine import Database
from terraspawner.domain.environment import Environment, State
from terraspawner.operations import environments
from terraspawner.operations.context import Context

ROUNDS = [pytest.param(3, marks=pytest.mark.slow, id="few"), pytest.param(150, marks=pytest.mark.full, id="many")]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Context, Ring]]:
    """A context, and two processes on its database."""
    folder = tmp_path_factory.mktemp("contenders")
    if request.param == "sqlite":
        made = builders.context(folder)
    else:
        made = builders.context_on(request.getfixturevalue("postgresql").fresh(), folder, builders.Clock())
        made.database.migrate()
        emptied(made.database, builders.template_rows())
    builders.workspace(made)
    with ring(made.database.url) as two:
        yield made, two
    made.database.close()


def _here(context: Context) -> Environment | None:
    return environments.by_slug(context, user="ana", slug=SLUG)


def _running(context: Context) -> Environment:
    ticket = environments.admit(context, user="ana", slug=SLUG)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c1")
    return ticket.environment


def _check_ledger(context: Context) -> None:
    """Each interval begins where the one before it ended; what is there has an open one, what is gone has none."""
    with context.database.read() as connection:
        for row in connection.execute(sa.select(tables.environment)).mappings():
            intervals = interval_records.intervals_of(connection, row["id"])
            assert all(before["ended_at"] == after["started_at"] for before, after in pairwise(intervals))
            still = [each["state"] for each in intervals if each["ended_at"] is None]
            assert still == ([] if row["state"] == State.NONE else [row["state"]])


@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_starts_are_two_starts_of_one_environment(scene: tuple[Context, Ring], rounds: int) -> None:
    context, two = scene
    for _ in range(rounds):
        before = here.start_number if (here := _here(context)) else 0
        told = two.at_once(("start", ""), ("start", ""))
        assert sorted(map(int, told)) == [before + 1, before + 2]
        here = _here(context)
        assert here is not None
        assert here.start_number == before + 2
        _check_ledger(context)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_start_during_a_deletion_is_refused_or_makes_a_new_one(scene: tuple[Context, Ring], rounds: int) -> None:
    context, two = scene
    for _ in range(rounds):
        gone = _running(context)
        started, deleted = two.at_once(("start", ""), ("delete", gone.id))
        here = _here(context)
        assert deleted == "null"
        if started == "refused: wrong-state" or int(started) == gone.start_number + 1:
            assert here is None
        else:
            assert here is not None
            assert here.id != gone.id
            assert (started, here.disk_id) == ("1", gone.disk_id)
        _check_ledger(context)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_deletions_are_one(scene: tuple[Context, Ring], rounds: int) -> None:
    context, two = scene
    for _ in range(rounds):
        gone = _running(context)
        told = two.at_once(("delete", gone.id), ("delete", gone.id))
        assert "null" in told
        assert set(told) <= {"null", "refused: wrong-state"}
        assert _here(context) is None
        with context.database.read() as connection:
            states = [each["state"] for each in interval_records.intervals_of(connection, gone.id)]
        assert states.count("deleting") == 1
        _check_ledger(context)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_what_stops_while_it_shall_be_frozen_is_paused(scene: tuple[Context, Ring], rounds: int) -> None:
    context, two = scene
    for _ in range(rounds):
        here = _running(context)
        frozen, stopped = two.at_once(("freeze", here.id), ("stop", here.id))
        assert frozen in ("null", "refused: wrong-state")
        assert stopped == "null"
        with context.database.read() as connection:
            after = records.environment_by_id(connection, here.id)
        assert after is not None
        assert after.state is State.PAUSED
        _check_ledger(context)


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("act", ["name", "group"])
def test_a_name_is_given_once(scene: tuple[Context, Ring], act: str, rounds: int) -> None:
    _, two = scene
    for number in range(rounds):
        told = two.at_once((act, f"n{rounds}-{number}"), (act, f"n{rounds}-{number}"))
        assert sorted(word == "refused: name-taken" for word in told) == [False, True]


@pytest.mark.slow
def test_two_processes_that_migrate_at_once_make_one_schema(
    scene: tuple[Context, Ring], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    is_here = scene[0].database.engine.dialect.name == "sqlite"
    url = f"sqlite:///{tmp_path}/new.sqlite" if is_here else request.getfixturevalue("postgresql").fresh()
    assert scene[1].at_once(("migrate", url), ("migrate", url)) == ["null", "null"]
    database = Database(url)
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    database.close()
