"""Shares of libraries, from the request by REST until the files are seen, or not any more, in an environment that
runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from deployment import Deployment, Person, Workspace, unique

ROUNDS, MANY = 10, 200
SHARED = "/home/jupyter/drive/Shared with me"
WATCH = """
import os, sys, time
folder, wanted, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def is_as_wanted():
    found = [each for each in os.listdir(folder) if os.path.exists(f"{folder}/{each}/{name}")]
    return len(found) == wanted

print("watching", flush=True)
while not is_as_wanted():
    time.sleep(0.002)
print(time.time(), flush=True)
"""
"""Counts the libraries in which a file of that name is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Seconds: of each round until one share is `seen` and `gone`; of many, until the last is answered, until all are
    seen, and of a start with none and with all of them."""

    seen: list[float] = field(default_factory=list)
    gone: list[float] = field(default_factory=list)
    answered: float = 0
    all_seen: float = 0
    start_with_none: float = 0
    start_with_all: float = 0


def measure(deployment: Deployment, rounds: int | None) -> Figures:
    """Of ana's libraries with ben, who works in a workspace with a drive."""
    ana, ben = deployment.person("ana"), deployment.person("ben")
    desk = ben.workspace(unique("desk"), storage="drive")
    file = f"{unique('seen')}.csv"
    libraries = [_library(ana, file) for _ in range(MANY)]
    desk.start()  # the first makes its disk
    seen, gone = _one(desk, ana, libraries[0], file, rounds or ROUNDS)
    start_with_none = _restart(desk)
    with _watched(desk, MANY, file) as wait:
        began = time.time()
        for each in libraries:
            _share(ana, each)
        answered = time.time() - began
        all_seen = wait() - began
    return Figures(
        seen=seen, gone=gone, answered=answered, all_seen=all_seen,
        start_with_none=start_with_none, start_with_all=_restart(desk),
    )  # fmt: skip


def _one(desk: Workspace, ana: Person, library: str, file: str, rounds: int) -> tuple[list[float], list[float]]:
    """The first round warms up."""
    seen, gone = [], []
    for _ in range(rounds + 1):
        with _watched(desk, 1, file) as wait:
            began = time.time()
            _share(ana, library)
            seen.append(wait() - began)
        with _watched(desk, 0, file) as wait:
            began = time.time()
            assert ana.api.delete(f"/libraries/{library}/shares/ben").status_code == 204
            gone.append(wait() - began)
    return seen[1:], gone[1:]


@contextmanager
def _watched(desk: Workspace, wanted: int, file: str) -> Iterator[Callable[[], float]]:
    """Gives what waits for the time at which `file` is seen in so many libraries: a process there looks."""
    words = ["python3", "-c", WATCH, SHARED, str(wanted), file]
    said = desk.container().exec_run(words, user="1000", stream=True).output
    assert next(said) == b"watching\n"
    yield lambda: float(next(said))


def _library(owner: Person, file: str) -> str:
    """With that file in it."""
    made = owner.api.post("/libraries", json={"name": unique("Survey")})
    assert made.status_code == 201, made.text
    library = str(made.json()["id"])
    written = owner.api.put(f"/workspaces/library/{library}/files/{file}", content=b"1,2\n")
    assert written.status_code in (200, 201), written.text
    return library


def _share(owner: Person, library: str) -> None:
    answer = owner.api.put(f"/libraries/{library}/shares/ben", json={"access": "read"})
    assert answer.status_code == 200, answer.text


def _restart(desk: Workspace) -> float:
    """Seconds of the start."""
    desk.pause()
    began = time.perf_counter()
    desk.start()
    return time.perf_counter() - began
