"""What was changed in a copy goes to the notebook that it is a copy of, with the version that it came from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from extension.conftest import MakeEnvironment, lab, read, save, sent, state_of, until
from extension.services import WORKSPACE, WorkspaceThatIsDown, notebook_bytes
from extension.workspaces import AT, WorkspaceAsItIs, workspace_as_it_is
from terraspawner_environment.contents import TerraContentsManager
from terraspawner_environment.offers import NotMerged
from terraspawner_environment.playground import Choice
from terraspawner_environment.proposing import NotProposed

pytestmark = pytest.mark.slow  # each with the real service, database and all
TEXT = notebook_bytes("mine")


@pytest_asyncio.fixture
async def real(tmp_path: Path) -> AsyncIterator[WorkspaceAsItIs]:
    async with workspace_as_it_is(tmp_path) as workspace:
        await workspace.put("a.ipynb", notebook_bytes("0"), by="ana")
        yield workspace


async def propose(manager: TerraContentsManager, path: str, note: str = "") -> str:
    assert manager.workspace is not None
    return await manager.workspace.proposing.propose(path, TEXT, note)


async def proposed(real: WorkspaceAsItIs) -> list[tuple[str, int, str]]:
    async with real.person("ben") as ben:
        items = (await ben.get(f"{AT}/a.ipynb/proposals")).json()["items"]
        for item in items:
            assert (await ben.get(f"{AT}/a.ipynb/proposals/{item['id']}")).content == TEXT
    return [(item["proposer"], item["base"], item["note"]) for item in items]


@pytest.mark.feature("F13")
async def test_a_copy_in_the_playground_is_proposed_from_the_version_that_was_copied(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    manager = await environment_of(real).start()
    assert manager.workspace is not None
    copy = await manager.workspace.playground.open("a.ipynb", Choice.ASK)
    for text in ("1", "2"):
        await real.put("a.ipynb", notebook_bytes(text))
    assert await propose(manager, copy.path, "better & louder") == "a.ipynb"
    assert await proposed(real) == [("ana", 1, "better & louder")]


@pytest.mark.feature("F13")
async def test_what_was_put_beside_it_when_the_lock_was_lost_is_proposed_from_what_was_open(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    manager = await environment_of(real).start()
    assert manager.workspace is not None
    await read(manager, "a.ipynb")
    await real.put("a.ipynb", notebook_bytes("1"))
    for path in (f"{WORKSPACE}/playground/a (2).ipynb", lab("a.ipynb")):
        assert await propose(manager, path) == "a.ipynb"
        assert await proposed(real) == [("ana", 1, "")]


async def test_the_copy_that_a_conflict_left_is_proposed_for_the_notebook(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    manager = await environment_of(real).start()
    await read(manager, "a.ipynb")
    await real.put("a.ipynb", notebook_bytes("theirs"))
    await save(manager, "a.ipynb", "mine")
    await until(lambda: state_of(manager, "a.ipynb").state == "conflict")
    assert await propose(manager, state_of(manager, "a.ipynb").copy) == "a.ipynb"
    assert await proposed(real) == [("ana", 1, "")]


async def test_what_belongs_to_no_notebook_or_reaches_nobody_is_not_proposed(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    manager = await environment_of(real).start()
    with pytest.raises(NotProposed, match="neither"):
        await propose(manager, "elsewhere.ipynb")
    with pytest.raises(NotProposed, match="no notebook") as refusal:
        await propose(manager, f"{WORKSPACE}/playground/new.ipynb")
    assert not refusal.value.is_later
    async with WorkspaceThatIsDown() as down:
        cut_off = await environment_of(down).start()
        with pytest.raises(NotProposed) as refusal:
            await propose(cut_off, lab("a.ipynb"))
        assert refusal.value.is_later


async def test_who_edits_a_notebook_merges_what_is_proposed_and_sees_it(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    environment = environment_of(real)
    manager = await environment.start()
    assert manager.workspace is not None
    await read(manager, "a.ipynb")
    await save(manager, "a.ipynb", "saved since")
    await sent(manager)
    async with real.person("ben") as ben:
        for base, text in (("1", "clashing"), ("2", "bens")):
            made = await ben.post(f"{AT}/a.ipynb/proposals?base={base}", content=notebook_bytes(text))
            assert made.status_code == 201, made.text
    offers = manager.workspace.offers
    (item,) = (await offers.list("a.ipynb"))["items"]
    assert b"bens" in await offers.show("a.ipynb", item["id"])
    await offers.merge("a.ipynb", item["id"], marks=False)
    assert await read(manager, "a.ipynb") == "bens"
    assert await real.read("a.ipynb") == environment.file("a.ipynb").read_bytes()
    assert (await real.kinds("a.ipynb"))[0] == "merged"
    with pytest.raises(NotMerged, match="merged, declined"):
        await offers.merge("a.ipynb", item["id"], marks=False)


async def test_what_both_changed_is_not_merged_unasked_and_nothing_while_another_edits(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    environment = environment_of(real)
    manager = await environment.start()
    assert manager.workspace is not None
    await read(manager, "a.ipynb")
    await real.put("a.ipynb", notebook_bytes("since"))
    async with real.person("ben") as ben:
        made = await ben.post(f"{AT}/a.ipynb/proposals?base=1", content=notebook_bytes("bens"))
        proposal, offers = made.json()["id"], manager.workspace.offers
        with pytest.raises(NotMerged) as refusal:
            await offers.merge("a.ipynb", proposal, marks=False)
        assert refusal.value.has_conflicts
        async with asyncio.timeout(10):
            while (lease := await ben.post(f"{AT}/a.ipynb/lease", json={"session": "bens"})).status_code == 423:
                pass
        assert lease.status_code == 200, lease.text
        with pytest.raises(NotMerged, match="ben") as refusal:
            await offers.merge("a.ipynb", proposal, marks=True)
        assert not refusal.value.has_conflicts
    assert await real.read("a.ipynb") == notebook_bytes("since")
