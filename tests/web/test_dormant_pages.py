"""What is paused for long, as its person's pages tell it, until it is in the trash; by the culler, over REST."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from culler.deadlines import Act, Name
from terraspawner.operations import environments, policies, stops, trash
from terraspawner.operations.activity import GRACE
from tests.operations.watched import ANAS
from tests.web.hubs import until
from tests.web.sites import PREFIX
from tests.web.test_culler import Place, placed
from tests.web.test_deletions import keep_containers

pytestmark = [pytest.mark.slow, pytest.mark.feature("G1")]

HERE = "workspaces/ana/alpha/environment"
CARD, LIST, TRASH = f"{PREFIX}/{HERE}", f"{PREFIX}/environments", f"{PREFIX}/trash"
LINE = "It will go to the trash, with its disk, on 18 Feb 2027, 12:0"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """With an environment of ana's that is paused at this moment."""
    async with placed(tmp_path) as made:
        ticket = made.site.running(made.site.workspace())
        environments.stopped(made.site.context, ticket.environment.id, 1)
        keep_containers(made.site, (ticket.environment.id, "c" * 64))
        yield made


async def after(place: Place, **time: float) -> None:
    """The culler looks at the end of that time, and again when the round of grace is over that its absence begins."""
    place.clock.move(**time)
    await place.sweep()
    await place.passes(int(GRACE.total_seconds()) // 60)


async def shown(place: Place, page: str) -> str:
    browser = await place.site.browser("ana")
    answer = await browser.client.get(page)
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split()).replace(" .", ".").replace(" ,", ",")


async def test_its_pages_tell_from_the_first_notice_on(place: Place) -> None:
    await after(place, days=59)
    for page in (CARD, LIST):
        assert "to the trash" not in (await shown(place, page)).replace("and put it into the trash", "")
    await after(place, days=1)
    card, listed = await shown(place, CARD), await shown(place, LIST)
    assert LINE in card
    assert "paused since 20 Nov 2026, 12:00 UTC. Resume it once, and it stays. From the trash" in card
    assert f"be restored for {place.site.context.settings.trash_days:g} days." in card
    assert LINE in listed
    assert "Told" in await shown(place, f"{CARD}/decisions")
    assert place.decided() == [(Act.NOTICE, Name.DORMANT_NOTICE)]


async def test_it_goes_into_the_trash_and_its_person_reads_why(place: Place) -> None:
    for days in (60, 23, 6, 1):
        await after(place, days=days)
    await until(lambda: trash.list_trash(place.site.context, "ana"), "it is in the trash")
    assert [act for act, _ in place.decided()] == [Act.NOTICE, Act.NOTICE, Act.NOTICE, Act.TRASH]
    told = await shown(place, TRASH)
    assert "Paused for 90 days, since 20 Nov 2026. What is paused for 90 days goes into the trash with its disk" in told
    assert [each in told for each in ("environment in ana/alpha", "disk of ana/alpha", "by itself")] == [True] * 3
    async with place.site.person() as ana:
        items = {each["kind"]: each for each in (await ana.get("trash")).json()["items"]}
        assert items["environment"]["reason"].startswith("Paused for 90 days")
        restored = await ana.post(f"trash/{items['environment']['id']}/restore")
        assert restored.json()["state"] == "restored"
        assert (await ana.get(HERE)).json()["state"] == "paused"


async def test_what_the_hub_was_asked_to_start_stays_though_its_row_says_nothing_yet(place: Place) -> None:
    for days in (60, 23, 6):
        await after(place, days=days)
    place.clock.move(hours=23)
    await place.sweep()
    place.clock.move(hours=1)
    ((here, _),) = stops.watched(place.site.context, due=False)[0]
    server = (here.user, here.workspace.slug)
    place.site.hub.servers[server] = {"ready": False, "pending": "stop"}  # so the start waits
    async with place.site.person() as ana:
        asked = asyncio.create_task(ana.post(f"{HERE}/start", json={}))
        await until(lambda: place.site.parts.launches.is_under_way(server), "the Hub is asked for a start")
        await place.passes(int(GRACE.total_seconds()) // 60)
        assert Act.TRASH not in [act for act, _ in place.decided()]
        place.site.hub.servers[server]["pending"] = None
        assert (await asked).status_code in (200, 202)
    assert [facts.state for facts, _ in stops.watched(place.site.context, due=False)[0]] == ["running"]


async def test_rest_tells_when_from_the_beginning_and_takes_another_time(place: Place) -> None:
    async with place.site.person() as ana:
        told = (await ana.get(HERE)).json()
        assert (told["next_stop"]["act"], told["next_stop"]["name"]) == ("keep", "dormant")
        assert told["next_stop"]["at"] == (place.clock.now + timedelta(days=90)).isoformat().replace("+00:00", "Z")
        assert told["policy"]["dormancy"] == {"value": 90 * 86400, "level": "deployment", "note": ""}
        changed = await ana.patch(HERE, json={"policy": {"dormancy": 30 * 86400}})
        assert changed.json()["policy"]["dormancy"]["value"] == 30 * 86400
        refused = await ana.patch(HERE, json={"policy": {"dormancy": "off"}})
        assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (422, "policy.dormancy")


async def test_the_dialog_of_times_says_it(place: Place) -> None:
    assert "after 30 min. Paused for 90 days, it goes into the trash" in await shown(place, f"{CARD}/schedule")
    policies.change_own(place.site.context, **ANAS, change={"dormancy": 30 * 86400})
    assert "Paused for 30 days, it goes into the trash" in await shown(place, f"{CARD}/schedule")
