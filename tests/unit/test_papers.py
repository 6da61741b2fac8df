"""The papers are true: generated parts are current, every finished feature has a test that names it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import pytest

import papers

FINISHED = [
    "A1",
    "A2",
    "A3",
    "A4",
    "A5",
    "A7",
    "B1",
    "B2",
    "B3",
    "B4",
    "B5",
    "B6",
    "B7",
    "C1",
    "C2",
    "C3",
    "C4",
    "C5",
    "C6",
    "C7",
    "C8",
    "C9",
    "C10",
    "C11",
    "C12",
    "C13",
    "C14",
    "C15",
    "C16",
    "C17",
    "C19",
    "C20",
    "C21",
    "C22",
    "D1",
    "D2",
    "D3",
    "D4",
    "D5",
    "D6",
    "D8",
    "D9",
    "E1",
    "E2",
    "E3",
    "E4",
    "E5",
    "E6",
    "E7",
    "E8",
    "E9",
    "E10",
    "E11",
    "F1",
    "F2",
    "F3",
    "F4",
    "F5",
    "F6",
    "F7",
    "F8",
    "F9",
    "F10",
    "F11",
    "F12",
    "F13",
    "F14",
    "G1",
    "G2",
    "G3",
    "G4",
    "G5",
    "G6",
    "G7",
    "G8",
    "G9",
    "G10",
    "G11",
    "H1",
    "H2",
    "H3",
    "H4",
    "H5",
    "H6",
    "I1",
    "I2",
    "J1",
    "J2",
    "K1",
]
"""The features of the steps that are done; a step adds its own."""


@pytest.mark.parametrize("name", papers.PARTS)
def test_a_generated_part_of_the_readme_is_current(name: str) -> None:
    assert papers.part_in(papers.README.read_text(), name) == papers.PARTS[name](), "run: python tests/papers.py"


def _named_features() -> Iterator[str]:
    """Those of all marks: on tests, on a module, on one of a test's parameters."""
    for path in (papers.ROOT / "tests").rglob("test_*.py"):
        for said in re.findall(r"pytest\.mark\.feature\(([^)]*)\)", path.read_text()):
            yield from ast.literal_eval(f"[{said}]")


def test_every_finished_feature_is_held_by_a_test_that_names_it() -> None:
    assert set(FINISHED) - set(_named_features()) == set()


def test_the_readme_shows_the_commands_of_the_makefile() -> None:
    readme = papers.README.read_text()
    makefile = (papers.ROOT / "Makefile").read_text()
    for target in ("up", "down", "accounts", "logs", "clean", "test", "test-fast", "test-full", "lint", "bench"):
        assert f"\n{target}:" in makefile
        assert f"`make {target}`" in readme


def test_each_of_labs_plugins_that_is_off_stands_in_the_table_with_its_reason() -> None:
    table = (papers.ROOT / "images/extension/README.md").read_text()
    off = json.loads((papers.ROOT / "images/python/etc/page_config.json").read_text())["disabledExtensions"]
    assert re.findall(r"^\| `([^`]+)` \| .+ \|$", table, re.MULTILINE) == off
