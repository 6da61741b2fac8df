"""The bench is run by hand now and then: here it is held that it still can be."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import papers


@pytest.mark.slow
def test_the_bench_finds_all_its_parts() -> None:
    command = [sys.executable, "-m", "tests.bench", "--help"]
    paths = {**os.environ, "PYTHONPATH": str(papers.ROOT / "tests")}
    done = subprocess.run(command, cwd=papers.ROOT, env=paths, check=False, capture_output=True, text=True)
    assert (done.returncode, "--rounds" in done.stdout) == (0, True), done.stderr
