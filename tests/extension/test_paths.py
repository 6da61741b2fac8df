"""Which paths are workspace notebooks, and what a kept copy is called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from terraspawner_environment.paths import WorkspacePaths, copy_name

PATHS = WorkspacePaths(workspace="study")


@pytest.mark.parametrize(
    ("path", "notebook"),
    [
        ("study/edit/a.ipynb", "a.ipynb"),
        ("/study/edit/a.ipynb/", "a.ipynb"),
        ("study/edit/deep/er/a.ipynb", "deep/er/a.ipynb"),
        ("study/edit/a.py", None),
        ("study/edit/.hidden.ipynb", None),
        ("study/edit/.ipynb_checkpoints/a.ipynb", None),
        ("study/playground/a.ipynb", None),
        ("study/a.ipynb", None),
        ("a.ipynb", None),
        ("other/edit/a.ipynb", None),
        ("study/editor/a.ipynb", None),
        ("study/edit", None),
        ("", None),
    ],
)
def test_only_notebooks_below_edit_are_the_workspaces(path: str, notebook: str | None) -> None:
    assert PATHS.notebook_of(path) == notebook
    if notebook is not None:
        assert PATHS.lab_path(notebook) == path.strip("/")


@pytest.mark.parametrize(
    ("path", "folder"),
    [("study/edit", ""), ("study/edit/deep", "deep"), ("study", None), ("study/playground", None), ("", None)],
)
def test_folders_are_named_from_edit_on(path: str, folder: str | None) -> None:
    assert PATHS.folder_of(path) == folder


def test_a_copy_is_named_for_whom_and_when() -> None:
    now = datetime(2026, 11, 20, 14, 5, 33, tzinfo=UTC)
    assert copy_name("deep/a.ipynb", user="ana", now=now) == "deep/a (conflict ana 2026-11-20 14.05.33).ipynb"
    assert copy_name("a.ipynb", user="ana", now=now, attempt=1) == "a (conflict ana 2026-11-20 14.05.33 2).ipynb"


def test_a_users_name_cannot_lead_out_of_the_folder() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    name = copy_name("a.ipynb", user="../../etc\n\x00", now=now)
    assert "/" not in name
    assert name.isprintable()
    assert copy_name("a.ipynb", user="", now=now).startswith("a (conflict me ")
