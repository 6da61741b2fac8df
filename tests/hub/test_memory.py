"""A kernel that takes more memory than the environment has is ended, and its user is told (FEATURES.md C15)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from deployment import Person, Workspace, until
from hub.test_journey_by_rest import printed, run, run_cell

pytestmark = pytest.mark.docker

TAKE_TOO_MUCH = "held = []\nwhile True: held.append(bytearray(64 * 1024**2))"
TAKE_TOO_MUCH_ELSEWHERE = f"""
import subprocess, sys
print(subprocess.run([sys.executable, "-c", {TAKE_TOO_MUCH!r}]).returncode)
"""


def page(ana: Person, workspace: Workspace) -> str:
    answer = ana.browser_session.get(f"/services/workspaces{workspace.path}")
    assert answer.status_code == 200
    return answer.text


def memory(workspace: Workspace) -> dict[str, Any]:
    said: dict[str, Any] = workspace.environment()["memory"] or {}
    return said


def kills(workspace: Workspace) -> list[dict[str, Any]]:
    """What Lab asks for when it comes up."""
    owner = workspace.owner
    headers = {"Authorization": f"token {owner.token}"}
    answer = owner.browser_session.get(f"{workspace.server_url}terraspawner/api/kills", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["kills"]  # type: ignore[no-any-return]


@pytest.mark.feature("C15")
def test_a_kernel_beyond_the_limit_is_explained_in_lab_and_on_the_page(ana: Person, workspace: Workspace) -> None:
    workspace.create_notebook("too much")
    limit = workspace.start()["size"]["memory"]
    until(lambda: memory(workspace), "the environment says what memory it has")
    assert memory(workspace)["limit"] == limit
    assert 0 < memory(workspace)["used"] < limit
    assert "in use" in page(ana, workspace)
    assert "Out of memory" not in page(ana, workspace)

    messages = asyncio.run(run_cell(workspace, TAKE_TOO_MUCH, "too much.ipynb"))
    assert messages[-1]["content"]["execution_state"] == "restarting"
    (kill,) = until(lambda: kills(workspace), "the kill is known in the environment")
    path = f"{workspace.name}/edit/too much.ipynb"
    assert (kill["what"], kill["path"], kill["limit"]) == ("kernel", path, limit)
    until(lambda: memory(workspace)["last_kill"], "the workspace knows of it")
    assert (memory(workspace)["kills"], memory(workspace)["last_kill"]["path"]) == (1, path)
    shown = page(ana, workspace)
    assert "Out of memory: the kernel of too much.ipynb was stopped" in shown
    assert "Your files are safe; the variables of that kernel are lost." in shown
    assert printed(run(workspace, "print('goes on')")).strip() == "goes on"

    # what was said belongs to that start
    workspace.pause()
    assert "Out of memory" in page(ana, workspace)
    workspace.start()
    until(lambda: memory(workspace).get("kills") == 0, "the new start has its own numbers")
    assert "Out of memory" not in page(ana, workspace)


@pytest.mark.full
@pytest.mark.feature("C15")
def test_another_process_beyond_the_limit_is_explained_and_the_kernel_lives(ana: Person, workspace: Workspace) -> None:
    workspace.start()
    assert printed(run(workspace, TAKE_TOO_MUCH_ELSEWHERE)).strip() == "-9"
    (kill,) = until(lambda: kills(workspace), "the kill is told, after a kernel had time to explain it", within=90)
    assert (kill["what"], kill["path"]) == ("process", None)
    until(lambda: memory(workspace)["last_kill"], "the workspace knows of it")
    assert "Out of memory: a program was stopped" in page(ana, workspace)
    assert workspace.environment()["state"] == "running"
