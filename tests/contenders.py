"""Two processes that change the same rows at the same moment, on a real database."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import builders
from terraspawner.db.engine import Database
from terraspawner.errors import TerraError
from terraspawner.operations import deletions, environments, freezing, groups, workspaces
from terraspawner.operations.context import Context

SLUG = "ana-alpha"
_at: dict[str, Any] = {}


def _enter(url: str, gate: Barrier) -> None:
    """A process begins: its own connection, its own memory."""
    folder = TemporaryDirectory(prefix="tsp-contender-")
    _at.update(gate=gate, folder=folder, context=builders.context_on(url, Path(folder.name), builders.Clock()))


def _start(context: Context, _: str) -> object:
    return environments.admit(context, user="ana", slug=SLUG).environment.start_number


def _delete(context: Context, environment_id: str) -> object:
    deletions.mark_deleting(context, environment_id)
    deletions.finish_delete(context, environment_id)
    return None


def _freeze(context: Context, environment_id: str) -> object:
    return freezing.begin(context, environment_id)


def _stop(context: Context, environment_id: str) -> object:
    with context.database.read() as connection:
        number = environments.ledger.load(connection, environment_id).start_number
    return environments.stopped(context, environment_id, number)


def _name(context: Context, name: str) -> object:
    return workspaces.create_workspace(context, user="ana", namespace="ana", name=name).workspace.slug


def _group(context: Context, name: str) -> object:
    return groups.create_group(context, actor="operator", name=name)


def _migrate(context: Context, url: str) -> object:
    database = Database(url)
    database.migrate()
    database.close()
    return None


ACTS: dict[str, Callable[[Context, str], object]] = {
    "start": _start,
    "delete": _delete,
    "freeze": _freeze,
    "stop": _stop,
    "name": _name,
    "group": _group,
    "migrate": _migrate,
}


def _do(act: str, what: str) -> str:
    """What came of it, as words: a process tells another nothing else."""
    _at["gate"].wait(30)
    try:
        return json.dumps(ACTS[act](_at["context"], what))
    except TerraError as error:
        return f"refused: {error.code}"


@dataclass(frozen=True)
class Ring:
    """Two processes, and the acts that they are told."""

    pool: ProcessPoolExecutor

    def at_once(self, *acts: tuple[str, str]) -> list[str]:
        return list(self.pool.map(_do, *zip(*acts, strict=True)))


@contextmanager
def ring(url: str) -> Iterator[Ring]:
    """Two processes on the database at `url`."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn, initializer=_enter, initargs=(url, spawn.Barrier(2))) as pool:
        yield Ring(pool)
