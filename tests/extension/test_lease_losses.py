"""What becomes of work where the lease ran out, was taken, or could not be asked for: it arrives, or is kept."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

pytest.importorskip("jupyter_server")


from extension.conftest import MakeEnvironment, read, save, sent, state_of, until
from extension.lease_book import here
from extension.services import WorkspaceThatAnswers, notebook_bytes
from extension.tabs import COPY, A, Tab, acts_of, holder, opened, refused
from terraspawner.domain.lease import Editor

pytestmark = pytest.mark.slow


class WorkspaceInWhichATabComesBetween(WorkspaceThatAnswers):
    """While the server sends by a lease of its own, `comes` is shown the notebook and is handed that lease."""

    comes: Tab | None = None
    came = False

    async def write(self, request: web.Request) -> web.Response:
        if self.comes is not None and not self.came and request.headers["Lease-Session"].startswith("server-"):
            self.comes.there.leases.show(self.comes.name, A)
            await until(lambda: holder(self) == "tab-b")
            self.came = True
        return await super().write(request)


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


@pytest.mark.feature("F7")
async def test_what_a_killed_server_asked_for_anew_does_not_hold_up_its_work(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        tab = await opened(environment)
        await service.stop()
        await tab.save("2")
        service.leases.end_all()
        service.leases.take(A, here("tab-a"))  # it was answered, and the answer was not heard
        manager = await environment.restart(tab.manager)
        await service.start()
        await sent(manager)
        assert (service.notebooks, environment.notebooks) == ({A: notebook_bytes("2")}, [A])


@pytest.mark.feature("F7")
async def test_a_lease_that_another_tab_here_took_at_that_moment_makes_no_copy(environment_of: MakeEnvironment) -> None:
    async with WorkspaceInWhichATabComesBetween() as service:
        environment = environment_of(service)
        tab = await opened(environment)
        await service.stop()
        await tab.save("2")
        service.leases.end_all()
        service.comes = Tab(await environment.restart(tab.manager), "tab-b")
        await service.start()
        await sent(service.comes.manager)
        assert service.came
        assert (service.notebooks, environment.notebooks) == ({A: notebook_bytes("2")}, [A])


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
