"""Folder, search, sort and page of a list of notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON
from terraspawner.domain.notebook_list import Sort, Wanted, page_of, parents_of
from terraspawner.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    path: str
    size: int
    modified: datetime


def item(path: str, size: int = 1, minutes: float = 0) -> Item:
    return Item(path=path, size=size, modified=NOON + timedelta(minutes=minutes))


FOUND = [
    item("Zebra.ipynb", 5, 3),
    item("apple.ipynb", 9, 1),
    item("deep/one.ipynb", 1, 9),
    item("deep/er/two.ipynb", 2, 8),
    item("deeper.ipynb", 7, 2),
    item("Ärzte/plan.ipynb", 3, 4),
]


@pytest.mark.feature("E2")
@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        (Wanted(), ["apple", "deep/er/two", "deep/one", "deeper", "Zebra", "Ärzte/plan"]),
        (Wanted(folder=""), ["apple", "deeper", "Zebra"]),
        (Wanted(folder="deep"), ["deep/one"]),
        (Wanted(folder="/deep/"), ["deep/one"]),
        (Wanted(folder="dee"), []),
        (Wanted(folder="deep/er"), ["deep/er/two"]),
        (Wanted(folder="../deep"), []),
        (Wanted(q="deep"), ["deep/er/two", "deep/one", "deeper"]),
        (Wanted(q="DEEP two"), ["deep/er/two"]),
        (Wanted(folder="deep", q="two"), ["deep/er/two"]),
        (Wanted(folder="deep", q="zebra"), []),
        (Wanted(q="ÄRZTE"), ["Ärzte/plan"]),
        (Wanted(folder="", sort=Sort.NAME_BACK), ["Zebra", "deeper", "apple"]),
        (Wanted(folder="", sort=Sort.SIZE), ["Zebra", "deeper", "apple"]),
        (Wanted(folder="", sort=Sort.SIZE_BACK), ["apple", "deeper", "Zebra"]),
        (Wanted(folder="", sort=Sort.MODIFIED_BACK), ["Zebra", "deeper", "apple"]),
        (Wanted(limit=2), ["apple", "deep/er/two"]),
    ],
)
def test_what_is_shown_and_in_which_order(wanted: Wanted, paths: list[str]) -> None:
    assert [each.path.removesuffix(".ipynb") for each in page_of(FOUND, wanted).items] == paths


def test_folders_stand_on_the_first_page_with_what_is_below_them() -> None:
    top = page_of(FOUND, Wanted(folder="", limit=1))
    assert [(each.path, each.name, each.count) for each in top.folders] == [("deep", "deep", 2), ("Ärzte", "Ärzte", 1)]
    assert top.folders[0].modified == NOON + timedelta(minutes=9)
    assert top.total == 3
    second = page_of(FOUND, Wanted(folder="", limit=1, cursor=top.next))
    assert (second.folders, [each.path for each in second.items]) == ((), ["deeper.ipynb"])
    assert [each.path for each in page_of(FOUND, Wanted(folder="deep")).folders] == ["deep/er"]
    assert page_of(FOUND, Wanted(folder="", q="a")).folders == []


@given(
    st.lists(
        st.tuples(st.text("abAB/é", min_size=1, max_size=4), st.integers(0, 3)), max_size=12, unique_by=lambda x: x[0]
    ),
    st.sampled_from(Sort),
    st.integers(1, 5),
)
def test_pages_together_are_the_list_whatever_is_equal_in_it(
    named: list[tuple[str, int]], sort: Sort, limit: int
) -> None:
    found = [item(path, size, size) for path, size in named]
    seen: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        page = page_of(found, Wanted(sort=sort, limit=limit, cursor=cursor))
        seen += [each.path for each in page.items]
        cursor, pages = page.next, pages + 1
    assert seen == [each.path for each in page_of(found, Wanted(sort=sort)).items]
    assert sorted(seen) == sorted(path for path, _ in named)


def test_a_page_begins_where_the_last_one_ended_though_things_came_and_went() -> None:
    first = page_of(FOUND, Wanted(limit=3))
    changed = [each for each in FOUND if each.path != "apple.ipynb"] + [item("aaa.ipynb"), item("deeq.ipynb")]
    second = page_of(changed, Wanted(limit=3, cursor=first.next))
    assert [each.path for each in second.items] == ["deeper.ipynb", "deeq.ipynb", "Zebra.ipynb"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "W10", "bnVsbA", "WyJzaXplIiwxLCJhIl0", "🎉", "WyJuYW1lIiwxLCJhIl0", "[" * 99]
)
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(Refused, match="cursor"):
        page_of(FOUND, Wanted(cursor=cursor))


def test_the_folders_that_lead_to_a_notebook() -> None:
    assert parents_of("a/b/c.ipynb") == [("a", "a"), ("a/b", "b")]
    assert parents_of("c.ipynb") == []
