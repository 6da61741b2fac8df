"""Who may save a workspace notebook from inside an environment, and for how long, against a service with leases."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("jupyter_server")

from tornado.web import HTTPError

from extension.conftest import MakeEnvironment, lab, read, save, sent, until
from extension.lease_book import BEN
from extension.services import WorkspaceThatAnswers, notebook_bytes, notebook_model
from extension.tabs import COPY, A, Tab, acts_of, holder, opened, refused
from terraspawner.domain import lease_requests

pytestmark = pytest.mark.slow


@pytest.mark.feature("F2")
async def test_a_tab_holds_what_it_shows_and_gives_it_back_when_it_is_closed(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        told = tab.heard[-1]
        assert (told["path"], told["is_mine"], told["holder"]) == (lab(A), True, {"user": "ana", "where": "tab"})
        assert holder(service) == "tab-a"
        await tab.save("2")
        tab.close(A)
        await until(lambda: holder(service) is None)
        assert service.notebooks[A] == notebook_bytes("2")


async def test_the_text_is_the_workspaces_before_a_tab_is_told_that_it_holds_it(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put(A, notebook_bytes("1"))
        manager = await environment.start()
        assert await read(manager, A) == "1"
        service.put(A, notebook_bytes("2"))
        tab = Tab(manager)
        told = await tab.open()
        assert environment.file(A).read_bytes() == notebook_bytes("2")
        assert manager.workspace is not None
        assert told["hash"] == await manager.workspace.desk.sha256_of(A)


@pytest.mark.feature("F2")
async def test_a_closed_tab_goes_on_holding_while_its_kernel_is_busy(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        busy = {A}
        asked: list[str] = []

        async def is_busy(notebook: str) -> bool:
            asked.append(notebook)
            return notebook in busy

        tab.there.leases.is_busy = is_busy
        tab.close(A)
        await until(lambda: len(asked) >= 2)
        assert holder(service) == "tab-a"
        busy.clear()
        await until(lambda: holder(service) is None)


@pytest.mark.feature("F3", "F5")
async def test_a_save_is_refused_before_the_disk_is_touched_while_another_person_edits(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put(A, notebook_bytes("1"))
        service.leases.take(A)
        tab = Tab(await environment.start())
        told = await tab.open()
        assert (told["state"], told["holder"]) == ("elsewhere", {"user": "ben", "where": "person"})
        assert await read(tab.manager, A) == "1"
        for session in ("tab-a", "tab-other", None):
            assert "ben is editing" in await refused(tab.manager, "2", session)
        assert environment.file(A).read_bytes() == notebook_bytes("1")
        assert (service.asked["write"], environment.notebooks) == (0, [A])


async def test_who_names_no_session_saves_by_the_servers_own_and_lets_go(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(A, notebook_bytes("1"))
        manager = await environment_of(service).start()
        await read(manager, A)
        await save(manager, A, "2")
        await sent(manager)
        assert service.notebooks[A] == notebook_bytes("2")
        assert [session.split("-")[0] for _, session in service.leases.granted] == ["server"]
        await until(lambda: holder(service) is None)


async def test_who_names_no_session_is_refused_while_a_tab_shows_it(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        assert "another tab" in await refused(tab.manager, "2")
        await tab.save("3")
        await sent(tab.manager)
        assert service.notebooks[A] == notebook_bytes("3")


async def test_a_tab_takes_over_what_the_server_saves_at_this_moment(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(A, notebook_bytes("1"))
        tab = Tab(await environment_of(service).start())
        async with tab.there.leases.saving(A, None) as claim:
            assert claim is not None
            assert (await tab.open())["state"] == "held"
        assert holder(service) == "tab-a"


@pytest.mark.feature("F12")
async def test_a_second_tab_is_told_and_may_take_it_here(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        first = await opened(environment_of(service))
        second = Tab(first.manager, "tab-b")
        told = await second.open()
        assert (told["state"], told["holder"]) == ("elsewhere", {"user": "ana", "where": "tab"})
        assert "another tab" in await refused(first.manager, "2", "tab-b")
        await first.save("3")
        acts = acts_of(second)
        assert await acts.act("tab-b", A, "take-here", None) is None
        assert (await second.hears("held"))["hash"] == first.there.desk.ledger.of(A).base.sha256  # type: ignore[union-attr]
        assert (await first.hears("lost"))["is_mine"] is False
        assert holder(service) == "tab-b"
        assert "another tab" in await refused(first.manager, "4", "tab-a")


async def test_a_second_tab_has_it_when_the_first_is_closed(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        first = await opened(environment_of(service))
        second = Tab(first.manager, "tab-b")
        assert (await second.open())["state"] == "elsewhere"
        first.close()
        await second.hears("held")
        assert holder(service) == "tab-b"


@pytest.mark.feature("F11")
async def test_who_asked_is_named_and_is_given_it(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        acts = acts_of(tab)
        assert "has not asked" in str(await acts.act("tab-a", A, "hand-over", "ben"))
        service.leases.change(A, lambda it, now: lease_requests.ask(it, "ben", now))
        tab.asks_again()
        await until(lambda: tab.heard[-1]["asked_by"] == ["ben"])
        assert await acts.act("tab-a", A, "hand-over", "ben") is None
        assert (await tab.hears("elsewhere"))["reserved_for"] == "ben"
        service.leases.take(A, BEN)
        assert "ben is editing" in await refused(tab.manager, "2", "tab-a")


@pytest.mark.feature("F11")
async def test_who_asks_is_heard_of_without_waiting_for_a_renewal(environment_of: MakeEnvironment) -> None:
    from terraspawner_environment.calls import Calls  # noqa: PLC0415 - pure tests run without it

    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        following = asyncio.create_task(Calls(tab.there.leases, tab.there.service, wait=60, look=0.01).follow())
        await until(lambda: service.asked["calls"] == 1)
        renewals = service.asked["lease PATCH"]
        service.leases.change(A, lambda it, now: lease_requests.ask(it, "ben", now))
        service.call()
        await until(lambda: tab.heard[-1]["asked_by"] == ["ben"])
        assert (service.asked["lease PATCH"], service.asked["lease GET"]) == (renewals, 1)
        await until(lambda: service.asked["calls"] == 2)
        tab.close()
        service.call()
        await until(lambda: holder(service) is None)
        assert service.asked["calls"] == 2  # nobody is there who could be asked
        following.cancel()


async def test_a_rename_takes_the_lease_along(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        await tab.manager.rename_file(lab(A), lab("b.ipynb"))
        assert (service.leases.holder(A), service.leases.holder("b.ipynb")) == (None, "tab-a")
        assert (await tab.open("b.ipynb"))["state"] == "held"
        await tab.save("2", "b.ipynb")
        await sent(tab.manager)
        assert service.notebooks == {"b.ipynb": notebook_bytes("2")}


@pytest.mark.feature("F3")
async def test_a_checkpoint_is_restored_by_who_holds_the_notebook_alone(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        await tab.save("2")
        checkpoint = await tab.manager.create_checkpoint(lab(A))
        await tab.save("3")
        await sent(tab.manager)
        await tab.manager.restore_checkpoint(checkpoint["id"], lab(A))
        await sent(tab.manager)
        assert service.notebooks[A] == notebook_bytes("2")
        tab.close()
        await until(lambda: holder(service) is None)
        service.leases.take(A)
        with pytest.raises(HTTPError, match="ben is editing") as trouble:
            await tab.manager.restore_checkpoint(checkpoint["id"], lab(A))
        assert trouble.value.status_code == 423


@pytest.mark.feature("F3")
async def test_a_copy_over_a_notebook_that_another_person_edits_is_refused(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put(A, notebook_bytes("1"))
        service.leases.take(A)
        manager = await environment.start()
        await read(manager, A)
        await manager.save(notebook_model("mine"), "study/playground/b.ipynb")
        with pytest.raises(HTTPError, match="ben is editing"):
            await manager.copy("study/playground/b.ipynb", lab(A))
        assert environment.file(A).read_bytes() == service.notebooks[A] == notebook_bytes("1")


@pytest.mark.feature("F3")
async def test_what_a_kernel_wrote_past_the_lease_is_never_the_notebooks_text(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put(A, notebook_bytes("1"))
        manager = await environment.start()
        await read(manager, A)
        service.leases.take(A)
        environment.file(A).write_bytes(notebook_bytes("a kernel's"))
        await read(manager, A)
        await until(lambda: COPY in service.notebooks)
        for _ in range(2):
            assert await read(manager, A) == "1"
        await sent(manager)
        assert service.notebooks == {A: notebook_bytes("1"), COPY: notebook_bytes("a kernel's")}
