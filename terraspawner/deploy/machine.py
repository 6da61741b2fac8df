"""This machine: its Python, its packages, its kernel, its certificate authorities."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from terraspawner.deploy.commands import SetupStopped, attempt, is_there, run

BRIDGE_FILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE")
BUNDLE_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
OLDEST_PYTHON = (3, 10)
FREE_GIB_WANTED = 6
CEPH = ("ceph-mon", "ceph-osd", "radosgw")
"""Programs, and Debian's packages of the same names; what else they need comes with these."""


def is_root() -> bool:
    return os.geteuid() == 0


def check_python(version: Sequence[int] = sys.version_info[:2]) -> None:
    if tuple(version[:2]) < OLDEST_PYTHON:
        present, wanted = (".".join(map(str, v[:2])) for v in (version, OLDEST_PYTHON))
        raise SetupStopped(f"Python {present} is too old: install Python {wanted} or newer and run this with it.")


def distribution(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """What /etc/os-release says. Empty when there is none."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip().strip('"') for name, _, value in pairs}


def has_apt() -> bool:
    """Debian, Ubuntu and what is made of them."""
    return is_there("apt-get")


def apt_install(*packages: str, otherwise: str) -> None:
    """Install Debian packages as root. `otherwise` is the sentence for a machine where that cannot be done."""
    if not has_apt():
        raise SetupStopped(f"{otherwise} Then run this again.")
    if not is_root():
        raise SetupStopped(f"{otherwise} Or run this as root, which installs it ({' '.join(packages)}).")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if attempt(install, extra=quiet, timeout=900).returncode:
        # package lists are missing or old on a fresh machine
        run(["apt-get", "update"], doing="apt-get update", extra=quiet, timeout=300)
        run(install, doing=f"Installing {' '.join(packages)}", extra=quiet, timeout=900)


def ensure_fuse() -> str:
    """What rclone mounts with on this machine, for tests. Raises `SetupStopped`."""
    if is_there("fusermount3"):
        return "is there"
    apt_install("fuse3", otherwise="The tests of mounted buckets need fusermount3: install the package fuse3.")
    return "installed"


def ensure_ceph() -> str:
    """The programs of a small Ceph, an object store for the long tests. Raises `SetupStopped`."""
    if all(map(is_there, CEPH)):
        return "is there"
    names = ", ".join(CEPH)
    apt_install(*CEPH, otherwise=f"The long tests of object stores need Ceph: install the packages {names}.")
    return "installed"


def ensure_bridge_filter() -> None:
    """br_netfilter: without it the kernel does not look at packets between containers (TRAPS.md 18)."""
    if BRIDGE_FILTER.exists() and BRIDGE_FILTER.read_text().strip() == "1":
        return
    sentence = "Packets between containers are not filtered: run `modprobe br_netfilter` as root, then this again."
    if not is_root():
        raise SetupStopped(sentence)
    if not BRIDGE_FILTER.exists():
        attempt(["modprobe", "br_netfilter"])
    if not BRIDGE_FILTER.exists():
        raise SetupStopped(f"{sentence} (The kernel may lack that module.)")
    BRIDGE_FILTER.write_text("1")


def ca_bundle(environ: Mapping[str, str]) -> bytes:
    """The certificate authorities that this machine trusts, as PEM; empty where there is no bundle.

    A site behind a proxy that re-signs TLS has its own authority in there. Raises `SetupStopped` when a variable
    names a file that is not there: going on would end in an unclear TLS error much later.
    """
    for name in BUNDLE_VARIABLES:
        if environ.get(name):
            path = Path(environ[name])
            if not path.is_file():
                raise SetupStopped(f"{name} names {path}, which is not a file. Correct or unset it.")
            return path.read_bytes()
    found = next((Path(name) for name in BUNDLE_FILES if Path(name).is_file()), None)
    return found.read_bytes() if found else b""


def network_mtu(net: Path = Path("/sys/class/net"), routes: Path = Path("/proc/net/route")) -> int:
    """Largest packet of the way out. Docker's bridges take 1500 otherwise, which stalls behind a tunnel."""
    try:
        default = next(
            fields[0]
            for fields in (line.split() for line in routes.read_text().splitlines()[1:])
            if fields[1] == "00000000"
        )
        return min(1500, int((net / default / "mtu").read_text()))
    except (OSError, StopIteration, ValueError):
        return 1500


def check_room(where: Path) -> None:
    """The images need about 3 GB, building them twice that. `where` is the Engine's folder."""
    while not where.exists():
        where = where.parent
    try:
        free = shutil.disk_usage(where).free / 1024**3
    except OSError:
        return
    if free < FREE_GIB_WANTED:
        raise SetupStopped(
            f"Only {free:.1f} GiB are free on the disk of {where}: free some, building takes {FREE_GIB_WANTED} GiB."
        )
