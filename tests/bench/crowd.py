"""Very many environments that run, each of a person of its own: one by the deeds, the others as copies of its rows; and
what they say of themselves every half minute."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa

from terraspawner.db import activity_records
from terraspawner.db import activity_tables as a
from terraspawner.db import tables as t
from terraspawner.domain.activity import Claim, Kind, Report
from terraspawner.operations import cullers, freezing, identities
from terraspawner.operations.context import Context
from tests.bench.service import Inside, Service

START = 1
"""The number of the start that runs."""
WORKSPACE, NOTEBOOK = "alpha", "edit/train.ipynb"
TABLES = (
    t.account, t.project, t.project_member, t.workspace, t.workspace_member, t.disk, t.environment, t.state_interval,
    a.activity,
)  # fmt: skip
COMPUTES, IS_TYPED_IN = 7, 3
"""Of ten environments the one with this number has a busy kernel, and the other one a person who types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    number: int
    user: str
    slug: str
    id: str
    key: str


def person(number: int) -> str:
    return f"person-{number:05}"


def slug(number: int) -> str:
    """Of the workspace of this person."""
    return f"{person(number)}-{WORKSPACE}"


def gathered(running: Service, count: int) -> list[One]:
    """So many, on the machine as well. Each has reported: of one that has not, the service asks Hub and Engine."""
    first = running.environment(person(0), WORKSPACE)
    _tell(running.context, first.key, 0)
    with running.context.database.write() as connection:
        rows = {table: _rows_of(connection, table, first) for table in TABLES}
        disk = str(rows[t.disk][0]["id"])
        found = [One(number=0, user=first.user, slug=str(rows[t.workspace][0]["slug"]), id=first.id, key=first.key)]
        copies: dict[sa.Table, list[dict[str, object]]] = {table: [] for table in TABLES}
        for number in range(1, count):
            own = One(number=number, user=person(number), slug=slug(number), id=f"{number:016x}", key=f"key-{number}")
            new = {found[0].user: own.user, found[0].slug: own.slug, found[0].id: own.id}
            new |= {first.workspace_id: f"a{number:015x}", disk: f"d{number:015x}"}
            new |= {identities.hash_of(first.key): identities.hash_of(own.key)}
            for table in TABLES:
                copies[table] += [{name: _other(value, new) for name, value in row.items()} for row in rows[table]]
            found.append(own)
        for table, values in copies.items():
            if values:
                connection.execute(sa.insert(table), values)
    running.surroundings.containers.update(each.id for each in found)
    running.surroundings.disks.update(f"d{number:015x}" for number in range(1, count))
    return found


def _rows_of(connection: sa.Connection, table: sa.Table, first: Inside) -> list[dict[str, object]]:
    """What is written of the first; numbers that the database gives are left to it."""
    ours = {first.user, first.workspace_id, first.id}
    rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
    counted = table.autoincrement_column
    return [
        {name: value for name, value in row.items() if counted is None or name != counted.name}
        for row in rows
        if any(isinstance(value, str) and value in ours for value in row.values())
    ]


def _other(value: object, new: dict[str, str]) -> object:
    return new.get(value, value) if isinstance(value, str) else value


# --- what they say ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What it cost to take one report of each, in seconds of all of them."""

    processor: float
    wall: float


def report(context: Context, crowd: Sequence[One]) -> Heard:
    """Each says once what it does, just now, whatever time it took here to play that."""
    began, used = time.perf_counter(), time.process_time()
    for each in crowd:
        _tell(context, each.key, each.number)
    heard = Heard(processor=time.process_time() - used, wall=time.perf_counter() - began)
    _just_now(context)
    return heard


def _tell(context: Context, key: str, number: int) -> None:
    """As the service's road of reports does it."""
    is_busy = number % 10 == COMPUTES
    kernel = {"id": "0", "path": NOTEBOOK, "state": "busy" if is_busy else "idle", "last_activity": None}
    memory = {"limit": 2**31, "used": 2**28, "kills": 0}
    work = (Claim(kind=Kind.KERNEL, what=NOTEBOOK),) if is_busy else ()
    said = Report(work=work, human=timedelta(seconds=2) if number % 10 == IS_TYPED_IN else None)
    identity = identities.identify(context, key)
    assert identity is not None
    identities.note_activity(context, identity, [kernel], memory, report=said)


def _just_now(context: Context) -> None:
    """The time that it took to play them is taken out of their clocks, and nobody was away in it."""
    here = a.activity.c
    with context.database.write() as connection:
        now = context.now()
        rows = connection.execute(sa.select(here.environment_id, here.reported_at, here.next_look_at)).all()
        moved = [
            {"this": identifier, "reported": now, "look": look + (now - reported)}
            for identifier, reported, look in rows
        ]
        change = sa.update(a.activity).where(here.environment_id == sa.bindparam("this"))
        values = {"reported_at": sa.bindparam("reported"), "next_look_at": sa.bindparam("look")}
        connection.execute(change.values(**values), moved)
        activity_records.note_moment(connection, cullers.NAME, now)


def left(context: Context, crowd: Sequence[One], ago: timedelta) -> None:
    """Nobody was in these for so long, and nothing computed: their time has just come."""
    with context.database.write() as connection:
        now = context.now()
        for identifier, kept in activity_records.kept(connection, [each.id for each in crowd]).items():
            clocks = replace(
                kept.clocks, started_at=now - ago, human_at=now - ago, busy_since=None, work=(), work_ended_at=None
            )
            activity_records.put(connection, identifier, clocks, revision=kept.revision + 1, next_look_at=now)


def stand_still(running: Service, crowd: Sequence[One]) -> None:
    """What was to be frozen is, as our spawner would have done it at the Hub's stop."""
    for each in crowd:
        running.surroundings.frozen.add(each.id)
        freezing.frozen(running.context, each.id, START, 2**28)
