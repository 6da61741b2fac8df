"""The whole product on Debian 13's Engine and its compose plugin, beside the machine's own Engine.

The tests that run there are the ones that run here; only Engine, client and compose are others.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from debian import unpacked
from deployment import ROOT, unique
from second_engine import SecondEngine, second_engine, skip_unless_possible
from terraspawner.deploy import images

pytestmark = [pytest.mark.docker, pytest.mark.full]

ENGINE, PLUGIN = "26.1.5", "2.26.1"
SITE = 49
"""A deployment name of its own; its networks are in a network namespace where there are no others."""
THERE = (
    "tests/hub/test_journey_by_rest.py::test_a_researcher_carries_work_through_every_state",
    "tests/hub/test_frozen.py::test_a_wake_goes_on_with_the_variables_and_the_same_token",
    "tests/host/test_deployment.py",
)
"""Created, a cell run, saved, paused, resumed, deleted with its disk and without; frozen and woken; what is closed."""


@dataclass(frozen=True, kw_only=True)
class Newer:
    """The newer Engine, and programs run as on a machine that has it and no other."""

    engine: SecondEngine

    def run(self, *words: str, timeout: float = 900, **settings: str) -> subprocess.CompletedProcess[str]:
        ours = {"TERRASPAWNER_TEST_SITE": str(SITE), "TERRASPAWNER_TEST_KEEP": "yes", "TERRA_IMAGE_TAG": images.TAG}
        kept = {name: value for name, value in self.engine.environ.items() if not name.startswith("TERRA")}
        return subprocess.run(
            self.engine.inside(*words),
            cwd=ROOT,
            env={**kept, **ours, **settings},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def deployments(self) -> set[str]:
        """Names of what the tests left up there."""
        shown = self.engine("ps", "--all", "--format", '{{.Label "terraspawner.deployment"}}')
        return set(shown.split())


@pytest.fixture
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newer]:
    skip_unless_possible("unshare", "nsenter", "ip", "iptables")
    folder = tmp_path_factory.mktemp(unique("debian"))
    root = unpacked(folder, "docker.io", "docker-cli", "containerd", "runc", "docker-compose")
    programs = (root / "usr/bin", root / "usr/sbin")
    runc = root / "usr/sbin/runc"
    if subprocess.run([runc, "--version"], check=False, capture_output=True).returncode:
        # it wants a C library that is newer than this machine's: this machine's own serves
        runc.unlink()
        runc.symlink_to(
            shutil.which("runc") or pytest.skip("Debian 13's runc does not run here, and there is no other")
        )
    built = subprocess.run([sys.executable, "-m", "terraspawner.deploy", "images"], cwd=ROOT, check=False)
    assert built.returncode == 0
    with second_engine(tmp_path_factory.mktemp("newer"), programs=programs) as engine:
        plugins = Path(engine.environ["DOCKER_CONFIG"]) / "cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-compose").symlink_to(root / "usr/libexec/docker/cli-plugins/docker-compose")
        engine.carry_over(images.BASE, *(image.tag for image in images.IN_ORDER.values()))
        here = Newer(engine=engine)
        try:
            yield here
        finally:
            for name in here.deployments():
                here.run(sys.executable, "-m", "terraspawner.deploy", "clean", "--yes", TERRA_DEPLOYMENT=name)
    shutil.rmtree(folder)


@pytest.mark.feature("A1")
def test_the_product_runs_on_a_newer_engine_with_the_compose_plugin(newer: Newer) -> None:
    versions = json.loads(newer.engine("version", "--format", "{{json .}}"))
    assert [versions[side]["Version"].partition("+")[0] for side in ("Client", "Server")] == [ENGINE, ENGINE]

    done = newer.run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *THERE)
    print(done.stdout[-6000:], done.stderr[-2000:])
    assert done.returncode == 0
    assert re.search(r"^=+ (\d+) passed in [^,]*=$", done.stdout, re.MULTILINE), "none was skipped"

    # the containers themselves say which compose made them
    wanted = "label=com.docker.compose.service"
    made_by = newer.engine("ps", "--filter", wanted, "--format", '{{.Label "com.docker.compose.version"}}').split()
    assert {version.partition("-")[0] for version in made_by} == {PLUGIN}

    (name,) = newer.deployments()
    gone = newer.run(sys.executable, "-m", "terraspawner.deploy", "clean", "--yes", TERRA_DEPLOYMENT=name)
    assert gone.returncode == 0, gone.stdout + gone.stderr
    label = f"label=terraspawner.deployment={name}"
    for words in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
        assert newer.engine(*words, "--quiet", "--filter", label) == ""
    assert not (ROOT / ".terraspawner" / name).exists()
