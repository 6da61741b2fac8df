"""Many processes acquire one lease at once, on both databases: one has it, the others are told who."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import builders
import lease_races
from postgresql import emptied
from terraspawner.domain.access import Role
from terraspawner.operations import members
from terraspawner.operations.context import Context

TESTS = Path(lease_races.__file__).parent


@pytest.fixture(params=["sqlite", "postgresql"])
def context(request: pytest.FixtureRequest, tmp_path: Path) -> Context:
    """On a database of its own, with durable writes where the database has them."""
    if request.param == "sqlite":
        return builders.context(tmp_path)
    made = builders.context_on(request.getfixturevalue("postgresql").fresh(), tmp_path, builders.Clock())
    made.database.migrate()
    emptied(made.database, builders.template_rows())
    return made


@pytest.mark.feature("F1")
@pytest.mark.parametrize(
    ("processes", "rounds"),
    [
        pytest.param(8, 25, marks=pytest.mark.slow, id="few"),
        pytest.param(16, 2000, marks=pytest.mark.full, id="many"),
    ],
)
def test_of_all_who_acquire_at_once_one_has_it(context: Context, processes: int, rounds: int) -> None:
    workspace = builders.workspace(context)
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
    context.database.close()
    ran = subprocess.run(
        [
            sys.executable,
            lease_races.__file__,
            context.database.url,
            workspace.id,
            str(processes),
            str(rounds),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    *wins, refused = [json.loads(line) for line in ran.stdout.splitlines()]
    assert sorted(round_ for round_, _, _ in wins) == list(range(rounds))  # one each time
    assert [fence for _, fence, _ in sorted(wins)] == list(range(1, rounds + 1))
    assert refused == {"lease-held": (processes - 1) * rounds}
