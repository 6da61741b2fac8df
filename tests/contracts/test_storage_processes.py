"""The directory store between processes, and when they are killed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from terraspawner.storage import ABSENT, DirectoryBucket, make_folders, private
from tests.contracts.storage_worker import KEY

pytestmark = pytest.mark.slow

WORKER = Path(__file__).with_name("storage_worker.py")
ROOT = WORKER.parents[2]


SECONDS = 60
"""No test waits longer for a process that does not end."""


def worker(bucket: DirectoryBucket, *words: str) -> subprocess.Popen[str]:
    store = "attributes" if bucket._records._use_attributes else "side-files"
    return subprocess.Popen(
        [sys.executable, str(WORKER), str(bucket.path), store, *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize(
    "each_adds", [5, pytest.param(20, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.full)]
)
def test_no_increment_is_lost_between_processes(directory: DirectoryBucket, each_adds: int) -> None:
    directory.write(KEY, b"0", ABSENT)
    workers = [worker(directory, "increment", str(each_adds)) for _ in range(8)]
    for each in workers:
        each.communicate(timeout=SECONDS)
        assert each.returncode == 0
    assert directory.read(KEY)[0] == str(8 * each_adds).encode()


@pytest.mark.parametrize(
    "races", [30, pytest.param(300, marks=pytest.mark.slow), pytest.param(3000, marks=pytest.mark.full)]
)
def test_of_two_creators_one_wins_each_race(tmp_path: Path, races: int) -> None:
    bucket = DirectoryBucket(make_folders(tmp_path, "b1"))
    names = ("ana", "ben")
    workers = [worker(bucket, "create", str(races), name) for name in names]
    won = {name: each.communicate(timeout=SECONDS)[0].split() for name, each in zip(names, workers, strict=True)}
    assert sorted(won["ana"] + won["ben"], key=int) == [str(n) for n in range(races)]
    for name in names:
        assert {bucket.read(f"notebooks/{n}.ipynb")[0].decode() for n in won[name]} <= {name}


@pytest.mark.parametrize("kills", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_a_killed_writer_leaves_the_old_object_or_the_new_one(directory: DirectoryBucket, kills: int) -> None:
    size = 300_000
    directory.write(KEY, b"a" * size, ABSENT)
    reads = 0
    for turn in range(kills):
        with worker(directory, "scribble", str(size)) as writer:
            assert writer.stdout is not None
            last = writer.stdout.readline()
            try:
                for _ in range(20 + turn):
                    body, info = directory.read(KEY)
                    reads += 1
                    assert (len(body), len(set(body))) == (size, 1)
                    assert info.sha256 == hashlib.sha256(body).hexdigest()
                    assert not info.is_external
            finally:
                writer.kill()
            *_, last = [last, *writer.stdout.readlines()]
        acknowledged = int(last)
        body, info = directory.read(KEY)
        # What was acknowledged is there; the one in the making is there whole or not at all.
        assert body[0] - 97 in (acknowledged % 26, (acknowledged + 1) % 26)
        assert not info.is_external
    assert reads == sum(range(20, 20 + kills))
    DirectoryBucket(directory.path)
    assert list((directory.path / private.TEMPORARY).iterdir()) == []


def test_opening_leaves_the_temporary_file_of_a_living_writer(directory: DirectoryBucket) -> None:
    (directory.path / private.TEMPORARY / "left").write_bytes(b"half")
    root = os.open(directory.path, os.O_PATH)
    try:
        with private.temporary(root, [b"being written"]) as (_, path):
            DirectoryBucket(directory.path)
            assert [found.name for found in (directory.path / private.TEMPORARY).iterdir()] == [Path(path).name]
    finally:
        os.close(root)
