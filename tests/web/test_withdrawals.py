"""Who is removed or demoted while an environment runs: the next request is refused, the Hub is asked to stop it."""

from __future__ import annotations

import pytest

from tests.web.hubs import until
from tests.web.sites import PREFIX, Site


@pytest.mark.feature("B3")
@pytest.mark.parametrize(
    ("change", "statuses", "why"),
    [
        (None, {404}, "no longer a member"),
        ({"role": "reader"}, {403}, "withdrawn compute"),
        ({"role": "writer", "compute": False}, {403}, "withdrawn compute"),
        ({"role": "reader", "compute": True}, {200, 202}, "reader of this workspace now"),
    ],
)
async def test_what_is_withdrawn_is_paused_at_once(
    site: Site, change: dict[str, object] | None, statuses: set[int], why: str
) -> None:
    at = site.workspace()
    url = "workspaces/ana/alpha/members/ben"
    async with site.person("ana") as ana, site.person("ben") as ben:
        await ana.put(url, json={"role": "writer"})
        key = site.running(at, "ben").key
        site.running(at, "ana")
        page = await site.browser("ben")
        async with site.environment(key) as inside:
            assert (await inside.get("environments/self")).status_code == 200
            told = await (ana.delete(url) if change is None else ana.put(url, json=change))
            assert told.status_code in (200, 204)
            await until(lambda: ("stop", at.slug) in site.hub.calls, "its environment is paused")
            assert (await inside.get("environments/self")).status_code == 401
        (here,) = (await ben.get("environments")).json()["items"]
        assert here["state"] == "paused"
        assert why in here["reason"]
        assert site.state(at, "ana") == "running"
        shown = await page.client.get(f"{PREFIX}/workspaces/ana/alpha")
        assert shown.status_code == (404 if change is None else 200)
        refused = await ben.post("workspaces/ana/alpha/environment/start")
        assert refused.status_code in statuses
