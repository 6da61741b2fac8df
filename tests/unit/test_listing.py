"""A folder of a store that lists in one row: read page by page, without what is in the folders in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraspawner.storage.listing import directly_in

pytestmark = pytest.mark.feature("H5")


@dataclass(frozen=True)
class Object:
    path: str


class Row:
    """A store's list, in the order of the bytes; counts the pages that were read."""

    def __init__(self, paths: Sequence[str], page: int) -> None:
        self._paths, self._page, self.read = sorted(paths), page, 0

    def __call__(self, offset: str) -> Iterator[list[Object]]:
        rest = [Object(path) for path in self._paths if path > offset]
        for start in range(0, len(rest), self._page):
            self.read += 1
            yield rest[start : start + self._page]


def found(row: Row, folder: str, after: str = "") -> list[str]:
    return [each if isinstance(each, str) else each.path for each in directly_in(folder, after, row)]


def slowly(paths: Sequence[str], folder: str, after: str) -> list[str]:
    """By reading everything."""
    names = {path[len(folder) :].partition("/")[:2] for path in paths if path.startswith(folder)}
    return sorted(each for name, slash in names if (each := f"{folder}{name}{slash}") > after)


PATHS = st.lists(st.text("a0-/.\U0010ffff", min_size=1, max_size=6).map("x/".__add__), unique=True, max_size=30)


@given(paths=PATHS, page=st.integers(1, 4), after=st.text("a0-/.", max_size=4))
def test_it_is_what_lies_there_behind_any_point_whatever_the_pages(paths: list[str], page: int, after: str) -> None:
    behind = f"x/{after}" if after else ""
    assert found(Row(paths, page), "x/", behind) == slowly(paths, "x/", behind)


def test_the_beginning_of_a_large_folder_is_one_page() -> None:
    row = Row([f"x/{number:05}" for number in range(100_000)], 1000)
    coming = directly_in("x/", "x/50000", row)
    assert [next(coming) for _ in range(3)] == [Object("x/50001"), Object("x/50002"), Object("x/50003")]
    assert row.read == 1


def test_a_large_folder_in_it_is_passed_by() -> None:
    row = Row(["x/a", *(f"x/b/{number:05}" for number in range(100_000)), "x/b0", "x/c"], 1000)
    assert found(row, "x/") == ["x/a", "x/b/", "x/b0", "x/c"]
    assert row.read == 3


def test_behind_a_folder_nothing_of_it_is_read() -> None:
    row = Row([*(f"x/b/{number:05}" for number in range(100_000)), "x/c"], 1000)
    assert found(row, "x/", "x/b/") == ["x/c"]
    assert row.read == 1
