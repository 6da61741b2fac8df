"""After the workspace moved on: what the other text is, and what becomes of both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from extension.conftest import Environment, MakeEnvironment, lab, read, save, sent, state_of, until
from extension.services import WorkspaceThatAnswers, notebook_bytes
from extension.workspaces import WorkspaceAsItIs, workspace_as_it_is
from notebooks_made import code, made
from terraspawner_environment.choices import CannotChoose, Choices
from terraspawner_environment.contents import TerraContentsManager

COPY = "a (conflict ana 2026-11-20 14.05.33).ipynb"
FIRST = made({**code("one"), "id": "first"}, {**code("two"), "id": "second"})
MINE, THEIRS, BOTH = (FIRST.replace(old, new) for old, new in ((b"one", b"ONE"), (b"two", b"TWO"), (b"one", b"Uno")))


def choices(manager: TerraContentsManager) -> Choices:
    assert manager.workspace is not None
    return manager.workspace.choices


async def write(manager: TerraContentsManager, content: bytes) -> None:
    await manager.save({"type": "file", "format": "text", "content": content.decode()}, lab("a.ipynb"))


@pytest_asyncio.fixture
async def real(tmp_path: Path) -> AsyncIterator[WorkspaceAsItIs]:
    async with workspace_as_it_is(tmp_path) as workspace:
        await workspace.put("a.ipynb", FIRST, by="ana")
        yield workspace


async def overtaken(environment: Environment, real: WorkspaceAsItIs, theirs: bytes = THEIRS) -> TerraContentsManager:
    """A tab in which MINE was typed while ben saved."""
    manager = await environment.start()
    await read(manager, "a.ipynb")
    await real.put("a.ipynb", theirs)
    await write(manager, MINE)
    await until(lambda: state_of(manager, "a.ipynb").state == "conflict")
    await sent(manager)
    return manager


@pytest.mark.slow
@pytest.mark.feature("F8")
async def test_who_saved_the_other_text_is_told_and_the_copy_is_a_version_that_stays(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    manager = await overtaken(environment_of(real), real)
    sight = await choices(manager).look("a.ipynb")
    assert sight.theirs is not None
    assert (sight.theirs.author, sight.theirs.number, sight.conflict.copy) == ("ben", 2, COPY)
    assert (sight.trouble, sight.no_merge) == ("", "")
    assert (await real.read("a.ipynb"), await real.read(COPY)) == (THEIRS, MINE)
    assert await real.kinds(COPY) == ["conflict"]
    assert state_of(manager, "a.ipynb").unresolved


@pytest.mark.slow  # the service's worker takes a second to load
@pytest.mark.feature("F8")
async def test_what_nobody_else_touched_is_merged_and_saved_on_top_of_theirs(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    environment = environment_of(real)
    manager = await overtaken(environment, real)
    for view, words in (("both", (b"two", b"TWO")), ("theirs", (b"TWO",)), ("mine", (b"ONE",))):
        document = await choices(manager).show("a.ipynb", view, theme="dark")
        assert all(word in document for word in words)
    merged = await choices(manager).merge("a.ipynb")
    await sent(manager)
    assert merged.conflicts == ()
    there = await real.read("a.ipynb")
    assert there == environment.file("a.ipynb").read_bytes()
    assert b"ONE" in there
    assert b"TWO" in there
    assert await real.kinds("a.ipynb") == ["merged", "saved", "created"]
    assert await real.read(COPY) == MINE
    state = state_of(manager, "a.ipynb")
    assert (state.state, state.unresolved) == ("workspace", False)
    with pytest.raises(CannotChoose, match="no conflict"):
        await choices(manager).look("a.ipynb")


@pytest.mark.slow
@pytest.mark.feature("F8")
async def test_where_both_changed_the_same_both_are_in_the_cell_that_is_told(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    environment = environment_of(real)
    manager = await overtaken(environment, real, BOTH)
    assert (await choices(manager).merge("a.ipynb")).conflicts == (0,)
    await sent(manager)
    there = await real.read("a.ipynb")
    assert b"<<<<<<< local" in there
    assert b"ONE" in there
    assert b"Uno" in there


@pytest.mark.slow
async def test_a_merge_tomorrow_is_on_top_of_what_was_done_meanwhile(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    """Opened anew, typed on in theirs, the server started again, and somebody else saved once more."""
    environment = environment_of(real)
    manager = await overtaken(environment, real)
    manager = await environment.restart(manager)
    model = await manager.get(lab("a.ipynb"), content=True, type="notebook")
    assert "TWO" in str(model["content"])
    assert state_of(manager, "a.ipynb").unresolved
    await write(manager, THEIRS.replace(b"TWO", b"TWO more"))
    await sent(manager)
    await real.put("a.ipynb", THEIRS.replace(b"TWO", b"TWO more yet"))
    assert (await choices(manager).merge("a.ipynb")).conflicts == ()
    await sent(manager)
    there = await real.read("a.ipynb")
    assert b"ONE" in there
    assert b"TWO more yet" in there


@pytest.mark.slow
@pytest.mark.feature("F8")
async def test_theirs_is_taken_and_mine_goes_on_living_in_its_copy(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    environment = environment_of(real)
    manager = await overtaken(environment, real)
    await choices(manager).take_theirs("a.ipynb")
    assert environment.file("a.ipynb").read_bytes() == THEIRS
    assert environment.file(COPY).read_bytes() == MINE
    state = state_of(manager, "a.ipynb")
    assert (state.state, state.unresolved) == ("workspace", False)
    await write(manager, BOTH)
    await sent(manager)
    assert (await real.read("a.ipynb"), await real.read(COPY)) == (BOTH, MINE)


@pytest.mark.slow
async def test_what_was_deleted_there_is_told_and_goes_here_when_that_is_taken(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    environment = environment_of(real)
    manager = await environment.start()
    await read(manager, "a.ipynb")
    await real.delete("a.ipynb")
    await write(manager, MINE)
    await until(lambda: state_of(manager, "a.ipynb").state == "conflict")
    sight = await choices(manager).look("a.ipynb")
    assert sight.theirs is None
    assert "deleted or renamed" in sight.no_merge
    with pytest.raises(CannotChoose, match="not in the workspace any more"):
        await choices(manager).merge("a.ipynb")
    await choices(manager).take_theirs("a.ipynb")
    await sent(manager)
    assert environment.notebooks == [COPY]
    assert await real.names() == [COPY]


@pytest.mark.feature("F8")
async def test_without_the_service_the_choice_waits_over_a_new_start_and_nothing_is_lost(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        service.put("a.ipynb", notebook_bytes("theirs"))
        await save(manager, "a.ipynb", "mine")
        await until(lambda: COPY in service.notebooks)
        await service.stop()
        manager = await environment.restart(manager)
        sight = await choices(manager).look("a.ipynb")
        assert "cannot be reached" in sight.trouble
        for choose in (choices(manager).take_theirs, choices(manager).merge):
            with pytest.raises(CannotChoose, match="Both texts are kept") as refusal:
                await choose("a.ipynb")
            assert refusal.value.is_later
        assert environment.file("a.ipynb").read_bytes() == notebook_bytes("mine")
        assert environment.file(COPY).read_bytes() == notebook_bytes("mine")
        await service.start()
        await choices(manager).take_theirs("a.ipynb")
        assert await read(manager, "a.ipynb") == "theirs"
        assert not state_of(manager, "a.ipynb").unresolved


async def test_a_copy_that_was_renamed_is_still_the_one_that_is_merged(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        service.put("a.ipynb", notebook_bytes("theirs"))
        await save(manager, "a.ipynb", "mine")
        await until(lambda: COPY in service.notebooks)
        await sent(manager)
        await manager.rename_file(lab(COPY), lab("mine.ipynb"))
        assert manager.workspace is not None
        for desk in (manager.workspace.desk, (await environment.restart(manager)).workspace.desk):  # type: ignore[union-attr]
            conflict = desk.ledger.of("a.ipynb").conflict
            assert conflict is not None
            assert conflict.copy == "mine.ipynb"
