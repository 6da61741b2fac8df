"""Notebooks beside what became of them, and two that came from one put together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hostile_html
from notebooks_made import code, made, said, shown, words
from terraspawner.preview.compared import compare
from terraspawner.preview.document import Unreadable
from terraspawner.preview.merged import Conflict, merge
from tests.unit.test_preview_attacks import faults_of

pytestmark = pytest.mark.slow  # nbconvert and nbdime take a second to load

BASE = made(code("a = 1"), code("b = 2", said("two")), code("c = 3"))


def sources(text: str) -> list[str]:
    cells: list[dict[str, Any]] = json.loads(text)["cells"]
    return ["".join(cell["source"]) for cell in cells]


@pytest.mark.feature("F8", "F10")
def test_a_cell_that_changed_shows_its_lines_before_and_now() -> None:
    old = made(code("\n".join(f"line {n}" for n in range(20))))
    new = made(code("\n".join("other" if n == 10 else f"line {n}" for n in range(20))))
    html = compare(old, new)
    assert '<del class="nbp-line"><span class="nbp-sign">\u2212</span>line 10</del>' in html
    assert '<ins class="nbp-line"><span class="nbp-sign">+</span>other</ins>' in html
    assert "line 9<" in html
    assert "line 2<" not in html  # far from the change


@pytest.mark.feature("F8", "F10")
def test_cells_that_came_and_went_are_told_from_those_that_stayed() -> None:
    html = compare(BASE, made(code("a = 1"), code("c = 3"), words("# new")))
    assert html.count("nbp-added") == 1
    assert html.count("nbp-removed") == 1
    assert "Removed cell 2" in html
    assert "Added cell 3" in html
    assert html.count("1 cell is the same.") == 2


def test_another_output_is_shown_beside_the_old_one() -> None:
    html = compare(made(code("x", said("before"))), made(code("x", said("after"))))
    assert "Output before" in html
    assert "Output now" in html


@pytest.mark.parametrize("new", [BASE, BASE.replace(b'"execution_count": 1', b'"execution_count": 7')])
def test_what_no_reader_sees_is_no_difference(new: bytes) -> None:
    assert compare(BASE, new) == '<p class="nbp-same">Nothing that is shown differs between these two versions.</p>'


@pytest.mark.parametrize("attack", hostile_html.FRAGMENTS.values(), ids=hostile_html.FRAGMENTS)
def test_a_hostile_notebook_is_harmless_beside_another(attack: str) -> None:
    hostile = made(words(attack), code(attack, shown(text_html=attack)), code("same"))
    other = made(words("text"), code("x", shown(text_html="<b>y</b>")), code("same"))
    for old, new in ((hostile, other), (other, hostile), (hostile, made(code(attack + "x", shown(text_html="z"))))):
        assert faults_of(compare(old, new)) == []


@pytest.mark.parametrize("bad", [b"", b"[]", b'{"nbformat": 9, "cells": []}', b"\xff"])
def test_what_is_no_notebook_is_refused(bad: bytes) -> None:
    for act in (lambda: compare(BASE, bad), lambda: compare(bad, BASE), lambda: merge(BASE, BASE, bad)):
        with pytest.raises(Unreadable):
            act()


@pytest.mark.feature("F8", "F13")
def test_independent_changes_are_put_together() -> None:
    mine = made(code("a = 1\nmine"), code("b = 2", said("two")), code("c = 3"))
    theirs = made(code("a = 1"), code("b = 2", said("two")), code("c = 4"), words("theirs"))
    merged = merge(BASE, mine, theirs)
    assert (sources(merged.notebook), merged.conflicts) == (["a = 1\nmine", "b = 2", "c = 4", "theirs"], ())


@pytest.mark.feature("F8", "F13")
def test_where_both_changed_the_same_both_are_there_and_it_is_told() -> None:
    base, mine, theirs = (
        made({**code(f"a = {word}"), "id": "first"}, {**code("b = 2"), "id": "second"})
        for word in ("1", "mine", "theirs")
    )
    merged = merge(base, mine, theirs)
    first, rest = sources(merged.notebook)
    assert (first.startswith("<<<<<<< "), "a = mine" in first, "a = theirs" in first) == (True, True, True)
    assert rest == "b = 2"
    assert merged.conflicts == (Conflict(cell=0, part="source"),)


TEXTS = st.lists(st.sampled_from(["a = 1", "b = 2", "c = 3", "d = 4\ne = 5"]), max_size=5)


@pytest.mark.feature("F8")
@given(TEXTS, TEXTS)
def test_what_one_alone_changed_is_what_comes_out(base: list[str], changed: list[str]) -> None:
    first, second = made(*map(code, base)), made(*map(code, changed))
    for merged in (merge(first, second, first), merge(first, first, second), merge(first, second, second)):
        assert (sources(merged.notebook), merged.conflicts) == (changed, ())


@given(TEXTS, TEXTS, TEXTS)
def test_no_line_of_either_is_lost_without_a_word(base: list[str], mine: list[str], theirs: list[str]) -> None:
    merged = merge(*(made(*map(code, each)) for each in (base, mine, theirs)))
    if not merged.conflicts:
        text = "\n".join(sources(merged.notebook))
        new = {line for side in (mine, theirs) for cell in side if cell not in base for line in cell.splitlines()}
        assert all(line in text for line in new)
