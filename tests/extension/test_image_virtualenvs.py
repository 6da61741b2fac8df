"""Virtual environments on the disk: kernels by themselves, in this container and in the next one on the disk.

No conda channel is reached where this is tested: what stands for a conda environment here is a prefix made by hand,
with `conda-meta`, an interpreter and a standard library of its own. Conda itself has not been run.
"""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.docker

IMAGE_SITE = "/opt/terra/kernel/lib/python3.13/site-packages"
GIVE_IPYKERNEL = f"cp {IMAGE_SITE}/ipykernel_launcher.py $site && echo {IMAGE_SITE} > $site/borrowed.pth"
"""Lends the image's own ipykernel, so that this runs where no package index is reached."""
MAKE_PREFIX = f"""
set -e
prefix=~/miniforge3/envs/genomics site=~/miniforge3/envs/genomics/lib/python3.13/site-packages
mkdir -p $prefix/bin $prefix/lib $prefix/conda-meta ~/miniforge3/conda-meta && touch $prefix/conda-meta/history
cp /usr/bin/python3.13 $prefix/bin/ && ln -s python3.13 $prefix/bin/python && cp -r /usr/lib/python3.13 $prefix/lib/
rm -f $prefix/lib/python3.13/sitecustomize.py && mkdir -p $site
echo "import site; site.addsitedir('$site')" > $prefix/lib/python3.13/sitecustomize.py
{GIVE_IPYKERNEL}
"""
WHERE = "import sys, os; print(sys.prefix, os.environ['PATH'].split(':')[0])"


def only_other(container: Any, shown: str) -> str:
    """The kernel of the folder `shown`, which must be the only one besides the image's."""
    kernels = container.kernels()
    assert kernels.pop("python3") == "Python 3"
    ((name, display_name),) = kernels.items()
    assert display_name == f"Python 3.13 ({shown})"
    return str(name)


@pytest.mark.feature("D8")
def test_a_virtual_environment_is_a_kernel_and_outlives_its_container(container: Any) -> None:
    container.create()
    container.start()
    container.terminal(
        f"python3 -m venv ~/'my env' && cd ~/'my env'/lib/python3.13/site-packages && site=. && {GIVE_IPYKERNEL}"
    )
    container.terminal("mkdir /tmp/elsewhere && touch /tmp/elsewhere/file")
    kernel = only_other(container, "~/my env")
    home = "/home/jupyter/my env"
    assert container.cell(WHERE, kernel).strip() == f"{home} {home}/bin"
    # `pip` in a cell of it installs into it, and not where the image's own kernel looks
    assert f"{home}/lib" in container.cell("!pip --version", kernel)

    container.create()
    container.start()
    assert only_other(container, "~/my env") == kernel
    assert container.cell(WHERE, kernel).strip() == f"{home} {home}/bin"
    assert "No such file" in container.terminal("ls /tmp/elsewhere", check=False)


@pytest.mark.feature("D8")
def test_a_conda_environment_is_a_kernel_and_outlives_its_container(container: Any) -> None:
    container.create()
    container.start()
    container.terminal(MAKE_PREFIX)
    kernel = only_other(container, "~/miniforge3/envs/genomics")
    home = "/home/jupyter/miniforge3/envs/genomics"
    container.create()
    container.start()
    assert only_other(container, "~/miniforge3/envs/genomics") == kernel
    assert container.cell(WHERE, kernel).strip() == f"{home} {home}/bin"
    assert container.cell("import os; print(os.environ['CONDA_DEFAULT_ENV'])", kernel).strip() == "genomics"


@pytest.mark.full
@pytest.mark.feature("D8")
def test_virtualenv_and_ipykernel_from_the_package_index(container: Any) -> None:
    container.create()
    container.start()
    container.terminal("pip install -q virtualenv && virtualenv -q ~/mine && ~/mine/bin/pip install -q cowsay==6.1")
    assert list(container.kernels()) == ["python3"], "without ipykernel it is not offered"
    container.terminal("~/mine/bin/pip install -q ipykernel")
    container.create()
    container.start()
    kernel = only_other(container, "~/mine")
    assert container.cell("import cowsay; print(cowsay.__file__)", kernel).startswith("/home/jupyter/mine/lib/")


@pytest.mark.feature("D8")
def test_a_home_full_of_folders_and_broken_environments_starts_and_lists_its_kernels(container: Any) -> None:
    container.create()
    container.start()
    container.terminal(
        "cd ~ && mkdir -p many/{1..20}/{1..300} && python3 -m venv --without-pip broken && rm broken/bin/python*"
        " && python3 -m venv --without-pip outside && ln -sf /tmp/evil outside/bin/python"
        " && mkdir hung hung/bin && touch hung/pyvenv.cfg && mkfifo hung/bin/python && chmod 0 many/1"
        " && ln -s ~ circle"
    )
    container.stop()
    container.start()
    assert list(container.kernels()) == ["python3"]
    assert "6" in container.cell("print(1 + 2 + 3)")
