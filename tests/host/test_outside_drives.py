"""Which drives from outside are kept mounted: what comes in between brings none back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from terraspawner.host.bucket_mounts.drives import Drives
from terraspawner.host.bucket_mounts.keeper import Pace
from terraspawner.host.bucket_mounts.site import Site
from terraspawner.mounts_client import OutsideDrive

pytestmark = pytest.mark.feature("H4")

A = "a" * 16
CLOUD = OutsideDrive(id=A, kind="webdav", url="http://127.0.0.1:9/dav", user="ana", password="x", path="", library="")


def site_in(folder: Path) -> Site:
    for name in ("shared", "cache", "memory"):
        (folder / name).mkdir()
    return Site(
        shared=folder / "shared",
        cache=folder / "cache",
        memory=folder / "memory",
        cache_bytes=1 << 20,
        surroundings={},
        pace=Pace(),
    )


async def test_a_list_from_before_a_purge_brings_nothing_back(tmp_path: Path) -> None:
    drives = Drives(site_in(tmp_path))
    drives.put([CLOUD])
    purging = asyncio.create_task(drives.drop(A))
    while drives.standings:  # noqa: ASYNC110 - it ends in a task that nobody here has
        await asyncio.sleep(0)
    drives.put([CLOUD])
    assert not drives.standings
    await purging
    drives.put([])
    assert not drives.standings
    await drives.close()
