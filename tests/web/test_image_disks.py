"""Pages and REST of disks that are images."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from terraspawner.domain.disk import DiskForm
from terraspawner.errors_disks import MachineFull
from terraspawner.operations import disks
from tests.web.hosts import HostThatObeys
from tests.web.sites import PREFIX, Site, opened
from tests.web.test_data_disks import paused

pytestmark = [pytest.mark.slow, pytest.mark.feature("D4")]

GIB = 1024**3
DISKS = f"{PREFIX}/disks"


class HostWithoutRoom(HostThatObeys):
    """Has no room for a larger image."""

    async def enlarge_disk(self, disk_id: str, size: int) -> None:
        await super().enlarge_disk(disk_id, size)
        raise MachineFull("The machine has 3 GB free.")


@pytest.fixture(params=[HostThatObeys, HostWithoutRoom])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, host=request.param()) as made:
        yield made


def disk_of(site: Site, form: DiskForm) -> str:
    disk_id = site.running(site.workspace()).environment.disk_id
    disks.note_made(site.context, [disk_id], form)
    return disk_id


def host_of(site: Site) -> HostThatObeys:
    assert isinstance(site.parts.host, HostThatObeys)
    return site.parts.host


async def test_a_plain_volume_is_enlarged_in_our_rows_alone(site: Site) -> None:
    disk_id = disk_of(site, DiskForm.VOLUME)
    async with site.person() as ana:
        answer = await ana.patch(f"disks/{disk_id}", json={"size": 100 * GIB})
        assert (answer.status_code, answer.json()["size"], answer.json()["has_limit"]) == (200, 100 * GIB, False)
    assert host_of(site).enlarged == []
    assert "real limit" not in (await (await site.browser()).client.get(DISKS)).text


async def test_of_an_image_the_machine_is_asked_first(site: Site) -> None:
    disk_id = disk_of(site, DiskForm.IMAGE)
    browser = await site.browser()
    shown = (await browser.client.get(DISKS)).text
    assert "real limit" in shown
    assert "not enforced" not in shown
    async with site.person() as ana:
        for size, status in ((50 * GIB, 200), (40 * GIB, 422), (10000 * GIB, 422)):
            assert (await ana.patch(f"disks/{disk_id}", json={"size": size})).status_code == status
        assert host_of(site).enlarged == [], "nothing is asked for what is refused, or is there"
        answer = await ana.patch(f"disks/{disk_id}", json={"size": 100 * GIB})
        (listed,) = (await ana.get("disks")).json()["items"]
    form = await browser.submit(f"{DISKS}/enlarge", disk_id=disk_id, gigabytes="200")
    assert host_of(site).enlarged == [(disk_id, 100 * GIB), (disk_id, 200 * GIB)]
    if isinstance(host_of(site), HostWithoutRoom):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "machine-full")
        assert (listed["size"], listed["price_per_month"]) == (50 * GIB, 2.0)
        assert (form.status_code, "The machine has 3 GB free." in form.text) == (503, True)
    else:
        assert (answer.status_code, listed["size"], listed["has_limit"]) == (200, 100 * GIB, True)
        assert form.status_code == 303


@pytest.mark.parametrize(
    ("form", "words"), [("volume", "watched and not enforced"), ("image", "What does not fit is refused")]
)
async def test_of_a_new_data_disk_it_is_said_whether_its_limit_is_real(tmp_path: Path, form: str, words: str) -> None:
    async with opened(tmp_path, disks=form) as made:
        paused(made)
        browser = await made.browser()
        assert words in (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha/environment/data-disk")).text
