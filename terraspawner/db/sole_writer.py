"""Which of the processes on this database writes where one alone may: to a store that takes no conditional writes.

The first that asks is, until it ends, however it ends: in PostgreSQL this is an advisory lock of a session, with SQLite
a lock on a file beside it. Where a session was lost, and the lock with it, the next question finds out; a write that is
under way then is not called back.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from pathlib import Path

import sqlalchemy as sa

_NUMBER = 0x7E22B
"""The advisory lock's. It counts within one database, which is ours alone."""


class SoleWriter:
    """Safe to share between threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._guard = threading.Lock()
        self._session: sa.Connection | None = None
        self._file: int | None = None

    def is_this(self) -> bool:
        """Whether this process holds the lock, which it takes where nobody does."""
        with self._guard:
            if self._engine.dialect.name == "postgresql":
                return self._has_session() or self._takes_session()
            path = self._engine.url.database
            return self._file is not None or path in (None, "", ":memory:") or self._takes_file(Path(str(path)))

    def close(self) -> None:
        """Leave it to others."""
        with self._guard:
            if self._session is not None:
                self._session.close()
            if self._file is not None:
                os.close(self._file)
            self._session = self._file = None

    def _has_session(self) -> bool:
        if self._session is None:
            return False
        try:
            self._session.exec_driver_sql("SELECT 1")
        except sa.exc.DBAPIError:
            self._session.close()
            self._session = None
        return self._session is not None

    def _takes_session(self) -> bool:
        with contextlib.ExitStack() as kept:
            session = kept.enter_context(self._engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
            session.detach()  # the pool shall not have it back: it would live on there, with the lock
            if not session.exec_driver_sql(f"SELECT pg_try_advisory_lock({_NUMBER})").scalar_one():
                return False
            kept.pop_all()
        self._session = session
        return True

    def _takes_file(self, database: Path) -> bool:
        """The system's own lock of a process: what this one starts does not have it."""
        file = os.open(database.with_name(f"{database.name}.sole-writer"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True
