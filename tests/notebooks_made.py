"""Notebooks as JSON, cell by cell, for tests that show or attack them, and as the HTML that they become."""

from __future__ import annotations

import json
from typing import Any


def made(*cells: dict[str, Any], **metadata: Any) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def words(source: str, **more: Any) -> dict[str, Any]:
    """A cell in Markdown."""
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def code(source: str = "", *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "execution_count": 1,
        "outputs": list(outputs),
    }


def shown(**data: Any) -> dict[str, Any]:
    """An output; ``text_html`` is ``text/html``, and of the rest the first underscore too."""
    kinds = {name.replace("_", "/", 1).replace("svg_xml", "svg+xml"): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": kinds}


def said(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def failed(*traceback: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": "Error", "evalue": "why", "traceback": list(traceback)}


def rendered(body: bytes, *clock: Any) -> str:
    """As `cells.render`. nbconvert takes a second to load: who only collects these tests need not wait for it."""
    from terraspawner.preview.cells import render  # noqa: PLC0415

    return render(body, *clock)
