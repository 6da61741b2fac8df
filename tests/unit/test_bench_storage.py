"""The bench of the bucket and the drive: what is told of a side that is not here, and the programs that look inside
environments."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import mounted, shares, storage
from tests.bench.mounted import DIRECTORY, PLAIN, S3, S3FS

SECONDS = {PLAIN: [0.00007, 0.002, 0.004], DIRECTORY: [0.003, 0.004, 0.005], S3FS: [0.02, 0.04], S3: [0.01, 0.02]}


def test_each_side_is_told_beside_the_plain_bind_and_s3fs() -> None:
    assert storage.compared(SECONDS, "") == [
        "2.0 ms (4.0 ms)", "4.0 ms (5.0 ms)", "**2.00**", "30.0 ms (40.0 ms)", "15.0 ms (20.0 ms)", "**7.50**",
        "**0.50**",
    ]  # fmt: skip


def test_where_s3fs_cannot_be_had_its_column_says_so() -> None:
    seconds = {side: times for side, times in SECONDS.items() if side != S3FS}
    told = storage.compared(seconds, "not here: no apt-get")
    assert told[3:] == ["not here: no apt-get", "15.0 ms (20.0 ms)", "**7.50**", ""]


def test_of_files_that_lie_in_no_store_nothing_is_told_of_one() -> None:
    assert storage.compared({S3FS: [0.2], S3: [1.0]}, "") == [
        "", "", "", "200 ms (200 ms)", "1000 ms (1000 ms)", "", "**5.00**"
    ]  # fmt: skip


def test_of_less_than_a_millisecond_more_digits_are_told() -> None:
    assert storage.compared({PLAIN: [0.00007, 0.00008, 0.002]}, "")[0] == "0.08 ms (2.0 ms)"


def test_of_the_largest_file_there_are_few_rounds() -> None:
    assert [mounted.count_of(size, None) for size in mounted.SIZES.values()] == [10, 10, 2]
    assert [mounted.count_of(size, 1) for size in mounted.SIZES.values()] == [1, 1, 1]


@pytest.mark.parametrize("size", [mounted.KB, 3 * mounted.MB])
def test_files_are_written_kept_read_and_removed_at_their_whole_size(tmp_path: Path, size: int) -> None:
    for act, name in (("write", "a"), ("keep", "b"), ("read", "a"), ("read", "b")):
        _at, seconds = _inside(act, size, tmp_path / name)
        assert seconds > 0
        assert (tmp_path / name).stat().st_size == size
    _inside("remove", size, tmp_path / "a", tmp_path / "b")
    assert not list(tmp_path.iterdir())


def test_the_watcher_counts_the_libraries_in_which_the_file_is_seen(tmp_path: Path) -> None:
    for name in ("one", "two", "other"):
        (tmp_path / name).mkdir()
    for name in ("one", "two"):
        (tmp_path / name / "seen.csv").touch()
    words = [sys.executable, "-c", shares.WATCH, str(tmp_path), "2", "seen.csv"]
    said = subprocess.run(words, check=True, capture_output=True, text=True, timeout=30).stdout.splitlines()
    assert (said[0], len(said)) == ("watching", 2)
    assert float(said[1]) > 0


def _inside(act: str, size: int, *paths: Path) -> tuple[float, float]:
    words = [sys.executable, "-c", mounted.INSIDE, act, str(size), *map(str, paths)]
    at, seconds = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return at, seconds
