"""A disk that is really full: a small tmpfs is filled to the last byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("jupyter_server")

from tornado.web import HTTPError

from extension.conftest import Environment, MakeEnvironment, lab, read, save, sent
from extension.services import WorkspaceThatAnswers, WorkspaceThatIsDown, notebook_bytes, notebook_model

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    return ballast


@pytest.fixture
def environment_on(small_disk: Path, environment_of: MakeEnvironment) -> MakeEnvironment:
    def make(service: WorkspaceThatAnswers) -> Environment:
        environment = environment_of(service)
        environment.home = small_disk
        return environment

    return make


async def test_a_save_on_a_full_disk_says_so_and_touches_nothing(environment_on: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_on(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "good")
        ballast = fill(environment.home)
        with pytest.raises(HTTPError, match="disk of this environment is full") as trouble:
            await save(manager, "a.ipynb", "x" * 100_000)
        assert trouble.value.status_code == 507
        assert environment.file("a.ipynb").read_bytes() == notebook_bytes("good")
        assert not list(environment.home.rglob(".~*"))
        assert manager.workspace.desk.outbox.pending() == []
        ballast.unlink()
        await save(manager, "a.ipynb", "x" * 100_000)
        await sent(manager)
        assert service.notebooks["a.ipynb"] == notebook_bytes("x" * 100_000)


async def test_room_for_the_notebook_but_not_for_the_outbox_is_no_save(environment_on: MakeEnvironment) -> None:
    async with WorkspaceThatIsDown() as service:
        environment = environment_on(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "good")
        ballast = fill(environment.home)
        os.truncate(ballast, ballast.stat().st_size - 150_000)
        with pytest.raises(HTTPError) as trouble:
            await save(manager, "a.ipynb", "x" * 100_000)
        assert trouble.value.status_code == 507
        assert environment.file("a.ipynb").read_bytes() == notebook_bytes("good")
        entry = manager.workspace.desk.outbox.newest("a.ipynb")
        assert manager.workspace.desk.outbox.text_of(entry).read_bytes() == notebook_bytes("good")
        await service.start()
        await sent(manager)
        assert service.notebooks["a.ipynb"] == notebook_bytes("good")


async def test_plain_files_are_whole_or_not_at_all_too(environment_on: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_on(service)
        manager = await environment.start()
        path = "study/playground/a.ipynb"
        await manager.save(notebook_model("good"), path)
        fill(environment.home)
        with pytest.raises(HTTPError, match="disk of this environment is full") as trouble:
            await manager.save(notebook_model("x" * 100_000), path)
        assert trouble.value.status_code == 507
        assert (environment.home / path).read_bytes() == notebook_bytes("good")


async def test_opening_still_works_on_a_full_disk(environment_on: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_on(service)
        service.put("far.ipynb", notebook_bytes("x" * 100_000))
        manager = await environment.start()
        await save(manager, "a.ipynb", "good")
        fill(environment.home)
        assert await read(manager, "a.ipynb") == "good"
        with pytest.raises(HTTPError) as trouble:
            await manager.get(lab("far.ipynb"))
        assert trouble.value.status_code == 507
