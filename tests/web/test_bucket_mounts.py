"""How mounted buckets are told on the environment's card and by REST, and what the service that mounts is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from builders import NOON
from terraspawner.domain.bucket_mount import MountState, Standing
from terraspawner.domain.mount_words import OF_BUCKET
from terraspawner.errors_mounts import MountsUnavailable
from terraspawner.operations import environments
from tests.web.hosts import HostThatObeys
from tests.web.hubs import until
from tests.web.sites import PREFIX, Site, opened

pytestmark = pytest.mark.feature("H2")

CARD = f"{PREFIX}/workspaces/ana/alpha/environment"
WELL = Standing(state=MountState.MOUNTED, since=NOON)


class MountsThatSay:
    """Everything that is wanted stands as `standing`."""

    def __init__(self) -> None:
        self.standing = WELL
        self.wanted: frozenset[str] = frozenset()
        self.forgotten: list[str] = []

    async def want(self, workspace_ids: Iterable[str]) -> Mapping[str, Standing]:
        self.wanted = frozenset(workspace_ids)
        return dict.fromkeys(self.wanted, self.standing)

    async def forget(self, workspace_id: str) -> None:
        self.forgotten.append(workspace_id)

    async def close(self) -> None: ...


class MountsThatAreSilent(MountsThatSay):
    async def want(self, workspace_ids: Iterable[str]) -> Mapping[str, Standing]:
        raise MountsUnavailable


async def told(site: Site) -> tuple[dict[str, object] | None, str]:
    """By REST, and on the card."""
    await site.rests()  # what the service itself said as it came up is not heard after this
    await site.parts.bucket_mounts.say()
    page = await site.browser()
    async with site.person() as ana:
        answer = (await ana.get("workspaces/ana/alpha/environment")).json()
        (listed,) = (await ana.get("environments")).json()["items"]
        assert listed["bucket_mount"] == answer["bucket_mount"]
        return answer["bucket_mount"], (await page.client.get(CARD)).text


async def test_a_mounted_bucket_is_told_with_what_is_on_its_way(tmp_path: Path) -> None:
    mounts = MountsThatSay()
    async with opened(tmp_path, live_mounts="yes", mounts=mounts) as site:
        workspace = site.workspace(name="alpha")
        site.running(workspace)
        found, card = await told(site)
        assert mounts.wanted == {workspace.id}
        since = NOON.isoformat().replace("+00:00", "Z")
        assert found == {"state": "mounted", "since": since, "reason": "", "waiting": 0, "waiting_since": None}
        assert ('id="bucket-mount"' in card, 'id="bucket-trouble"' in card) == (True, False)
        mounts.standing = replace(WELL, waiting=2, waiting_since=NOON)
        found, card = await told(site)
        assert (found["waiting"], "2 files on the way to the store" in card) == (2, True)  # type: ignore[index]


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (MountState.SLOW, OF_BUCKET.slow, "Files of the bucket are slow"),
        (MountState.GONE, OF_BUCKET.silent, "Files of the bucket are not there"),
    ],
)
async def test_trouble_stands_on_the_card_with_its_reason(
    tmp_path: Path, state: MountState, reason: str, words: str
) -> None:
    mounts = MountsThatSay()
    mounts.standing = Standing(state=state, since=NOON - timedelta(minutes=5), reason=reason)
    async with opened(tmp_path, live_mounts="yes", mounts=mounts) as site:
        site.running(site.workspace(name="alpha"))
        found, card = await told(site)
        assert (found["state"], found["reason"]) == (state, reason)  # type: ignore[index]
        assert (words in card, reason in card) == (True, True)


async def test_a_bucket_that_is_being_mounted_is_no_trouble(tmp_path: Path) -> None:
    mounts = MountsThatSay()
    mounts.standing = Standing(state=MountState.GONE, since=NOON, reason=OF_BUCKET.being_made)
    async with opened(tmp_path, live_mounts="yes", mounts=mounts) as site:
        site.running(site.workspace(name="alpha"))
        found, card = await told(site)
        assert (found["state"], found["reason"]) == ("gone", OF_BUCKET.being_made)  # type: ignore[index]
        assert ("bucket-trouble" in card, f"{OF_BUCKET.being_made} This takes some seconds" in card) == (False, True)


async def test_a_service_that_is_silent_is_told_since_when(tmp_path: Path) -> None:
    async with opened(tmp_path, live_mounts="yes", mounts=MountsThatAreSilent()) as site:
        site.running(site.workspace(name="alpha"))
        found, card = await told(site)
        again, _ = await told(site)
        assert (found["state"], "not answering" in card, again) == ("gone", True, found)  # type: ignore[index]


async def test_nothing_is_told_or_wanted_where_nothing_runs(tmp_path: Path) -> None:
    mounts = MountsThatSay()
    async with opened(tmp_path, live_mounts="yes", mounts=mounts) as site:
        workspace = site.workspace(name="alpha")
        here = site.running(workspace).environment
        environments.begin_pause(site.context, here.id)
        environments.stopped(site.context, here.id, here.start_number)
        found, card = await told(site)
        assert (found, "bucket-mount" in card, mounts.wanted) == (None, False, frozenset())


async def test_nothing_is_told_where_buckets_are_folders(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        site.running(site.workspace(name="alpha"))
        found, card = await told(site)
        assert (found, "bucket-mount" in card) == (None, False)


async def test_a_purged_workspace_is_forgotten_before_its_bucket_is_emptied(tmp_path: Path) -> None:
    mounts, host = MountsThatSay(), HostThatObeys()
    async with opened(tmp_path, live_mounts="yes", mounts=mounts, host=host) as site:
        at = site.workspace(name="alpha")
        async with site.person() as ana:
            item = (await ana.delete("workspaces/ana/alpha")).json()
            assert mounts.forgotten == []
            assert (await ana.delete(f"trash/{item['id']}")).status_code == 202
        await until(lambda: host.emptied == [at.id], "its bucket was emptied")
        assert mounts.forgotten == [at.id]


async def test_a_machine_that_passes_no_mounts_on_is_told_as_that(tmp_path: Path) -> None:
    async with opened(tmp_path, mounts=MountsThatSay(), live_mounts="no") as site:
        site.running(site.workspace(name="alpha"))
        found, card = await told(site)
        assert (found["state"], "does not reach environments" in card) == ("gone", True)  # type: ignore[index]
