"""The environment is paused when its last tab is closed and nothing runs, where its person wants that."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

pytest.importorskip("jupyter_server")

from extension.conftest import until
from extension.pages import Lab
from extension.services import WorkspaceThatAnswers
from terraspawner_environment.last_tab import LastTab
from terraspawner_environment.trouble import NotReached

pytestmark = pytest.mark.feature("C21")
PAUSE = "/services/workspaces/api/v1/environments/self/pause"


@dataclass
class Environment:
    """`rests` at each look, one after the other; `is_sent`: the workspace gets everything."""

    rests: list[bool] = field(default_factory=lambda: [True, True])
    is_sent: bool = True
    is_reached: bool = True
    did: list[str] = field(default_factory=list)

    def last_tab(self, *, is_wanted: bool = True) -> LastTab:
        last = LastTab(rests=self.look, flush=self.flush, pause=self.pause, seconds=0.0)
        last.is_wanted = is_wanted
        return last

    async def look(self) -> bool:
        self.did.append("look")
        return self.rests.pop(0)

    async def flush(self, seconds: float) -> bool:
        self.did.append("flush")
        return self.is_sent

    async def pause(self) -> None:
        self.did.append("pause")
        if not self.is_reached:
            raise NotReached("the workspace cannot be reached")


async def ended(last: LastTab) -> None:
    """Wait for what the closed tab brought about."""
    if last._task is not None:
        await last._task


async def test_it_is_paused_once_all_is_sent_and_it_still_rests() -> None:
    here = Environment()
    last = here.last_tab()
    last.left(on_purpose=True)
    await ended(last)
    assert here.did == ["look", "flush", "look", "pause"]


@pytest.mark.parametrize(
    ("here", "did"),
    [
        (Environment(rests=[False]), ["look"]),
        (Environment(is_sent=False), ["look", "flush"]),
        (Environment(rests=[True, False]), ["look", "flush", "look"]),
        (Environment(is_reached=False), ["look", "flush", "look", "pause"]),
    ],
    ids=["something works", "something is not sent", "something works meanwhile", "the service is away"],
)
async def test_otherwise_it_stays_and_nobody_asks_again(here: Environment, did: list[str]) -> None:
    last = here.last_tab()
    last.left(on_purpose=True)
    await ended(last)
    assert here.did == did


@pytest.mark.parametrize(("is_wanted", "on_purpose"), [(False, True), (True, False)])
async def test_a_line_that_breaks_and_who_did_not_ask_for_it_pause_nothing(
    *, is_wanted: bool, on_purpose: bool
) -> None:
    here = Environment()
    last = here.last_tab(is_wanted=is_wanted)
    last.left(on_purpose=on_purpose)
    await ended(last)
    assert here.did == []


async def test_a_page_that_is_loaded_anew_is_no_closed_tab() -> None:
    here = Environment()
    last = here.last_tab()
    last.left(on_purpose=True)
    waiting = last._task
    last.came()
    assert waiting is not None
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert here.did == []


@pytest.mark.slow
async def test_a_browser_that_says_goodbye_to_a_real_server_pauses_it_and_one_that_is_cut_off_does_not(
    servers: Any,
) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service, closed_seconds=0.2)
        await server.start()
        async with Lab(server) as lab:
            url = f"{lab.base}/terraspawner/api/session?session="
            for wrong in ({"pause": "yes"}, {}, []):
                async with lab.http.post(f"{lab.base}/terraspawner/api/when-closed", json=wrong) as answer:
                    assert answer.status == 400
            first = await lab.http.ws_connect(f"{url}tab-a")
            await lab.ask("POST", "terraspawner/api/when-closed", {"pause": True})
            assert first._response.connection is not None
            assert first._response.connection.transport is not None
            first._response.connection.transport.abort()  # a laptop is shut
            second, third = await lab.http.ws_connect(f"{url}tab-b"), await lab.http.ws_connect(f"{url}tab-c")
            await second.close(code=1001)
            await third.send_str(json.dumps({"type": "open", "path": "elsewhere.txt"}))  # another tab is there still
            assert service.asked[PAUSE] == 0
            await third.close(code=1001)
            await until(lambda: service.asked[PAUSE] == 1, seconds=20)
