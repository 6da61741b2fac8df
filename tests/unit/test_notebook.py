"""What is a notebook and what is not."""

import json

import nbformat
import pytest

from terraspawner.domain import notebook


@pytest.mark.feature("E1")
def test_a_new_notebook_is_valid_for_jupyter_and_names_its_kernel() -> None:
    body = notebook.empty("python3")
    nbformat.validate(nbformat.reads(body.decode(), as_version=4))
    assert notebook.examine(body).fault == ""
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
    assert says in notebook.examine(body).fault
    assert notebook.kernel_of(body) == ("", "")


def test_a_newer_minor_version_is_not_our_business() -> None:
    document = json.loads(notebook.empty("python3")) | {"nbformat_minor": 99, "extra": True}
    assert notebook.examine(json.dumps(document).encode()).fault == ""


@pytest.mark.parametrize("name", ["\ud800", "a\x00b\u202e", ["x"] * 1000, "x" * 1_000_000, {"a": None}])
def test_names_of_kernel_and_language_can_be_told_whatever_they_are(name: object) -> None:
    document = json.loads(notebook.empty("python3"))
    document["metadata"] = {"kernelspec": {"name": name, "language": name}}
    for said in notebook.kernel_of(json.dumps(document).encode()):
        assert said.isprintable()
        assert 0 < len(said.encode()) <= 3 * notebook.NAME_LENGTH


@pytest.mark.parametrize(
    "unit",
    [
        "{},",
        *(
            pytest.param(unit, marks=pytest.mark.slow)
            for unit in ("[],", '{"a":1},', '"ab",', "1.5,", '{"a":{"b":[]}},')
        ),
    ],
)
def test_a_small_body_that_would_become_a_gigabyte_of_objects_is_refused_unread(unit: str) -> None:
    filler = (unit * (20_000_000 // len(unit)))[:-1]
    body = f'{{"cells": [], "nbformat": 4, "metadata": {{"x": [{filler}]}}}}'.encode()
    assert "too many small values" in notebook.examine(body).fault
    assert notebook.kernel_of(body) == ("", "")


@pytest.mark.parametrize("text", ["{[,:" * 1_000_000, '{"a": [1, 2]},\n' * 1_000_000, "\\" * 4_000_000])
def test_marks_inside_of_strings_are_no_values(text: str) -> None:
    document = json.loads(notebook.empty("python3"))
    document["cells"][0]["source"] = text
    body = json.dumps(document).encode()
    assert notebook.examine(body).fault == ""
    assert notebook.kernel_of(body) == ("python3", "python")
