"""A real Engine of its own is restarted: what becomes of running and frozen containers, with `live-restore` or without.

Of the deployment nothing runs here; `test_table.py` does to a whole one what is found here.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest

from second_engine import SecondEngine, second_engine, skip_unless_possible
from terraspawner.containers.readiness import ASKED_TO_END

pytestmark = [pytest.mark.docker, pytest.mark.full]
IMAGE = f"terraspawner/base:{os.environ.get('TERRA_IMAGE_TAG', '0.1.0')}"
WAITS = "trap 'exit 0' TERM; while true; do sleep 0.1; done"


@pytest.fixture(params=[(), ("--live-restore",)], ids=["plain", "live-restore"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    skip_unless_possible()
    with second_engine(tmp_path_factory.mktemp("engine"), "--bridge=none", *request.param) as made:
        # the smallest of our images
        made.carry_over(IMAGE)
        yield made


def state(engine: SecondEngine, container: str) -> tuple[str, int]:
    """Status and exit code."""
    said = json.loads(engine("inspect", "--format", "{{json .State}}", container))
    return said["Status"], said["ExitCode"]


@pytest.mark.feature("C8")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_restart_of_the_engine_leaves(engine: SecondEngine, how: signal.Signals) -> None:
    running, frozen = (engine("run", "--detach", "--network=none", IMAGE, "sh", "-c", WAITS) for _ in range(2))
    engine("pause", frozen)
    engine.restart(how)
    if "--live-restore" in engine.options:
        assert (state(engine, running)[0], state(engine, frozen)[0]) == ("running", "paused")
        engine("unpause", frozen)
        engine("stop", frozen)
        assert state(engine, frozen) == ("exited", 0)
    else:
        # both were asked to end, the frozen one too: `end_of` says who may have asked
        for status, code in (state(engine, running), state(engine, frozen)):
            assert status == "exited"
            assert code in ASKED_TO_END
