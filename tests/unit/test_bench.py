"""The bench is run by hand now and then: here it is held that it still can be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import papers
from tests.bench import sections


@pytest.mark.slow
def test_the_bench_finds_all_its_parts() -> None:
    command = [sys.executable, "-m", "tests.bench", "--help"]
    paths = {**os.environ, "PYTHONPATH": str(papers.ROOT / "tests")}
    done = subprocess.run(command, cwd=papers.ROOT, env=paths, check=False, capture_output=True, text=True)
    assert (done.returncode, "--rounds" in done.stdout) == (0, True), done.stderr


def test_a_measurement_renews_its_own_section_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text("# Results\n\nwhat they are\n\n<!-- saves -->\nold\n<!-- /saves -->\n")
    for name, text in (("load", r"two \1"), ("saves", "new"), ("load", r"three \1")):
        sections.put(page, name, text)
    load = "<!-- load -->\nthree \\1\n<!-- /load -->"
    assert page.read_text() == f"# Results\n\nwhat they are\n\n<!-- saves -->\nnew\n<!-- /saves -->\n\n{load}\n"


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_quantile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert sections.quantile(range(100, 0, -1), share) == expected
