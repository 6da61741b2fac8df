"""What a save is to a notebook as it is, what is found where a write was refused, and which versions grow old."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON
from terraspawner.domain.history import (
    Deed,
    Found,
    Intent,
    Judgement,
    Notebook,
    NotebookVersion,
    VersionKind,
    found_instead,
    judge,
)
from terraspawner.domain.thinning import CLOSE, CLOSE_STEP, FAR_STEP, KEPT, WHOLE, size_of, thinned

PRESENT = Notebook(id="n", workspace_id="w", path="a.ipynb", number=3, sha256="ours", version="7-x", since=NOON)
INTENT = Intent(
    notebook_id="n", token="mine", deed=Deed.SAVE, base="7-x", number=4, sha256="ours", size=1, at=NOON, target="a"
)


@pytest.mark.parametrize(
    ("present", "base", "sha256", "judgement"),
    [
        (None, None, "new", Judgement.NEXT),
        (None, "7-x", "new", Judgement.MOVED_ON),
        (PRESENT, None, "new", Judgement.MOVED_ON),
        (PRESENT, "7-x", "new", Judgement.NEXT),
        (PRESENT, "6-x", "new", Judgement.MOVED_ON),
        (PRESENT, "7-x", "ours", Judgement.UNCHANGED),
        (PRESENT, "6-x", "ours", Judgement.UNCHANGED),
        (PRESENT, None, "ours", Judgement.UNCHANGED),
    ],
)
def test_a_save_is_judged_by_its_base_and_its_bytes(
    present: Notebook | None, base: str | None, sha256: str, judgement: Judgement
) -> None:
    assert judge(present, base, sha256) is judgement


OTHER = Intent(
    notebook_id="n", token="theirs", deed=Deed.SAVE, base="8-y", number=5, sha256="z", size=1, at=NOON, target="a"
)


@pytest.mark.parametrize(
    ("there", "standing", "found"),
    [
        ("ours", INTENT, Found.OURS),
        ("ours", None, Found.OURS),
        ("else", INTENT, Found.OUTSIDE),
        (None, INTENT, Found.OUTSIDE),
        ("else", None, Found.FINISHED),
        ("else", OTHER, Found.FINISHED),
        (None, OTHER, Found.FINISHED),
    ],
)
def test_newer_work_is_told_from_a_change_past_us_by_the_intent(
    there: str | None, standing: Intent | None, found: Found
) -> None:
    assert found_instead(INTENT, there, standing) is found


def version(number: int, age: timedelta, kind: VersionKind = VersionKind.SAVED, name: str = "") -> NotebookVersion:
    return NotebookVersion(
        notebook_id="n", number=number, sha256=str(number), size=10, kind=kind, author="ana", environment="",
        fence=None, save_id=str(number), version=str(number), at=NOON - age, name=name,
    )  # fmt: skip


AGES = st.lists(st.integers(0, 40 * 24 * 3600), max_size=60).map(lambda ages: sorted(ages, reverse=True))
KINDS = st.sampled_from([*VersionKind, *[VersionKind.SAVED] * 12])


@st.composite
def histories(draw: st.DrawFn) -> list[NotebookVersion]:
    return [
        version(number, timedelta(seconds=age), draw(KINDS), draw(st.sampled_from(["", "", "", "before the talk"])))
        for number, age in enumerate(draw(AGES), 1)
    ]


def left(versions: list[NotebookVersion], now=NOON) -> list[NotebookVersion]:  # type: ignore[no-untyped-def]
    gone = set(thinned(versions, now))
    return [each for each in versions if each.number not in gone]


@pytest.mark.feature("F10")
@given(histories())
def test_what_is_kept_for_ever_is_kept(versions: list[NotebookVersion]) -> None:
    kept = {each.number for each in left(versions)}
    wanted = {each.number for each in versions if each.kind in KEPT or each.name or NOON - each.at < WHOLE}
    assert wanted | {each.number for each in versions[:1] + versions[-1:]} <= kept


@given(histories())
def test_a_thinned_history_is_not_thinned_further(versions: list[NotebookVersion]) -> None:
    assert thinned(left(versions), NOON) == []


@given(histories())
def test_where_there_was_a_version_there_is_one_near_by(versions: list[NotebookVersion]) -> None:
    kept = [each.at for each in left(versions)]
    for each in versions:
        step = CLOSE_STEP if NOON - each.at < CLOSE else FAR_STEP
        assert any(timedelta(0) <= at - each.at < step for at in kept)


@given(histories())
def test_few_are_left_of_each_day(versions: list[NotebookVersion]) -> None:
    ordinary = [
        each for each in left(versions)[1:-1] if NOON - each.at >= CLOSE and each.kind not in KEPT and not each.name
    ]
    days = [each.at.date() for each in ordinary]
    assert len(days) == len(set(days))


@given(histories(), st.lists(st.integers(0, 40 * 24 * 3600), max_size=6))
def test_the_last_of_a_day_is_there_however_often_is_thinned(versions: list[NotebookVersion], when: list[int]) -> None:
    there = versions
    for seconds in sorted(when, reverse=True):
        now = NOON - timedelta(seconds=seconds)
        past = [each for each in there if each.at <= now]
        gone = set(thinned(past, now))
        there = [each for each in there if each.number not in gone]
    last_of_day = {each.at.date(): each.number for each in versions}
    assert set(last_of_day.values()) <= {each.number for each in left(there)}


def test_equal_bytes_count_once() -> None:
    first, second = version(1, WHOLE), version(2, WHOLE)
    assert size_of([first, second]) == first.size + second.size
    again = NotebookVersion(**{name: getattr(first, name) for name in NotebookVersion.__slots__} | {"number": 3})
    assert size_of([first, second, again]) == first.size + second.size
