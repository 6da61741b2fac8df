"""Who may save a workspace notebook from inside an environment, and for how long, against a service with leases."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("jupyter_server")

from tornado.web import HTTPError

from extension.conftest import Environment, MakeEnvironment, lab, read, save, sent, state_of, until
from extension.lease_book import BEN, here
from extension.services import WorkspaceThatAnswers, notebook_bytes, notebook_model
from extension.tabs import Tab
from terraspawner.domain import lease_requests
from terraspawner.domain.lease import Editor
from terraspawner_environment.contents import TerraContentsManager
from terraspawner_environment.lease_acts import LeaseActs

pytestmark = pytest.mark.slow
A = "a.ipynb"
COPY = "a (conflict ana 2026-11-20 14.05.33).ipynb"


def holder(service: WorkspaceThatAnswers) -> str | None:
    return service.leases.holder(A)


async def refused(manager: TerraContentsManager, text: str, session: str | None = None) -> str:
    """A save that is refused; returns why."""
    model = notebook_model(text) | ({"terra_session": session} if session else {})
    with pytest.raises(HTTPError) as trouble:
        await manager.save(model, lab(A))
    assert trouble.value.status_code == 423
    return str(trouble.value.log_message)


async def opened(environment: Environment, name: str = "tab-a") -> Tab:
    """A tab that shows the notebook and holds it."""
    environment.service.put(A, notebook_bytes("1"))
    tab = Tab(await environment.start(), name)
    assert (await tab.open())["state"] == "held"
    await read(tab.manager, A)
    return tab


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


def acts_of(tab: Tab) -> LeaseActs:
    flush = tab.there.courier.flush
    return LeaseActs(tab.there.leases, lambda notebook, seconds: flush(notebook, seconds=seconds), user="ana")


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


@pytest.mark.feature("F7")
async def test_while_the_service_is_down_saves_wait_with_their_fence_and_their_name(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        tab = await opened(environment)
        await service.stop()
        await tab.save("2")
        await until(lambda: state_of(tab.manager, A).state == "waiting")
        entry = tab.there.desk.outbox.newest(A)
        assert entry is not None
        assert (entry.session, entry.fence) == ("tab-a", service.leases.of(A).fence)
        again = Tab(await environment.restart(tab.manager))
        waits = again.there.desk.outbox.newest(A)
        assert waits is not None
        assert (waits.save_id, waits.claim) == (entry.save_id, entry.claim)
        await service.start()
        await sent(again.manager)
        assert service.notebooks[A] == notebook_bytes("2")
        assert list(service.saves) == [entry.save_id]


@pytest.mark.feature("F7")
async def test_after_an_outage_the_tab_goes_on_with_the_same_fence(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        fence = service.leases.of(A).fence
        await service.stop()
        tab.asks_again()
        assert (await tab.hears("unknown"))["is_mine"] is True
        await tab.save("2")
        await service.start()
        await tab.hears("held")
        await sent(tab.manager)
        assert (service.leases.of(A).fence, service.notebooks[A]) == (fence, notebook_bytes("2"))


@pytest.mark.feature("F3")
async def test_a_lease_that_ran_out_goes_on_while_nobody_took_it(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        service.leases.end_all()  # frozen meanwhile
        service.leases.run_out()
        tab.asks_again()
        await until(lambda: holder(service) == "tab-a")
        await tab.save("2")
        await sent(tab.manager)
        assert service.notebooks[A] == notebook_bytes("2")
        assert set(tab.states) == {"held"}


@pytest.mark.feature("F3")
async def test_a_tab_that_slept_while_others_saved_has_lost_it_although_it_is_free(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        service.leases.end_all()
        service.leases.give_back(A, service.leases.take(A))
        service.put(A, notebook_bytes("ben's"))
        tab.asks_again()
        assert "changed in the workspace" in (await tab.hears("lost"))["reason"]
        assert "kept as" in await refused(tab.manager, "mine", "tab-a")
        await sent(tab.manager)
        assert {name: service.notebooks[name] for name in (A, COPY)} == {
            A: notebook_bytes("ben's"), COPY: notebook_bytes("mine"),
        }  # fmt: skip
        assert await acts_of(tab).act("tab-a", A, "retry", None) is None
        await tab.hears("held")
        assert await read(tab.manager, A) == "ben's"


@pytest.mark.feature("F3", "F11")
async def test_what_a_tab_still_had_when_its_lease_was_taken_is_kept_as_one_copy(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        tab = await opened(environment)
        service.leases.run_out()
        service.leases.take(A)
        tab.asks_again()
        assert (await tab.hears("lost"))["holder"] == {"user": "ben", "where": "person"}
        for text in ("mine", "mine and more"):
            assert COPY in await refused(tab.manager, text, "tab-a")
        await sent(tab.manager)
        assert environment.notebooks == [COPY, A]
        assert environment.file(A).read_bytes() == service.notebooks[A] == notebook_bytes("1")
        assert service.notebooks[COPY] == notebook_bytes("mine and more")


@pytest.mark.feature("F3", "F7")
@pytest.mark.parametrize("has_saved", [False, True], ids=["ben only holds it", "ben has saved"])
async def test_work_that_waited_until_another_person_took_it_is_kept_as_a_copy(
    environment_of: MakeEnvironment,
    has_saved: bool,
) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        await service.stop()
        await tab.save("mine")
        service.leases.run_out()
        service.leases.take(A)
        if has_saved:
            service.put(A, notebook_bytes("ben's"))
        await service.start()
        await until(lambda: COPY in service.notebooks)
        assert service.notebooks[COPY] == notebook_bytes("mine")
        assert service.notebooks[A] == notebook_bytes("ben's" if has_saved else "1")
        assert state_of(tab.manager, A).state == "conflict"
        assert await read(tab.manager, A) == ("ben's" if has_saved else "1")
        await sent(tab.manager)
        assert sorted(service.notebooks) == [COPY, A]


async def test_work_waits_while_the_same_person_edits_in_another_place(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put(A, notebook_bytes("1"))
        manager = await environment.start()
        await read(manager, A)
        await service.stop()
        await save(manager, A, "2")
        program = service.leases.take(A, Editor(user="ana", environment="", session="a-program"))
        await service.start()
        await until(lambda: "another place" in (state_of(manager, A).reason or ""))
        service.leases.give_back(A, program)
        await sent(manager)
        assert (service.notebooks, environment.notebooks) == ({A: notebook_bytes("2")}, [A])


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


async def test_a_save_waits_for_a_service_that_is_down_once(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        tab.asks_again()
        await service.stop()
        await asyncio.gather(*(tab.save(str(number)) for number in range(5)))
        assert tab.there.desk.outbox.newest(A) is not None
        await service.start()
        await sent(tab.manager)
        assert here("tab-a") == service.leases.of(A).holder
