"""How an environment's container starts: the start file, the user, the rights, the server's own Python."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extension.services import notebook_bytes, notebook_model

pytestmark = pytest.mark.docker


@pytest.mark.feature("C1")
def test_the_start_file_is_gone_from_the_layer_and_no_secret_is_in_the_configuration(started: Any) -> None:
    changed = {change["Path"] for change in started.client.api.diff(started.container.id)}
    assert not [path for path in changed if path.startswith("/run/terra/")]
    started.container.reload()
    configuration = json.dumps(started.container.attrs["Config"])
    for secret in (
        started.services.environ()["JUPYTERHUB_API_TOKEN"],
        started.services.environ()["TERRA_ENVIRONMENT_KEY"],
    ):
        assert secret not in configuration


def test_the_first_process_is_the_users_and_has_no_capability(started: Any) -> None:
    facts = started.terminal("cat /proc/1/status")
    lines = dict(line.split(":\t", 1) for line in facts.splitlines() if ":\t" in line)
    assert lines["Uid"].split() == ["1000"] * 4
    assert lines["Gid"].split() == ["1000"] * 4
    assert lines["Groups"].strip() == ""
    for sort in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(lines[sort], 16) == 0
    assert lines["NoNewPrivs"].strip() == "1"
    assert started.terminal("ps -o uid= -e | sort -u").split() == ["1000"]


def test_the_user_can_change_nothing_of_the_server(started: Any) -> None:
    assert started.terminal("find /opt/terra /etc/terra -writable -not -type l 2>/dev/null | head") == ""
    assert (
        started.terminal("touch /opt/terra/server/x 2>&1; ls /run/terra 2>&1 | head -1", check=False).count("denied")
        == 2
    )


def test_root_by_exec_can_install_packages_of_the_system(started: Any) -> None:
    status, output = started.container.exec_run(
        ["sh", "-c", "id -u; touch /var/lib/dpkg/lock && chown 1000 /tmp"], user="0"
    )
    assert status == 0, output


@pytest.mark.feature("D1")
def test_folders_of_the_workspace_are_there(started: Any) -> None:
    assert started.terminal("cd study && ls -d edit playground && readlink bucket").split() == [
        "edit", "playground", "/mnt/workspace/bucket",
    ]  # fmt: skip


def test_lab_saves_by_itself_every_five_seconds_and_asks_nothing_outside(started: Any) -> None:
    settings = started.ask("/lab/api/settings/@jupyterlab/docmanager-extension:plugin")
    assert settings["schema"]["properties"]["autosaveInterval"]["default"] == 5
    news = started.ask("/lab/api/settings/@jupyterlab/apputils-extension:notification")["schema"]["properties"]
    assert (news["checkForUpdates"]["default"], news["fetchNews"]["default"]) == (False, "false")


@pytest.mark.feature("F4")
def test_a_save_in_the_container_reaches_the_workspace(started: Any) -> None:
    path = "/api/contents/study/edit/a.ipynb"
    started.ask(path, method="PUT", body=notebook_model("1"))
    assert started.services.workspace.notebooks["a.ipynb"] == notebook_bytes("1")
    saves = started.ask("/terraspawner/api/saves")["saves"]
    assert [(save["path"], save["state"]) for save in saves] == [("study/edit/a.ipynb", "workspace")]


@pytest.mark.feature("I1")
def test_the_first_cell_finds_what_it_expects(started: Any) -> None:
    code = "import numpy, pandas, matplotlib.pyplot as plt, sklearn; plt.plot([1, 2]); print(numpy.arange(3).sum())"
    assert "3" in started.cell(code)
    assert list(started.ask("/api/kernelspecs")["kernelspecs"]) == ["python3"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "is missing"),
        (b"not json", "is not a JSON object"),
        (b'{"no": "env"}', "is not a JSON object"),
        (b'{"env": {"A": 1}}', "must map names to strings"),
        (b'{"env": {"A=B": "1"}}', "must map names to strings"),
    ],
)
def test_without_a_valid_start_file_it_ends_with_a_sentence(
    container: Any, content: bytes | None, sentence: str
) -> None:
    container.create()
    if content is not None:
        container.put_start_file(content)
    container.container.start()
    assert container.container.wait(timeout=30)["StatusCode"] == 64
    assert sentence in container.log()
    assert container.log().count("\n") == 1
    changed = {change["Path"] for change in container.client.api.diff(container.container.id)}
    assert "/run/terra/start.json" not in changed


def test_a_stopped_container_starts_again_with_new_settings(container: Any) -> None:
    container.create()
    container.start()
    before = container.container.id
    container.stop()
    container.start(OWNER_EMAIL="new@example.org")
    assert container.container.id == before
    assert (
        container.terminal("tr '\\0' '\\n' < /proc/$(pgrep -f -o terraspawner_environment.launch)/environ").count(
            "new@example.org"
        )
        == 1
    )


def test_a_broken_home_keeps_nobody_from_a_server(container: Any) -> None:
    container.create()
    container.start()
    container.terminal(
        "mkdir -p .jupyter .ipython/profile_default/startup; echo '{' > .jupyter/jupyter_server_config.json;"
        "echo 'raise SystemExit(1)' > .jupyter/jupyter_server_config.py;"
        "mkdir -p .jupyter/labconfig; echo '{' > .jupyter/labconfig/page_config.json;"
        "rm -rf .local .terra/outbox/*; touch .local; echo '{' > .terra/ledger.json;"
        "echo 'exit 1' > .bash_logout; chmod 000 ."
    )
    container.stop()
    container.start(PYTHONPATH="/home/jupyter")
    container.ask("/lab/api/settings")
    assert container.terminal("ls -d .local.moved-*").startswith(".local.moved-")
