"""Commits of a notebook by REST, at the service in a process of its own, on a store of each kind."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import httpx

from stores import ceph, servers
from terraspawner.operations import notebooks
from tests.bench import service
from tests.bench.documents import MB, document, edited, written
from tests.bench.service import Inside, Service

ROUNDS = 20
PATH, SESSION = "a.ipynb", "bench"
STORES = ("directory", "S3 (moto)", "S3 (Ceph)", "Azure (Azurite)")


class Editor:
    """Who has the notebook open in an environment, with its lease."""

    def __init__(self, running: Service, inside: Inside, made: dict[str, Any]) -> None:
        self._made, self._address = made, inside.address(PATH)
        notebooks.save_notebook(running.context, inside.place(PATH), written(made), None)
        self._http = running.client(inside)
        self._etag = self._http.get(self._address).raise_for_status().headers["ETag"]
        lease = self._http.post(f"{self._address}/lease", json={"session": SESSION}).raise_for_status().json()
        self._claim = {"Lease-Session": SESSION, "Lease-Fence": str(lease["fence"])}

    def commit(self, number: int) -> float:
        """Seconds until it is acknowledged."""
        body = written(edited(self._made, f"round {number}"))
        began = time.perf_counter()
        answer = self._http.put(self._address, content=body, headers={**self._headers(number), **self._claim})
        seconds = time.perf_counter() - began
        self._etag = f'"{_told(answer)["version"]}"'
        return seconds

    def _headers(self, number: int) -> dict[str, str]:
        return {
            "If-Match": self._etag, "Save-Id": f"save-{number:012}", "Save-Kind": "saved",
            "Content-Type": "application/json",
        }  # fmt: skip


def measure(rounds: int | None) -> dict[str, list[float]]:
    """Seconds by store; all in turn in each round, of which the first warms up."""
    made = document(MB)
    with ExitStack() as stack:
        made_by = (servers.s3(), servers.ceph(objects=ceph.ON_DISK), servers.azure())
        stores = [stack.enter_context(each) for each in made_by]
        editors = []
        for store in ({}, *map(settings_in, stores)):
            running = stack.enter_context(service.running(service.SQLITE, store=store))
            editors.append(Editor(running, running.environment("ana", "study"), made))
        found = [_round(editors, number) for number in range((rounds or ROUNDS) + 1)][1:]
    return {name: [each[place] for each in found] for place, name in enumerate(STORES)}


def settings_in(server: servers.Server) -> Mapping[str, str]:
    """Of buckets in that server, in a container of their own."""
    options = server.options()
    return {
        "buckets": server.fresh(),
        "buckets_endpoint": options.endpoint,
        "buckets_region": options.region,
        "buckets_credentials": options.credentials,
    }


def _round(editors: Sequence[Editor], number: int) -> list[float]:
    return [each.commit(number) for each in editors]


def _told(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
