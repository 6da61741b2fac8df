"""Pages of a folder with very many files, by REST at the service in a process of its own, beside what the store itself
takes for as much."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from object_store import SIGNED
from stores import servers
from terraspawner.operations.files import MOST
from tests.bench import service
from tests.bench.service import Inside, Service

FILES = 100_000
ROUNDS, ROUNDS_IN_S3 = 10, 1
BUCKET, PREFIX = "lab", "terra"
PATIENCE = 180
"""Seconds for one page."""
PAGES = {"first": "", "middle": f"f{FILES // 2:06}"}
"""The name after which each begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Seconds of each round, by page; `alone` is the store's own. `refused` are pages that the service gave up."""

    ours: dict[str, list[float]] = field(default_factory=lambda: {page: [] for page in PAGES})
    alone: dict[str, list[float]] = field(default_factory=lambda: {page: [] for page in PAGES})
    refused: set[str] = field(default_factory=set)


def measure(rounds: int | None) -> dict[str, Figures]:
    return {"directory": _in_directory(rounds or ROUNDS), "S3 (moto)": _in_s3(min(rounds or ROUNDS, ROUNDS_IN_S3))}


def _in_directory(rounds: int) -> Figures:
    with service.running(service.SQLITE) as running:
        inside = running.environment("ana", "study")
        folder = Path(running.context.settings.buckets_host_path, inside.workspace_id, "data", "many")
        folder.mkdir()
        for name in _names():
            (folder / name).touch()

        def alone(after: str) -> None:
            assert len(sorted(name for name in os.listdir(folder) if name > after)) >= MOST  # noqa: PTH208

        _rounds(running, inside, alone, 1)  # warms up
        return _rounds(running, inside, alone, rounds)


def _in_s3(rounds: int) -> Figures:
    with _moto() as url:
        store = {
            "buckets": f"s3://{BUCKET}/{PREFIX}", "buckets_endpoint": url, "buckets_region": "us-east-1",
            "buckets_credentials": servers.S3_CREDENTIALS,
        }  # fmt: skip
        with service.running(service.SQLITE, store=store) as running:
            inside = running.environment("ana", "study")
            folder = f"{PREFIX}/{inside.workspace_id}/data/many/"
            backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
            for name in _names():
                backend.put_object(BUCKET, folder + name, b"", disable_notification=True)

            def alone(after: str) -> None:
                asked = {"list-type": "2", "prefix": folder, "delimiter": "/", "max-keys": str(MOST)}
                more = {"start-after": folder + after} if after else {}
                answer = httpx.get(f"{url}/{BUCKET}", params=asked | more, headers=SIGNED, timeout=PATIENCE)
                assert answer.text.count("<Key>") == MOST, answer.text[:500]

            return _rounds(running, inside, alone, rounds)


@contextmanager
def _moto() -> Iterator[str]:
    """In this process, where it is filled past HTTP; the process rests while it is asked."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else a line for each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        servers.make_s3(f"http://{host}:{port}", BUCKET)
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def _names() -> Iterator[str]:
    return (f"f{number:06}" for number in range(FILES))


def _rounds(running: Service, inside: Inside, alone: Callable[[str], None], rounds: int) -> Figures:
    """The store alone first: what the service gives up goes on for a while."""
    found = Figures()
    with running.client(inside) as http:
        for _ in range(rounds):
            for page, after in PAGES.items():
                began = time.perf_counter()
                alone(after)
                found.alone[page].append(time.perf_counter() - began)
        for _ in range(rounds):
            for page, after in PAGES.items():
                began = time.perf_counter()
                is_given = _page(http, inside, after)
                found.ours[page].append(time.perf_counter() - began)
                found.refused.update(() if is_given else (page,))
    return found


def _page(http: httpx.Client, inside: Inside, after: str) -> bool:
    """Whether the service gives it; it may say that this takes too long."""
    asked = {"folder": "many", "cursor": f"many/{after}" if after else "", "limit": str(MOST)}
    address = f"workspaces/{inside.namespace}/{inside.name}/files"
    answer = http.get(address, params=asked, timeout=PATIENCE)
    if answer.status_code == 503:
        return False
    assert answer.status_code == 200, answer.text
    paths = [each["path"] for each in answer.json()["items"]]
    assert (len(paths), paths[0] > f"many/{after}") == (MOST, True), paths[:3]
    return True
