"""A real Hub with as many ready servers as are wanted, none of which exists: they are rows in its database, and its
spawner says that they run. What it is asked is counted in its own log."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import sqlalchemy as sa
from jupyterhub import orm, roles

from ports import HeldPort
from tests.bench.processes import processor_seconds
from waiting import until

STOCK, CULLER, SERVICE = "idle-culler", "culler", "workspaces"
_CALL = re.compile(r"\] (?P<status>\d{3}) (?P<method>[A-Z]+) (?P<path>\S+) .*?\((?P<who>\S*)@\S+\) [\d.]+ms$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One that is ready. `used_at` is when something was last heard of it."""

    user: str
    name: str
    used_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the Hub answered, and to which service or person."""

    who: str
    method: str
    path: str
    status: int


def calls_in(log: str) -> list[Call]:
    """All that a part of the Hub's log tells of."""
    return [
        Call(who=each["who"], method=each["method"], path=each["path"], status=int(each["status"]))
        for each in map(_CALL.search, log.splitlines())
        if each
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOpHub:
    api_url: str
    log: Path
    process: subprocess.Popen[bytes]
    tokens: dict[str, str] = field(repr=False)

    def mark(self) -> int:
        """A place in what it is asked."""
        return self.log.stat().st_size

    def calls(self, since: int) -> list[Call]:
        with self.log.open("rb") as file:
            file.seek(since)
            return calls_in(file.read().decode())

    def start(self, user: str, name: str) -> None:
        """Have a server that was stopped be ready again."""
        headers = {"Authorization": f"token {self.tokens[SERVICE]}"}
        answer = httpx.post(f"{self.api_url}/users/{user}/servers/{name}", headers=headers, timeout=60)
        assert answer.status_code == 201, answer.text

    def processor_seconds(self) -> float:
        return processor_seconds(self.process.pid)


@contextmanager
def running(servers: Sequence[Server], tokens: dict[str, str]) -> Iterator[NoOpHub]:
    """`tokens` are those of its services, some of which may be given."""
    with TemporaryDirectory(prefix="tsp-bench-") as name:
        folder, port = Path(name), HeldPort()
        url = f"http://127.0.0.1:{port.number}"
        database = f"sqlite:///{folder}/hub.sqlite"
        _fill(database, servers)
        tokens = {each: secrets.token_hex(32) for each in (STOCK, CULLER, SERVICE)} | tokens
        settings = {
            "NOOP_HUB_URL": url, "NOOP_HUB_DATABASE": database, "NOOP_HUB_TOKENS": json.dumps(tokens),
            "PATH": os.environ["PATH"],
        }  # fmt: skip
        config = Path(__file__).with_name("noop_hub_config.py")
        with (folder / "hub.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", f"--config={config}"],
                env=settings, cwd=folder, stdout=log, stderr=log,
            )  # fmt: skip
        hub = NoOpHub(api_url=f"{url}/hub/api", log=folder / "hub.log", process=process, tokens=tokens)
        try:
            until(lambda: _answers(hub), f"a Hub with {len(servers)} servers answers", within=600)
            yield hub
        finally:
            process.terminate()
            process.wait(60)


def _fill(database: str, servers: Sequence[Server]) -> None:
    """As the Hub's own classes write it, without one by one."""
    with orm.new_session_factory(database)() as session:
        for each in roles.get_default_roles():
            roles.create_role(session, each)
        role = orm.Role.find(session, "user")
        users, ports, spawners = [], [], []
        for number, each in enumerate(servers, start=1):
            began = each.used_at - timedelta(hours=1)
            users.append(
                {"id": number, "name": each.user, "created": began, "last_activity": each.used_at, "admin": False}
                | {"cookie_id": secrets.token_hex(8)}
            )
            base = f"/user/{each.user}/{each.name}/"
            ports.append({"id": number, "proto": "http", "ip": "127.0.0.1", "port": 1, "base_url": base})
            spawners.append(
                {"id": number, "user_id": number, "server_id": number, "name": each.name, "state": {}}
                | {"started": began, "last_activity": each.used_at, "user_options": {}}
            )
        for kind, rows in ((orm.User, users), (orm.Server, ports), (orm.Spawner, spawners)):
            session.execute(sa.insert(kind), rows)
        granted = [{"user_id": each["id"], "role_id": role.id, "managed_by_auth": False} for each in users]
        session.execute(sa.insert(orm.Role.users.property.secondary), granted)
        session.commit()
        session.get_bind().dispose()  # type: ignore[union-attr]


def _answers(hub: NoOpHub) -> bool:
    assert hub.process.poll() is None, hub.log.read_text()[-4000:]
    with suppress(httpx.HTTPError):
        return httpx.get(f"{hub.api_url}/", timeout=10).status_code == 200
    return False
