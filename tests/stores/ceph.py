"""A Ceph cluster as small as one can be: a monitor, and one daemon that keeps objects.

Debian's programs, in a folder that goes; who may use its gateway is in there. Nobody has to sign in to the cluster
itself, which listens on this machine's own address alone.
"""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from ports import HeldPort

CONFIGURATION = """
[global]
fsid = {cluster}
mon host = {monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
paxos propose interval = 0.05
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data = {folder}/monitor
osd data = {folder}/objects
{objects}
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
rgw data = {folder}
run dir = {folder}
log file = {folder}/$name.log
admin socket = {folder}/$name.socket
pid file =
keyring = {folder}/keyring
"""


IN_MEMORY = "osd objectstore = memstore"
"""A gigabyte of them."""
ON_DISK = """
osd objectstore = bluestore
bluestore block size = 42949672960
osd memory target = 939524096
"""
"""In a sparse file of 40 GB; the memory is the least that it takes."""


@contextmanager
def cluster(key: str, secret: str, objects: str = IN_MEMORY) -> Iterator[Path]:
    """The file in which the cluster's programs read where it is; `key` and `secret` are those of its gateway's user."""
    folder = Path(mkdtemp(prefix="tsp-ceph-", dir="/tmp"))  # a socket's path has room for a hundred characters
    port, name = HeldPort(), str(uuid.uuid4())
    monitor = f"[v2:127.0.0.1:{port.number}]"
    configuration, keyring = folder / "ceph.conf", folder / "keyring"
    configuration.write_text(CONFIGURATION.format(cluster=name, monitor=monitor, folder=folder, objects=objects))
    keyring.touch()
    for each in ("monitor", "objects"):
        (folder / each).mkdir()
    at = ["-c", str(configuration)]
    try:
        with ExitStack() as running:
            _done("monmaptool", "--create", "--fsid", name, "--addv", "a", monitor, str(folder / "map"))
            _done("ceph-mon", *at, "-i", "a", "--mkfs", "--monmap", str(folder / "map"))
            running.enter_context(_runs(folder, "ceph-mon", *at, "-i", "a", "-f"))
            daemon = str(uuid.uuid4())
            _done("ceph", *at, "--connect-timeout", "60", "osd", "new", daemon)
            _done("ceph-osd", *at, "-i", "0", "--mkfs", "--osd-uuid", daemon)
            running.enter_context(_runs(folder, "ceph-osd", *at, "-i", "0", "-f"))
            user = ["--uid", "lab", "--display-name", "lab", "--access-key", key, "--secret-key", secret]
            _done("radosgw-admin", *at, "user", "create", *user)
            yield configuration
    finally:
        shutil.rmtree(folder)


def gateway(configuration: Path, port: str, address: str) -> list[str]:
    """The command of a gateway to the cluster. It would speak to the monitor in secret, for which there is no key."""
    listens = ["--rgw-frontends", f"beast endpoint={address}:{port}"]
    return ["radosgw", "-c", str(configuration), "-n", "client.gateway", "-f", "--ms-mon-client-mode", "crc", *listens]


def _done(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"


@contextmanager
def _runs(folder: Path, *words: str) -> Iterator[None]:
    with (folder / "said").open("ab") as said:
        process = subprocess.Popen(words, stdout=said, stderr=said)
    try:
        yield
    finally:
        process.kill()
        process.wait(30)
