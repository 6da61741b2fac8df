"""Save -> disk -> outbox -> workspace, against a real HTTP service with conditional writes."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

pytest.importorskip("jupyter_server")

from tornado.web import HTTPError

from extension.conftest import MakeEnvironment, lab, read, save, sent, state_of
from extension.services import (
    WorkspaceThatAnswers,
    WorkspaceThatIsDown,
    WorkspaceThatRefuses,
    WorkspaceThatStalls,
    notebook_bytes,
    notebook_model,
)


@pytest.mark.feature("F4", "F6")
async def test_a_save_is_on_the_disk_at_once_and_in_the_workspace_soon(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatStalls() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("1"))
        manager = await environment.start()
        assert await read(manager, "a.ipynb") == "1"
        await save(manager, "a.ipynb", "2")
        assert environment.file("a.ipynb").read_bytes() == notebook_bytes("2")
        assert state_of(manager, "a.ipynb").state == "disk"
        service.go.set()
        await sent(manager)
        assert service.notebooks["a.ipynb"] == notebook_bytes("2")
        assert state_of(manager, "a.ipynb").state == "workspace"


async def test_the_workspace_gets_the_very_bytes_of_the_disk(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "ünïcödé 📓 \\u2028")
        await save(manager, "a.ipynb", "ünïcödé 📓 \\u2028 more")
        await sent(manager)
        assert service.notebooks["a.ipynb"] == environment.file("a.ipynb").read_bytes()
        model = await manager.get(lab("a.ipynb"), content=False, require_hash=True)
        assert model["hash_algorithm"] == "sha256"


async def test_a_save_says_the_hash_of_what_it_saved(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        manager = await environment_of(service).start()
        saved = await save(manager, "a.ipynb", "1")
        asked = await manager.get(lab("a.ipynb"), content=False, require_hash=True)
        assert {key: saved[key] for key in ("hash", "hash_algorithm")} == {
            "hash": hashlib.sha256(notebook_bytes("1")).hexdigest(),
            "hash_algorithm": "sha256",
        }
        assert saved["hash"] == asked["hash"]


async def test_an_unchanged_text_is_not_sent(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        manager = await environment_of(service).start()
        await save(manager, "a.ipynb", "1")
        await sent(manager)
        before = service.asked["write"]
        await save(manager, "a.ipynb", "1")
        await sent(manager)
        assert service.asked["write"] == before


async def test_a_new_notebook_is_in_the_workspace_when_its_creation_is_answered(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        manager = await environment_of(service).start()
        model = await manager.new_untitled(path="study/edit", type="notebook")
        assert list(service.notebooks) == [model["name"]]


async def test_a_new_notebook_does_not_take_a_name_the_workspace_has(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("Untitled.ipynb", notebook_bytes("theirs"))
        manager = await environment.start()
        model = await manager.new_untitled(path="study/edit", type="notebook")
        assert model["name"] == "Untitled1.ipynb"
        assert service.notebooks["Untitled.ipynb"] == notebook_bytes("theirs")


async def test_a_name_the_service_refuses_is_refused_with_its_sentence_and_nothing_is_created(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatRefuses(422, "name-invalid", "“CON.ipynb” is reserved. Choose another name.") as service:
        environment = environment_of(service)
        manager = await environment.start()
        with pytest.raises(HTTPError, match="is reserved") as refusal:
            await save(manager, "CON.ipynb", "1")
        assert refusal.value.status_code == 422
        assert environment.notebooks == []
        assert manager.workspace.desk.outbox.pending() == []


async def test_two_saves_of_one_notebook_at_once_end_in_one_whole_text(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "0")
        texts = [str(number) * 1000 for number in range(20)]
        await asyncio.gather(*(save(manager, "a.ipynb", text) for text in texts))
        await sent(manager)
        on_disk = environment.file("a.ipynb").read_bytes()
        assert on_disk in [notebook_bytes(text) for text in texts]
        assert service.notebooks["a.ipynb"] == on_disk


async def test_what_a_kernel_writes_over_a_notebook_does_not_reach_its_outbox_copy(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatIsDown() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "saved")
        environment.file("a.ipynb").write_bytes(b"torn by a kernel")
        entry = manager.workspace.desk.outbox.newest("a.ipynb")
        assert manager.workspace.desk.outbox.text_of(entry).read_bytes() == notebook_bytes("saved")


async def test_a_text_file_save_of_a_notebook_travels_too(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        manager = await environment_of(service).start()
        text = notebook_bytes("by the text editor").decode()
        await manager.save({"type": "file", "format": "text", "content": text}, lab("a.ipynb"))
        assert service.notebooks["a.ipynb"] == text.encode()


async def test_a_chunked_upload_arrives_whole_and_never_half(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        whole = notebook_bytes("x" * 5000).decode()
        parts = [whole[:2000], whole[2000:4000], whole[4000:]]
        for chunk, part in zip((1, 2, -1), parts, strict=True):
            model: dict[str, Any] = {"type": "file", "format": "text", "content": part, "chunk": chunk}
            answer = await manager.save(model, lab("a.ipynb"))
            assert answer["path"] == lab("a.ipynb")
            if chunk != -1:
                assert service.notebooks == {}
                assert environment.notebooks == []
        assert service.notebooks["a.ipynb"] == whole.encode()


async def test_the_playground_is_plain_and_never_sent(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await manager.save(notebook_model("1"), "study/playground/a.ipynb")
        await manager.save({"type": "file", "format": "text", "content": "x"}, "study/edit/notes.txt")
        assert (environment.home / "study/playground/a.ipynb").read_bytes() == notebook_bytes("1")
        assert service.asked["write"] == 0
        assert not list(environment.home.rglob(".~*"))


async def test_a_restored_checkpoint_is_a_save_like_any_other(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "1")
        checkpoint = await manager.create_checkpoint(lab("a.ipynb"))
        await save(manager, "a.ipynb", "2")
        await sent(manager)
        await manager.restore_checkpoint(checkpoint["id"], lab("a.ipynb"))
        await sent(manager)
        assert service.notebooks["a.ipynb"] == notebook_bytes("1")
        assert not list(environment.file("a.ipynb").parent.glob(".ipynb_checkpoints"))


@pytest.mark.feature("F4")
@pytest.mark.slow
async def test_fifty_megabytes_travel(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        environment.patience = 60
        manager = await environment.start()
        text = "0123456789abcdef" * (50 * 65536)
        await save(manager, "big.ipynb", "small")
        await save(manager, "big.ipynb", text)
        await sent(manager, seconds=60)
        assert service.notebooks["big.ipynb"] == environment.file("big.ipynb").read_bytes()
        assert len(service.notebooks["big.ipynb"]) > 50 * 1024 * 1024
        assert len(await read(manager, "big.ipynb")) == len(text)


async def test_an_invalid_notebook_is_refused_and_the_last_good_one_stays(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "good")
        with pytest.raises(HTTPError) as refusal:
            await manager.save({"type": "notebook", "format": "json", "content": {"no": "notebook"}}, lab("a.ipynb"))
        assert refusal.value.status_code == 400
        assert environment.file("a.ipynb").read_bytes() == notebook_bytes("good")
