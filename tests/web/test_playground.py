"""The way into the playground: for whoever reads and has compute, whoever else edits the notebook."""

from __future__ import annotations

import pytest

from terraspawner.domain.access import Role
from terraspawner.domain.lease import Editor
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import leases, members, notebooks
from terraspawner.operations.notebooks import Place
from tests.web.hubs import until
from tests.web.sites import PREFIX, Site

PAGE = f"{PREFIX}/workspaces/ana/alpha"
OPEN = f"{PREFIX}/open/ana/alpha/playground/deep/a%20b.ipynb"


def with_notebook(site: Site, compute: bool = True) -> Workspace:
    """Ana's, whose reader is ben."""
    at = site.workspace()
    notebooks.create_notebook(site.context, place("ana"), "python3")
    members.put_member(
        site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.READER, may_compute=compute
    )
    return at


def place(user: str) -> Place:
    return Place(user=user, namespace="ana", name="alpha", path="deep/a b.ipynb")


@pytest.mark.feature("E6")
async def test_a_reader_with_compute_gets_a_copy_while_somebody_edits(site: Site) -> None:
    at = with_notebook(site)
    leases.acquire(site.context, place("ana"), Editor(user="ana", environment="", session="anas"))
    ben = await site.browser("ben")
    assert f'hx-post="{OPEN}"' in (await ben.client.get(OPEN)).text
    assert site.hub.calls == []
    asked = await ben.submit(OPEN, htmx=True)
    assert site.hub.calls == [("start", at.slug)]
    assert "playground" in asked.text
    await until(lambda: site.state(at, "ben") == "running", "it runs")  # the form may be answered before
    lab = f"/user/ben/{at.slug}/lab?playground=deep/a%20b.ipynb"
    answer = await ben.client.get(OPEN)
    assert (answer.status_code, answer.headers["location"]) == (303, lab)
    async with site.person("ben") as program:
        open_ = "workspaces/ana/alpha/notebooks/deep/a b.ipynb/open"
        opened = (await program.post(open_, json={"mode": "playground"})).json()
        assert (opened["url"], opened["mode"]) == (lab, "playground")
        refused = await program.post(open_, json={"mode": "edit"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not-allowed")
        odd = await program.post(open_, json={"mode": "odd"})
        assert odd.json()["error"]["message"].endswith("Open the notebook in the mode 'edit' or 'playground'.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "compute", "offered"),
    [("ana", True, ["notebooks", "playground"]), ("ben", True, ["playground"]), ("ben", False, [])],
)
async def test_pages_offer_the_ways_that_are_open(site: Site, who: str, compute: bool, offered: list[str]) -> None:
    with_notebook(site, compute)
    browser = await site.browser(who)
    for page in (f"{PAGE}?folder=deep", f"{PAGE}/notebooks/deep/a%20b.ipynb"):
        text = (await browser.client.get(page)).text
        ways = {each for each in ("notebooks", "playground") if f'href="{PREFIX}/open/ana/alpha/{each}/deep/' in text}
        assert sorted(ways) == offered


@pytest.mark.slow
async def test_a_copy_of_nothing_is_none(site: Site) -> None:
    with_notebook(site)
    ben = await site.browser("ben")
    for path in ("none.ipynb", "..%2f..%2fx.ipynb", "a.txt"):
        assert (await ben.submit(f"{PREFIX}/open/ana/alpha/playground/{path}", htmx=True)).status_code in (404, 422)
    assert site.hub.calls == []
