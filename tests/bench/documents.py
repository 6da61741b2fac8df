"""Notebooks of a size: cells of code that have printed something, and from `PICTURES_FROM` on each shows a picture."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

KB, MB = 1000, 1_000_000
PICTURES_FROM = MB
PICTURE_BYTES = 48_000
LINES = 12


def document(size: int, *, seed: int = 0) -> dict[str, Any]:
    """About `size` bytes as Jupyter writes it."""
    dice, cells, reached = random.Random(seed), [_cell(random.Random(seed), 0, has_picture=False)], 0
    while reached < size:
        cell = _cell(dice, len(cells), has_picture=size >= PICTURES_FROM)
        reached += len(json.dumps(cell, indent=1))
        cells.append(cell)
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": cells[:-1], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


def edited(made: dict[str, Any], word: str) -> dict[str, Any]:
    """The same with another text in its first cell."""
    first = {**made["cells"][0], "source": f"# {word}"}
    return {**made, "cells": [first, *made["cells"][1:]]}


def written(made: dict[str, Any]) -> bytes:
    """As Jupyter writes it."""
    return (json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _cell(dice: random.Random, number: int, *, has_picture: bool) -> dict[str, Any]:
    source = "".join(f"value_{line} = measure({dice.random():.6f}, step={line})\n" for line in range(LINES))
    printed = "".join(f"{dice.random():.12f} {dice.random():.12f}\n" for _ in range(LINES))
    outputs: list[dict[str, Any]] = [{"output_type": "stream", "name": "stdout", "text": printed}]
    if has_picture:
        data = {"image/png": base64.b64encode(dice.randbytes(PICTURE_BYTES)).decode(), "text/plain": "<Figure>"}
        outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
    return {
        "cell_type": "code", "id": f"cell-{number}", "metadata": {}, "source": source, "execution_count": number + 1,
        "outputs": outputs,
    }  # fmt: skip
