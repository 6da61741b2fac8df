"""The stores that the suite holds to the protocol's promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from terraspawner.storage import Bucket, DirectoryBucket, make_folders
from tests.contracts.stores import STORES, ClockThatStands, stopped


@pytest.fixture(scope="session", autouse=True)
def servers() -> Iterator[None]:
    with stopped():
        yield


@pytest.fixture
def clock() -> ClockThatStands:
    return ClockThatStands()


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
def bucket(request: pytest.FixtureRequest, tmp_path: Path, clock: ClockThatStands) -> Bucket:
    made: Bucket = request.param(tmp_path, clock)
    return made


@pytest.fixture(params=[True, False], ids=["attributes", "side-files"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> DirectoryBucket:
    return DirectoryBucket(make_folders(tmp_path, "b1"), use_attributes=request.param)
