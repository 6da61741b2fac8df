"""A PostgreSQL of the tests' own: Debian's programs, a folder that goes, a unix socket; usually no network, no fsync.

It refuses to run as root, so root's tests run it as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import sqlalchemy as sa

from terraspawner.db.engine import Database
from terraspawner.deploy.postgresql import programs
from waiting import until

QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "autovacuum=off")


@dataclass
class Server:
    """A server that runs; `fresh` gives the URL of a new, empty database."""

    folder: Path
    start: Callable[[], subprocess.Popen[bytes]]
    port: int
    address: str
    password: str = field(repr=False)
    process: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=count)

    def url(self, name: str) -> str:
        return f"postgresql://terra@/{name}?host={self.folder}&port={self.port}"

    def url_from_elsewhere(self, name: str) -> str:
        """For whoever is not on this machine's socket: a container."""
        return f"postgresql://terra:{self.password}@{self.address}:{self.port}/{name}"

    def fresh(self, template: str = "template0") -> str:
        name = f"test_{next(self._names)}"
        self.as_owner(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def as_owner(self, statement: str) -> None:
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def open(self) -> None:
        """Start it, and wait until it answers."""
        self.process = self.start()
        until(self.answers, "PostgreSQL answers", within=60)

    def kill(self) -> None:
        """End it at once, as when its machine loses power; nothing where it does not run."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)
            self.process = None

    def answers(self) -> bool:
        try:
            self.as_owner("SELECT 1")
        except sa.exc.OperationalError:
            return False
        return True


@contextmanager
def served(
    *, address: str = "", port: int = 5432, password: str = "", settings: Sequence[str] = QUICK
) -> Iterator[Server]:
    """A server for as long as this lasts: on a socket for whoever runs the tests, and at `address` for who has the
    `password`."""
    at = programs()
    assert at is not None, "PostgreSQL is not there: make test installs it"
    folder = Path(mkdtemp(prefix="tsp-pg-", dir="/tmp"))  # a socket's path has room for a hundred characters
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    os.chown(folder, user.pw_uid, user.pw_gid)
    own = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    said = folder / "log"
    data = str(folder / "data")
    words = [word for setting in (*settings, f"listen_addresses={address}") for word in ("-c", setting)]

    def start() -> subprocess.Popen[bytes]:
        with said.open("a") as output:
            return subprocess.Popen(
                [at / "postgres", "-D", data, "-k", folder, "-p", str(port), *words],
                stdout=output, stderr=output, cwd="/", **own,
            )  # fmt: skip

    server = Server(folder, start, port, address, password)
    try:
        subprocess.run(
            [at / "initdb", "-D", data, "-U", "terra", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True, capture_output=True, cwd="/", **own,
        )  # fmt: skip
        with (folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 scram-sha-256\n")
        server.open()
        if password:
            server.as_owner(f"ALTER ROLE terra PASSWORD '{password}'")
        yield server
    finally:
        server.kill()  # nothing of it is kept
        shutil.rmtree(folder)


def emptied(database: Database, keep: dict[str, list[dict[str, object]]]) -> None:
    """As it was before the last test: `keep` and nothing else. As its owner, past what is append-only for us."""
    from terraspawner.db.schema import metadata  # noqa: PLC0415  # tests of migrations do without it

    with database.write() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in metadata.sorted_tables:
            connection.execute(sa.delete(table))
            if keep.get(table.name):
                connection.execute(sa.insert(table), keep[table.name])
