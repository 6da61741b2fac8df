"""Threads of one process that write to SQLite."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import builders
from terraspawner.db import engine
from terraspawner.errors import DatabaseUnavailable
from terraspawner.operations import lease_endings


def test_one_whose_wait_is_over_is_told_so_and_the_next_one_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = builders.context(tmp_path)
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)
    with ThreadPoolExecutor(1) as another:
        with context.database.write(), pytest.raises(DatabaseUnavailable):
            another.submit(lease_endings.beat, context).result()
        another.submit(lease_endings.beat, context).result()
    context.database.close()
