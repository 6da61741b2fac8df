"""`make up` from a checkout whose path has spaces, by somebody who is not root but may use the Engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment import ROOT, Deployment, with_settings

pytestmark = [
    pytest.mark.docker,
    pytest.mark.full,
    pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else, which takes root"),
]

SOMEBODY = 12345
PARTS = ("terraspawner", "culler", "images", "Makefile", "docker-compose.yml", "jupyterhub_config.py", "pyproject.toml")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "lib", "labextension")


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy that somebody else owns, outside root's folders."""
    top = Path("/var/tmp") / f"terraspawner of {os.getpid()}"
    folder = top / "my checkout"
    folder.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=LEFT_OUT)
        else:
            shutil.copy2(source, folder / part)
    (top / "home").mkdir()
    subprocess.run(["chown", "-R", f"{SOMEBODY}:{SOMEBODY}", top], check=True)
    yield folder
    shutil.rmtree(top)


def as_somebody(checkout: Path, deployment: Deployment, *words: str) -> subprocess.CompletedProcess[str]:
    group = Path("/var/run/docker.sock").stat().st_gid
    become = ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", f"--groups={group}"]
    ours = {name: value for name, value in deployment.environ.items() if name.startswith("TERRA_")}
    return subprocess.run(
        [*become, *words],
        cwd=checkout,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(checkout.parent / "home"), **ours},
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.feature("A1")
def test_a_member_of_the_group_docker_sets_up_from_a_path_with_spaces(deployment: Deployment, checkout: Path) -> None:
    assert deployment.port, "its images are there; making the base image where no registry answers takes root once"
    elsewhere = with_settings("tsp-elsewhere", 96)
    try:
        done = as_somebody(checkout, elsewhere, "make", "up")
        assert done.returncode == 0, done.stdout + done.stderr
        assert elsewhere.get("/hub/health").status_code == 200
        kept = checkout / ".terraspawner" / elsewhere.name
        assert (kept.stat().st_uid, kept.stat().st_mode & 0o777) == (SOMEBODY, 0o700)
    finally:
        gone = as_somebody(checkout, elsewhere, "python3", "-m", "terraspawner.deploy", "clean", "--yes")
    assert gone.returncode == 0, gone.stdout + gone.stderr
