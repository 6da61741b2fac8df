"""Git folders with work that is nowhere else, looked for with the real git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from terraspawner_environment import trees

pytestmark = pytest.mark.slow

AS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(at: Path, *words: str) -> None:
    who = ("-c", "user.name=ana", "-c", "user.email=ana@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=at, check=True, capture_output=True, env={**os.environ, **AS})


def tree(home: Path, path: str) -> Path:
    """One with a commit."""
    at = home / path
    at.mkdir(parents=True)
    git(at, "init")
    (at / "a").write_text("1")
    git(at, "add", "a")
    git(at, "commit", "-m", "first")
    return at


@pytest.mark.feature("C7")
def test_work_that_is_nowhere_else_is_found(tmp_path: Path) -> None:
    home = tmp_path / "home"
    origin = tree(tmp_path, "origin")
    pushed = home / "code" / "pushed"
    pushed.parent.mkdir(parents=True)
    git(pushed.parent, "clone", str(origin), "pushed")
    assert trees.look(home) == []
    (pushed / "a").write_text("2")
    (pushed / "new").write_text("3")
    local = tree(home, "deep/er/local")
    assert trees.look(home) == [
        {"path": "~/code/pushed", "changed": 2, "unpushed": 0},
        {"path": "~/deep/er/local", "changed": 0, "unpushed": 1},
    ]
    git(pushed, "add", "-A")
    git(pushed, "commit", "-m", "second")
    (local / "a").unlink()
    assert trees.look(home) == [
        {"path": "~/code/pushed", "changed": 0, "unpushed": 1},
        {"path": "~/deep/er/local", "changed": 1, "unpushed": 1},
    ]


@pytest.mark.feature("C7")
def test_the_search_is_bounded_and_bears_what_is_broken(tmp_path: Path) -> None:
    tree(tmp_path, "a/b/c/d/e/too-deep")
    tree(tmp_path, "node_modules/theirs")
    (tmp_path / "broken" / ".git").mkdir(parents=True)
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "link").symlink_to(tmp_path)
    assert trees.look(tmp_path) == []


@pytest.mark.feature("C7")
def test_a_folder_runs_nothing_of_its_own(tmp_path: Path) -> None:
    at = tree(tmp_path, "hostile")
    ran = tmp_path / "ran"
    git(at, "config", "core.fsmonitor", f"touch {ran}")
    (at / "b").write_text("2")
    assert trees.look(tmp_path) == [{"path": "~/hostile", "changed": 1, "unpushed": 1}]
    assert not ran.exists()
