"""Leases: what acquiring, renewing and giving back take. The deeds on the database's own clock, and REST by an
environment's key at the service in a process of its own: with the connection, the key's look-up and the answer."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from terraspawner.domain.lease import Claim, Editor
from terraspawner.operations import leases, notebooks
from tests.bench import sections, service
from tests.bench.sections import ms, quantile
from tests.bench.service import Inside, Service

ROUNDS = 400
TARGET = 0.020
_TARGETS = {"acquire": TARGET, "renew": TARGET}


class Times:
    """Seconds by what was done."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.of: dict[str, list[float]] = {}

    @contextmanager
    def one(self, act: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.of.setdefault(act, []).append(time.perf_counter() - begun)

    def rows(self) -> Iterator[list[str]]:
        for act, times in self.of.items():
            target = f"≤ {ms(_TARGETS[act])}" if act in _TARGETS else ""
            yield [self.name, act, ms(statistics.median(times)), ms(quantile(times, 0.95)), target]


def section(rounds: int | None) -> str:
    circumstances, count = sections.Circumstances(), rounds or ROUNDS
    found = []
    for kind in service.DATABASES:
        with service.running(kind) as running:
            inside = running.environment("ana", "alpha")
            notebooks.create_notebook(running.context, inside.place("a.ipynb"), "python3")
            found += [_by_rest(kind, running, inside, count), _by_deeds(kind, running, inside, count)]
    rows = [row for times in found for row in times.rows()]
    return f"""
## Leases

{count} rounds on one notebook, on databases that sync every commit. *REST*: an environment asks the service by its
key, on a connection that is there. *deed*: the same transaction alone, in this process. That no lease is given twice
is held by `tests/operations/test_lease_races.py` and `tests/unit/test_lease_model.py`.

{circumstances.lines()}

{sections.table(["by", "act", "p50", "p95", "target for p95"], rows)}
"""


def _by_deeds(kind: str, running: Service, inside: Inside, rounds: int) -> Times:
    place, times = inside.place("a.ipynb"), Times(f"deed, {kind}")
    for number in range(rounds):
        editor = Editor(user=inside.user, environment=inside.id, session=f"d{number}")
        with times.one("acquire"):
            claim = Claim(editor=editor, fence=leases.acquire(running.context, place, editor).lease.fence)
        with times.one("renew"):
            leases.renew(running.context, place, claim)
        with times.one("give back"):
            leases.release(running.context, place, claim)
    return times


def _by_rest(kind: str, running: Service, inside: Inside, rounds: int) -> Times:
    here, times = f"{inside.address('a.ipynb')}/lease", Times(f"REST, {kind}")
    with running.client(inside) as client:
        for number in range(rounds):
            session = {"session": f"s{number}"}
            with times.one("acquire"):
                claim = session | {"fence": client.post(here, json=session).json()["fence"]}
            with times.one("renew"):
                client.patch(here, json=claim).raise_for_status()
            with times.one("give back"):
                client.request("DELETE", here, json=claim).raise_for_status()
    return times
