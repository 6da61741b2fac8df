"""The workspaces service as a deployment runs it: a process of its own, on a real database, with buckets in a folder of
this machine's disk; and environments that run, as rows and keys, for those who play them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

import builders
import postgresql
from papers import ROOT
from terraspawner import wiring
from terraspawner.domain.account import Account
from terraspawner.operations import accounts, environments, notebooks
from terraspawner.operations.context import Context
from terraspawner.operations.passwords import Passwords
from terraspawner.settings import Settings
from tests.bench.processes import processor_seconds
from tests.bench.surroundings import CONTAINER, Surroundings, surrounded
from waiting import until

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
DATABASES = (SQLITE, POSTGRESQL)
PORT = 8010
_STARTED = itertools.count()
HUB_TOKEN = "s" * 64
"""What it calls the Hub by, as `builders.settings` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """An environment that runs, and the workspace that it belongs to."""

    user: str
    namespace: str
    name: str
    workspace_id: str
    id: str
    key: str

    def place(self, path: str) -> notebooks.Place:
        return notebooks.Place(user=self.user, namespace=self.namespace, name=self.name, path=path)

    def address(self, path: str) -> str:
        """Below the API."""
        return f"workspaces/{self.namespace}/{self.name}/notebooks/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`context` is our own view of its database and buckets; `url` that of its API."""

    context: Context
    url: str
    surroundings: Surroundings
    process: subprocess.Popen[bytes]

    def environment(self, user: str, name: str) -> Inside:
        """One that runs, of a person who is made for it."""
        accounts.ensure_account(self.context, Account(name=user, email=f"{user}@example.org"), f"{user}-secret")
        at = builders.workspace(self.context, user, name)
        ticket = environments.admit(self.context, user=user, slug=at.slug)
        here = ticket.environment
        self.surroundings.hub.servers[(user, at.slug)] = {"ready": True, "pending": None}
        self.surroundings.containers.add(here.id)
        self.surroundings.disks.add(here.disk_id)
        environments.started(self.context, here.id, here.start_number, CONTAINER)
        return Inside(
            user=user, namespace=at.namespace, name=at.name, workspace_id=at.id, id=here.id, key=ticket.key
        )  # fmt: skip

    def client(self, inside: Inside) -> httpx.Client:
        headers = {"Authorization": f"environment {inside.key}"}
        return httpx.Client(base_url=f"{self.url}/", headers=headers, timeout=60)

    def processor_seconds(self) -> float:
        """What it has used so far, the preview's worker left out."""
        return processor_seconds(self.process.pid)


@contextmanager
def running(kind: str, hub_api_url: str = "", store: Mapping[str, str] | None = None) -> Iterator[Service]:
    """The service on a new database of this kind; with the tests' Hub where no other is named, and buckets in a folder
    where no settings say which `store`."""
    with TemporaryDirectory(prefix="tsp-bench-") as name, surrounded(Path(name)) as around:
        folder = Path(name)
        with _database(kind, folder) as url:
            settings = builders.settings(
                folder,
                database_url=url,
                hub_api_url=hub_api_url or around.hub_api_url,
                host_socket=str(around.socket),
                **(store or {}),
            )
            context = replace(wiring.build_context(settings), passwords=Passwords(builders.quick_hasher()))
            context.database.migrate()
            around.hub.context = context
            with _process(settings, folder) as (process, api):
                yield Service(context=context, url=api, surroundings=around, process=process)
            context.database.close()


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == SQLITE:
        yield f"sqlite:///{folder}/terraspawner.sqlite"
        return
    with postgresql.served(settings=()) as server:  # as it comes: it syncs every commit
        yield server.fresh()


@contextmanager
def _process(settings: Settings, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """``python -m terraspawner.web`` on an address of this machine that is nobody else's; of ours four at once."""
    number, block = os.getpid(), 1 + 63 * (next(_STARTED) % 4)
    address = f"127.{block + (number >> 16)}.{(number >> 8) & 255}.{max(1, number & 255)}"
    names = (
        "database_url",
        "buckets",
        "buckets_host_path",
        "buckets_endpoint",
        "buckets_region",
        "buckets_credentials",
        "secret_key",
        "service_token",
        "hub_api_url",
        "host_socket",
    )
    own = {f"TERRA_{name.upper()}": str(getattr(settings, name)) for name in names}
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "terraspawner.web"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERRA_WEB_ADDRESS": address, **own},
            cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        url = f"http://{address}:{PORT}{settings.api_prefix}"
        until(lambda: _answers(process, url, folder / "service.log"), "the service answers")
        yield process, url
    finally:
        process.terminate()
        process.wait(30)


def _answers(process: subprocess.Popen[bytes], url: str, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/health", timeout=10).status_code == 200
    return False
