"""How many queries a request costs does not grow with the rows that there are: nothing asks once for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from counting import counted
from terraspawner.operations import environments, tagging
from tests.web.sites import API, CALM, PREFIX, Site, opened

pytestmark = pytest.mark.slow

LISTS = [
    "workspaces",
    "environments",
    "environments?project=ana",
    "environments?tag=course:biology",
    "environments?project=ana&tag=course",
    "disks",
    "disks?project=ana",
    "disks?tag=course,owner:ana",
    "projects",
    "trash",
    "images",
    "audit",
    "usage",
    "usage?tag=course&by=tag:course",
]
PAGES = ["", "environments", "environments?project=ana", "disks", "trash", "projects", "audit", "usage"]
FEW, MANY = 2, 9


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, pace=replace(CALM, beat=3600)) as made:  # a beat between two looks is none of theirs
        await made.rests()
        yield made


def grown(site: Site, first: int, last: int) -> None:
    """Workspaces of ana's, each with an environment of hers that is paused."""
    for number in range(first, last):
        ticket = site.running(site.workspace(name=f"w{number}"))
        environments.stopped(site.context, ticket.environment.id, 1)
        here, tags = ticket.environment, {"course": "biology", "number": str(number)}
        tagging.tag_environment(site.context, actor="ana", environment_id=here.id, tags=tags)
        tagging.tag_disk(site.context, actor="ana", disk_id=here.disk_id, tags=tags)


async def cost(site: Site, addresses: list[str], user: str) -> dict[str, list[str]]:
    found = {}
    browser = await site.browser(user)
    async with site.person(user) as person:
        for address in addresses:
            client = person if address.startswith(API) else browser.client
            with counted(site.context) as sent:
                answer = await client.get(address.removeprefix(f"{API}/"))
            assert answer.status_code == 200, (address, answer.text)
            found[address] = list(sent)
    return found


@pytest.mark.parametrize("user", ["ana", "operator"])
async def test_lists_and_pages_ask_as_often_for_many_as_for_few(site: Site, user: str) -> None:
    addresses = [f"{API}/{each}" for each in LISTS] + [f"{PREFIX}/{each}" for each in PAGES]
    if user == "operator":
        addresses += [f"{PREFIX}/environments?everybody=true", f"{PREFIX}/accounts", f"{API}/accounts"]
    grown(site, 0, FEW)
    few = await cost(site, addresses, user)
    grown(site, FEW, MANY)
    many = await cost(site, addresses, user)
    assert {address: len(sent) for address, sent in many.items()} == {
        address: len(sent) for address, sent in few.items()
    }


async def test_the_worker_asks_as_often_for_many_as_for_few(site: Site) -> None:
    counts = []
    for first, last in ((0, FEW), (FEW, MANY)):
        grown(site, first, last)
        with counted(site.context) as sent:
            await site.parts.worker.sweep()
            await site.parts.worker.reconciler.look()
        counts.append(Counter(sent))
    assert counts[1] - counts[0] == Counter()
