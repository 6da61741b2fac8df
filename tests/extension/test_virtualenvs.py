"""Which folders of a disk are offered as kernels, and that looking for them has an end."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from jupyter_client.kernelspec import NoSuchKernel

from terraspawner_environment import virtualenvs
from terraspawner_environment.kernelspecs import EnvironmentKernelSpecs
from terraspawner_environment.virtualenvs import VirtualEnvironments

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass
class Stopwatch:
    """Stands still; `step` is what each look at it costs."""

    now: float = 0.0
    step: float = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def make(folder: Path, *, is_conda: bool = False, has_ipykernel: bool = True) -> Path:
    """A virtual environment as its tools leave it, without the hundred files that nobody looks at."""
    site = folder / f"lib/python{VERSION}/site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    if is_conda:
        (folder / "conda-meta").mkdir()
        (folder / f"bin/python{VERSION}").write_text("#!/bin/sh\n")
        (folder / f"bin/python{VERSION}").chmod(0o755)
        (folder / "bin/python").symlink_to(f"python{VERSION}")
    else:
        (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
        (folder / "bin/python").symlink_to(os.path.realpath(sys.executable))
    if has_ipykernel:
        (site / "ipykernel_launcher.py").touch()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


def shown(home: Path) -> list[str]:
    return [item.shown for item in VirtualEnvironments(home, clock=Stopwatch()).look()]


@pytest.mark.feature("D8")
@pytest.mark.parametrize(
    "place",
    [
        "x",
        "envs/x",
        "study/edit/.venv",
        ".venv",
        ".virtualenvs/x",
        ".conda/envs/x",
        ".local/share/virtualenvs/x",
        "a/b/c/x",
    ],
)
def test_an_environment_is_found_where_people_and_their_tools_put_it(home: Path, place: str) -> None:
    make(home / place)
    assert shown(home) == [f"~/{place}"]


@pytest.mark.feature("D8")
def test_a_conda_installation_and_its_environments_are_found(home: Path) -> None:
    make(home / "miniforge3", is_conda=True)
    make(home / "miniforge3/envs/genomics", is_conda=True)
    base, genomics = VirtualEnvironments(home, clock=Stopwatch()).look()
    assert (base.shown, genomics.shown) == ("~/miniforge3", "~/miniforge3/envs/genomics")
    assert genomics.variables()["CONDA_PREFIX"] == str(home / "miniforge3/envs/genomics")
    assert genomics.variables()["CONDA_DEFAULT_ENV"] == "genomics"


@pytest.mark.parametrize("place", [".cache/x", "packages/python-3.13", "node_modules/x", "a/b/c/d/x", "x/lib/inner"])
def test_what_is_no_place_for_one_is_not_searched(home: Path, place: str) -> None:
    make(home / "x", has_ipykernel=False)
    (home / place).parent.mkdir(parents=True, exist_ok=True)
    make(home / place)
    assert shown(home) == []


def test_one_without_ipykernel_is_not_offered_until_it_has_it(home: Path) -> None:
    folder, clock = make(home / "x", has_ipykernel=False), Stopwatch()
    looked = VirtualEnvironments(home, clock=clock)
    assert looked.look() == ()
    (folder / f"lib/python{VERSION}/site-packages/ipykernel_launcher.py").touch()
    assert looked.look() == (), "Lab asks often: the last answer holds for a while"
    clock.now += virtualenvs.REST_SECONDS + 1
    assert [item.shown for item in looked.look()] == ["~/x"]


def break_interpreter(folder: Path, target: str) -> None:
    (folder / "bin/python").unlink()
    (folder / "bin/python").symlink_to(target)


@pytest.mark.feature("D8")
@pytest.mark.parametrize(
    "target", ["/nowhere/python3.13", "python", "/", "/etc/passwd", "/dev/zero", "/usr/bin/env"], ids=repr
)
def test_a_broken_interpreter_is_not_offered_and_never_run(home: Path, target: str) -> None:
    break_interpreter(make(home / "broken"), target)
    make(home / "whole")
    assert shown(home) == ["~/whole"]


def test_an_interpreter_of_another_version_than_the_packages_is_not_offered(home: Path) -> None:
    folder = make(home / "old")
    (folder / f"lib/python{VERSION}").rename(folder / "lib/python3.2")
    assert shown(home) == []


def test_a_pipe_in_place_of_the_interpreter_or_the_configuration_holds_nobody_up(home: Path) -> None:
    folder = make(home / "pipe")
    (folder / "bin/python").unlink()
    os.mkfifo(folder / "bin" / f"python{VERSION}")
    (folder / "bin/python").symlink_to(f"python{VERSION}")
    (home / "other").mkdir()
    os.mkfifo(home / "other" / "pyvenv.cfg")
    assert shown(home) == []


@pytest.mark.feature("D8")
def test_links_are_not_followed_out_of_home_or_in_a_circle(home: Path, tmp_path: Path) -> None:
    outside = make(tmp_path / "outside")
    (home / "link").symlink_to(outside)
    (home / "circle").mkdir()
    (home / "circle" / "again").symlink_to(home)
    (home / ".virtualenvs").symlink_to(tmp_path)
    make(home / "mine")
    assert shown(home) == ["~/mine"]


@pytest.mark.feature("D8")
@pytest.mark.parametrize(
    "name",
    [
        "with space",
        'quote\'s "n" such',
        "; rm -rf ~",
        "<img src=x onerror=alert(1)>",
        "Ünï-cödé 🎉",
        "-x",
        "%s",
        "x" * 200,
    ],
)
def test_a_name_with_odd_characters_is_a_kernel_like_any_other(home: Path, name: str) -> None:
    make(home / name)
    specs = EnvironmentKernelSpecs(kernel_dirs=[native(home)], virtual_environments=VirtualEnvironments(home))
    (kernel,) = set(specs.find_kernel_specs()) - {"python3"}
    assert all(c.isascii() and (c.isalnum() or c == "-") for c in kernel)
    spec = specs.get_kernel_spec(kernel)
    assert spec.argv[1] == f"{home}/{name}/bin/python"
    assert spec.env["VIRTUAL_ENV"] == f"{home}/{name}"
    assert len(spec.display_name) < 90
    json.dumps(specs.get_all_specs()).encode()


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "{connection_file}", "$HOME", b"\xff\xfe"])
def test_a_name_that_no_kernelspec_can_hold_is_not_offered(home: Path, name: str | bytes) -> None:
    make(Path(os.fsdecode(os.fsencode(home) + b"/" + os.fsencode(name))))
    make(home / "plain")
    assert shown(home) == ["~/plain"]


def test_two_environments_of_one_name_are_two_kernels_with_names_that_stay(home: Path) -> None:
    for place in ("a/x", "a-x"):
        make(home / place)
    first = [item.kernel_name for item in VirtualEnvironments(home).look()]
    assert len(set(first)) == 2
    assert [item.kernel_name for item in VirtualEnvironments(home).look()] == first


def native(home: Path) -> str:
    folder = home.parent / "kernels" / "python3"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(
        json.dumps({"argv": ["python"], "display_name": "Python 3", "language": "python"})
    )
    return str(folder.parent)


def test_the_images_kernel_stays_and_an_unknown_name_is_refused(home: Path) -> None:
    make(home / "x")
    specs = EnvironmentKernelSpecs(kernel_dirs=[native(home)], virtual_environments=VirtualEnvironments(home))
    assert specs.get_kernel_spec("python3").display_name == "Python 3"
    with pytest.raises(NoSuchKernel):
        specs.get_kernel_spec("disk-x-00000000")


@pytest.mark.feature("D8")
def test_among_thousands_of_folders_the_search_ends_and_keeps_what_it_knows(home: Path) -> None:
    make(home / "x")
    clock = Stopwatch()
    looked = VirtualEnvironments(home, clock=clock, most_folders=100)
    assert [item.shown for item in looked.look()] == ["~/x"]
    for number in range(300):
        (home / f"data{number:03}").mkdir()
    clock.now += virtualenvs.REST_SECONDS + 1
    assert [item.shown for item in looked.look()] == ["~/x"]
    assert looked.left_out
    assert VirtualEnvironments(home, clock=clock, most_folders=100).look() == ()


def test_a_search_that_takes_long_is_ended(home: Path) -> None:
    for number in range(50):
        (home / f"data{number}").mkdir()
    clock = Stopwatch(step=virtualenvs.MOST_SECONDS / 20)
    looked = VirtualEnvironments(home, clock=clock)
    assert looked.look() == ()
    assert looked.left_out
    assert looked._folders < 50


def test_not_more_are_offered_than_a_launcher_can_show(home: Path) -> None:
    for number in range(virtualenvs.MOST_OFFERED + 5):
        make(home / f"x{number:02}")
    assert len(shown(home)) == virtualenvs.MOST_OFFERED


def test_a_folder_that_may_not_be_read_is_passed_over(home: Path) -> None:
    make(home / "x")
    (home / "file").write_text("")
    (home / "closed").mkdir(mode=0)
    assert shown(home) == ["~/x"]
