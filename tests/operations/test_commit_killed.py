"""The process that saves is killed for real, at every step; then others go on. On both databases, in a folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import builders
import saving_process
from postgresql import emptied
from saving_process import PLACE, STEPS, context_of, text_of
from terraspawner.db import notebook_records
from terraspawner.domain.history import NotebookVersion, VersionKind
from terraspawner.operations import notebooks, settling
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.storage import blobs
from terraspawner.storage.base import digest_of

TESTS = Path(saving_process.__file__).parent
KILLED = -signal.SIGKILL


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.full)])
def context(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Context]:
    """As the service has it: the bucket is a folder."""
    if request.param == "sqlite":
        made = builders.context(tmp_path)
    else:
        made = builders.context_on(request.getfixturevalue("postgresql").fresh(), tmp_path, builders.Clock())
        made.database.migrate()
        emptied(made.database, builders.template_rows())
    real = context_of(made.database.url, str(tmp_path))
    made.database.close()
    builders.workspace(real)
    yield real
    real.database.close()


def process(context: Context, folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, saving_process.__file__, context.database.url, str(folder), *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
    )


def history(context: Context, workspace_id: str) -> list[NotebookVersion]:
    """The oldest first."""
    with context.database.read() as connection:
        row = notebook_records.notebook_at(connection, workspace_id, PLACE.path)
        return notebook_records.versions_of(connection, row.id)[::-1] if row else []


def workspace_of(context: Context) -> str:
    return notebooks.workspaces.list_workspaces(context, "ana")[0].workspace.id


@pytest.mark.slow
@pytest.mark.feature("F7")
@pytest.mark.parametrize("is_new", [False, pytest.param(True, marks=pytest.mark.full)], ids=["known", "new"])
@pytest.mark.parametrize("step", STEPS)
def test_a_save_that_is_killed_is_there_whole_or_not_at_all(
    context: Context, tmp_path: Path, step: str, is_new: bool
) -> None:
    before = [] if is_new else [text_of("first")]
    for text in before:
        notebooks.save_notebook(context, PLACE, text, None)
    killed = process(context, tmp_path, "once", step, "save-1", "killed")
    assert (killed.communicate()[0], killed.returncode) == ("", KILLED)
    assert settling.settle_all(context) == 0
    at = workspace_of(context)
    made = [each.sha256 for each in history(context, at)]
    assert made == [digest_of(text) for text in [*before, *([] if step == "blob" else [text_of("killed")])]]
    if made:
        _, info = context.bucket(at).read(FOLDER + PLACE.path)
        assert info.sha256 == made[-1]
    # the sender did not hear of it and sends it again, on the version that it had
    base = None if is_new else history(context, at)[0].version
    again = notebooks.save_notebook(context, PLACE, text_of("killed"), base, save_id="save-1")
    assert [each.sha256 for each in history(context, at)] == [digest_of(text) for text in [*before, text_of("killed")]]
    assert notebooks.read_notebook(context, PLACE)[1].version == again.version


@pytest.mark.full
@pytest.mark.feature("F7", "F10")
def test_many_who_save_stall_and_die_lose_nothing_that_was_acknowledged(context: Context, tmp_path: Path) -> None:
    at = workspace_of(context)
    notebooks.save_notebook(context, PLACE, text_of("first"), None)
    acknowledged, kills = [], 0
    for turn in range(12):
        running = [process(context, tmp_path, "storm", f"{turn}-{who}", "60") for who in range(4)]
        for each in running:
            said, _ = each.communicate()
            acknowledged += [json.loads(line) for line in said.splitlines() if line.endswith("}")]
            kills += each.returncode == KILLED
            assert each.returncode in (0, KILLED)
    assert settling.settle_all(context) == 0
    settling.present(context, at, PLACE.path)
    versions = history(context, at)
    assert [each.number for each in versions] == list(range(1, len(versions) + 1))
    by_save = {each.save_id: each for each in versions}
    assert len(by_save) == len(versions)
    for told in acknowledged:
        made = by_save[told["save_id"]]
        assert made.sha256 == told["sha256"]
        before = versions[made.number - 2]
        assert before.sha256 == told["base"] or before.kind is VersionKind.EXTERNAL
    bucket = context.bucket(at)
    for each in versions:
        assert digest_of(blobs.read(bucket, each.sha256)) == each.sha256
    assert bucket.stat(FOLDER + PLACE.path).sha256 == versions[-1].sha256
    assert kills > 0
    assert len(acknowledged) > kills
