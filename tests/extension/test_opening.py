"""Opening, conflicts, renaming, deleting: nobody's work is ever overwritten."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("jupyter_server")

from tornado.web import HTTPError

from extension.conftest import MakeEnvironment, lab, read, save, sent, until
from extension.services import WorkspaceThatAnswers, WorkspaceThatIsDown, notebook_bytes, notebook_model

COPY = "a (conflict ana 2026-11-20 14.05.33).ipynb"


async def test_the_folder_shows_what_the_workspace_has_and_the_disk_has_not(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("1"))
        service.put("deep/b.ipynb", notebook_bytes("2"))
        manager = await environment.start()
        names = {item["name"]: item["type"] for item in (await manager.get("study/edit"))["content"]}
        assert names == {"a.ipynb": "notebook", "deep": "directory"}
        names = [item["name"] for item in (await manager.get("study/edit/deep"))["content"]]
        assert names == ["b.ipynb"]
        assert environment.notebooks == []
        assert await read(manager, "deep/b.ipynb") == "2"


async def test_the_folder_is_shown_while_the_service_is_down(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatIsDown() as service:
        manager = await environment_of(service).start()
        await save(manager, "a.ipynb", "1")
        assert [item["name"] for item in (await manager.get("study/edit"))["content"]] == ["a.ipynb"]


async def test_asking_for_facts_only_of_a_notebook_that_is_not_here_fetches_it(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("1"))
        manager = await environment.start()
        model = await manager.get(lab("a.ipynb"), content=False)
        assert (model["type"], model["content"]) == ("notebook", None)


async def test_a_notebook_nobody_has_is_not_found(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        manager = await environment_of(service).start()
        with pytest.raises(HTTPError) as trouble:
            await read(manager, "a.ipynb")
        assert trouble.value.status_code == 404


async def test_a_notebook_that_cannot_be_fetched_says_so(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatIsDown() as service:
        manager = await environment_of(service).start()
        with pytest.raises(HTTPError, match="cannot be reached") as trouble:
            await read(manager, "a.ipynb")
        assert trouble.value.status_code == 503


async def test_a_newer_text_in_the_workspace_is_taken_where_nothing_was_changed_here(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("1"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        service.put("a.ipynb", notebook_bytes("theirs"))
        assert await read(manager, "a.ipynb") == "theirs"
        assert environment.notebooks == ["a.ipynb"]


async def test_lost_state_loses_no_work(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("same.ipynb", notebook_bytes("same"))
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "same.ipynb")
        await read(manager, "a.ipynb")
        await environment.stop(manager)
        (environment.home / ".terra/ledger.json").write_bytes(b'{"notebooks": {"a.ip')
        environment.file("a.ipynb").write_bytes(notebook_bytes("mine"))
        manager = await environment.start()
        assert await read(manager, "same.ipynb") == "same"
        assert await read(manager, "a.ipynb") == "0"
        await sent(manager)
        assert service.notebooks[COPY] == notebook_bytes("mine")
        assert list((environment.home / ".terra").glob("ledger.json.unreadable-*"))


async def test_an_outbox_note_that_cannot_be_read_keeps_its_text(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatIsDown() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "mine")
        await environment.stop(manager)
        for note in (environment.home / ".terra/outbox").glob("*.json"):
            note.write_bytes(b"{")
        await environment.start()
        kept = list((environment.home / ".terra/outbox/unreadable").glob("*.ipynb"))
        assert [path.read_bytes() for path in kept] == [notebook_bytes("mine")]


@pytest.mark.feature("F4")
async def test_a_notebook_changed_by_a_kill_between_disk_and_outbox_is_sent_at_the_next_start(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        await environment.stop(manager)
        environment.file("a.ipynb").write_bytes(notebook_bytes("newer than its outbox"))
        manager = await environment.start()
        await sent(manager)
        assert service.notebooks["a.ipynb"] == notebook_bytes("newer than its outbox")


async def test_a_notebook_made_by_a_terminal_is_created_when_it_is_opened(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        environment.file("by-cp.ipynb").write_bytes(notebook_bytes("1"))
        assert await read(manager, "by-cp.ipynb") == "1"
        await sent(manager)
        assert service.notebooks == {"by-cp.ipynb": notebook_bytes("1")}


async def test_rename_is_the_workspaces_first(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "1")
        await manager.rename(lab("a.ipynb"), lab("b.ipynb"))
        assert list(service.notebooks) == ["b.ipynb"]
        assert environment.notebooks == ["b.ipynb"]
        await save(manager, "b.ipynb", "2")
        await sent(manager)
        assert service.notebooks["b.ipynb"] == notebook_bytes("2")


async def test_rename_is_refused_while_the_service_is_down(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "1")
        await service.stop()
        with pytest.raises(HTTPError, match="was not renamed") as trouble:
            await manager.rename(lab("a.ipynb"), lab("b.ipynb"))
        assert trouble.value.status_code == 503
        assert environment.notebooks == ["a.ipynb"]


async def test_rename_is_refused_while_a_save_that_came_between_is_on_its_way(environment_of: MakeEnvironment) -> None:
    """Sent under the old name it would be another notebook, and the renamed one would lack it."""
    async with WorkspaceThatAnswers() as service:
        service.put("a.ipynb", notebook_bytes("1"))
        manager = await environment_of(service).start()
        await read(manager, "a.ipynb")
        assert manager.workspace is not None
        desk = manager.workspace.desk
        async with desk.local.of("a.ipynb"):
            renaming = asyncio.create_task(manager.rename(lab("a.ipynb"), lab("b.ipynb")))
            await until(desk.traffic.of("a.ipynb").locked)  # it has seen that nothing is on its way
            (news,) = await desk.store("a.ipynb", notebook_bytes("2"))
        with pytest.raises(HTTPError, match="was not renamed"):
            await renaming
        manager.workspace.courier.wake(news)
        await sent(manager)
        assert service.notebooks == {"a.ipynb": notebook_bytes("2")}
        await manager.rename(lab("a.ipynb"), lab("b.ipynb"))
        assert service.notebooks == {"b.ipynb": notebook_bytes("2")}


async def test_rename_to_a_name_that_is_taken_is_refused(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        service.put("b.ipynb", notebook_bytes("theirs"))
        await save(manager, "a.ipynb", "1")
        with pytest.raises(HTTPError) as trouble:
            await manager.rename(lab("a.ipynb"), lab("b.ipynb"))
        assert trouble.value.status_code == 409
        assert service.notebooks["b.ipynb"] == notebook_bytes("theirs")


async def test_a_workspace_notebook_is_not_deleted_from_here(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "1")
        for path in (lab("a.ipynb"), "study/edit", "study"):
            with pytest.raises(HTTPError) as trouble:
                await manager.delete_file(path)
            assert trouble.value.status_code == 403
        assert environment.notebooks == ["a.ipynb"]
        assert list(service.notebooks) == ["a.ipynb"]


async def test_files_and_playground_are_deleted_as_in_jupyter(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        manager = await environment_of(service).start()
        await manager.save(notebook_model("1"), "study/playground/a.ipynb")
        await manager.save({"type": "file", "format": "text", "content": "x"}, "study/edit/notes.txt")
        await manager.delete_file("study/playground/a.ipynb")
        await manager.delete_file("study/edit/notes.txt")
        assert not await manager.file_exists("study/edit/notes.txt")


async def test_moving_a_notebook_into_edit_creates_it_and_moving_it_out_is_refused(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await manager.save(notebook_model("1"), "study/playground/a.ipynb")
        await manager.rename("study/playground/a.ipynb", lab("a.ipynb"))
        assert service.notebooks == {"a.ipynb": notebook_bytes("1")}
        assert not (environment.home / "study/playground/a.ipynb").exists()
        with pytest.raises(HTTPError, match="was not moved out"):
            await manager.rename(lab("a.ipynb"), "study/playground/a.ipynb")


async def test_a_copy_within_edit_is_a_notebook_of_its_own(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        manager = await environment_of(service).start()
        await save(manager, "a.ipynb", "1")
        copied = await manager.copy(lab("a.ipynb"), "study/edit")
        assert copied["name"] == "a-Copy1.ipynb"
        assert set(service.notebooks) == {"a.ipynb", "a-Copy1.ipynb"}


async def test_paths_that_lead_out_are_refused(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        for path in ("study/edit/../../../evil.ipynb", "../evil.ipynb", "study/edit/../../.terra/evil.ipynb"):
            with pytest.raises(HTTPError):
                await manager.save(notebook_model("1"), path)
            with pytest.raises(HTTPError):
                await manager.get(path)
        assert not list(environment.home.parent.rglob("evil*"))
        assert service.notebooks == {}
