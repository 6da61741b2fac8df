"""What Lab asks of the server is answered: little of the packages' own choice is in it, so each is tried.

See images/python/requirements-server.txt and terraspawner_environment/standins.py for what was left out.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import websocket

from extension.containers import PREFIX, TOKEN

pytestmark = pytest.mark.docker

CELLS = [
    {
        "cell_type": "markdown",
        "metadata": {},
        "source": "# Title\n\n$e^{i\\pi}$ and `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    },
    {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "source": "answer = 6 * 7\nanswer",
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": "\u001b[31mred\u001b[0m\n"},
            {
                "output_type": "execute_result",
                "execution_count": 1,
                "metadata": {},
                "data": {"text/plain": "42", "text/html": "<b>forty-two</b>", "application/json": {"a": 1}},
            },
        ],
    },
]
NOTEBOOK = {
    "cells": CELLS,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 4,
}


@pytest.fixture(scope="module", autouse=True)
def _notebook(started: Any) -> None:
    started.ask("/api/contents/plain.ipynb", method="PUT", body={"type": "notebook", "content": NOTEBOOK})


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("html", "forty-two"),
        ("slides", "forty-two"),
        ("markdown", "forty-two"),
        ("python", "answer = 6 * 7"),
        ("script", "answer = 6 * 7"),
        ("notebook", "forty-two"),
    ],
)
def test_a_notebook_is_exported_from_labs_menu(started: Any, form: str, shown: str) -> None:
    assert form in started.ask("/api/nbconvert")
    assert shown in started.read(f"/nbconvert/{form}/plain.ipynb?download=true").decode()


def test_the_forms_that_are_written_down_are_those_that_nbconvert_has(started: Any) -> None:
    found = started.terminal(
        "/opt/terra/server/bin/python -I -c 'import json; from nbconvert.exporters.base import *;"
        " print(json.dumps({name: get_exporter(name).output_mimetype for name in get_export_names()}))'"
    )
    offered = started.ask("/api/nbconvert")
    assert {name: form["output_mimetype"] for name, form in offered.items()} == json.loads(found)


def test_an_exported_page_has_its_mathematics_its_table_and_its_colours(started: Any) -> None:
    page = started.read("/nbconvert/html/plain.ipynb").decode()
    for part in (r"$e^{i\pi}$", "<td>1</td>", 'class="ansi-red-fg"', '<span class="n">answer</span>'):
        assert part in page


@pytest.mark.parametrize(
    "path",
    [
        "/lab",
        "/lab/api/settings",
        "/lab/api/themes/@jupyterlab/theme-light-extension/index.css",
        "/lab/api/translations",
        "/lab/api/translations/en",
        "/lab/api/licenses",
        "/lab/api/listings/@jupyterlab/extensionmanager-extension/listings.json",
        "/lab/api/extensions",
        "/lab/api/plugins",
        "/lab/api/workspaces",
        "/lab/api/news",
        "/api/spec.yaml",
        "/api/status",
        "/api/me",
        "/api/sessions",
        "/api/kernels",
        "/api/kernelspecs",
        "/api/terminals",
        "/api/config/notebook",
        "/api/contents?content=1",
        "/metrics",
        "/terraspawner/api/saves",
        "/terraspawner/api/kills",
    ],
)
def test_what_lab_asks_is_answered(started: Any, path: str) -> None:
    assert started.read(path)


def test_a_setting_of_the_users_is_checked_and_kept(started: Any) -> None:
    path = "/lab/api/settings/@jupyterlab/docmanager-extension:plugin"
    started.ask(path, method="PUT", body={"raw": '{"autosaveInterval": 30}'})
    assert started.ask(path)["settings"] == {"autosaveInterval": 30}
    started.ask(path, method="PUT", body={"raw": "{}"})


def test_a_terminal_answers(started: Any) -> None:
    name = started.ask("/api/terminals", method="POST")["name"]
    socket = websocket.create_connection(
        f"ws://{started.address}:8888{PREFIX}/terminals/websocket/{name}",
        header={"Authorization": f"token {TOKEN}"},
        timeout=30,
    )
    try:
        socket.send(json.dumps(["stdin", "echo $((6 * 7))-answered\r"]))
        heard = ""
        while "42-answered" not in heard:
            sort, *words = json.loads(socket.recv())
            heard += words[0] if sort == "stdout" else ""
    finally:
        socket.close()


def test_nothing_asked_for_what_is_not_there(started: Any) -> None:
    """Runs last in this file: the log of all that was asked above."""
    log = str(started.container.logs().decode())
    assert "is not in an environment's server" not in log
    assert re.findall(r"^Traceback|ModuleNotFoundError|ImportError.*$", log, re.MULTILINE) == []


def test_the_hubs_own_half_is_not_loaded(started: Any) -> None:
    """The memory that an idle environment has is for the user. (What a notebook's export needs is, by now.)"""
    loaded = started.terminal("cat /proc/$(pgrep -f -n ^/opt/terra/server/bin/python)/maps")
    assert "site-packages/aiohttp/" in loaded, "what is loaded is seen"
    assert not re.search(r"site-packages/(sqlalchemy|cryptography|pydantic_core|greenlet)", loaded)
    assert "cannot access" in started.terminal(
        "ls /opt/terra/server/lib/python3.13/site-packages/sqlalchemy", check=False
    )
