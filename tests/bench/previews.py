"""Previews: made for the first time, beside nbconvert alone with the same notebooks; and had from the shelf."""

from __future__ import annotations

import json
import statistics
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import InvalidNotebook

from notebooks_made import code, made, said, shown, words
from terraspawner.operations import notebooks
from tests.bench import sections, service
from tests.bench.documents import KB, MB, document, written
from tests.bench.sections import ms, quantile
from tests.bench.service import Inside, Service

ROUNDS = 8
ASKED = 100
"""How often each one is had from the shelf."""
FIRST_TARGET, CACHED_TARGET = 1.2, 0.030
SHIPPED = "shipped with nbdime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Seconds: of each notebook the median of all rounds; from the shelf each time."""

    alone: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    cached: list[float] = field(default_factory=list)


def section(rounds: int | None) -> str:
    circumstances, count = sections.Circumstances(), rounds or ROUNDS
    with service.running(service.SQLITE) as running, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nbconvert and nbformat, about old notebooks
        found = _measured(running, count)
    rows = [
        [
            f"{name} ({len(each.first)})",
            ms(statistics.mean(each.alone)),
            ms(statistics.mean(each.first)),
            f"**{sum(each.first) / sum(each.alone):.2f}**",
            f"{max(first / alone for first, alone in zip(each.first, each.alone, strict=True)):.2f}",
            f"≤ {FIRST_TARGET}",
            ms(quantile(each.cached, 0.95)),
            f"≤ {ms(CACHED_TARGET)}",
        ]
        for name, each in found.items()
    ]
    head = [
        "notebooks", "nbconvert alone", "first preview", "first / alone", "worst", "target", "from the shelf, p95",
        "target",
    ]  # fmt: skip
    return f"""
## Previews

*nbconvert alone*: `HTMLExporter` in this process, loaded and warm, from the bytes to the HTML. *first preview*: REST by
an environment's key at the service in a process of its own, from the request to the last byte, of a notebook with bytes
that were never shown; *from the shelf*: of one that was. Of each notebook the median of {count} rounds, in turn; the
mean of all. Of those that nbdime ships for its tests, what nbconvert cannot convert is left out.

{circumstances.lines()}

{sections.table(head, rows)}
"""


def corpus(exporter: HTMLExporter) -> Mapping[str, list[bytes]]:
    """By name. What nbconvert itself cannot show, or nbformat does not read as format 4, is left out."""
    shipped = sorted(Path(str(files("nbdime"))).rglob("*.ipynb"))
    return {
        SHIPPED: [body for path in shipped if _is_shown(exporter, body := path.read_bytes())],
        "text, formulas, tables": [lecture()],
        "100 KB of code and output": [written(document(100 * KB))],
        "1 MB with pictures": [written(document(MB))],
        "10 MB with pictures": [written(document(10 * MB))],
    }


def lecture(chapters: int = 30) -> bytes:
    """A notebook to be read, of a few words and formulas, code and a table for each chapter."""
    row = "<tr>" + "".join(f"<td>{number / 7:.6f}</td>" for number in range(8)) + "</tr>"
    cells: list[dict[str, Any]] = []
    for number in range(chapters):
        text = "Let $x_i$ be *measured* at each of the **sites**, and see [the table](#t).\n\n" * 4
        formula = r"$$\hat\beta = (X^\top X)^{-1} X^\top y,\quad \sum_{i=1}^{n} \frac{x_i^2}{\sigma_i} \le 1$$"
        cells += [
            words(f"## Chapter {number}\n\n{text}{formula}\n\n- one\n- two\n"),
            code("frame = table.groupby('site').mean()\n" * 8, shown(text_html=f"<table>{row * 20}</table>")),
            code("print(summary)\n", said("site mean sd\n" * 20)),
        ]
    return made(*cells, kernelspec={"name": "python3", "display_name": "Python 3", "language": "python"})


def _measured(running: Service, rounds: int) -> dict[str, Figures]:
    inside = running.environment("ana", "alpha")
    exporter = HTMLExporter()
    exporter.from_notebook_node(nbformat.reads(lecture().decode(), as_version=4))
    found = {}
    with running.client(inside) as client:
        _first(running, client, inside, "warm.ipynb", lecture(), 0)
        for name, bodies in corpus(exporter).items():
            found[name] = Figures()
            for place, body in enumerate(bodies):
                _one(running, client, inside, exporter, f"{len(found)}-{place}.ipynb", body, rounds, found[name])
    return found


def _one(
    running: Service, client: httpx.Client, inside: Inside, exporter: HTMLExporter, path: str, body: bytes,
    rounds: int, into: Figures,
) -> None:  # fmt: skip
    alone, first = [], []
    for number in range(rounds):
        began = time.perf_counter()
        exporter.from_notebook_node(nbformat.reads(body.decode(), as_version=4))
        alone.append(time.perf_counter() - began)
        first.append(_first(running, client, inside, path, body, number))
    into.alone.append(statistics.median(alone))
    into.first.append(statistics.median(first))
    into.cached.extend(_asked(client, inside, path) for _ in range(ASKED))


def _first(running: Service, client: httpx.Client, inside: Inside, path: str, body: bytes, number: int) -> float:
    """With bytes that nobody has seen: they say which round it is, where nothing is shown of that."""
    document = json.loads(body)
    document["metadata"]["round"] = f"{path} {number}"
    place = inside.place(path)
    base = notebooks.read_notebook(running.context, place)[1].version if number else None
    notebooks.save_notebook(running.context, place, written(document), base)
    return _asked(client, inside, path)


def _asked(client: httpx.Client, inside: Inside, path: str) -> float:
    began = time.perf_counter()
    client.get(f"{inside.address(path)}/preview").raise_for_status()
    return time.perf_counter() - began


def _is_shown(exporter: HTMLExporter, body: bytes) -> bool:
    try:
        found = nbformat.reads(body.decode(), as_version=nbformat.NO_CONVERT)
        return bool(found.nbformat == 4 and exporter.from_notebook_node(found))
    except (ValueError, nbformat.ValidationError, nbformat.reader.NotJSONError, InvalidNotebook):
        return False
