"""A library that is renamed while a notebook of it is open: saves land, and its folder follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("jupyter_server")

from tornado.web import HTTPError

from extension.conftest import Environment, MakeEnvironment, lab, read, save, sent, until
from extension.services import notebook_bytes
from extension.workspaces import WorkspaceAsItIs, workspace_as_it_is
from terraspawner.operations import libraries, notebooks
from terraspawner.operations.notebooks import Place
from terraspawner_environment.shelves import Shelves

if TYPE_CHECKING:
    from terraspawner_environment.contents import TerraContentsManager

pytestmark = pytest.mark.feature("H4", "F4")


@dataclass(kw_only=True)
class Drive:
    """An environment of a drive workspace, with one library that has one notebook."""

    real: WorkspaceAsItIs
    environment: Environment
    library: str

    def call(self, name: str) -> None:
        libraries.rename(self.real.site.context, actor="ana", library_id=self.library, name=name)

    def text(self, path: str = "deep/a.ipynb") -> bytes:
        place = Place(user="ana", namespace="library", name=self.library, path=path)
        return notebooks.read_notebook(self.real.site.context, place)[0]


@pytest.fixture
async def drive(tmp_path: Path, environment_of: MakeEnvironment) -> AsyncIterator[Drive]:
    async with workspace_as_it_is(tmp_path, storage="drive") as real:
        library = libraries.create_library(real.site.context, user="ana", name="Survey").library.id
        place = Place(user="ana", namespace="library", name=library, path="deep/a.ipynb")
        notebooks.save_notebook(real.site.context, place, notebook_bytes("first"), None)
        environment = environment_of(real)
        environment.has_drive = True
        yield Drive(real=real, environment=environment, library=library)


async def folders(manager: TerraContentsManager, folder: str = "") -> list[str]:
    """As Lab's file browser shows them."""
    shown = await manager.get(lab(folder).rstrip("/"), content=True, type="directory")
    return sorted(each["name"] for each in shown["content"])


async def fresh(manager: TerraContentsManager) -> None:
    """The list is asked for anew."""
    assert manager.workspace is not None
    manager.workspace.listing.stale()


async def test_what_is_saved_under_the_name_before_lands_in_the_library(drive: Drive) -> None:
    manager = await drive.environment.start()
    assert await read(manager, "Survey/deep/a.ipynb") == "first"
    drive.call("Field work")
    await save(manager, "Survey/deep/a.ipynb", "second")
    await sent(manager)
    assert b"second" in drive.text()
    again = await drive.environment.restart(manager)
    await save(again, "Survey/deep/a.ipynb", "third")
    await sent(again)
    assert b"third" in drive.text()


async def test_its_folder_follows_once_nothing_of_it_is_open(drive: Drive) -> None:
    manager = await drive.environment.start()
    await read(manager, "Survey/deep/a.ipynb")
    await save(manager, "Survey/deep/a.ipynb", "second")
    (drive.environment.file("Survey") / "notes.txt").write_text("mine")
    await sent(manager)
    assert manager.workspace is not None
    manager.workspace.leases.show("tab", "Survey/deep/a.ipynb")
    drive.call("Field work")
    await fresh(manager)
    assert await folders(manager) == ["Field work", "Survey"]
    manager.workspace.leases.leave("tab")
    await manager.workspace.leases.close(seconds=5)
    await fresh(manager)
    assert await folders(manager) == ["Field work"]
    assert await folders(manager, "Field work") == ["deep", "notes.txt"]
    assert await read(manager, "Field work/deep/a.ipynb") == "second"


async def test_a_notebook_that_is_saved_while_its_folder_follows_stays_until_that_is_sent(drive: Drive) -> None:
    place = Place(user="ana", namespace="library", name=drive.library, path="deep/b.ipynb")
    notebooks.save_notebook(drive.real.site.context, place, notebook_bytes("first"), None)
    manager = await drive.environment.start()
    for notebook in ("Survey/deep/a.ipynb", "Survey/deep/b.ipynb"):
        await read(manager, notebook)
    drive.call("Field work")
    await fresh(manager)
    assert manager.workspace is not None
    desk, shelf_moves = manager.workspace.desk, manager.workspace.shelf_moves
    await manager.workspace.listing.items()
    async with desk.local.of("Survey/deep/b.ipynb"):
        following = asyncio.create_task(shelf_moves.follow())
        await until(lambda: drive.environment.file("Field work/deep/a.ipynb").exists())
        (news,) = await desk.store("Survey/deep/b.ipynb", notebook_bytes("second"))
    await following
    manager.workspace.courier.wake(news)
    await sent(manager)
    assert b"second" in drive.text("deep/b.ipynb")
    await manager.workspace.leases.close(seconds=5)
    await shelf_moves.follow()
    assert await folders(manager) == ["Field work"]
    assert await folders(manager, "Field work/deep") == ["a.ipynb", "b.ipynb"]


async def test_another_library_that_takes_the_name_is_not_written_to(drive: Drive) -> None:
    manager = await drive.environment.start()
    await read(manager, "Survey/deep/a.ipynb")
    drive.call("Field work")
    other = libraries.create_library(drive.real.site.context, user="ana", name="Survey").library.id
    place = Place(user="ana", namespace="library", name=other, path="deep/a.ipynb")
    notebooks.save_notebook(drive.real.site.context, place, notebook_bytes("other"), None)
    await fresh(manager)
    await save(manager, "Survey/deep/a.ipynb", "second")
    await sent(manager)
    assert b"second" in drive.text()
    assert b"other" in notebooks.read_notebook(drive.real.site.context, place)[0]


async def test_a_notebook_is_renamed_in_its_library_under_the_name_before(drive: Drive) -> None:
    manager = await drive.environment.start()
    await read(manager, "Survey/deep/a.ipynb")
    drive.call("Field work")
    await manager.rename(lab("Survey/deep/a.ipynb"), lab("Survey/b.ipynb"))
    assert b"first" in drive.text("b.ipynb")
    with pytest.raises(HTTPError, match="stays in its library"):
        await manager.rename(lab("Survey/b.ipynb"), lab("elsewhere/b.ipynb"))


def test_what_is_known_outlives_the_server_and_a_torn_file(tmp_path: Path) -> None:
    shelves = Shelves(tmp_path / "shelves.json")
    shelves.learn({"Survey": "1"})
    again = Shelves(tmp_path / "shelves.json")
    again.load()
    assert again.address("Survey/a.ipynb") == ("1", "a.ipynb")
    again.learn({"New": "1", "Survey": "2"})
    assert again.renamed() == [("Survey", "New")]
    (tmp_path / "shelves.json").write_bytes(b"[")
    again.load()
    assert again.address("Survey/a.ipynb") is None
