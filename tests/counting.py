"""The statements that our database is sent, and how many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from terraspawner.operations.context import Context


@contextmanager
def counted(context: Context) -> Iterator[list[str]]:
    """Those sent meanwhile, also the one that begins a transaction. A list of values is one question."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:  # type: ignore[no-untyped-def]
        sent.append(re.sub(r"\(\?(, \?)*\)", "(?)", statement))

    engine = context.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", note)
