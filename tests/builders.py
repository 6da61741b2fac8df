"""An "ok" value of each kind; a test changes one thing. The clock is moved, never slept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import argon2
import sqlalchemy as sa
from cryptography.fernet import Fernet

from terraspawner.db.engine import Database
from terraspawner.db.schema import metadata
from terraspawner.domain.account import Account
from terraspawner.domain.names import is_notebook_path
from terraspawner.errors import TerraError
from terraspawner.operations import accounts, lease_endings, workspaces
from terraspawner.operations.catalogues import catalogue_of, drives_of
from terraspawner.operations.context import Context
from terraspawner.operations.passwords import Passwords
from terraspawner.settings import Settings
from terraspawner.storage import Bucket, DirectoryBucket, MemoryBucket, make_folders
from terraspawner.storage.addresses import Store
from terraspawner.storage.drive import LibraryBucket
from terraspawner.storage.facts import StoreFacts
from terraspawner.storage.outside import OutsideBucket
from terraspawner.storage.patience import Patience

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def nanoseconds(self) -> int:
        """Since 1970, as stores stamp their objects."""
        return int(self.now.timestamp() * 1_000_000) * 1000

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


LARGEST = 1 << 20
"""Bytes of a notebook in a library of these tests."""


class MemoryBuckets:
    """One memory bucket for each workspace id, a folder for each library; each stamps its objects by the same clock."""

    def __init__(self, clock: Clock, folder: Path) -> None:
        self._clock, self._folder = clock, folder / "libraries"
        self.made: dict[str, Bucket] = {}

    def __call__(self, workspace_id: str) -> Bucket:
        return self.made[workspace_id]

    def make(self, workspace_id: str) -> Bucket:
        return self.made.setdefault(workspace_id, MemoryBucket(clock=self._clock.nanoseconds))

    def make_library(self, library_id: str) -> Bucket:
        """One tree of files, in a folder of its own: what its people write past us is told from the files."""
        files = DirectoryBucket(make_folders(self._folder, library_id), clock=self._clock.nanoseconds)
        return self.made.setdefault(library_id, LibraryBucket(files, is_notebook_path, LARGEST))

    def make_outside(self, library_id: str) -> Bucket:
        """With its files in a folder that is taken for a mounted drive while it is there."""
        mount = self._folder.parent / "outside" / library_id / "data"
        mount.mkdir(parents=True)
        files = OutsideBucket(
            DirectoryBucket(make_folders(self._folder, library_id), clock=self._clock.nanoseconds),
            mount,
            Patience(),
            is_hashed=is_notebook_path,
            largest=LARGEST,
            is_mounted=lambda root, mount: mount.exists(),
            clock=self._clock.nanoseconds,
        )
        return self.made.setdefault(library_id, LibraryBucket(files, is_notebook_path, LARGEST))

    def remove(self, workspace_id: str) -> None:
        self.made.pop(workspace_id, None)


class StoreThatIs:
    """A store that is as its `facts` say."""

    def __init__(self) -> None:
        self.facts = StoreFacts(kind=Store.MEMORY, address="memory:")

    def __call__(self) -> StoreFacts:
        return self.facts


def settings(folder: Path, **changes: object) -> Settings:
    values: dict[str, object] = {
        "database_url": f"sqlite:///{folder}/terraspawner.sqlite",
        "buckets": f"file://{folder}/buckets",
        "buckets_host_path": f"{folder}/buckets",
        "libraries": f"file://{folder}/libraries",
        "libraries_host_path": f"{folder}/libraries",
        "secret_key": Fernet.generate_key().decode(),
        "service_token": "s" * 64,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


def quick_hasher() -> argon2.PasswordHasher:
    """Real hashes that cost next to nothing; what they cost a deployment is held by a test in `test_sign_ins`."""
    return argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@cache
def _template() -> bytes:
    """A migrated database with the accounts ana, ben and operator (password: name + "-secret"), made once."""
    with TemporaryDirectory() as folder:
        made = _open(Path(folder), Clock())
        made.database.migrate()
        for name in ("ana", "ben", "operator"):
            account = Account(name=name, email=f"{name}@example.org", is_operator=name == "operator")
            accounts.ensure_account(made, account, f"{name}-secret")
        made.database.close()
        return (Path(folder) / "terraspawner.sqlite").read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statements:
    """What SQLAlchemy has compiled for one kind of database. It looks it up by its dialect, too."""

    dialect: sa.Dialect
    compiled: dict[object, sa.Compiled] = field(default_factory=dict)


_STATEMENTS: dict[str, _Statements] = {}


def _share_statements(engine: sa.Engine) -> None:
    """A statement is compiled once for all databases of a kind that tests of this process open: it is a third of what
    tests of deeds cost."""
    kind = engine.dialect.name
    if kind not in _STATEMENTS:
        engine.connect().close()  # then the dialect knows what it talks to
        _STATEMENTS[kind] = _Statements(dialect=engine.dialect)
    engine.dialect = _STATEMENTS[kind].dialect
    engine.update_execution_options(compiled_cache=_STATEMENTS[kind].compiled)


def _open(folder: Path, clock: Clock, **changes: object) -> Context:
    chosen = settings(folder, **changes)
    database = Database(chosen.database_url, clock)
    _share_statements(database.engine)
    return Context(
        database=database,
        settings=chosen,
        now=clock,
        bucket=(made := MemoryBuckets(clock, folder)),
        make_bucket=made.make,
        make_library=made.make_library,
        make_outside=made.make_outside,
        remove_bucket=made.remove,
        passwords=Passwords(quick_hasher()),
        catalogue=catalogue_of(chosen),
        look_at_store=StoreThatIs(),
        drives=drives_of(chosen),
    )


def context(folder: Path, clock: Clock | None = None, **changes: object) -> Context:
    """A context on a real SQLite file in `folder`, with the accounts of the template."""
    (folder / "terraspawner.sqlite").write_bytes(_template())
    return _open(folder, clock or Clock(), **changes)


def template_rows() -> dict[str, list[dict[str, object]]]:
    """The rows of the template, by table, for a database of another kind, which numbers them itself."""
    with TemporaryDirectory() as folder:
        made = context(Path(folder))
        with made.database.read() as connection:
            found = {
                table.name: [dict(row) for row in connection.execute(_without_number(table)).mappings()]
                for table in metadata.sorted_tables
            }
        made.database.close()
        return found


def _without_number(table: sa.Table) -> sa.Select[tuple[object, ...]]:
    return sa.select(*(column for column in table.columns if column is not table.autoincrement_column))


def context_on(database_url: str, folder: Path, clock: Clock) -> Context:
    """A context on a database that is there, with buckets in `folder`."""
    return _open(folder, clock, database_url=database_url)


def workspace(made: Context, user: str = "ana", name: str = "alpha"):  # type: ignore[no-untyped-def]
    return workspaces.create_workspace(made, user=user, namespace=user, name=name).workspace


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each of these returned or raised, begun at the same moment in a thread of its own."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        gate.wait()
        try:
            return act()
        except TerraError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def pass_time(made: Context, clock: Clock, seconds: float) -> None:
    """Let time go by while the service lives: without its heartbeat it would be an outage, and leases would hold on."""
    step = lease_endings.OUTAGE.total_seconds()
    while seconds > 0:
        clock.move(seconds=min(seconds, step))
        lease_endings.beat(made)
        seconds -= step
