"""Real servers of object stores, each a process on a port of its own on this machine: moto (S3), Azurite (Azure),
s3rver, an S3 that says yes to every condition, and Ceph's gateway, an S3 that wants a condition its own way.

What they keep is in memory or in a folder that goes. Sockets of theirs are for this machine alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx

from npm import node_modules
from ports import HeldPort
from stores import ceph as cephs
from terraspawner.storage.options import Options
from waiting import until

AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, the same everywhere."""
S3_CREDENTIALS = "AWS_ACCESS_KEY_ID=S3RVER\nAWS_SECRET_ACCESS_KEY=S3RVER\n"
"""s3rver's own; moto takes any, Ceph's what it is told."""


_PROGRAMS = {"azurite": "azurite/dist/src/blob/main.js", "s3rver": "s3rver/bin/s3rver.js"}


def program(name: str) -> list[str]:
    """The first words of the command that starts a server from npm."""
    return ["node", str(node_modules(Path(__file__).parent) / _PROGRAMS[name])]


@dataclass
class Server:
    """A store that runs. `scheme` and `endpoint` are how it is spoken to."""

    scheme: str
    endpoint: str
    credentials: str = field(repr=False)
    start: Callable[[], subprocess.Popen[bytes]]
    make: Callable[[str, str], None]
    """A bucket of this name, given the endpoint."""
    lose: Callable[[str, str], None]
    """Delete it with all that is in it, as `make` is told."""
    port: HeldPort
    """Held also while the server is down: nobody else shall answer there."""
    process: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=itertools.count)

    def options(self, seconds: float = 8.0, endpoint: str = "") -> Options:
        """`endpoint` is that of whoever stands in front of it."""
        region = "us-east-1" if self.scheme == "s3" else ""
        endpoint = endpoint or self.endpoint
        return Options(endpoint=endpoint, region=region, credentials=self.credentials, seconds=seconds)

    def fresh(self) -> str:
        """The URL of a new, empty bucket."""
        name = f"bucket-{next(self._names)}"
        self.make(self.endpoint, name)
        return f"{self.scheme}://{name}"

    def open(self) -> None:
        """Start it, and wait until it answers."""
        self.process = self.start()
        until(self._answers, f"{self.endpoint} answers", within=60)

    def _answers(self) -> bool:
        assert self.process is not None
        ended = self.process.poll()
        assert ended is None, f"the server at {self.endpoint} ended with {ended}"
        try:
            httpx.get(self.endpoint, timeout=5)
        except httpx.HTTPError:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once; nothing where it does not run."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None


@contextmanager
def s3(address: str = "127.0.0.1") -> Iterator[Server]:
    def words(port: str, _: Path) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", address, "-p", port]

    with _served("s3", S3_CREDENTIALS, words, make_s3, lose_s3, address) as made:
        yield made


@contextmanager
def azure() -> Iterator[Server]:
    credentials = f"AZURE_STORAGE_ACCOUNT_NAME={AZURE_ACCOUNT}\nAZURE_STORAGE_ACCOUNT_KEY={AZURE_KEY}\n"

    def words(port: str, folder: Path) -> list[str]:
        quiet = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        return [*program("azurite"), "--blobHost", "127.0.0.1", "--blobPort", port, "-l", str(folder), *quiet]

    with _served("az", credentials, words, make_azure, lose_azure, path=f"/{AZURE_ACCOUNT}") as made:
        yield made


@contextmanager
def lying() -> Iterator[Server]:
    def words(port: str, folder: Path) -> list[str]:
        return [*program("s3rver"), "-a", "127.0.0.1", "-p", port, "-d", str(folder), "--silent"]

    with _served("s3", S3_CREDENTIALS, words, make_s3, lose_s3) as made:
        yield made


@contextmanager
def ceph(address: str = "127.0.0.1", objects: str = cephs.IN_MEMORY) -> Iterator[Server]:
    """Its gateway is what is killed and opened again; the cluster behind it keeps what is in the buckets."""
    with _ceph(make_signed, address, objects) as made:
        yield made


@contextmanager
def versioned_ceph() -> Iterator[Server]:
    """The same with buckets that keep versions; then it says yes to one condition and no to the other."""
    with _ceph(make_versioned) as made:
        yield made


@contextmanager
def _ceph(
    make: Callable[[str, str], None], address: str = "127.0.0.1", objects: str = cephs.IN_MEMORY
) -> Iterator[Server]:
    with cephs.cluster("S3RVER", "S3RVER", objects) as configuration:

        def words(port: str, _: Path) -> list[str]:
            return cephs.gateway(configuration, port, address)

        with _served("s3", S3_CREDENTIALS, words, make, lose_s3, address) as made:
            yield made


@contextmanager
def _served(
    scheme: str,
    credentials: str,
    words: Callable[[str, Path], list[str]],
    make: Callable[[str, str], None],
    lose: Callable[[str, str], None],
    address: str = "127.0.0.1",
    *,
    path: str = "",
) -> Iterator[Server]:
    folder = Path(mkdtemp(prefix="tsp-store-"))
    port = HeldPort(address)
    command = words(str(port.number), folder)
    log = (folder / "log").open("wb")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE_"))}

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=clean)

    server = Server(scheme, f"http://{address}:{port.number}{path}", credentials, start, make, lose, port)
    try:
        server.open()
        yield server
    finally:
        server.kill()
        log.close()
        shutil.rmtree(folder)


def make_s3(endpoint: str, name: str) -> None:
    httpx.put(f"{endpoint}/{name}", timeout=30).raise_for_status()


def make_signed(endpoint: str, name: str) -> None:
    signing(endpoint).create_bucket(Bucket=name)


def make_versioned(endpoint: str, name: str) -> None:
    make_signed(endpoint, name)
    signing(endpoint).put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def lose_s3(endpoint: str, name: str) -> None:
    client = signing(endpoint)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
        for found in page.get("Contents", []):
            client.delete_object(Bucket=name, Key=found["Key"])
    client.delete_bucket(Bucket=name)


def signing(endpoint: str) -> Any:
    """S3's own client: this one signs, and asks for what ours never does."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="S3RVER",
        aws_secret_access_key="S3RVER",
    )


def make_azure(endpoint: str, name: str) -> None:
    _ask_azure("PUT", endpoint, name)


def lose_azure(endpoint: str, name: str) -> None:
    _ask_azure("DELETE", endpoint, name)


def _ask_azure(method: str, endpoint: str, name: str) -> None:
    """Of a container. Signed by the account's key, as Azure wants it (Authorize with Shared Key)."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    canonical = "".join(f"{key}:{value}\n" for key, value in sorted(headers.items()))
    resource = f"/{AZURE_ACCOUNT}{urlsplit(endpoint).path}/{name}\nrestype:container"
    text = f"{method}\n\n\n\n\n\n\n\n\n\n\n\n{canonical}{resource}"
    digest = hmac.new(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(digest).decode()}"
    url = f"{endpoint}/{name}?restype=container"
    httpx.request(method, url, headers=headers, timeout=30).raise_for_status()
