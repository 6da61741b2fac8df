"""How full a library may become: its owner's limit holds for what goes through the service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from terraspawner.db.library_tables import library as table
from terraspawner.domain.data_file import MOST_BYTES
from terraspawner.domain.library import Access
from terraspawner.errors import NotAllowed, Refused
from terraspawner.errors_libraries import LibraryFull, LibraryMissing
from terraspawner.operations import files, libraries, library_room, notebooks, trash, trashed_folders
from terraspawner.operations.context import Context
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT, ANYTHING, Bucket, ObjectInfo

pytestmark = pytest.mark.feature("H4")
MIB = 1024**2
EMPTY = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def library(context: Context) -> str:
    return libraries.create_library(context, user="ana", name="Survey").library.id


@pytest.fixture
def tree(library: str, tmp_path: Path) -> Path:
    return tmp_path / "libraries" / library / "data"


def place(library: str, path: str = "first.ipynb") -> Place:
    return Place(user="ana", namespace="library", name=library, path=path)


def used(context: Context, library: str) -> int | None:
    return libraries.get_library(context, user="ana", library_id=library).library.used


def test_what_its_files_take_is_measured(context: Context, library: str, tree: Path) -> None:
    assert used(context, library) == 0
    (tree / "table.csv").write_bytes(b"x" * 1000)
    made = notebooks.create_notebook(context, place(library, "first"), "python3")
    assert library_room.measure(context, library) == used(context, library) == 1000 + made.size
    assert library_room.libraries_here(context) == [library]


class BucketOfHoles:
    """A program made files of the largest size that there is: they take no room, and no number has their sum."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def __getattr__(self, verb: str) -> object:
        return getattr(self._bucket, verb)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return (replace(info, size=2**63 - 1) for info in self._bucket.list(prefix))

    def entries(self, folder: str, after: str = "") -> Iterator[ObjectInfo | str]:
        for each in self._bucket.entries(folder, after):
            yield each if isinstance(each, str) else replace(each, size=2**63 - 1)


def test_files_of_absurd_size_are_measured_and_go_into_the_trash_as_others(context: Context, library: str) -> None:
    for name in ("raw/a", "raw/b"):
        files.write(context, place(library, name), b"1", ABSENT)
    holes = replace(context, bucket=lambda _: BucketOfHoles(context.bucket(library)))  # type: ignore[arg-type, return-value]
    assert library_room.measure(holes, library) == used(context, library) == MOST_BYTES
    item, _ = trashed_folders.discard(holes, place(library, "raw"))
    assert trashed_folders.go_on(holes, item.id)
    (held,) = trash.list_trash(context, "ana")
    assert held.item.size == MOST_BYTES


def test_one_that_goes_for_good_while_it_is_measured_is_told_as_gone(context: Context, library: str) -> None:
    with context.database.write() as connection:
        connection.execute(sa.delete(table).where(table.c.id == library))
    with pytest.raises(LibraryMissing):
        library_room.measure(context, library)
    with pytest.raises(LibraryMissing):
        files.write(context, place(library, "a.csv"), b"1", ABSENT)


def test_what_does_not_fit_is_refused_and_what_is_there_stays(context: Context, library: str, tree: Path) -> None:
    library_room.set_limit(context, actor="ana", library_id=library, size=MIB)
    first = notebooks.save_notebook(context, place(library), EMPTY, None)
    (tree / "table.csv").write_bytes(b"x" * MIB)
    library_room.measure(context, library)
    with pytest.raises(LibraryFull, match="ask ana for a larger limit") as refusal:
        notebooks.save_notebook(context, place(library, "second.ipynb"), EMPTY, None)
    assert refusal.value.details["limit"] == MIB
    with pytest.raises(LibraryFull):
        notebooks.create_notebook(context, place(library, "third"), "python3")
    with pytest.raises(LibraryFull):
        notebooks.save_notebook(context, place(library), EMPTY + b" ", first.version)
    shorter = EMPTY.replace(b": ", b":")
    assert notebooks.save_notebook(context, place(library), shorter, first.version).size < first.size


