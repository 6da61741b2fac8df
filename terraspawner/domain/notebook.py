"""What makes bytes a notebook: nbformat 4 JSON, told apart without a schema on the save path.

The full schema is Jupyter's business (a newer minor version must not be refused here); what this refuses is
what no Jupyter could open: not UTF-8, not JSON, no list of cells, another major version. And one thing more: 50 MB
of ``{},{},{}`` become 1.3 GB of objects, so what a notebook would take is reckoned before it is read.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Any

KERNELS = {"python3": ("Python 3", "python"), "ir": ("R", "R")}
"""Kernel name -> display name and language of what an environment offers."""

MOST_MEMORY = 200 * 1024**2
"""Bytes that the values of a notebook may take besides its text, as `memory_of` reckons."""

NAME_LENGTH = 100


@enum.unique
class Mode(enum.StrEnum):
    """How a notebook is opened: the notebook itself, which one person edits at a time, or a copy to try things in."""

    EDIT = "edit"
    PLAYGROUND = "playground"


_PIECE = 1 << 20
_BYTES_FOR = {b"{": 240, b"[": 80, b":": 100, b",": 72}


def empty(kernel: str) -> bytes:
    """A new notebook with one empty cell for `kernel`, as Jupyter writes it."""
    display_name, language = KERNELS.get(kernel, (kernel, ""))
    document = {
        "cells": [
            {"cell_type": "code", "execution_count": None, "id": "first", "metadata": {}, "outputs": [], "source": []}
        ],
        "metadata": {
            "kernelspec": {"display_name": display_name, "language": language, "name": kernel},
            "language_info": {"name": language},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """`fault` is what keeps it from being a notebook, as the end of a sentence, empty where nothing does; `kernel` the
    name of its kernel and its language, empty where it does not say."""

    fault: str
    kernel: tuple[str, str] = ("", "")


def examine(body: bytes) -> Examined:
    """Read `body` once, for all that a save asks of it."""
    if memory_of(body) > MOST_MEMORY:
        return Examined(fault="it is made of too many small values")
    try:
        document = json.loads(body.decode())
    except UnicodeDecodeError:
        return Examined(fault="it is not UTF-8 text")
    except ValueError:
        return Examined(fault="it is not JSON, or only part of a file")
    except RecursionError:
        return Examined(fault="its JSON is nested too deeply")
    return Examined(fault=_fault_of_document(document), kernel=_kernel_of_document(document))


def _fault_of_document(document: Any) -> str:
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        return "it has no list of cells"
    if document.get("nbformat") != 4:
        return "its format is not version 4"
    if not all(isinstance(cell, dict) and "cell_type" in cell for cell in document["cells"]):
        return "one of its cells is not a cell"
    return ""


def kernel_of(body: bytes) -> tuple[str, str]:
    """Name of the kernel and its language, empty where the notebook does not say."""
    if memory_of(body) > MOST_MEMORY:
        return "", ""
    try:
        return _kernel_of_document(json.loads(body))
    except (ValueError, RecursionError):
        return "", ""


def _kernel_of_document(document: Any) -> tuple[str, str]:
    try:
        metadata = document["metadata"]
        spec = metadata.get("kernelspec", {})
        language = spec.get("language") or metadata.get("language_info", {}).get("name", "")
        return _shown(spec.get("name", "")), _shown(language)
    except (KeyError, TypeError, AttributeError):
        return "", ""


def _shown(name: Any) -> str:
    """A name out of a notebook, which is anybody's: short, and nothing in it that no answer could carry."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(name)[:NAME_LENGTH])


def memory_of(body: bytes) -> int:
    """What the values in `body` take once it is read, in bytes, reckoned from the marks outside of strings.

    Strings count by number only: their text is bounded by the size of the body. The count ends soon after
    `MOST_MEMORY`.
    """
    rough = _reckoned(body)
    if rough <= MOST_MEMORY:
        return rough
    text = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    total, is_inside = 0, 0
    for start in range(0, len(text), _PIECE):
        parts = text[start : start + _PIECE].split(b'"')
        total += _reckoned(b"".join(parts[is_inside::2]))
        is_inside ^= (len(parts) - 1) & 1
        if total > MOST_MEMORY:
            break
    return total


def _reckoned(text: bytes) -> int:
    return sum(each * text.count(mark) for mark, each in _BYTES_FOR.items())
