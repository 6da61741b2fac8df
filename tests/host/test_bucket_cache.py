"""What rclone keeps of buckets on this machine's disk, as it leaves it when it is killed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from terraspawner.host.bucket_mounts import cache

pytestmark = pytest.mark.feature("H2")

A, B = "a" * 16, "b" * 16
WELL = json.dumps({"Size": 4, "Rs": [{"Pos": 0, "Size": 4}], "Fingerprint": "4,x", "Dirty": False})


def kept(folder: Path, name: str, facts: str | None, body: bytes = b"mine", *, size: int | None = None) -> Path:
    """A file with its facts; of one that has another `size` the rest is a hole. Returns where the facts are."""
    file, place = (folder / part / "store" / "lab" / name for part in (cache.FILES, cache.FACTS))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    os.truncate(file, size or len(body))
    if facts is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(facts)
    return place


@pytest.mark.parametrize("facts", [None, "", '{"Siz', "[]", '"x"'])
def test_a_whole_file_whose_facts_were_cut_off_is_to_be_sent(tmp_path: Path, facts: str | None) -> None:
    place = kept(tmp_path / A, "deep/x", facts)
    assert cache.with_unsent(tmp_path) == {A}
    cache.mend(tmp_path / A)
    mended = json.loads(place.read_text())
    assert (mended["Dirty"], mended["Size"], mended["Rs"]) == (True, 4, [{"Pos": 0, "Size": 4}])
    assert sorted(each.name for each in (tmp_path / A).iterdir()) == [cache.FILES, cache.FACTS]


@pytest.mark.parametrize(("body", "size"), [(b"x" * 4096, 10 * 1024**2), (b"", None)], ids=["holes", "empty"])
def test_a_file_that_is_not_whole_does_not_overwrite_what_the_store_has(
    tmp_path: Path, body: bytes, size: int | None
) -> None:
    place = kept(tmp_path / A, "x", "", body, size=size)
    cache.mend(tmp_path / A)
    assert place.read_text() == ""


def test_facts_that_can_be_read_are_left_as_they_are(tmp_path: Path) -> None:
    unsent = json.dumps(json.loads(WELL) | {"Dirty": True})
    places = [kept(tmp_path / A, "sent", WELL), kept(tmp_path / B, "unsent", unsent)]
    assert cache.with_unsent(tmp_path) == {B}
    for workspace_id in (A, B):
        cache.mend(tmp_path / workspace_id)
    assert [place.read_text() for place in places] == [WELL, unsent]


def test_nothing_is_looked_for_outside_of_our_folders(tmp_path: Path) -> None:
    kept(tmp_path / "lost+found", "x", "")
    assert cache.with_unsent(tmp_path) == frozenset()
    assert cache.with_unsent(tmp_path / "nothing") == frozenset()
    cache.mend(tmp_path / A)


def test_what_is_forgotten_is_gone_and_may_be_forgotten_again(tmp_path: Path) -> None:
    kept(tmp_path / A, "x", "")
    cache.forget(tmp_path, A)
    cache.forget(tmp_path, A)
    assert list(tmp_path.iterdir()) == []
