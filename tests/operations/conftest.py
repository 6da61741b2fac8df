"""A context on a real SQLite file, with a clock that is moved."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import builders
from terraspawner.domain.workspace import Workspace
from terraspawner.operations.context import Context


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
def context(tmp_path: Path, clock: builders.Clock) -> Iterator[Context]:
    made = builders.context(tmp_path, clock)
    yield made
    made.database.close()


@pytest.fixture
def workspace(context: Context) -> Workspace:
    """Ana's, with the name alpha."""
    return builders.workspace(context)
