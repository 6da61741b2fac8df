"""What a library promises beyond the suite: one tree as people see it, which they write to past us."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from terraspawner.domain.names import is_notebook_path
from terraspawner.errors import SettingsWrong
from terraspawner.storage import ABSENT, Bucket, ObjectChanged, find
from terraspawner.storage.base import ANYTHING
from terraspawner.storage.drive import Libraries
from terraspawner.storage.errors import BucketUnavailable, KeyRefused, ObjectMissing

pytestmark = pytest.mark.feature("H4")
ID = "0123456789abcdef"
LARGEST = 1000


def libraries_at(url: str) -> Libraries:
    return Libraries(url=url, is_notebook=is_notebook_path, largest=LARGEST, mount_of=Path)


@pytest.fixture
def library(tmp_path: Path) -> Bucket:
    return libraries_at(f"file://{tmp_path}").create(ID)


@pytest.fixture
def tree(tmp_path: Path, library: Bucket) -> Path:
    """What environments see of it."""
    return tmp_path / ID / "data"


def keys(library: Bucket, prefix: str = "") -> list[str]:
    return [info.key for info in library.list(prefix)]


def test_notebooks_and_files_lie_in_one_tree(library: Bucket, tree: Path) -> None:
    library.write("notebooks/a/first.ipynb", b"{}", ABSENT)
    library.write("data/a/table.csv", b"1", ABSENT)
    assert sorted(path.name for path in (tree / "a").iterdir()) == ["first.ipynb", "table.csv"]
    assert (keys(library, "notebooks/"), keys(library, "data/")) == (["notebooks/a/first.ipynb"], ["data/a/table.csv"])
    assert keys(library) == ["data/a/table.csv", "notebooks/a/first.ipynb"]


def test_what_people_put_there_is_a_notebook_where_it_may_be_one(library: Bucket, tree: Path) -> None:
    (tree / ".ipynb_checkpoints").mkdir()
    for name in ("b.ipynb", "odd;name.ipynb", ".ipynb_checkpoints/b-checkpoint.ipynb", "B.IPYNB", "x.csv"):
        (tree / name).write_bytes(b"{}")
    assert keys(library, "notebooks/") == ["notebooks/b.ipynb"]
    assert keys(library, "data/") == [
        "data/.ipynb_checkpoints/b-checkpoint.ipynb",
        "data/B.IPYNB",
        "data/odd;name.ipynb",
        "data/x.csv",
    ]


def test_each_file_has_one_key(library: Bucket) -> None:
    """Or a lease on a notebook could be gone round by way of the files."""
    version = library.write("notebooks/b.ipynb", b"{}", ABSENT).version
    with pytest.raises(KeyRefused, match="is kept as a notebook"):
        library.write("data/b.ipynb", b"forged", ANYTHING)
    with pytest.raises(KeyRefused, match="is kept as a notebook"):
        library.write_stream("data/b.ipynb", [b"forged"], ANYTHING)
    for deed in (
        lambda: library.read("data/b.ipynb"),
        lambda: library.stat("data/b.ipynb"),
        lambda: library.delete("data/b.ipynb", ANYTHING),
        lambda: library.rename("data/b.ipynb", "data/c.csv", ANYTHING),
        lambda: library.read_range("data/b.ipynb", 0, 9, ANYTHING),
    ):
        with pytest.raises(ObjectMissing):
            deed()
    with pytest.raises(ObjectChanged):
        library.delete("data/b.ipynb", version)
    library.write("data/c.csv", b"forged", ABSENT)
    with pytest.raises(KeyRefused, match="is kept as a notebook"):
        library.rename("data/c.csv", "data/d.ipynb", ANYTHING)
    with pytest.raises(KeyRefused, match="may not have this name"):
        library.write("notebooks/c.csv", b"", ABSENT)
    assert library.read("notebooks/b.ipynb")[0] == b"{}"


def test_a_write_past_us_gives_another_version_and_none_is_overwritten(library: Bucket, tree: Path) -> None:
    seen = library.write("notebooks/b.ipynb", b"one", ABSENT)
    (tree / "b.ipynb").write_bytes(b"two")
    with pytest.raises(ObjectChanged) as refusal:
        library.write("notebooks/b.ipynb", b"three", seen.version)
    assert refusal.value.details["key"] == "notebooks/b.ipynb"
    assert refusal.value.current is not None
    assert refusal.value.current.key == "notebooks/b.ipynb"
    assert library.read("notebooks/b.ipynb")[0] == b"two"


def test_a_write_past_us_is_seen_though_its_times_are_set_back(library: Bucket, tree: Path) -> None:
    seen = library.write("notebooks/b.ipynb", b"one", ABSENT)
    facts = (tree / "b.ipynb").stat()
    (tree / "b.ipynb").write_bytes(b"two")
    os.utime(tree / "b.ipynb", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert library.stat("notebooks/b.ipynb").version != seen.version


def test_hostile_names_and_links_in_the_tree_are_left_out(library: Bucket, tree: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(b"another's")
    (tree / "link.ipynb").symlink_to(secret)
    (tree / "folder").symlink_to(tmp_path)
    os.mkfifo(tree / "pipe.ipynb")
    hostile = [b"two\nlines.ipynb", b"-rf.ipynb", b"x" * 249 + b".ipynb", b"\xff.ipynb", b"e\xcc\x81.ipynb"]
    for name in hostile:
        (tree / os.fsdecode(name)).write_bytes(b"{}")
    library.write("notebooks/fine.ipynb", b"{}", ABSENT)
    assert keys(library, "notebooks/") == ["notebooks/-rf.ipynb", "notebooks/fine.ipynb"]
    assert keys(library, "data/") == ["data/" + "x" * 249 + ".ipynb"]
    for key in ("notebooks/link.ipynb", "notebooks/folder/secret.ipynb", "notebooks/pipe.ipynb"):
        with pytest.raises(KeyRefused):
            library.read(key)
        with pytest.raises(KeyRefused):
            library.write(key, b"", ANYTHING)
    assert secret.read_bytes() == b"another's"


def test_our_own_corner_is_not_in_the_tree(library: Bucket, tree: Path) -> None:
    library.write("history/ab/abcd", b"a version", ABSENT)
    library.write("trash/0123", b"deleted", ABSENT)
    assert list(tree.iterdir()) == []
    assert find(library, "history/ab/abcd") is not None


def test_a_library_is_found_where_it_was_made_and_nowhere_else(library: Bucket, tmp_path: Path) -> None:
    url = f"file://{tmp_path}"
    library.write("data/x", b"", ABSENT)
    found = libraries_at(url).find(ID)
    assert found is not None
    assert keys(found) == ["data/x"]
    assert libraries_at(url).find("f" * 16) is None
    with pytest.raises(BucketUnavailable):
        libraries_at(url).remove(ID)
    libraries_at(url).remove("f" * 16)
    with pytest.raises(ValueError, match="no id"):
        libraries_at(url).find("../x")


@pytest.mark.parametrize("url", ["s3://bucket/libraries", "memory:", "file://elsewhere/folder"])
def test_libraries_are_in_a_folder_of_this_machine(url: str) -> None:
    with pytest.raises(SettingsWrong, match="TERRA_LIBRARIES"):
        libraries_at(url).create(ID)


def test_a_notebook_that_is_too_large_is_listed_and_not_read(library: Bucket, tree: Path) -> None:
    """Anybody with the drive can put one there; the service must not carry it in its memory."""
    with (tree / "huge.ipynb").open("wb") as file:
        file.truncate(1 << 40)
    (tree / "fits.ipynb").write_bytes(b"x" * LARGEST)
    assert keys(library, "notebooks/") == ["notebooks/fits.ipynb", "notebooks/huge.ipynb"]
    with pytest.raises(KeyRefused, match="a notebook has 1000 at most"):
        library.read("notebooks/huge.ipynb")
    assert len(library.read("notebooks/fits.ipynb")[0]) == LARGEST
