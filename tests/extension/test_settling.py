"""Before an environment ends or stands still: tabs save, outputs are written, all is sent, in a bounded time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

pytest.importorskip("jupyter_server")

from extension.conftest import MakeEnvironment, lab, sent
from extension.pages import Lab, cell, notebook
from extension.servers import JupyterServer
from extension.services import WORKSPACE, WorkspaceThatAnswers, notebook_bytes
from extension.tabs import COPY, Tab, acts_of, opened
from extension.test_sessions import A, connected, hears

if TYPE_CHECKING:
    from terraspawner_environment.sessions import Tabs
    from terraspawner_environment.settling import Settling

ENOUGH = 10.0
SHORT = 0.05


class Page:
    """A page of Lab that is asked to save: does what `saves` says, and answers."""

    def __init__(self, tabs: Tabs, name: str = "tab-a") -> None:
        self.tabs, self.name = tabs, name
        self.asked: list[dict[str, Any]] = []
        tabs.connected(name, self.hear)

    def hear(self, message: dict[str, Any]) -> None:
        self.asked.append(message)

    def answer(self, *unsaved: str) -> None:
        self.tabs.answered(self.asked[-1]["id"], self.hear, unsaved)

    def close(self) -> None:
        self.tabs.disconnected(self.name, self.hear)


class PageThatSaves(Page):
    """Has unsaved text, and saves it when it is asked."""

    def __init__(self, tabs: Tabs, tab: Tab, text: str) -> None:
        super().__init__(tabs, tab.name)
        self.tab, self.text = tab, text
        self.saving: Any = None

    def hear(self, message: dict[str, Any]) -> None:
        super().hear(message)
        self.saving = asyncio.ensure_future(self._save())

    async def _save(self) -> None:
        await self.tab.save(self.text)
        self.answer()


def settling_of(tab: Tab, clock: Callable[[], float] = time.monotonic) -> tuple[Settling, Tabs]:
    from terraspawner_environment.sessions import Tabs  # noqa: PLC0415 - as the other imports of it
    from terraspawner_environment.settling import Settling  # noqa: PLC0415

    tabs = Tabs(tab.there.leases, acts_of(tab), tab.there.paths)
    return Settling(tab.there, tabs, None, clock), tabs


@pytest.mark.feature("F9")
async def test_what_a_tab_has_unsaved_is_in_the_workspace_and_its_history_says_why(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        settling, tabs = settling_of(tab)
        await tab.save("2")
        await sent(tab.manager)
        page = PageThatSaves(tabs, tab, "3")
        left = await settling.settle(seconds=ENOUGH, is_end=False)
        assert (left.unsaved, left.unsent, left.silent_tabs) == ((), (), 0)
        assert page.asked[0]["seconds"] < ENOUGH
        assert service.notebooks[A] == notebook_bytes("3")
        assert service.kinds[A] == ["saved", "session-end"]
        # it stood still and goes on: what is saved now is saved for its own sake
        await tab.save("4")
        await sent(tab.manager)
        assert service.kinds[A][2:] == ["saved"]
        assert not settling.is_near_end


@pytest.mark.feature("F9")
async def test_what_could_not_be_done_is_said_and_a_tab_that_sleeps_holds_nothing_up(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        settling, tabs = settling_of(tab)
        Page(tabs, "tab-asleep")
        left = await settling.settle(seconds=SHORT, is_end=True)
        assert (left.unsaved, left.unsent, left.silent_tabs) == ((), (), 1)
        assert settling.is_near_end


async def test_a_tab_that_goes_away_meanwhile_is_not_waited_for(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        _, tabs = settling_of(tab)

        class PageThatIsClosed(Page):
            def hear(self, message: dict[str, Any]) -> None:
                super().hear(message)
                self.close()

        class PageThatCannot(Page):
            def hear(self, message: dict[str, Any]) -> None:
                super().hear(message)
                self.answer("study/notes.txt", lab(A))

        PageThatIsClosed(tabs, "tab-closed")
        PageThatCannot(tabs, "tab-cannot")
        saved = await tabs.save_all(seconds=ENOUGH)
        assert (saved.unsaved, saved.silent) == ((lab(A), "study/notes.txt"), 0)
        tabs.answered("no number", print, ())


@pytest.mark.feature("F9")
async def test_with_the_service_away_it_is_on_the_disk_is_named_and_goes_out_at_the_next_start(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        tab = await opened(environment)
        times = iter((0.0, ENOUGH, ENOUGH, ENOUGH))  # by the time that the tab has saved no more is left
        settling, tabs = settling_of(tab, times.__next__)
        await service.stop()
        PageThatSaves(tabs, tab, "last words")
        left = await settling.settle(seconds=ENOUGH, is_end=True)
        assert (left.unsaved, left.unsent, left.silent_tabs) == ((), (A,), 0)
        assert environment.file(A).read_bytes() == notebook_bytes("last words")
        await environment.stop(tab.manager)
        await service.start()
        again = await environment.start()
        await sent(again)
        assert service.notebooks[A] == notebook_bytes("last words")
        assert service.kinds[A] == ["session-end"]


async def test_what_git_wrote_a_moment_before_goes_along(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        tab = await opened(environment)
        settling, _ = settling_of(tab)
        environment.file("new.ipynb").write_bytes(notebook_bytes("from git"))
        await settling.settle(seconds=ENOUGH, is_end=True)
        assert service.notebooks["new.ipynb"] == notebook_bytes("from git")


async def test_the_end_of_a_session_does_not_hide_that_a_text_is_a_copy(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        desk = tab.there.desk
        await service.stop()
        async with desk.local.of(COPY):
            await desk.store(COPY, notebook_bytes("mine"), kind="conflict")
            desk.saves_as = "session-end"
            await desk.store(COPY, notebook_bytes("mine too"))
        (entry,) = desk.outbox.pending()
        assert entry.kind == "conflict"


async def test_the_last_word_says_what_is_unsent_once(environment_of: MakeEnvironment) -> None:
    from terraspawner_environment.reports import Reporter  # noqa: PLC0415 - as the other imports of it

    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        service.limit = 10
        await tab.save("too large")
        assert not await tab.there.courier.flush(seconds=ENOUGH)

        async def no_kernels() -> dict[str, Any]:
            return {}

        reporter = Reporter(tab.there, no_kernels)
        await reporter.say_last(seconds=ENOUGH)
        assert [[each["path"] for each in said["pending"]] for said in service.outbox] == [[A]]
        await reporter.say_last(seconds=ENOUGH)
        assert len(service.outbox) == 1


# ---- at a real server -----------------------------------------------------------------------------------------------


async def settle(server: JupyterServer, *, seconds: float = ENOUGH, is_end: bool = True) -> dict[str, Any]:
    async with Lab(server) as there:
        answer = await there.ask("POST", "terraspawner/api/settle", {"seconds": seconds, "is_end": is_end})
        return dict(answer)


@pytest.mark.slow
@pytest.mark.feature("F9")
async def test_the_server_asks_its_tabs_which_save_as_ever(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(A, notebook_bytes("1"))
        server = servers(service)
        await server.start()
        async with connected(server, "tab-a") as socket:
            await socket.send_json({"type": "open", "path": lab(A)})
            assert (await hears(socket, type="lease", path=lab(A)))["state"] == "held"
            asked = asyncio.create_task(settle(server))
            said = await hears(socket, type="settle")
            assert await server.save(A, "unsaved", "tab-a") == 200
            await socket.send_json({"type": "settled", "id": said["id"], "unsaved": ["study/notes.txt", 7]})
            assert await asked == {"unsaved": ["7", "study/notes.txt"], "unsent": [], "silent_tabs": 0}
            assert service.notebooks[A] == notebook_bytes("unsaved")
            assert service.kinds[A] == ["session-end"]
        for wrong in ({}, {"seconds": 61, "is_end": True}, {"seconds": 1}, {"seconds": "1", "is_end": False}):
            async with (
                Lab(server) as there,
                there.http.post(f"{there.base}/terraspawner/api/settle", json=wrong) as answer,
            ):
                assert answer.status == 400
        async with (
            aiohttp.ClientSession() as stranger,
            stranger.post(
                f"http://127.0.0.1:{server.port}/terraspawner/api/settle", json={"seconds": 0, "is_end": True}
            ) as answer,
        ):
            assert answer.status == 403


@pytest.mark.slow
@pytest.mark.feature("F9")
async def test_what_a_cell_has_put_out_for_nobody_is_written_and_sent(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        code = "import time\nprint('so far', flush=True)\ntime.sleep(600)"
        path = f"{WORKSPACE}/edit/{A}"
        async with Lab(server) as there:
            await there.save(path, notebook(cell("one", code)))
            page = await there.page(path)
            await page.hear(await page.run("one", code), kind="stream")
            await page.close()
            await there.left(page.kernel)
            for is_end in (False, True):
                assert (await settle(server, is_end=is_end))["unsent"] == []
                assert b"so far" in service.notebooks[A]
        assert service.kinds[A] == ["saved", "session-end"]
        assert await server.terminate() == 0
