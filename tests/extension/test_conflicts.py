"""Where workspace and disk have gone apart: both texts are kept, and the user is told."""

from __future__ import annotations

import pytest
from tornado.web import HTTPError

from extension.conftest import MakeEnvironment, lab, read, save, sent, state_of, until
from extension.services import WorkspaceThatAnswers, notebook_bytes

COPY = "a (conflict ana 2026-11-20 14.05.33).ipynb"


async def test_opening_where_both_changed_keeps_both(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        await environment.stop(manager)
        environment.file("a.ipynb").write_bytes(notebook_bytes("mine"))
        service.put("a.ipynb", notebook_bytes("theirs"))
        manager = await environment.start()
        assert await read(manager, "a.ipynb") == "theirs"
        await sent(manager)
        assert service.notebooks == {"a.ipynb": notebook_bytes("theirs"), COPY: notebook_bytes("mine")}
        assert environment.file(COPY).read_bytes() == notebook_bytes("mine")


async def test_a_rejected_save_is_kept_as_a_copy_in_the_workspace_and_the_user_is_told(
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
        assert service.notebooks == {"a.ipynb": notebook_bytes("theirs"), COPY: notebook_bytes("mine")}
        state = state_of(manager, "a.ipynb")
        assert (state.state, state.copy) == ("conflict", lab(COPY))


async def test_typing_on_after_a_conflict_goes_on_in_the_same_copy(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        service.put("a.ipynb", notebook_bytes("theirs"))
        for text in ("mine", "mine 2", "mine 3"):
            await save(manager, "a.ipynb", text)
            await until(lambda text=text: service.notebooks.get(COPY) == notebook_bytes(text))
        manager = await environment.restart(manager)
        await save(manager, "a.ipynb", "mine 4")
        await sent(manager)
        assert service.notebooks == {"a.ipynb": notebook_bytes("theirs"), COPY: notebook_bytes("mine 4")}
        assert await read(manager, "a.ipynb") == "theirs"
        await save(manager, "a.ipynb", "theirs and mine")
        await sent(manager)
        assert service.notebooks == {"a.ipynb": notebook_bytes("theirs and mine"), COPY: notebook_bytes("mine 4")}


async def test_a_copy_somebody_works_on_is_left_alone(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        service.put("a.ipynb", notebook_bytes("theirs"))
        await save(manager, "a.ipynb", "mine")
        await until(lambda: COPY in service.notebooks)
        await save(manager, COPY, "worked on")
        await save(manager, "a.ipynb", "mine 2")
        await sent(manager)
        assert service.notebooks[COPY] == notebook_bytes("worked on")
        assert notebook_bytes("mine 2") in service.notebooks.values()


async def test_a_notebook_deleted_in_the_workspace_while_changed_here_is_kept_as_a_copy(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        service.delete("a.ipynb")
        await save(manager, "a.ipynb", "mine")
        await until(lambda: COPY in service.notebooks)
        with pytest.raises(HTTPError, match="deleted in the workspace"):
            await read(manager, "a.ipynb")
        assert service.notebooks == {COPY: notebook_bytes("mine")}


async def test_a_notebook_deleted_in_the_workspace_is_out_of_the_way_but_not_thrown_away(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        service.delete("a.ipynb")
        with pytest.raises(HTTPError) as trouble:
            await read(manager, "a.ipynb")
        assert trouble.value.status_code == 404
        assert environment.notebooks == []
        assert next((environment.home / ".terra/removed").rglob("a.ipynb")).read_bytes() == notebook_bytes("0")
