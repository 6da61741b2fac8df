"""What is saved on its way to the workspace: it waits, is sent in order and once, and nothing of it is lost."""

from __future__ import annotations

import asyncio
import json

import pytest

from extension.conftest import MakeEnvironment, read, save, sent, state_of, until
from extension.services import (
    WorkspaceThatIsDown,
    WorkspaceThatLosesItsAnswer,
    WorkspaceThatRefuses,
    WorkspaceThatStalls,
    notebook_bytes,
)
from terraspawner_environment.courier import FOR_READERS


async def test_while_the_service_is_down_saves_go_on_and_the_newest_arrives(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatIsDown() as service:
        environment = environment_of(service)
        manager = await environment.start()
        for text in "123456":
            await save(manager, "a.ipynb", text)
        await until(lambda: state_of(manager, "a.ipynb").state == "waiting")
        assert state_of(manager, "a.ipynb").reason == "the workspace cannot be reached"
        assert len(manager.workspace.desk.outbox.pending()) == 1
        await service.start()
        await sent(manager)
        assert service.notebooks["a.ipynb"] == notebook_bytes("6")
        assert len(service.writes) == 1


async def test_waiting_counts_from_the_oldest_unsent_save(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatIsDown() as service:
        manager = await environment_of(service).start()
        await save(manager, "a.ipynb", "1")
        first = manager.workspace.desk.outbox.newest("a.ipynb").since
        await save(manager, "a.ipynb", "2")
        assert manager.workspace.desk.outbox.newest("a.ipynb").since == first


async def test_the_outbox_survives_a_new_start(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatIsDown() as service:
        environment = environment_of(service)
        manager = await environment.start()
        await save(manager, "a.ipynb", "1")
        await save(manager, "b.ipynb", "2")
        await environment.stop(manager)
        await service.start()
        manager = await environment.start()
        await sent(manager)
        assert service.notebooks == {"a.ipynb": notebook_bytes("1"), "b.ipynb": notebook_bytes("2")}


async def test_one_notebook_has_one_upload_at_a_time_and_order_is_kept(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatStalls() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        for text in "12345":
            await save(manager, "a.ipynb", text)
            await until(lambda: service.stalled > 0)
        assert service.stalled == 1
        service.go.set()
        await sent(manager)
        assert service.most_at_once == 1
        texts = [json.loads(content)["cells"][0]["source"][0] for _, content in service.writes]
        assert texts == sorted(texts)
        assert texts[-1] == "5"


async def test_a_stalled_upload_lets_saves_and_other_notebooks_pass(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatStalls() as service:
        environment = environment_of(service)
        environment.patience = 120  # so that no upload ends by itself while the test lasts
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        await save(manager, "a.ipynb", "1")
        await until(lambda: service.stalled == 1)
        async with asyncio.timeout(60):
            await save(manager, "a.ipynb", "2")
        assert environment.file("a.ipynb").read_bytes() == notebook_bytes("2")
        service.go.set()
        await sent(manager)


async def test_an_answer_lost_on_the_way_makes_no_conflict_with_ourselves(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatLosesItsAnswer() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        await save(manager, "a.ipynb", "1")
        await until(lambda: bool(service.writes))
        await save(manager, "a.ipynb", "2")
        await sent(manager)
        assert service.notebooks == {"a.ipynb": notebook_bytes("2")}
        assert environment.notebooks == ["a.ipynb"]


async def test_an_answer_lost_before_a_kill_makes_no_conflict_either(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatLosesItsAnswer() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        service.answers_to_lose = 10_000
        await save(manager, "a.ipynb", "1")
        await until(lambda: bool(service.writes))
        manager = await environment.restart(manager)
        service.answers_to_lose = 0
        await save(manager, "a.ipynb", "2")
        await sent(manager)
        assert service.notebooks == {"a.ipynb": notebook_bytes("2")}


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (413, "notebook-too-large", "The service's own sentence."),
        (422, "notebook-invalid", "The service's own sentence."),
        (403, "not-allowed", FOR_READERS),
    ],
)
async def test_a_refused_save_is_kept_shown_and_not_sent_again_by_itself(
    environment_of: MakeEnvironment, status: int, code: str, said: str
) -> None:
    async with WorkspaceThatRefuses(status, code, "The service's own sentence.") as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        await save(manager, "a.ipynb", "1")
        await until(lambda: state_of(manager, "a.ipynb").state == "refused")
        assert state_of(manager, "a.ipynb").reason == said
        asked = service.asked["write"]
        assert not await manager.workspace.courier.flush(seconds=0.3)
        assert service.asked["write"] == asked
        assert environment.file("a.ipynb").read_bytes() == notebook_bytes("1")
        service.refusal = None
        await save(manager, "a.ipynb", "2")
        await sent(manager)
        assert service.notebooks["a.ipynb"] == notebook_bytes("2")
