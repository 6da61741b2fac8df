"""The Engine is restarted while a container has a disk that is an image, with `live-restore` or without."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from disk_process import ID, SIZE
from second_engine import SecondEngine, second_engine, skip_unless_possible
from terraspawner.containers.disk_images import HOME, MOUNTED

pytestmark = [pytest.mark.docker, pytest.mark.full, pytest.mark.feature("D4")]

ROOT = Path(__file__).parents[2]
IMAGE = f"terraspawner/base:{os.environ.get('TERRA_IMAGE_TAG', '0.1.0')}"
WRITES = "trap 'exit 0' TERM; touch /home/kept; while true; do date > /home/now; sleep 0.1; done"


@pytest.fixture(params=[(), ("--live-restore",)], ids=["plain", "live-restore"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    skip_unless_possible()
    with second_engine(tmp_path_factory.mktemp("engine"), "--bridge=none", *request.param) as made:
        made.carry_over(IMAGE)
        yield made


def do(engine: SecondEngine, act: str) -> None:
    """To the disk, in the view of the files that this Engine has."""
    words = [sys.executable, "-m", "disk_process", str(engine.folder / "disks"), act, "never:"]
    subprocess.run(
        engine.inside(*words, mounts=True), env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}, check=True
    )


def devices(engine: SecondEngine) -> list[str]:
    image = engine.folder / "disks" / ID / "disk.img"
    said = subprocess.run(["losetup", "-j", str(image)], capture_output=True, text=True, check=True)
    return said.stdout.splitlines()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_disk_comes_through_a_restart_of_the_engine(engine: SecondEngine, how: signal.Signals) -> None:
    do(engine, "mount")
    device = engine.folder / "disks" / ID / MOUNTED / HOME
    mount = f"--mount=type=bind,source={device},target=/home"
    box = engine("run", "--detach", "--network=none", mount, IMAGE, "sh", "-c", WRITES)
    engine.restart(how)
    if "--live-restore" in engine.options:
        check_it_has_the_disk(engine, box)
    for _ in range(2):
        engine.ask("stop", box)
        do(engine, "unmount")
        assert devices(engine) == []
        refused = engine.ask("start", box)
        assert (refused.returncode, str(device) in refused.stderr) == (1, True), refused.stderr
        do(engine, "mount")
        assert len(devices(engine)) == 1
        engine("start", box)
        check_it_has_the_disk(engine, box)
    engine("rm", "--force", box)
    do(engine, "remove")
    assert devices(engine) == []


def check_it_has_the_disk(engine: SecondEngine, box: str) -> None:
    size = int(engine("exec", box, "df", "--output=size", "-B1", "/home").split()[-1])
    assert 0.7 * SIZE < size < SIZE
    assert engine("exec", box, "test", "-e", "/home/kept") == ""
