"""What `make clean` tells before it asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from terraspawner.containers import disk_images
from terraspawner.deploy.ending import what_goes
from terraspawner.settings import Settings

FOUND = {"container": ["a", "b"], "network": ["c"], "volume": ["lab-db", "lab-disk-1"]}


def test_disks_that_are_images_are_counted_with_those_that_are_volumes(tmp_path: Path) -> None:
    for disk_id in ("0" * 16, "1" * 16):
        (tmp_path / disk_images.FOLDER / disk_id).mkdir(parents=True)
    told = what_goes(Settings(), FOUND, str(tmp_path))
    assert told[:2] == ["2 containers, 1 network", "3 disks of environments, with everything on them"]


def test_whoever_may_not_look_is_told_that_there_may_be_more(tmp_path: Path) -> None:
    (tmp_path / disk_images.FOLDER / ("0" * 16)).mkdir(parents=True)
    tmp_path.chmod(0o700)
    with as_nobody():
        _, disks, _ = what_goes(Settings(), FOUND, str(tmp_path))
    assert disks.startswith("1 disk of environments besides those that are images, which root alone can count")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root looks everywhere."""
    ours = os.geteuid()
    if ours != 0:
        pytest.skip("taking another account takes root")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(ours)


@pytest.mark.parametrize(("buckets", "what"), [("file:///srv/x", "buckets"), ("s3://lab/x", "files that the store")])
def test_what_lies_in_an_object_store_is_not_told_as_deleted(buckets: str, what: str) -> None:
    *_, volumes = what_goes(Settings(buckets=buckets), FOUND, "")
    assert volumes.startswith(f"1 volume: {what}")
    assert "libraries" in volumes
