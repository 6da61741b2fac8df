"""`pip install` from a cell or a terminal: it stays, it is found, and the server is none the worse for it."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.docker

SITE = "/home/jupyter/packages/python-3.13/lib/python3.13/site-packages"


@pytest.mark.feature("D5")
def test_a_package_installed_in_a_cell_lives_on_the_disk(container: Any) -> None:
    container.create()
    container.start()
    container.cell("%pip install -q cowsay==6.1\nimport cowsay")
    container.cell("!pip install -q pyjokes==0.8.3\nimport pyjokes")
    assert container.cell("import cowsay; print(cowsay.__file__)").startswith(SITE)
    container.create()
    container.start()
    assert container.cell("import cowsay, pyjokes; print(cowsay.__file__)").startswith(SITE)
    assert "moo" in container.terminal("cowsay -t moo"), "console scripts are on PATH"
    assert container.terminal("python -c 'import pyjokes; print(pyjokes.__file__)'").startswith(SITE)


@pytest.mark.feature("D5")
def test_packages_of_a_terminal_upgrade_uninstall_and_shadow_the_images(container: Any) -> None:
    container.create()
    container.start()
    container.terminal("pip install -q cowsay==6.0 && pip install -q --upgrade cowsay==6.1")
    assert container.terminal("pip list --format freeze | grep cowsay").strip() == "cowsay==6.1"
    container.terminal("pip uninstall -q -y cowsay")
    assert container.terminal("python -c 'import cowsay'", check=False).count("ModuleNotFoundError") == 1

    version = "from importlib.metadata import version; print(version('threadpoolctl'))"
    of_the_image = container.cell(version).strip()
    container.terminal("pip install -q threadpoolctl==3.5.0")
    assert container.cell(version).strip() == "3.5.0" != of_the_image
    container.terminal("pip uninstall -q -y threadpoolctl")
    assert container.cell(version).strip() == of_the_image

    container.terminal("python -m venv mine && mine/bin/pip --version")
    assert SITE in container.terminal("pip --version; python -c 'import site; print(site.getsitepackages())'")


def test_a_broken_package_cannot_stop_the_server(container: Any) -> None:
    container.create()
    container.start()
    broken = "raise RuntimeError('broken package')"
    container.terminal(
        f"cd {SITE} && for name in traitlets tornado jupyter_server jupyterhub aiohttp terraspawner_environment; do"
        f' mkdir -p $name && echo "{broken}" > $name/__init__.py; done;'
        f' echo "{broken}" > sitecustomize.py; echo "{broken}" > usercustomize.py;'
        f' echo "import sys; {broken}" > evil.pth; echo "import os; os._exit(3)" > worse.pth'
    )
    container.stop()
    container.start()
    assert container.ask("/api/status")["kernels"] == 0
    assert container.terminal("python -c 1; echo $?").strip().endswith("3"), "the user's own Python is theirs to break"
    container.terminal(f"rm -r {SITE}/*")
    container.stop()
    container.start()
    assert "3" in container.cell("import tornado, numpy; print(1 + 2)")


def test_a_removed_packages_folder_comes_back_empty(container: Any) -> None:
    container.create()
    container.start()
    container.terminal("rm -rf ~/packages && touch ~/packages")
    container.stop()
    container.start()
    assert "6" in container.cell("print(1 + 2 + 3)")
    container.terminal("rm ~/packages")
    container.stop()
    container.start()
    container.terminal("pip install -q cowsay==6.1")
    assert container.cell("import cowsay; print(cowsay.__file__)").startswith(SITE)
