"""Races for one lease: ``python lease_races.py <database url> <workspace id> <processes> <rounds>``.

All processes acquire at the same moment, round after round, each time with sessions that never had it; before the next
round what was won has run out. What each won is printed as JSON, one line of ``[round, fence, session]`` per win, and
the codes of the refusals after them.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import builders
from terraspawner.domain.lease import LEASE, Editor
from terraspawner.errors import TerraError
from terraspawner.operations import leases
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT

PATIENCE = 120


def contend(number: int, url: str, workspace_id: str, rounds: int, gate: Any, told: Any) -> None:
    """One process: its own connection, its own memory."""
    clock, user = builders.Clock(), ("ana", "ben")[number % 2]
    won: list[tuple[int, int, str]] = []
    refused: Counter[str] = Counter()
    with TemporaryDirectory(prefix="tsp-race-") as folder:
        context = builders.context_on(url, Path(folder), clock)
        context.make_bucket(workspace_id).write("notebooks/a.ipynb", b"{}", ABSENT)
        place = Place(user=user, namespace="ana", name="alpha", path="a.ipynb")
        for round_ in range(rounds):
            session = f"p{number}-r{round_}"
            gate.wait(PATIENCE)
            try:
                sight = leases.acquire(context, place, Editor(user=user, environment="", session=session))
            except TerraError as error:
                refused[error.code] += 1
            else:
                won.append((round_, sight.lease.fence, session))
            gate.wait(PATIENCE)
            clock.move(seconds=LEASE.total_seconds())
        context.database.close()
    told.put((won, refused))


def main(url: str, workspace_id: str, processes: int, rounds: int) -> None:
    fork = multiprocessing.get_context("fork")  # nothing runs beside us yet, and everything is imported once
    gate, told = fork.Barrier(processes), fork.SimpleQueue()
    contenders = [
        fork.Process(target=contend, args=(number, url, workspace_id, rounds, gate, told), daemon=True)
        for number in range(processes)
    ]
    for each in contenders:
        each.start()
    refused: Counter[str] = Counter()
    for _ in contenders:
        won, others = told.get()
        refused += others
        for win in won:
            print(json.dumps(win))
    print(json.dumps(refused))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
