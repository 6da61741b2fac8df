"""Opening the database, transactions, and the one place where its errors are translated.

On both databases writers come one after the other, from the first statement on: a deed reads, asks the rule and
writes, and nobody writes in between. SQLite does so by ``BEGIN IMMEDIATE`` (in WAL mode, foreign keys on), PostgreSQL
by one advisory lock, which ends with the transaction or with its process. Row locks or serializable transactions
would let two writers go on side by side, at the price of deadlocks and of deeds that have to be run again; our
transactions take a millisecond or two.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import singledispatch
from importlib.resources import files

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from terraspawner.db.sole_writer import SoleWriter
from terraspawner.errors import DatabaseUnavailable, Refused

BUSY_SECONDS = 5
STALLED_SECONDS = 30
"""A transaction that does nothing for this long has lost its process: PostgreSQL ends it, and others may write."""
_WRITERS = 0x7E22A
"""The advisory lock's number. It counts within one database, which is ours alone."""


class Database:
    """Transactions on our tables. Safe to share between threads.

    `clock` takes the place of the database's own: tests move it.
    """

    def __init__(self, url: str, clock: Callable[[], datetime] | None = None) -> None:
        self.url = url
        self._clock = clock
        self._writing = threading.Lock()
        self.engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        if self.engine.dialect.name == "sqlite":
            _tune_sqlite(self.engine)
        elif self.engine.dialect.name == "postgresql":
            _tune_postgresql(self.engine)
        self._sole_writer = SoleWriter(self.engine)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that changes nothing."""
        with _translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is committed at the end, or rolled back by an exception."""
        with (
            _translated(),
            self._turn(),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Threads of one process that write to SQLite hand over to each other. By itself it lets each look again after
        ever longer pauses, in which nobody writes; between processes it still does. PostgreSQL has a queue."""
        if self.engine.dialect.name != "sqlite":
            yield
            return
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise DatabaseUnavailable(cause="others of this process are writing")
        try:
            yield
        finally:
            self._writing.release()

    def now(self, connection: sa.Connection) -> datetime:
        """The one clock that leases are counted by, whichever process on whichever machine asks: the database's own.

        Aware UTC. It goes on within a transaction.
        """
        if self._clock:
            return self._clock()
        if self.engine.dialect.name == "sqlite":
            text = connection.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')").scalar_one()
            return datetime.fromisoformat(text)
        read: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return read.astimezone(UTC)

    def migrate(self, revision: str = "head") -> None:
        """Bring the tables to this version's shape, or to an older one's. Idempotent."""
        config = Config()
        config.set_main_option("script_location", str(files("terraspawner.db") / "migrations"))
        config.attributes["engine"] = self.engine
        command.upgrade(config, revision)

    def is_sole_writer(self) -> bool:
        """Whether this process is the one on the database that may write where one alone may (`sole_writer`)."""
        with _translated():
            return self._sole_writer.is_this()

    def close(self) -> None:
        self._sole_writer.close()
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        raise DatabaseUnavailable(cause=str(error.orig)) from error
    except sa.exc.DataError as error:  # PostgreSQL's: SQLite keeps what is too long for its column
        raise Refused("A text or a number of this request is too long to be kept. Nothing was changed.") from error


def _tune_sqlite(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def on_connect(connection, _record):  # type: ignore[no-untyped-def]
        connection.isolation_level = None  # transactions are ours, see on_begin
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _tune_postgresql(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def on_connect(connection, _record):  # type: ignore[no-untyped-def]
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{STALLED_SECONDS}s'")
        connection.commit()

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("writes", False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")

    @sa.event.listens_for(engine, "before_cursor_execute", retval=True)
    def without_nul(_connection, _cursor, statement, parameters, _context, _many):  # type: ignore[no-untyped-def]
        return statement, _without_nul(parameters)


@singledispatch
def _without_nul(value: object) -> object:
    """PostgreSQL's texts hold no NUL: it is kept as a replacement character, and what is asked for by one is not there.

    SQLite keeps it. A program's last words may hold one, and a forged request.
    """
    return value


@_without_nul.register
def _(value: str) -> str:
    return value.replace("\0", "\ufffd")


@_without_nul.register
def _(value: dict) -> dict[str, object]:  # type: ignore[type-arg]
    return {name: _without_nul(each) for name, each in value.items()}


@_without_nul.register(list)
@_without_nul.register(tuple)
def _(value: list[object] | tuple[object, ...]) -> list[object]:
    return [_without_nul(each) for each in value]
