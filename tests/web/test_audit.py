"""The audit over REST and on its page: who asked, request numbers, filters, what outsiders do not see (B7)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from terraspawner.operations import audit
from tests.web.sites import PREFIX, Site, opened

pytestmark = pytest.mark.slow


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as made:
        yield made


@pytest.mark.feature("B7")
async def test_a_pause_names_who_asked_and_the_request_that_was_answered(site: Site) -> None:
    at = site.workspace()
    here = site.running(at).environment.id
    async with site.person("operator") as operator, site.person("ana") as ana:
        answer = await operator.post(f"environments/{here}/pause")
        assert answer.status_code == 200, answer.text
        seen = (await ana.get("audit", params={"action": "environment-stopped"})).json()["items"]
    assert [(item["actor"], item["old_state"], item["new_state"]) for item in seen] == [
        ("operator", "pausing", "paused")
    ]
    assert seen[0]["request"] == answer.headers["X-Request-ID"]
    assert (seen[0]["person"], seen[0]["workspace"]) == ("ana", "ana/alpha")


@pytest.mark.feature("B7")
async def test_a_number_that_a_caller_sends_along_is_not_believed(site: Site) -> None:
    async with site.person() as ana:
        answer = await ana.get("whoami", headers={"X-Request-ID": "forged"})
    assert answer.headers["X-Request-ID"] != "forged"


@pytest.mark.feature("B7")
async def test_a_stranger_reads_nothing_of_it_whatever_is_filtered_for(site: Site) -> None:
    at = site.workspace()
    here = site.running(at).environment.id
    async with site.person("ben") as ben:
        for wanted in ({}, {"object": f"environment:{here}"}, {"project": "ana"}, {"workspace": "ana/alpha"}):
            items = (await ben.get("audit", params=wanted)).json()["items"]
            assert "ana" not in str(items)


@pytest.mark.feature("B7")
@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"from": "2026-11-20T12:00:00Z", "to": "2026-11-20T13:00:00+01:00"}, 200),
        ({"from": "2026-11-20T12:00:00"}, 200),
        ({"from": "yesterday"}, 400),
        ({"cursor": "x"}, 400),
        ({"actor": "' OR 1=1 --"}, 200),
        ({"actor": "\x00"}, 200),
    ],
)
async def test_filters_are_checked(site: Site, wanted: dict[str, str], status: int) -> None:
    site.workspace()
    async with site.person() as ana:
        answer = await ana.get("audit", params=wanted)
    assert answer.status_code == status
    if status == 200 and "actor" in wanted:
        assert answer.json()["items"] == []


@pytest.mark.feature("B7")
async def test_the_page_shows_and_filters(site: Site) -> None:
    site.running(site.workspace())
    browser = await site.browser()
    text = (await browser.client.get(f"{PREFIX}/audit")).text
    assert 'data-action="environment-ready"' in text
    assert "creating" in text
    text = (await browser.client.get(f"{PREFIX}/audit", params={"action": "environment-start"})).text
    assert 'data-action="environment-ready"' not in text
    assert 'data-action="environment-start"' in text
    text = (await browser.client.get(f"{PREFIX}/audit", params={"project": "no <b>such"})).text
    assert "Nothing that you may see fits this" in text
    assert "no &lt;b&gt;such" in text
    answer = await browser.client.get(f"{PREFIX}/audit", params={"first": "tomorrow"})
    assert answer.status_code == 422
    assert "is no day. Write it as 2026-11-30." in answer.text
    for last in ("9999-12-31", "2026-11-20", ""):
        answer = await browser.client.get(f"{PREFIX}/audit", params={"last": last})
        assert answer.status_code == (422 if last.startswith("9999") else 200)


async def test_older_lines_are_on_a_page_of_their_own(site: Site) -> None:
    with site.context.database.write() as connection:
        for number in range(audit.PAGE + 1):
            audit.note(site.context, connection, actor="ana", action="noted", subject="account:ana", number=number)
    browser = await site.browser()
    text = (await browser.client.get(f"{PREFIX}/audit", params={"action": "noted"})).text
    assert text.count('data-action="noted"') == audit.PAGE
    following = text.partition('id="next-page" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert (await browser.client.get(following)).text.count('data-action="noted"') == 1
