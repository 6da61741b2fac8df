"""Programs of Debian 13 for one test: fetched with a source of their own, unpacked into a folder, never installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from terraspawner.deploy.images import mirror_of
from terraspawner.deploy.rootfs import own_mirror

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
DEBOOTSTRAP = Path("/usr/sbin/debootstrap")


def unpacked(folder: Path, *packages: str) -> Path:
    """The packages' files below `folder`. Skips the test on a machine that cannot read Debian's packages.

    The machine's own apt is not touched: lists, cache and sources of this one lie in `folder`.
    """
    missing = [program for program in ("apt-get", "dpkg") if not shutil.which(program)]
    missing += [str(path) for path in (KEYRING, DEBOOTSTRAP) if not path.exists()]
    if missing:
        pytest.skip(f"takes programs from Debian, for which this machine lacks {', '.join(missing)}")
    apt = folder / "apt"
    for name in ("state/lists/partial", "cache/archives/partial", "etc", "packages"):
        (apt / name).mkdir(parents=True)
    (apt / "state/status").touch()
    mirror = mirror_of(os.environ) or own_mirror(DEBOOTSTRAP)
    (apt / "etc/sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror} trixie main\n")
    proxy = _run(["apt-config", "dump", "--format", "%v", "Acquire::http::Proxy"])
    options = {
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "state/status",
        "Dir::Cache": apt / "cache",
        "Dir::Etc": apt / "etc",
        # else apt gives up root for a user who may not look into this folder
        "APT::Sandbox::User": "root",
        **({"Acquire::http::Proxy": proxy} if proxy else {}),
    }
    apt_get = ["apt-get", "--quiet", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]
    _run([*apt_get, "update"])
    _run([*apt_get, "download", *packages], cwd=apt / "packages")
    root = folder / "root"
    for package in (apt / "packages").glob("*.deb"):
        _run(["dpkg", "--extract", str(package), str(root)])
    shutil.rmtree(apt)
    return root


def _run(command: list[str], cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout.strip()
