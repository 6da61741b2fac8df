"""PostgreSQL's programs, which tests start as a server of their own. The deployment itself does without them."""

from __future__ import annotations

from pathlib import Path

from terraspawner.deploy import machine
from terraspawner.deploy.commands import SetupStopped

INSTALLED = Path("/usr/lib/postgresql")
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/terraspawner.conf")
"""Read by Debian's package as it is installed: it would make a database server of the machine's own, and start it."""


def programs() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, the newest there is."""
    found = [folder for folder in INSTALLED.glob("*/bin") if (folder / "postgres").exists()]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


def ensure_programs() -> str:
    """Raises `SetupStopped` where they are missing and cannot be installed."""
    if found := programs():
        return f"{found.parent.name} is there"
    otherwise = "The tests of the database need PostgreSQL's programs: install the package postgresql."
    if machine.has_apt() and machine.is_root() and not NO_CLUSTER.parent.exists():
        NO_CLUSTER.parent.mkdir(parents=True)
        NO_CLUSTER.write_text("create_main_cluster = false\n")
    machine.apt_install("postgresql", otherwise=otherwise)
    if programs() is None:
        raise SetupStopped(f"{otherwise} It is not in {INSTALLED}.")
    return "installed"
