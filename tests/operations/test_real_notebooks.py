"""Notebooks that other people made, as they ship inside a package from the registry: none is kept here."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import nbformat
import pytest

import builders
from terraspawner.domain import notebook
from terraspawner.errors import NotebookInvalid
from terraspawner.operations import notebooks
from terraspawner.operations.context import Context

SHIPPED = sorted(Path(str(files("nbdime"))).rglob("*.ipynb"))


def is_current(path: Path) -> bool:
    """Whether nbformat itself reads it as format 4 without converting it."""
    try:
        return bool(nbformat.read(path, as_version=nbformat.NO_CONVERT).nbformat == 4)
    except (ValueError, nbformat.ValidationError, nbformat.reader.NotJSONError):
        return False


def test_there_are_some() -> None:
    assert len(SHIPPED) > 20


@pytest.mark.filterwarnings("ignore::nbformat.warnings.MissingIDFieldWarning")
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_real_notebook_comes_back_byte_for_byte(context: Context, path: Path) -> None:
    builders.workspace(context)
    body = path.read_bytes()
    place = notebooks.Place(user="ana", namespace="ana", name="alpha", path="real.ipynb")
    if not is_current(path):
        with pytest.raises(NotebookInvalid):
            notebooks.save_notebook(context, place, body, None)
        return
    saved = notebooks.save_notebook(context, place, body, None)
    assert notebooks.read_notebook(context, place) == (body, saved)
    assert (saved.kernel, saved.language) == notebook.kernel_of(body)
