"""Leases: ``python -m tests.bench.leases`` prints what acquiring, renewing and giving back take.

The deeds on SQLite and PostgreSQL with the database's own clock, and REST by an environment's key on SQLite: the whole
service with the key's look-up, in one process with the one that asks.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import builders
from postgresql import emptied, served
from terraspawner.db.engine import Database
from terraspawner.domain.lease import Claim, Editor
from terraspawner.operations import leases, notebooks
from terraspawner.operations.context import Context
from tests.web.sites import opened

ROUNDS = 400
PLACE = notebooks.Place(user="ana", namespace="ana", name="alpha", path="a.ipynb")
HERE = "workspaces/ana/alpha/notebooks/a.ipynb/lease"


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

    def lines(self) -> Iterator[str]:
        for act, times in self.of.items():
            p95 = statistics.quantiles(times, n=20)[-1]
            yield f"| {self.name} | {act} | {statistics.median(times) * 1000:.1f} ms | {p95 * 1000:.1f} ms |"


def by_deeds(name: str, context: Context) -> Times:
    builders.workspace(context)
    notebooks.create_notebook(context, PLACE, "python3")
    times = Times(name)
    for number in range(ROUNDS):
        editor = Editor(user="ana", environment="", session=f"s{number}")
        with times.one("acquire"):
            claim = Claim(editor=editor, fence=leases.acquire(context, PLACE, editor).lease.fence)
        with times.one("renew"):
            leases.renew(context, PLACE, claim)
        with times.one("give back"):
            leases.release(context, PLACE, claim)
    return times


async def by_rest(folder: Path) -> Times:
    times = Times("REST, SQLite")
    async with opened(folder) as site:
        at = site.workspace()
        notebooks.create_notebook(site.context, PLACE, "python3")
        async with site.environment(site.running(at).key) as inside:
            for number in range(ROUNDS):
                session = {"session": f"s{number}"}
                with times.one("acquire"):
                    claim = session | {"fence": (await inside.post(HERE, json=session)).json()["fence"]}
                with times.one("renew"):
                    assert (await inside.patch(HERE, json=claim)).status_code == 200
                with times.one("give back"):
                    assert (await inside.request("DELETE", HERE, json=claim)).status_code == 204
    return times


def main() -> None:
    with TemporaryDirectory() as folder, served() as server:
        made = builders.context(Path(folder))
        all_times = [by_deeds("deed, SQLite", replace(made, database=Database(made.database.url)))]
        fresh = Database(server.fresh())
        fresh.migrate()
        emptied(fresh, builders.template_rows())
        there = builders.context_on(fresh.url, Path(folder), builders.Clock())
        all_times.append(by_deeds("deed, PostgreSQL", replace(there, database=fresh)))
        all_times.append(asyncio.run(by_rest(Path(folder))))
    rows = [line for times in all_times for line in times.lines()]
    sys.stdout.write("\n".join(["| by | act | p50 | p95 |", "|---|---|---|---|", *rows]) + "\n")


if __name__ == "__main__":
    main()
