"""To a store that takes no conditional writes one process writes; another on the same database says why it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from postgresql import Server as PostgreSQL
from stores import servers
from terraspawner.db.engine import Database
from terraspawner.storage.errors import StoreTaken
from terraspawner.storage.facts import UNGUARDED
from waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1")]

TESTS = Path(__file__).parents[1]
TAKEN = StoreTaken().message


class Service:
    """A process of its own on this database and this store."""

    def __init__(self, database: str, folder: Path, store: servers.Server, url: str) -> None:
        words = [database, str(folder), url, store.endpoint, store.credentials]
        self.process = subprocess.Popen(
            [sys.executable, str(TESTS / "writing_process.py"), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": f"{TESTS.parent}:{TESTS}"},
        )

    def does(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


Starting = Callable[[servers.Server], Callable[[], Service]]


@pytest.fixture
def starting(empty_database: Database, tmp_path: Path) -> Iterator[Starting]:
    """Starts services on one new bucket of a store."""
    with ExitStack() as ending:

        def on(store: servers.Server) -> Callable[[], Service]:
            url = f"{store.fresh()}/lab"

            def start() -> Service:
                made = Service(empty_database.url, tmp_path, store, url)
                ending.callback(made.kill)
                return made

            return start

        yield on


def test_the_second_writes_nothing_and_says_why_until_the_first_has_ended(starting: Starting) -> None:
    with servers.lying() as store:
        start = starting(store)
        first, second = start(), start()
        assert first.does("look") == UNGUARDED
        assert second.does("look") == TAKEN
        assert first.does("write one") == "written"
        assert second.does("write two") == TAKEN
        assert second.does("read") == "one"
        first.kill()
        # a database that is a server sees a moment later that nobody is at the other end any more
        until(lambda: second.does("write three") == "written", "the second writes")
        assert second.does("look") == UNGUARDED
        assert start().does("write four") == TAKEN


def test_where_a_store_takes_conditions_both_write(starting: Starting) -> None:
    with servers.s3() as store:
        start = starting(store)
        first, second = start(), start()
        assert [first.does("write one"), second.does("write two")] == ["written", "written"]
        assert [first.does("look"), second.does("look")] == ["answers", "answers"]


def test_a_lock_that_went_with_its_session_is_another_processs_to_take(postgresql: PostgreSQL) -> None:
    url = postgresql.fresh()
    first, second = Database(url), Database(url)
    assert (first.is_sole_writer(), second.is_sole_writer()) == (True, False)
    postgresql.as_owner(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        f" WHERE locktype = 'advisory' AND pg_stat_activity.datname = '{url.split('/')[3].split('?')[0]}'"
    )
    # the server ends what it is told to end a moment later
    until(second.is_sole_writer, "the second writes")
    assert not first.is_sole_writer()
    second.close()
    until(first.is_sole_writer, "the first writes")
    first.close()
