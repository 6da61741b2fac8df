"""What drives show is what the rows say: at once where somebody shares, else at the next look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from terraspawner.domain.library import Access
from terraspawner.domain.workspace import DRIVE, Workspace
from terraspawner.mounter_client import Shown, View
from terraspawner.operations import environments, groups, libraries, workspaces
from terraspawner.operations.drive_views import WITHDRAWN
from terraspawner.operations.environments import Ticket
from tests.web.hubs import until
from tests.web.mounters import MounterThatIsSilent, MounterThatObeys, MounterThatRefusesOne
from tests.web.sites import API, CALM, Site, opened

pytestmark = [pytest.mark.slow, pytest.mark.feature("H4")]


@dataclass(kw_only=True)
class Scene:
    """Ben has a drive workspace with an environment that runs; ana owns a library."""

    site: Site
    mounter: MounterThatObeys
    workspace: Workspace
    ticket: Ticket
    library: str

    @property
    def here(self) -> str:
        return self.ticket.environment.id

    def seen(self) -> set[tuple[str, str, bool]]:
        """Folder, name, and whether it is for reading only."""
        return {(each.folder, each.name, each.is_read_only) for each in self.mounter.there[self.here].libraries}

    def share(self, access: Access = Access.WRITE, who: str = "ben") -> None:
        libraries.share(self.site.context, actor="ana", library_id=self.library, who=who, access=access)

    def unshare(self, who: str = "ben") -> None:
        libraries.unshare(self.site.context, actor="ana", library_id=self.library, who=who)

    async def look(self) -> None:
        await self.site.parts.drive_views.look()

    def stop(self) -> None:
        environments.stopped(self.site.context, self.here, self.ticket.environment.start_number)


async def scene_of(site: Site, mounter: MounterThatObeys) -> Scene:
    at = workspaces.create_workspace(site.context, user="ben", namespace="ben", name="desk", storage=DRIVE).workspace
    made = libraries.create_library(site.context, user="ana", name="Survey").library.id
    ticket = site.running(at, "ben")
    mounter.there[ticket.environment.id] = View(libraries=frozenset())
    return Scene(site=site, mounter=mounter, workspace=at, ticket=ticket, library=made)


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    mounter = MounterThatObeys()
    async with opened(tmp_path, mounter=mounter) as site:
        made = await scene_of(site, mounter)
        await made.look()  # the service's own first look has begun then, and the next waits for it
        yield made


async def test_a_share_made_by_rest_appears_at_once_and_goes_at_once(scene: Scene) -> None:
    async with scene.site.person("ana") as ana:
        share = f"libraries/{scene.library}/shares/ben"
        assert (await ana.put(share, json={"access": "read"})).status_code == 200
        await until(lambda: scene.seen() == {("me", "Survey (ana)", True)}, "the drive shows it")
        assert (await ana.put(share, json={"access": "write"})).status_code == 200
        await until(lambda: scene.seen() == {("me", "Survey (ana)", False)}, "the drive shows it")
        assert (await ana.delete(share)).status_code == 204
        await until(lambda: scene.seen() == set(), "the drive shows it")


async def test_own_libraries_and_those_of_groups_and_all_are_in_their_folders(scene: Scene) -> None:
    context = scene.site.context
    libraries.create_library(context, user="ben", name="Mine")
    scene.share(Access.READ, "all")
    await scene.look()
    assert scene.seen() == {("mine", "Mine", False), ("all", "Survey (ana)", True)}


async def test_what_is_as_it_shall_be_is_not_touched(scene: Scene) -> None:
    scene.share()
    await scene.look()
    scene.mounter.told.clear()
    await scene.look()
    assert scene.mounter.told == []


async def test_a_mounter_that_lost_everything_is_told_again(scene: Scene) -> None:
    scene.share()
    await scene.look()
    scene.mounter.there.clear()
    await scene.look()
    assert scene.seen() == {("me", "Survey (ana)", False)}


async def test_what_goes_while_nobody_has_it_open_leaves_the_environment_running(scene: Scene) -> None:
    scene.share()
    await scene.look()
    scene.unshare()
    await scene.look()
    assert (scene.seen(), scene.site.state(scene.workspace, "ben")) == (set(), "running")


@pytest.mark.parametrize("weaker", [None, Access.READ])
async def test_what_goes_while_it_is_open_pauses_the_environment_which_says_why(
    scene: Scene, weaker: Access | None
) -> None:
    scene.share()
    await scene.look()
    scene.mounter.in_use.add(scene.library)
    scene.share(weaker) if weaker else scene.unshare()
    await scene.look()
    async with scene.site.person("ben") as ben:
        told = (await ben.get("workspaces/ben/desk/environment")).json()
    assert (told["state"], told["reason"]) == ("paused", WITHDRAWN)


async def test_a_stop_that_takes_its_time_keeps_no_share_waiting(tmp_path: Path) -> None:
    mounter = MounterThatObeys()
    async with opened(tmp_path, mounter=mounter, pace=replace(CALM, ask=0.01)) as site:
        scene = await scene_of(site, mounter)
        scene.share()
        await scene.look()
        mounter.in_use.add(scene.library)
        site.hub.may_stop.clear()
        scene.unshare()
        await scene.look()
        other = libraries.create_library(site.context, user="ben", name="Mine").library.id
        await scene.look()
        assert {each.id for each in mounter.there[scene.here].libraries} == {other}
        assert site.state(scene.workspace, "ben") == "running"
        site.hub.may_stop.set()
        await until(lambda: site.state(scene.workspace, "ben") == "paused", "it is paused")


async def test_a_mark_of_an_earlier_start_calls_no_start_off(scene: Scene) -> None:
    scene.stop()
    scene.mounter.there[scene.here] = View(libraries=frozenset(), was_open=True)
    scene.site.admit(scene.workspace, "ben")
    await scene.look()
    assert scene.site.state(scene.workspace, "ben") == "starting"


async def test_a_start_between_two_looks_keeps_what_its_spawner_showed(scene: Scene) -> None:
    scene.share()
    await scene.look()
    scene.stop()
    scene.mounter.told.clear()
    scene.mounter.before_views = lambda: scene.site.admit(scene.workspace, "ben")
    await scene.look()
    assert (scene.mounter.told, scene.seen()) == ([], {("me", "Survey (ana)", False)})


async def test_what_does_not_run_shows_nothing_and_its_folder_stays(scene: Scene) -> None:
    scene.share()
    await scene.look()
    scene.stop()
    await scene.look()
    assert scene.mounter.there[scene.here].libraries == frozenset()


async def test_of_an_environment_that_is_no_more_nothing_is_left(scene: Scene) -> None:
    stale = View(libraries=frozenset({Shown(id="a" * 16, folder="all", name="Old", is_read_only=True)}))
    scene.mounter.there["f" * 16] = stale
    await scene.look()
    assert set(scene.mounter.there) == {scene.here}


async def test_where_no_drive_is_up_the_mounter_is_let_alone(tmp_path: Path) -> None:
    mounter = MounterThatObeys()
    async with opened(tmp_path, mounter=mounter) as site:
        site.running(site.workspace())
        await site.parts.drive_views.look()
        await site.parts.drive_views.look()
    assert mounter.told == []


async def test_a_mounter_that_is_away_stops_nothing_and_health_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, mounter=MounterThatIsSilent(), pace=replace(CALM, sweep=0.01)) as site:
        scene = await scene_of(site, MounterThatObeys())
        async with site.client() as client:
            health = (await client.get(f"{API}/health")).json()
        assert health["parts"]["mounter"] == {
            "ok": False,
            "message": "The mounter is not answering, so it is not sure what an environment would see."
            " Try again in a minute.",
        }
        assert site.state(scene.workspace, "ben") == "running"


async def test_the_trouble_of_one_is_not_the_trouble_of_the_others(tmp_path: Path) -> None:
    mounter = MounterThatRefusesOne()
    async with opened(tmp_path, mounter=mounter) as site:
        scene = await scene_of(site, mounter)
        other = workspaces.create_workspace(site.context, user="ben", namespace="ben", name="b", storage=DRIVE)
        mounter.refused = scene.here
        second = site.running(other.workspace, "ben").environment.id
        scene.share()
        await scene.look()
        assert len(mounter.there[second].libraries) == 1


async def test_a_view_that_cannot_be_taken_away_keeps_no_other_from_going(tmp_path: Path) -> None:
    mounter = MounterThatRefusesOne()
    async with opened(tmp_path, mounter=mounter) as site:
        scene = await scene_of(site, mounter)
        mounter.refused, others = "a" * 16, {"b" * 16, "c" * 16}
        mounter.there |= dict.fromkeys([mounter.refused, *others], View(libraries=frozenset()))
        await scene.look()
        assert set(mounter.there) == {scene.here, mounter.refused}


async def test_who_leaves_a_group_loses_what_was_shared_with_it(scene: Scene) -> None:
    context = scene.site.context
    groups.create_group(context, name="team", actor="operator")
    groups.put_member(context, name="team", user="ben", actor="operator")
    scene.share(who="group:team")
    await scene.look()
    assert scene.seen() == {("groups", "Survey (ana)", False)}
    groups.remove_member(context, name="team", user="ben", actor="operator")
    await scene.look()
    assert scene.seen() == set()
