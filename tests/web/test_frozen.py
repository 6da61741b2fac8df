"""Freezing and waking by REST and by the card's buttons: what is asked, told and refused (FEATURES.md C8)."""

from __future__ import annotations

import pytest

from terraspawner.db import records
from terraspawner.domain.environment import State
from terraspawner.operations import identities, notebooks, trash
from terraspawner.operations.notebooks import Place
from tests.web.hubs import HELD, until
from tests.web.sites import API, PREFIX, Site

HERE = "workspaces/ana/alpha/environment"
PAGE = f"{PREFIX}/workspaces/ana/alpha"
FREEZE = {"freeze": True}


@pytest.mark.feature("C8")
async def test_it_freezes_wakes_and_pauses(site: Site) -> None:
    at = site.workspace()
    key = site.running(at).key
    async with site.person() as ana:
        frozen = await ana.post(f"{HERE}/pause", json=FREEZE)
        assert (frozen.status_code, frozen.json()["state"]) == (200, "frozen")
        assert (frozen.json()["frozen_memory"], frozen.json()["prices"]["now_per_hour"]) == (HELD, 0.02)
        assert frozen.json()["actions"] == ["delete", "pause", "start"]
        assert (await ana.post(f"{HERE}/pause", json=FREEZE)).status_code == 200
        woken = await ana.post(f"{HERE}/start")
        assert (woken.status_code, woken.json()["state"], woken.json()["frozen_memory"]) == (200, "running", None)
        # the processes are the same, and so is the key that they hold
        assert identities.identify(site.context, key) is not None
        await ana.post(f"{HERE}/pause", json=FREEZE)
        paused = await ana.post(f"{HERE}/pause", json={"freeze": False})
        assert (paused.status_code, paused.json()["state"]) == (200, "paused")
    assert identities.identify(site.context, key) is None
    assert site.hub.calls == [("stop", at.slug), ("start", at.slug), ("stop", at.slug), ("stop", at.slug)]


async def test_the_wish_is_in_the_row_before_the_hub_is_asked(site: Site) -> None:
    at = site.workspace()
    site.running(at)
    del site.hub.servers[("ana", at.slug)]  # this Hub has nothing to stop: what stays is the wish
    async with site.person() as ana:
        asked = await ana.post(f"{HERE}/pause", json=FREEZE)
        assert (asked.status_code, asked.json()["state"]) == (202, "freezing")
        refused = await ana.post(f"{HERE}/pause")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wrong-state")
    assert "is being frozen" in refused.json()["error"]["message"]


@pytest.mark.parametrize("state", [State.CREATING, State.STARTING, State.PAUSING, State.PAUSED, State.DELETING])
async def test_what_does_not_run_is_not_frozen(site: Site, state: State) -> None:
    ticket = site.running(site.workspace())
    with site.context.database.write() as connection:
        records.update_environment(connection, ticket.environment.id, state=str(state))
    async with site.person() as ana:
        refused = await ana.post(f"{HERE}/pause", json=FREEZE)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wrong-state")
        assert f"is {state}, so it cannot freeze" in refused.json()["error"]["message"]
        assert (await ana.get(HERE)).json()["state"] == state
    assert site.hub.calls == []


async def test_nothing_is_not_frozen(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        assert (await ana.post(f"{HERE}/pause", json=FREEZE)).status_code == 404


@pytest.mark.parametrize("body", [{"freeze": "perhaps"}, {"thaw": True}, [], "x"])
async def test_another_wish_than_the_two_is_refused(site: Site, body: object) -> None:
    at = site.workspace()
    site.running(at)
    async with site.person() as ana:
        assert (await ana.post(f"{HERE}/pause", json=body)).status_code == 400
    assert site.state(at) == "running"


@pytest.mark.parametrize("wish", ["pause", "start"])
async def test_nobody_else_freezes_or_wakes_it(site: Site, wish: str) -> None:
    at = site.workspace()
    key = site.running(at).key
    before = "running"
    async with site.person() as ana, site.person("ben") as ben, site.environment(key) as inside:
        if wish == "start":
            await ana.post(f"{HERE}/pause", json=FREEZE)
            before = "frozen"
        site.hub.calls.clear()
        body = FREEZE if wish == "pause" else {}
        refused = [await caller.post(f"{HERE}/{wish}", json=body) for caller in (ben, inside)]
    assert [answer.status_code for answer in refused] == [404, 403]
    assert (site.state(at), site.hub.calls) == (before, [])


async def test_a_form_of_another_site_freezes_nothing(site: Site) -> None:
    at = site.workspace()
    site.running(at)
    browser = await site.browser()
    forged = await browser.client.post(f"{PAGE}/environment/freeze", data={"_xsrf": "forged"})
    assert forged.status_code == 403
    by_cookie = await browser.client.post(f"{API}/{HERE}/pause", json=FREEZE)
    assert by_cookie.status_code == 403
    assert site.state(at) == "running"


@pytest.mark.feature("C8")
async def test_the_card_freezes_says_what_that_means_and_resumes(site: Site) -> None:
    at = site.workspace()
    site.running(at)
    browser = await site.browser()
    shown = (await browser.submit(f"{PAGE}/environment/freeze", htmx=True)).text
    assert ">frozen</span>" in shown
    assert "It keeps 300 MB of memory in use" in shown
    assert "now $0.02 an hour" in shown
    assert ">Resume</button>" in shown
    assert ">Pause</button>" in shown
    assert "Open Lab" not in shown
    assert ">frozen</span>" in (await browser.client.get(f"{PREFIX}/")).text
    shown = (await browser.submit(f"{PAGE}/environment/start", htmx=True)).text
    assert ">running</span>" in shown
    assert site.state(at) == "running"


async def test_the_link_of_a_notebook_wakes_it(site: Site) -> None:
    at = site.workspace()
    site.running(at)
    notebooks.create_notebook(site.context, Place(user="ana", namespace="ana", name="alpha", path="a"), "python3")
    async with site.person() as ana:
        await ana.post(f"{HERE}/pause", json=FREEZE)
    browser = await site.browser()
    link = f"{PREFIX}/open/ana/alpha/notebooks/a.ipynb"
    assert "Asking for your environment" in (await browser.client.get(link)).text
    assert site.state(at) == "frozen"
    shown = (await browser.submit(link, htmx=True)).text
    assert f"/user/ana/{at.slug}/lab/tree/alpha/edit/a.ipynb" in shown
    assert site.state(at) == "running"


async def test_health_sums_what_frozen_ones_keep(site: Site) -> None:
    async with site.client() as nobody:
        assert (await nobody.get(f"{PREFIX}/health")).json()["frozen"] == {"environments": 0, "memory": 0}
        for user in ("ana", "ben"):
            site.running(site.workspace(user), user)
            async with site.person(user) as person:
                await person.post(f"workspaces/{user}/alpha/environment/pause", json=FREEZE)
        assert (await nobody.get(f"{PREFIX}/health")).json()["frozen"] == {"environments": 2, "memory": 2 * HELD}


async def test_a_frozen_one_is_deleted(site: Site) -> None:
    at = site.workspace()
    ticket = site.running(at)
    async with site.person() as ana:
        await ana.post(f"{HERE}/pause", json=FREEZE)
        assert (await ana.delete(HERE)).status_code == 204
    await until(lambda: site.state(at) == "none", "it is gone")
    assert identities.identify(site.context, ticket.key) is None
    assert trash.list_trash(site.context, "ana") == []
