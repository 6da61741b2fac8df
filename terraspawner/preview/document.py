"""What of a notebook's JSON is shown, read with tolerance: a value of the wrong kind is no value.

No schema is asked: what is a little wrong is still worth reading. What no reader could show is `Unreadable`, with
a sentence that ends "The notebook …".
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import nbformat

from terraspawner.domain.notebook import MOST_MEMORY, memory_of

MOST_CELLS = 5_000
MOST_OUTPUTS = 500
"""Of one cell."""
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
_ERROR_KEPT = 200


class Unreadable(Exception):
    """The notebook cannot be shown. The message is the rest of a sentence that begins with "The notebook"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """`kind` is "text", "error" or "data"; `name` is the stream's."""

    kind: str
    name: str = ""
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """`kind` is "code", "markdown" or "raw"."""

    kind: str
    source: str
    count: int | None = None
    outputs: tuple[Output, ...] = ()
    outputs_left_out: int = 0
    attachments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    is_source_hidden: bool = False
    are_outputs_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """`language` as Pygments or the kernel call it; `widgets` is the saved state of each model."""

    language: str
    cells: tuple[Cell, ...]
    cells_left_out: int
    widgets: Mapping[str, Any]


def read(body: bytes) -> Notebook:
    """The notebook in `body`. Raises `Unreadable`."""
    if memory_of(body) > MOST_MEMORY:
        raise Unreadable("is made of too many small values to be shown here. Download it to look at it.")
    try:
        document = json.loads(body.decode())
    except UnicodeDecodeError as error:
        raise Unreadable("is not UTF-8 text, so it is no notebook, or a damaged one.") from error
    except RecursionError as error:
        raise Unreadable("is nested too deeply to be read.") from error
    except ValueError as error:
        raise Unreadable("is not JSON, or only part of a file.") from error
    return _of_document(_of_version_four(document, body))


def text_of(value: Any) -> str:
    """Text as notebooks hold it: one string, or lines."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return _sound(value) if isinstance(value, str) else ""


def _sound(text: str) -> str:
    """`text` without what no answer could carry: NUL, and halves of characters."""
    text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def mapping_of(value: Any) -> Mapping[str, Any]:
    """`value` where it is one of named values, else an empty one."""
    return value if isinstance(value, dict) else {}


def _of_version_four(document: Any, body: bytes) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise Unreadable("has no list of cells, so it is no notebook.")
    version = document.get("nbformat")
    if version in (1, 2, 3):
        document = _upgraded(body, version)
    elif version != 4:
        raise Unreadable("is in a format that is not known here; 4 is. Open it with a newer Jupyter.")
    if not isinstance(document.get("cells"), list):
        raise Unreadable("has no list of cells, so it is no notebook.")
    return dict(document)


def _upgraded(body: bytes, version: int) -> dict[str, Any]:
    try:
        with warnings.catch_warnings(action="ignore"):
            old = nbformat.reader.reads(body.decode())  # type: ignore[no-untyped-call]
            return dict(nbformat.convert(old, 4))  # type: ignore[no-untyped-call]
    except Exception as error:  # a damaged old notebook fails in there in any way
        raise Unreadable(f"is in the old format {version} and cannot be brought to format 4.") from error


def _of_document(document: Mapping[str, Any]) -> Notebook:
    metadata = mapping_of(document.get("metadata"))
    spec, info = mapping_of(metadata.get("kernelspec")), mapping_of(metadata.get("language_info"))
    language = info.get("name") or spec.get("language") or ""
    cells = document["cells"]
    return Notebook(
        language=language if isinstance(language, str) else "",
        cells=tuple(_cell(mapping_of(cell)) for cell in cells[:MOST_CELLS]),
        cells_left_out=max(0, len(cells) - MOST_CELLS),
        widgets=mapping_of(mapping_of(mapping_of(metadata.get("widgets")).get(_WIDGET_STATE)).get("state")),
    )


def _cell(cell: Mapping[str, Any]) -> Cell:
    kind, count, metadata = cell.get("cell_type"), cell.get("execution_count"), mapping_of(cell.get("metadata"))
    outputs = cell.get("outputs")
    outputs = outputs if isinstance(outputs, list) else []
    hidden = mapping_of(metadata.get("jupyter"))
    return Cell(
        kind=kind if kind in ("code", "markdown") else "raw",
        source=text_of(cell.get("source")),
        count=count if isinstance(count, int) else None,
        outputs=_joined([_output(mapping_of(output)) for output in outputs[:MOST_OUTPUTS]]),
        outputs_left_out=max(0, len(outputs) - MOST_OUTPUTS),
        attachments={
            name: {mime: text_of(data) for mime, data in mapping_of(kinds).items()}
            for name, kinds in mapping_of(cell.get("attachments")).items()
        },
        is_source_hidden=hidden.get("source_hidden") is True,
        are_outputs_hidden=hidden.get("outputs_hidden") is True or metadata.get("collapsed") is True,
    )


def _output(output: Mapping[str, Any]) -> Output:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else ""
        return Output(kind="text", name=name, text=text_of(output.get("text")))
    if kind == "error":
        lines = output.get("traceback")
        named = f"{_short(output.get('ename'))}: {_short(output.get('evalue'))}"
        text = "\n".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else ""
        return Output(kind="error", text=_sound(text or named))
    return Output(kind="data", data=mapping_of(output.get("data")), metadata=mapping_of(output.get("metadata")))


def _short(value: Any) -> str:
    return value[:_ERROR_KEPT] if isinstance(value, str) else ""


def _joined(outputs: list[Output]) -> tuple[Output, ...]:
    """What a stream said in pieces, as one text; what a carriage return overwrote is gone."""
    found: list[Output] = []
    for output in outputs:
        last = found[-1] if found else None
        if last and output.kind == last.kind == "text" and output.name == last.name:
            found[-1] = Output(kind="text", name=last.name, text=last.text + output.text)
        else:
            found.append(output)
    return tuple(found)
