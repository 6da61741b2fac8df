"""Saves of one tab: acknowledged, beside a plain Jupyter server with the same notebook; and in the bucket."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from terraspawner.operations import notebooks
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.storage.base import Bucket
from tests.bench import sections, service
from tests.bench.documents import KB, MB, document, edited, written
from tests.bench.jupyters import TAB, Jupyter, ours, plain
from tests.bench.sections import ms, quantile
from tests.bench.service import Service

SIZES = {"10 KB": 10 * KB, "1 MB": MB, "20 MB": 20 * MB}
ROUNDS = 40
ROUNDS_OF_LARGEST = 12
TARGET = 1.3
INTERVAL = 5.0
"""Seconds of Lab's autosave, as the image sets it."""
EDIT_TARGET = 6.0
LOOK_SECONDS = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Seconds of each round."""

    plain: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    plain_in_lab: list[float] = field(default_factory=list)
    ours_in_lab: list[float] = field(default_factory=list)
    bucket: list[float] = field(default_factory=list)


def section(rounds: int | None) -> str:
    circumstances = sections.Circumstances()
    with TemporaryDirectory(prefix="tsp-bench-") as folder, service.running(service.SQLITE) as running:
        found = _measured(Path(folder), running, rounds)
    rows = [
        [
            name,
            *(
                f"{ms(statistics.median(seconds))} ({ms(quantile(seconds, 0.95))})"
                for seconds in (each.plain, each.ours)
            ),
            f"**{statistics.median(each.ours) / statistics.median(each.plain):.2f}**",
            f"≤ {TARGET}",
            f"{ms(statistics.median(each.plain_in_lab))}, {ms(statistics.median(each.ours_in_lab))}",
            f"**{statistics.median(each.ours_in_lab) / statistics.median(each.plain_in_lab):.2f}**",
            f"{ms(statistics.median(each.bucket))} ({ms(max(each.bucket))})",
            f"{INTERVAL + max(each.bucket):.2f} s",
            f"≤ {EDIT_TARGET:g} s",
        ]
        for name, each in found.items()
    ]
    head = [
        "notebook",
        "plain",
        "ours",
        "ours / plain",
        "target",
        "in Lab: plain, ours",
        "ours / plain",
        "in the bucket (worst)",
        "from the key stroke",
        "target",
    ]
    return f"""
## Saves of one tab: median (p95)

*plain* is jupyter_server with its own `AsyncLargeFileManager`, *ours* the same server with our extension, connected to
the service in a process of its own on SQLite; both in turn, each with another text at every save, on the same disk. A
save is acknowledged when its PUT is answered: plain does not sync what it writes, ours has it synced twice by then, in
the notebook and in the outbox. *in Lab* is all that JupyterLab asks for one save: on a plain server the hash of the
file, the PUT, and the hash again; ours has that in the answer to the PUT. *in the bucket* is from the beginning of the
PUT until the object has its new version, *from the key stroke* the worst of them and the {INTERVAL:g} s that Lab's
autosave may let pass before it.
{rounds or ROUNDS} rounds, {rounds or ROUNDS_OF_LARGEST} of the largest. A notebook has cells of 1 KB, and from 1 MB on
a picture of 64 KB in each of them.

{circumstances.lines()}

{sections.table(head, rows)}
"""


def _measured(folder: Path, running: Service, rounds: int | None) -> dict[str, Figures]:
    inside = running.environment("ana", "study")
    bucket = running.context.bucket(inside.workspace_id)
    for name, size in SIZES.items():
        body = written(document(size))
        notebooks.save_notebook(running.context, inside.place(_path(name)), body, None)
    with plain(folder / "plain") as stock, ours(folder / "ours", running, inside) as own:
        found = {}
        for name, size in SIZES.items():
            count = rounds or (ROUNDS_OF_LARGEST if size > 10 * MB else ROUNDS)
            found[name] = _of_size(stock, own, bucket, _path(name), document(size), count)
    return found


def _of_size(stock: Jupyter, own: Jupyter, bucket: Bucket, path: str, made: dict[str, Any], rounds: int) -> Figures:
    there = f"study/edit/{path}"
    stock.save(path, _model(made))
    figures = Figures()
    with own.tab(there):
        own.read(there)
        for number in range(rounds + 1):
            into = figures if number else Figures()  # the first warms up
            text = edited(made, f"round {number}")
            for is_ours in (True, False) if number % 2 else (False, True):
                if is_ours:
                    _save_ours(own, bucket, path, text, into)
                else:
                    body = _model(text)
                    asked = _seconds(stock.hash, path)
                    into.plain.append(_seconds(stock.save, path, body))
                    into.plain_in_lab.append(asked + into.plain[-1] + _seconds(stock.hash, path))
    return figures


def _save_ours(own: Jupyter, bucket: Bucket, path: str, text: dict[str, Any], into: Figures) -> None:
    before = bucket.stat(FOLDER + path).version
    body = _model(text, terra_session=TAB)
    asked = _seconds(own.hash, f"study/edit/{path}")
    began = time.perf_counter()
    into.ours.append(_seconds(own.save, f"study/edit/{path}", body))
    into.ours_in_lab.append(asked + into.ours[-1])
    while bucket.stat(FOLDER + path).version == before:
        time.sleep(LOOK_SECONDS)
    into.bucket.append(time.perf_counter() - began)


def _seconds(act: Callable[..., object], *words: object) -> float:
    began = time.perf_counter()
    act(*words)
    return time.perf_counter() - began


def _model(text: dict[str, Any], **more: str) -> bytes:
    """As Lab sends it."""
    return json.dumps({"type": "notebook", "format": "json", "content": text, **more}).encode()


def _path(name: str) -> str:
    return f"{name}.ipynb"
