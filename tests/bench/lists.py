"""Lists and pages over a large database: ``python -m tests.bench.lists`` prints p95 and queries per request.

1,000 workspaces of one billing project, in each of which five people have an environment. The service is the real one,
on SQLite; the Hub is that of the tests, in the same process, so a request's time holds the Hub's look at its token.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

import builders
from terraspawner.db import tables as t
from terraspawner.domain.account import Account
from terraspawner.domain.workspace import Workspace
from terraspawner.host_client import ContainerState
from terraspawner.operations import accounts, environments, projects, workspaces
from terraspawner.operations.context import Context
from tests.web.hosts import HostThatObeys
from tests.web.hubs import until
from tests.web.sites import API, PREFIX, Site, opened

WORKSPACES, PEOPLE, ROUNDS = 1_000, ("ana", "ben", "cleo", "dan", "eva"), 20
LISTS = {
    "ana": (
        f"{API}/workspaces", f"{API}/environments", f"{API}/disks", f"{PREFIX}/", f"{PREFIX}/environments",
        f"{PREFIX}/environments?project=lab", f"{PREFIX}/audit", f"{API}/usage",
    ),
    "operator": (
        f"{API}/environments?everybody=true", f"{PREFIX}/environments?everybody=true", f"{API}/audit", f"{API}/usage",
    ),
}  # fmt: skip


def fill(context: Context) -> None:
    """One of each by the deeds, the others as copies of its rows."""
    for name in PEOPLE[2:]:
        accounts.ensure_account(context, Account(name=name, email=f"{name}@example.org"), f"{name}-secret")
    accounts.set_project_founder(context, name="ana", may_create_projects=True, actor="operator")
    projects.create_project(context, user="ana", namespace="lab", title="")
    first = workspaces.create_workspace(context, user="ana", namespace="lab", name="w0000").workspace
    ticket = environments.admit(context, user="ana", slug=first.slug)
    environments.started(context, ticket.environment.id, 1, "c")
    environments.stopped(context, ticket.environment.id, 1)
    with context.database.write() as connection:
        _copies(connection, first, ticket.environment.id, ticket.environment.disk_id)


def _copies(connection: sa.Connection, first: Workspace, environment_id: str, disk_id: str) -> None:
    def one(table: sa.Table, **key: str) -> dict[str, object]:
        where = [table.c[name] == value for name, value in key.items()]
        return dict(connection.execute(sa.select(table).where(*where)).mappings().first() or {})

    here = one(t.workspace, id=first.id)
    member = one(t.workspace_member, workspace_id=first.id)
    disk, environment = one(t.disk, id=disk_id), one(t.environment, id=environment_id)
    interval = {name: value for name, value in one(t.state_interval, subject=environment_id).items() if name != "id"}
    rows: dict[sa.Table, list[dict[str, object]]] = {
        table: [] for table in (t.workspace, t.workspace_member, t.disk, t.environment, t.state_interval)
    }
    for number in range(WORKSPACES):
        name, at = f"w{number:04}", first.id if number == 0 else f"{number:016x}"
        if number:
            rows[t.workspace].append(here | {"id": at, "name": name, "comparable": name, "slug": f"lab-{name}"})
        for place, user in enumerate(PEOPLE):
            if number == 0 and user == "ana":
                continue
            own = f"{number * 10 + place + 1:016x}"
            rows[t.workspace_member].append(member | {"workspace_id": at, "user": user})
            rows[t.disk].append(disk | {"id": own, "workspace_id": at, "user": user})
            rows[t.environment].append(
                environment | {"id": own, "workspace_id": at, "user": user, "disk_id": own, "key_hash": None}
            )
            rows[t.state_interval].append(
                interval
                | {"subject": own, "workspace_id": at, "user": user, "state": "running"}
                | {"ended_at": environment["since"] + timedelta(hours=2)}  # type: ignore[operator]
            )
    for table, values in rows.items():
        connection.execute(sa.insert(table), values)


def _there(site: Site, host: HostThatObeys) -> None:
    """Every container and every volume is on the machine, as the rows say."""
    with site.context.database.read() as connection:
        ids = connection.scalars(sa.select(t.environment.c.id)).all()
        host.machine = {each: ContainerState(id="c", status="exited") for each in ids}
        host.volumes = set(connection.scalars(sa.select(t.disk.c.id)))


async def measured(site: Site, host: HostThatObeys, clock: builders.Clock) -> list[str]:
    clock.move(hours=3)
    _there(site, host)
    lines = ["| who, what | answer | p50 | p95 | queries |", "|---|---|---|---|---|"]
    for user, addresses in LISTS.items():
        browser = await site.browser(user)
        async with site.person(user) as person:
            for address in addresses:
                client = person if address.startswith(API) else browser.client
                times, sent = [], []

                def note(*_: object, into: list[int] = sent) -> None:
                    into.append(1)

                engine = site.context.database.engine
                sa.event.listen(engine, "before_cursor_execute", note)
                for _ in range(ROUNDS):
                    begun = time.perf_counter()
                    answer = await client.get(address.removeprefix(f"{API}/"))
                    times.append(time.perf_counter() - begun)
                    assert answer.status_code == 200, (address, answer.text)
                sa.event.remove(engine, "before_cursor_execute", note)
                p95 = statistics.quantiles(times, n=20)[-1]
                lines.append(
                    f"| {user} `{address.removeprefix('/services/workspaces')}` | {len(answer.content) / 1000:.0f} kB"
                    f" | {statistics.median(times) * 1000:.0f} ms | {p95 * 1000:.0f} ms | {len(sent) / ROUNDS:g} |"
                )
    begun = time.perf_counter()
    with_rows = await site.parts.worker.reconciler.look()
    lines.append(
        f"| the reconciler's look | {len(with_rows)} findings | {(time.perf_counter() - begun) * 1000:.0f} ms | | |"
    )
    return lines


async def main() -> None:
    clock, host = builders.Clock(), HostThatObeys()
    with TemporaryDirectory() as folder:
        async with opened(Path(folder), host=host, clock=clock) as site:
            await until(lambda: site.parts.worker.sweeps, "the worker rests")  # it would be counted too
            fill(site.context)
            sys.stdout.write("\n".join(await measured(site, host, clock)) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