def test_what_was_in_the_trash_comes_back_only_where_it_fits(context: Context, library: str, tree: Path) -> None:
    first = notebooks.save_notebook(context, place(library), EMPTY, None)
    files.write(context, place(library, "a.csv"), b"x" * 100, ABSENT)
    notebook = notebooks.delete_notebook(context, place(library), first.version)
    items = [notebook, files.delete(context, place(library, "a.csv"))]
    (tree / "table.csv").write_bytes(b"x" * (MIB - 50))
    library_room.measure(context, library)
    library_room.set_limit(context, actor="ana", library_id=library, size=MIB)
    for item in items:
        with pytest.raises(LibraryFull):
            trash.restore(context, user="ana", item_id=item.id)
    (tree / "table.csv").unlink()
    library_room.measure(context, library)
    for item in items:
        trash.restore(context, user="ana", item_id=item.id)
    assert library_room.measure(context, library) == 100 + len(EMPTY)


def test_what_was_written_counts_before_it_is_measured(context: Context, library: str) -> None:
    library_room.measure(context, library)
    library_room.set_limit(context, actor="ana", library_id=library, size=MIB)
    first = notebooks.save_notebook(context, place(library), EMPTY, None)
    files.write(context, place(library, "a.csv"), b"x" * (MIB - 2 * len(EMPTY)), ABSENT)
    for deed in (
        lambda: files.write(context, place(library, "b.csv"), b"x" * (len(EMPTY) + 1), ABSENT),
        lambda: notebooks.save_notebook(context, place(library), EMPTY + b" " * (len(EMPTY) + 1), first.version),
    ):
        with pytest.raises(LibraryFull):
            deed()
    files.write(context, place(library, "a.csv"), b"", ANYTHING)
    files.write(context, place(library, "b.csv"), b"x" * 1000, ABSENT)
    assert used(context, library) == library_room.measure(context, library)


def test_what_is_deleted_makes_room_at_once(context: Context, library: str) -> None:
    library_room.set_limit(context, actor="ana", library_id=library, size=MIB)
    files.write(context, place(library, "a.csv"), b"x" * MIB, ABSENT)
    with pytest.raises(LibraryFull):
        notebooks.save_notebook(context, place(library), EMPTY, None)
    files.delete(context, place(library, "a.csv"))
    first = notebooks.save_notebook(context, place(library), EMPTY, None)
    notebooks.delete_notebook(context, place(library), first.version)
    assert used(context, library) == library_room.measure(context, library) == 0


def test_what_was_never_counted_gives_no_room_beyond_the_limit(context: Context, library: str, tree: Path) -> None:
    library_room.set_limit(context, actor="ana", library_id=library, size=MIB)
    library_room.measure(context, library)
    with (tree / "sparse").open("wb") as file:  # a terminal's, as large as anybody likes
        file.truncate(1024**4)
    files.delete(context, place(library, "sparse"))
    assert used(context, library) == 0
    with pytest.raises(LibraryFull):
        files.write(context, place(library, "a.csv"), b"x" * (MIB + 1), ABSENT)


def test_without_a_limit_everything_fits(context: Context, library: str) -> None:
    library_room.set_limit(context, actor="ana", library_id=library, size=MIB)
    assert library_room.set_limit(context, actor="ana", library_id=library, size=None).library.size_limit is None
    notebooks.create_notebook(context, place(library, "first"), "python3")


def test_only_its_owner_limits_it_and_not_to_nothing(context: Context, library: str) -> None:
    libraries.share(context, actor="ana", library_id=library, who="ben", access=Access.WRITE)
    with pytest.raises(NotAllowed):
        library_room.set_limit(context, actor="ben", library_id=library, size=MIB)
    with pytest.raises(Refused, match="1 MiB"):
        library_room.set_limit(context, actor="ana", library_id=library, size=0)
