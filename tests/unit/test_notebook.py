"""What is a notebook and what is not."""

import json

import nbformat
import pytest

from terraspawner.domain import notebook


@pytest.mark.feature("E1")
def test_a_new_notebook_is_valid_for_jupyter_and_names_its_kernel() -> None:
    body = notebook.empty("python3")
    nbformat.validate(nbformat.reads(body.decode(), as_version=4))
    assert notebook.fault(body) == ""
    assert notebook.kernel_of(body) == ("python3", "python")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b'{"cells": [', "only part of a file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "no list of cells"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"cells": [], "nbformat": 3}', "not version 4"),
        (b'{"cells": [1], "nbformat": 4}', "not a cell"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_no_jupyter_could_open_is_refused_with_its_fault(body: bytes, says: str) -> None:
    assert says in notebook.fault(body)
    assert notebook.kernel_of(body) == ("", "")


def test_a_newer_minor_version_is_not_our_business() -> None:
    document = json.loads(notebook.empty("python3")) | {"nbformat_minor": 99, "extra": True}
    assert notebook.fault(json.dumps(document).encode()) == ""
