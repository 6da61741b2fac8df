"""What is told of a disk's use: the real ``du`` on real folders, and names that mean harm."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from terraspawner.host import usage
from terraspawner.host.usage import CONSIDERED, LONGEST_NAME, SHOWN, TARGET, Folder, printable, read, summary, unsent

MIB = 1024**2


def said(**sizes: int) -> io.BytesIO:
    text = b"".join(f"{size}\t{TARGET}/{path}".encode() + b"\0" for path, size in sizes.items())
    return io.BytesIO(text + f"{sum(sizes.values())}\t{TARGET}".encode() + b"\0")


def test_entries_are_read_whatever_the_pieces_they_come_in() -> None:
    for chunk in (1, 3, 1 << 16):
        assert list(read(said(a=5, bc=7), chunk)) == [
            Folder(size=5, path="a"),
            Folder(size=7, path="bc"),
            Folder(size=12, path=""),
        ]


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({}, []),
        ({"a": 5, "b": 7}, ["b", "a"]),
        ({"a": 100, "a/big": 90, "b": 20}, ["a/big", "b"]),  # nearly all of it
        ({"a": 100, "a/x": 50, "a/y": 50, "b": 20}, ["a", "b"]),  # what is in it is counted once
        ({"a": 0}, []),
        ({f"f{number}": 10 + number for number in range(20)}, [f"f{number}" for number in range(19, 19 - SHOWN, -1)]),
    ],
)
def test_the_largest_folders_are_told_of(sizes: dict[str, int], told: list[str]) -> None:
    found = summary([*(Folder(size=size, path=path) for path, size in sizes.items()), Folder(size=999, path="")])
    assert found["used"] == 999
    assert [each["path"] for each in found["folders"]] == told  # type: ignore[attr-defined]


def test_however_many_folders_there_are_little_is_kept_and_the_largest_found() -> None:
    many = (Folder(size=number % 977, path=f"f{number}") for number in range(CONSIDERED * 50))
    (largest, *_) = summary(many)["folders"]  # type: ignore[misc]
    assert largest["size"] == 976


@pytest.mark.feature("G5", "C17")
def test_saves_that_wait_in_an_outbox_are_counted_by_their_notes(tmp_path: Path) -> None:
    assert unsent(tmp_path) == 0
    outbox = tmp_path / ".terra" / "outbox"
    outbox.mkdir(parents=True)
    assert unsent(tmp_path) == 0
    for name in ("000000000001.json", "000000000001.ipynb", "000000000012.json", ".tmp-000000000013.json", "x.json"):
        (outbox / name).touch()
    assert unsent(tmp_path) == 2


@pytest.mark.parametrize("part", [".terra", ".terra/outbox"])
def test_an_outbox_that_is_a_link_is_not_followed(tmp_path: Path, part: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "outbox").mkdir(parents=True)
    for folder in (elsewhere, elsewhere / "outbox"):
        (folder / "000000000001.json").touch()
    disk = tmp_path / "disk"
    (disk / part).parent.mkdir(parents=True)
    (disk / part).symlink_to(elsewhere)
    assert unsent(disk) == 0


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "\u202efdp.exe", "\x00", "x" * 5000, "</li><script>"])
def test_a_name_disturbs_no_page_and_no_log(name: str) -> None:
    shown = printable(name)
    assert shown.isprintable()
    assert len(shown) <= LONGEST_NAME


def test_the_real_du_of_real_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["plain", "with\nline", os.fsdecode(b"no-utf-8-\xff")]
    for number, name in enumerate(names, 1):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x" * number * MIB)
    (tmp_path / "plain" / "link").hardlink_to(tmp_path / "plain" / "file")  # counted once
    (tmp_path / "way-out").symlink_to("/")
    code = f"import sys; from terraspawner.host import usage; usage.TARGET = {str(tmp_path)!r}; usage.main()"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    found = json.loads(answer.stdout)
    assert [each["path"] for each in found["folders"]] == ["no-utf-8-\ufffd", "with\ufffdline", "plain"]
    assert 6 * MIB <= found["used"] < 7 * MIB
    assert usage.TARGET == TARGET
