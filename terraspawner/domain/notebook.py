"""What makes bytes a notebook: nbformat 4 JSON, told apart without a schema on the save path.

The full schema is Jupyter's business (a newer minor version must not be refused here); what this refuses is
what no Jupyter could open: not UTF-8, not JSON, no list of cells, another major version.
"""

from __future__ import annotations

import json
from typing import Any

KERNELS = {"python3": ("Python 3", "python")}
"""Kernel name -> display name and language of what an environment offers."""


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


def fault(body: bytes) -> str:
    """What keeps `body` from being a notebook, as the end of a sentence; empty where nothing does."""
    try:
        document = json.loads(body.decode())
    except UnicodeDecodeError:
        return "it is not UTF-8 text"
    except ValueError:
        return "it is not JSON, or only part of a file"
    except RecursionError:
        return "its JSON is nested too deeply"
    return _fault_of_document(document)


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
    try:
        metadata: Any = json.loads(body)["metadata"]
        spec = metadata.get("kernelspec", {})
        language = spec.get("language") or metadata.get("language_info", {}).get("name", "")
        return str(spec.get("name", "")), str(language)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", ""
