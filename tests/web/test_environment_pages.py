"""The page of environments: my own everywhere (C20), those of others for who pays, and ending several at once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from terraspawner.domain.access import ProjectRole, Role
from terraspawner.operations import disks, environments, members, projects, views
from tests.web.hubs import serving, until
from tests.web.sites import PREFIX, Site

pytestmark = pytest.mark.slow

PAGE = f"{PREFIX}/environments"


def shown(text: str) -> list[str]:
    return re.findall(r'data-environment="([^"]+)"', text)


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


@pytest.mark.feature("C20")
async def test_all_of_mine_are_listed_with_state_price_and_last_use(site: Site) -> None:
    runs, rests = (site.running(site.workspace(name=name)) for name in ("alpha", "beta"))
    site.running(site.workspace("ben", "gamma"), "ben")
    now = site.context.now()
    environments.begin_pause(site.context, rests.environment.id)
    environments.stopped(site.context, rests.environment.id, 1)
    page = (await (await site.browser()).client.get(PAGE)).text
    assert shown(page) == [runs.environment.id, rests.environment.id]
    text = words(page)
    assert "running since" in text
    assert f'last ran until <time datetime="{now.isoformat()[:10]}' in page
    assert "1 CPU core" in text
    assert re.search(r"\$\d+\.\d\d+ an hour now, \$\d+\.\d\d a month if it stays so", text)
    assert re.search(r"2 environments: \$[\d.]+ an hour now, \$[\d.]+ a month if all stays so", text)
    assert f'href="/user/ana/{runs.workspace.slug}/lab"' in page
    assert 'aria-current="page">Environments' in page


@pytest.mark.feature("C20")
async def test_an_empty_list_says_what_to_do(site: Site) -> None:
    page = (await (await site.browser("ben")).client.get(PAGE)).text
    assert "You get one in a workspace when you open a notebook there" in page
    assert shown(page) == []


@pytest.mark.feature("C20")
async def test_what_is_chosen_is_named_before_it_ends(site: Site) -> None:
    tickets = [site.running(site.workspace(name=name)) for name in ("alpha", "beta", "gamma")]
    ids = [each.environment.id for each in tickets]
    environments.begin_pause(site.context, ids[2])
    environments.stopped(site.context, ids[2], 1)
    ana = await site.browser()
    asked = await ana.client.get(f"{PAGE}/end", params={"act": "pause", "id": [*ids, "0" * 16]})
    assert [f'name="id" value="{each}"' in asked.text for each in ids] == [True, True, False]
    text = words(asked.text)
    assert "Pause 2 environments?" in text
    assert "ana/alpha" in text
    assert "Left as it is: ana/gamma , paused" in text
    assert "1 of those that were chosen is not there any more" in text
    assert asked.text.count("/environment/losses?act=pause") == 2
    done = await ana.client.post(
        f"{PAGE}/end", data={"_xsrf": await ana.xsrf(), "act": "pause", "id": [ids[0], ids[1]]}
    )
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?done=pause&count=2")
    assert {str(view.state) for view in views.views_of(site.context, "ana")} == {"paused"}
    assert "Paused, or on the way to it: 2 environments." in (await ana.client.get(done.headers["location"])).text
    asked = await ana.client.get(f"{PAGE}/end", params={"act": "delete", "id": ids[:1]})
    assert "Delete your environment?" in words(asked.text)
    assert re.search(r"The disk is kept .* it costs \$\d+\.\d\d a month", words(asked.text))
    await ana.client.post(f"{PAGE}/end", data={"_xsrf": await ana.xsrf(), "act": "delete", "id": ids[0]})
    await until(lambda: len(views.views_of(site.context, "ana")) == 2, "it is gone")
    assert next(held.disk.id for held in disks.list_own(site.context, "ana")) == tickets[0].environment.disk_id


@pytest.mark.feature("C20")
async def test_of_several_it_is_told_which_failed_and_why(site: Site) -> None:
    good, bad = (site.running(site.workspace(name=name)).environment.id for name in ("alpha", "beta"))
    environments.begin_pause(site.context, bad)
    environments.stopped(site.context, bad, 1)
    from_elsewhere = site.running(site.workspace("ben", "gamma"), "ben").environment.id
    ana = await site.browser()
    answer = await ana.client.post(
        f"{PAGE}/end", data={"_xsrf": await ana.xsrf(), "act": "delete", "id": [good, from_elsewhere, "0" * 16]}
    )
    assert answer.status_code == 409
    text = words(answer.text)
    assert "Deleted, or on the way to it: 1 environment. Disks are kept." in text
    assert text.count("One that was chosen : There is no environment with this id that you may see.") == 2
    assert site.state(views.views_of(site.context, "ben")[0].workspace, "ben") == "running"
    for fields in ({"act": "open", "id": good}, {"act": "pause", "id": from_elsewhere}, {"act": "pause"}):
        refused = await ana.client.post(f"{PAGE}/end", data={"_xsrf": await ana.xsrf(), **fields})
        assert refused.status_code in (404, 422), fields
    assert (await ana.client.get(f"{PAGE}/end", params={"act": "pause"})).status_code == 422


@pytest.mark.feature("B6", "C20")
async def test_who_pays_sees_those_of_others_without_a_way_in(site: Site) -> None:
    projects.put_member(site.context, actor="ana", namespace="ana", who="ben", role=ProjectRole.OWNER)
    at = site.workspace()
    ticket = site.running(at)
    for who, query in (("ben", "project=ana"), ("operator", "project=ana"), ("operator", "everybody=true")):
        browser = await site.browser(who)
        page = (await browser.client.get(f"{PAGE}?{query}")).text
        assert shown(page) == [ticket.environment.id]
        assert "of <strong>ana</strong>" in page
        assert "/user/" not in page.partition("<main")[2]
        assert f"workspaces/ana/{at.name}" not in page
        asked = await browser.client.get(f"{PAGE}/end?{query}&act=delete&id={ticket.environment.id}")
        assert "of <strong>ana</strong>" in asked.text
        assert f'action="{PAGE}/end?{query}"' in asked.text
    ben = await site.browser("ben")
    assert (await ben.client.get(f"{PAGE}?everybody=true")).status_code == 403
    assert (await ben.client.get(f"{PAGE}?project=operator")).status_code == 404
    assert (await ben.client.get(f"{PAGE}?project=ana&cursor={'0' * 16}")).status_code == 422


@pytest.mark.feature("C20")
async def test_one_in_a_workspace_that_was_left_can_be_ended(site: Site) -> None:
    at = site.workspace()
    members.put_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
    site.running(at, "ben")
    members.remove_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben")
    page = (await (await site.browser("ben")).client.get(PAGE)).text
    assert "You are no longer in this workspace: you can end it, not start it." in page
    assert f"workspaces/ana/{at.name}" not in page


@pytest.mark.feature("C20")
async def test_the_list_comes_anew_at_each_change(site: Site) -> None:
    ticket = site.running(site.workspace())
    async with (
        serving(site.app) as url,
        httpx.AsyncClient(base_url=url, headers={"authorization": f"token {site.hub.token('ana')}"}) as client,
        client.stream("GET", f"{PAGE}/live") as stream,
    ):
        lines = stream.aiter_lines()
        assert await until_line(lines, "running</span>")
        environments.begin_pause(site.context, ticket.environment.id)
        assert await until_line(lines, "pausing</span>")


async def until_line(lines: AsyncIterator[str], word: str) -> bool:
    async for line in lines:
        if word in line:
            return True
    return False
