"""Debian's root file system, which the base image stands on: from a registry, or made here by ``debootstrap``."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from terraspawner.deploy import engine, machine, registry
from terraspawner.deploy.commands import SetupStopped, is_there, run

ROOTFS = "terraspawner/rootfs:trixie"


def make(upstream: str, mirror: str) -> str:
    """Make `ROOTFS` anew. Returns a few words on how. Raises `SetupStopped`."""
    refusal = registry.pull(upstream)
    if not refusal:
        engine.docker("tag", upstream, ROOTFS, doing=f"Tagging {upstream}")
        return f"made from {upstream}"
    _debootstrap(upstream, mirror)
    return f"made by debootstrap: {upstream} cannot be had, since {refusal}"


def _debootstrap(upstream: str, mirror: str) -> None:
    if not machine.is_root():
        raise SetupStopped(
            "No image registry answers, and making the base image here takes root: run this as root once."
        )
    if not is_there("debootstrap") or not is_there("wget"):
        otherwise = (
            f"No image registry answers and debootstrap is missing: install it, or load {upstream} (docker load)."
        )
        machine.apt_install("debootstrap", "debian-archive-keyring", "wget", otherwise=otherwise)
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    if not keyring.exists():
        machine.apt_install(
            "debian-archive-keyring", otherwise="Debian's archive keys are missing: install debian-archive-keyring."
        )
    scripts = Path("/usr/share/debootstrap/scripts")
    # an older debootstrap does not know trixie by name; all newer suites are made alike
    script = next(path for path in (scripts / "trixie", scripts / "sid") if path.exists())
    source = mirror or own_mirror(Path("/usr/sbin/debootstrap"))
    # not in the checkout or /tmp, which may forbid device files
    folder = Path(tempfile.mkdtemp(prefix="terraspawner-", dir="/var/tmp"))
    try:
        root = folder / "root"
        run(
            ["debootstrap", "--variant=minbase", f"--keyring={keyring}", "trixie", str(root), source, str(script)],
            doing="debootstrap (Debian trixie)",
            timeout=1800,
        )
        _import(root, folder / "rootfs.tar")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def own_mirror(debootstrap: Path) -> str:
    """Where debootstrap takes Debian from unless it is told otherwise."""
    named = re.search(r'^DEF_MIRROR="?([^"\s]+)', debootstrap.read_text(), re.MULTILINE)
    if named is None:
        raise SetupStopped("debootstrap names no mirror of its own: set TERRA_DEBIAN_MIRROR to one.")
    return named.group(1)


def _import(root: Path, archive: Path) -> None:
    left_out = ["./dev/*", "./proc/*", "./sys/*", "./var/cache/apt/*", "./var/lib/apt/lists/*", "./var/log/*"]
    left_out += [
        "./usr/share/man/*",
        "./usr/share/info/*",
        "./usr/share/locale/*",
        "./etc/resolv.conf",
        "./etc/hostname",
    ]
    excluded = [f"--exclude={pattern}" for pattern in left_out]
    run(["tar", "-C", str(root), *excluded, "-cf", str(archive), "."], doing="Packing Debian", timeout=300)
    engine.docker("import", str(archive), ROOTFS, doing="Importing Debian", timeout=300)
