"""Lists and pages over a large database: p95 and queries per request.

1,000 workspaces of one billing project, in each of which five people have an environment, with tags. The service is the
real one, on SQLite; the Hub is that of the tests, in the same process, so a request's time holds the Hub's look at its
token.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

import builders
from terraspawner.db import tables as t
from terraspawner.domain.account import Account
from terraspawner.domain.tags import Tagged
from terraspawner.domain.workspace import Workspace
from terraspawner.host_client import ContainerState
from terraspawner.operations import accounts, environments, projects, workspaces
from terraspawner.operations.context import Context
from terraspawner.web.collector import collect_seldom
from tests.bench import sections
from tests.bench.sections import ms, quantile
from tests.web.hosts import HostThatObeys
from tests.web.hubs import until
from tests.web.sites import API, PREFIX, Site, opened

WORKSPACES, COURSES, ROUNDS = 1_000, 10, 20
PEOPLE = ("ana", "ben", "cleo", "dan", "eva")
LISTS = {
    "ana": (
        f"{API}/workspaces", f"{API}/environments", f"{API}/disks", f"{PREFIX}/", f"{PREFIX}/environments",
        f"{PREFIX}/environments?project=lab", f"{PREFIX}/audit", f"{API}/usage",
        f"{API}/environments?tag=course:c1", f"{API}/disks?tag=course:c1", f"{PREFIX}/environments?tag=course:c1",
        f"{API}/usage?tag=course&by=tag:course",
    ),
    "operator": (
        f"{API}/environments?everybody=true", f"{PREFIX}/environments?everybody=true", f"{API}/audit", f"{API}/usage",
        f"{API}/environments?everybody=true&tag=course:c1",
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
        table: [] for table in (t.workspace, t.workspace_member, t.disk, t.environment, t.state_interval, t.tag)
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
            tags = {"course": f"c{number % COURSES}", "number": str(number)}
            rows[t.tag] += [
                {"kind": str(kind), "subject": own, "key": key, "value": value}
                for kind in (Tagged.ENVIRONMENT, Tagged.DISK)
                for key, value in tags.items()
            ]
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


def section(rounds: int | None) -> str:
    collect_seldom()  # as the service does at its start
    circumstances, count = sections.Circumstances(), rounds or ROUNDS
    rows = asyncio.run(_measured(count))
    return f"""
{WORKSPACES:,} workspaces of one billing project, in each of which {len(PEOPLE)} people have an environment with its
disk, all with two tags, of which `course` has {COURSES} values; {count} requests each, in one process with the tests'
Hub, on SQLite. Ana belongs to all {WORKSPACES:,} workspaces and owns the project. That the number of queries does not
grow is held by `tests/web/test_queries.py`.

{circumstances.lines()}

{sections.table(["who, what", "answer", "p50", "p95", "queries"], rows)}
"""


async def _measured(rounds: int) -> list[list[str]]:
    clock, host = builders.Clock(), HostThatObeys()
    with TemporaryDirectory() as folder:
        async with opened(Path(folder), host=host, clock=clock) as site:
            await until(lambda: site.parts.worker.sweeps, "the worker rests")  # it would be counted too
            fill(site.context)
            clock.move(hours=3)
            _there(site, host)
            rows = [
                await _list(site, user, address, rounds) for user, addresses in LISTS.items() for address in addresses
            ]
            begun = time.perf_counter()
            found = await site.parts.worker.reconciler.look()
            seconds = time.perf_counter() - begun
            every = WORKSPACES * len(PEOPLE)
            return [*rows, [f"the reconciler's look at all {every:,}", f"{len(found)} findings", ms(seconds), "", ""]]


async def _list(site: Site, user: str, address: str, rounds: int) -> list[str]:
    browser, times, queries, sent = await site.browser(user), [], [], []

    def note(*_: object) -> None:
        sent.append(1)

    engine = site.context.database.engine
    async with site.person(user) as person:
        client = person if address.startswith(API) else browser.client
        sa.event.listen(engine, "before_cursor_execute", note)
        for _ in range(rounds):
            begun = time.perf_counter()
            answer = await client.get(address.removeprefix(f"{API}/"))
            times.append(time.perf_counter() - begun)
            queries.append(len(sent))
            sent.clear()
            assert answer.status_code == 200, (address, answer.text)
        sa.event.remove(engine, "before_cursor_execute", note)
    return [
        f"{user} `{address.removeprefix(PREFIX)}`", f"{len(answer.content) / 1000:.0f} kB",
        ms(statistics.median(times)), ms(quantile(times, 0.95)),
        str(min(queries)),  # in the others the heartbeat came between
    ]  # fmt: skip
