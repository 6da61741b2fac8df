"""Copies in the playground: they come once, are never sent, and give way to a fresh one only when told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from extension.conftest import Environment, MakeEnvironment, lab, save, sent
from extension.services import WorkspaceThatAnswers, notebook_bytes, notebook_model

if TYPE_CHECKING:
    from terraspawner_environment.contents import TerraContentsManager
    from terraspawner_environment.playground import Copy

NAME = "deep/a.ipynb"
PATH = f"study/playground/{NAME}"


async def opened(manager: TerraContentsManager, choice: str = "ask", name: str = NAME) -> Copy:
    from terraspawner_environment.playground import Choice  # noqa: PLC0415 - pure tests run without it

    assert manager.workspace is not None
    return await manager.workspace.playground.open(name, Choice(choice))


def text(environment: Environment) -> bytes:
    return (environment.home / PATH).read_bytes()


@pytest.mark.feature("E6", "E8")
async def test_a_copy_comes_from_the_workspace_and_nothing_of_it_goes_back(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(NAME, notebook_bytes("theirs"))
        environment = environment_of(service)
        manager = await environment.start()
        copy = await opened(manager)
        assert (copy.path, copy.state) == (PATH, "copied")
        assert text(environment) == notebook_bytes("theirs")
        await manager.save(notebook_model("mine"), PATH)
        await sent(manager)
        assert text(environment) == notebook_bytes("mine")
        assert (service.notebooks, service.writes) == ({NAME: notebook_bytes("theirs")}, [])
        assert not environment.file(NAME).exists()


async def test_a_copy_that_was_changed_is_asked_about_and_stays_until_that_is_answered(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(NAME, notebook_bytes("theirs"))
        environment = environment_of(service)
        manager = await environment.start()
        await opened(manager)
        await manager.save(notebook_model("mine"), PATH)
        asked = await opened(manager)
        assert (asked.state, asked.has_moved_on) == ("asks", False)
        assert asked.changed
        service.put(NAME, notebook_bytes("newer"))
        manager = await environment.restart(manager)
        asked = await opened(manager)
        assert (asked.state, asked.has_moved_on) == ("asks", True)
        assert (await opened(manager, "keep")).state == "kept"
        assert text(environment) == notebook_bytes("mine")
        assert (await opened(manager, "fresh")).state == "copied"
        assert text(environment) == notebook_bytes("newer")


async def test_a_copy_that_nobody_changed_gives_way_to_what_the_workspace_has_now(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(NAME, notebook_bytes("theirs"))
        environment = environment_of(service)
        manager = await environment.start()
        await opened(manager)
        assert (await opened(manager)).state == "kept"
        service.put(NAME, notebook_bytes("newer"))
        assert (await opened(manager)).state == "copied"
        assert text(environment) == notebook_bytes("newer")


async def test_a_copy_has_ones_own_work_that_is_not_in_the_workspace_yet(environment_of: MakeEnvironment) -> None:
    service = WorkspaceThatAnswers()
    async with service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, NAME, "first")
        await sent(manager)
    await manager.save(notebook_model("second"), lab(NAME))
    assert (await opened(manager)).state == "copied"
    assert text(environment) == notebook_bytes("second")


async def test_what_is_not_there_or_cannot_be_reached_is_said(environment_of: MakeEnvironment) -> None:
    from terraspawner_environment.opening import CannotOpen  # noqa: PLC0415 - pure tests run without it

    service = WorkspaceThatAnswers()
    async with service:
        service.put(NAME, notebook_bytes("theirs"))
        environment = environment_of(service)
        manager = await environment.start()
        with pytest.raises(CannotOpen, match=r"There is no notebook “none\.ipynb”"):
            await opened(manager, name="none.ipynb")
    with pytest.raises(CannotOpen, match="was not copied to the playground: the workspace cannot be reached"):
        await opened(manager)
    assert not (environment.home / PATH).exists()


async def test_a_text_of_ones_own_is_put_beside_what_is_there(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(NAME, notebook_bytes("theirs"))
        environment = environment_of(service)
        manager = await environment.start()
        assert manager.workspace is not None
        await opened(manager)
        for place in ("a (2)", "a (3)"):
            copy = await manager.workspace.playground.keep(NAME, notebook_bytes("mine"))
            assert (copy.path, copy.state) == (f"study/playground/deep/{place}.ipynb", "copied")
            assert (environment.home / copy.path).read_bytes() == notebook_bytes("mine")
        assert text(environment) == notebook_bytes("theirs")


@pytest.mark.parametrize(
    "name", ["../a.ipynb", "/a.ipynb", "deep/../../a.ipynb", "a.txt", ".a.ipynb", "a\n.ipynb", "deep//a.ipynb", ""]
)
def test_a_name_that_leads_elsewhere_is_none(name: str) -> None:
    from terraspawner_environment.paths import WorkspacePaths  # noqa: PLC0415 - pure tests run without it

    paths = WorkspacePaths(workspace="study")
    assert not paths.named(name)
    assert paths.named("deep/Zeichnung für Ärzte.ipynb")
