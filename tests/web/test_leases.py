"""REST: leases. Who edits is told to all who may see it, the fence to the holder alone; and attacks on both."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import builders
from terraspawner.domain import notebook
from terraspawner.domain.access import Role
from terraspawner.domain.lease import LEASE
from terraspawner.domain.lease_requests import COUNTDOWN
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import members
from tests.web.sites import Site, opened

AT = "workspaces/ana/alpha/notebooks"
NOTEBOOK = f"{AT}/a.ipynb"
HERE = f"{NOTEBOOK}/lease"
BODY = notebook.empty("python3")
ONE = {"session": "one"}


def text(word: str) -> bytes:
    document = json.loads(BODY)
    document["cells"][0]["source"] = word
    return json.dumps(document).encode()


@dataclass(kw_only=True)
class Scene:
    """ana's workspace with a notebook, of which ben is a writer; both have an environment that runs."""

    site: Site
    at: Workspace
    clock: builders.Clock
    ana: httpx.AsyncClient
    ben: httpx.AsyncClient
    anas: httpx.AsyncClient
    bens: httpx.AsyncClient
    etag: str

    def pass_time(self, seconds: float) -> None:
        builders.pass_time(self.site.context, self.clock, seconds)

    def put(self, role: Role) -> None:
        members.put_member(self.site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=role)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    clock = builders.Clock()
    async with opened(tmp_path, clock=clock) as site:
        at = site.workspace()
        site.workspace("ben", "beta")
        members.put_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
        async with (
            site.person("ana") as ana,
            site.person("ben") as ben,
            site.environment(site.running(at).key) as anas,
            site.environment(site.running(at, "ben").key) as bens,
        ):
            made = await ana.put(NOTEBOOK, content=BODY, headers={"If-None-Match": "*"})
            yield Scene(
                site=site, at=at, clock=clock, ana=ana, ben=ben, anas=anas, bens=bens, etag=made.headers["etag"]
            )


def by(fence: int, session: str = "one") -> dict[str, str]:
    return {"Lease-Session": session, "Lease-Fence": str(fence)}


async def acquired(client: httpx.AsyncClient, session: str = "one") -> int:
    answer = await client.post(HERE, json={"session": session})
    assert answer.status_code == 200, answer.text
    fence: int = answer.json()["fence"]
    return fence


async def saved(scene: Scene, client: httpx.AsyncClient, word: str, headers: dict[str, str]) -> httpx.Response:
    answer = await client.put(NOTEBOOK, content=text(word), headers={"If-Match": scene.etag, **headers})
    scene.etag = answer.headers.get("etag", scene.etag)
    return answer


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.feature("F1")
async def test_everybody_sees_who_edits_and_the_holder_alone_the_fence(scene: Scene) -> None:
    fence = await acquired(scene.anas)
    mine = (await scene.anas.get(HERE, params=ONE)).json()
    assert (mine["state"], mine["fence"], mine["seconds_left"]) == ("held", fence, LEASE.total_seconds())
    assert mine["holder"] == {"user": "ana", "session": "one", "is_you": True, "is_here": True}
    for client, is_you, is_here in ((scene.bens, False, False), (scene.ana, True, False), (scene.ben, False, False)):
        for params in ({}, ONE, {"session": "two"}):
            seen = (await client.get(HERE, params=params)).json()
            assert seen["holder"] == {"user": "ana", "session": "one", "is_you": is_you, "is_here": is_here}
            assert seen["fence"] is None
            assert seen["expires_at"] == mine["expires_at"]
    (listed,) = (await scene.ben.get(AT)).json()["items"]
    assert (listed["lease"]["holder"]["user"], listed["lease"]["fence"]) == ("ana", None)
    refused = await scene.bens.post(HERE, json=ONE)
    assert error(refused) == (423, "lease-held")
    details = refused.json()["error"]["details"]
    assert details["holder"] == {"user": "ana", "session": "one"}
    assert details["seconds_left"] == LEASE.total_seconds()
    assert "fence" not in refused.text


@pytest.mark.slow
@pytest.mark.feature("F2")
async def test_it_is_renewed_and_given_back_and_is_free_at_once(scene: Scene) -> None:
    fence = await acquired(scene.anas)
    scene.pass_time(60)
    renewed = await scene.anas.patch(HERE, json={**ONE, "fence": fence})
    assert (renewed.status_code, renewed.json()["seconds_left"]) == (200, LEASE.total_seconds())
    for _ in range(2):
        assert (await scene.anas.request("DELETE", HERE, json={**ONE, "fence": fence})).status_code == 204
    assert (await scene.ben.get(HERE)).json()["state"] == "free"
    assert (await scene.ben.get(AT)).json()["items"][0]["lease"] is None
    assert await acquired(scene.bens) == fence + 1
    assert error(await scene.anas.patch(HERE, json={**ONE, "fence": fence})) == (409, "lease-lost")


@pytest.mark.feature("F3")
async def test_a_save_is_taken_from_the_holder_alone(scene: Scene) -> None:
    fence = await acquired(scene.anas)
    attacks = {
        "ben with ana's session and fence": (scene.bens, by(fence), (409, "lease-lost")),
        "ben without a lease": (scene.bens, {}, (423, "lease-held")),
        "ben as a person": (scene.ben, {}, (423, "lease-held")),
        "ana's program": (scene.ana, {}, (423, "lease-held")),
        "ana's program with the fence": (scene.ana, by(fence), (409, "lease-lost")),
        "another tab with the fence": (scene.anas, by(fence, "two"), (409, "lease-lost")),
        "the next fence": (scene.anas, by(fence + 1), (409, "lease-lost")),
        "the last fence": (scene.anas, by(fence - 1), (409, "lease-lost")),
        "a fence alone": (scene.anas, {"Lease-Fence": str(fence)}, (400, "malformed")),
        "a session alone": (scene.anas, {"Lease-Session": "one"}, (400, "malformed")),
        "no number": (scene.anas, {**by(fence), "Lease-Fence": "1e3"}, (400, "malformed")),
        "a huge number": (scene.anas, {**by(fence), "Lease-Fence": "9" * 5000}, (400, "malformed")),
        "no session": (scene.anas, by(fence, "../one"), (422, "refused")),
    }
    before = (await scene.ana.get(NOTEBOOK)).content
    told = {who: error(await saved(scene, client, "x", how)) for who, (client, how, _) in attacks.items()}
    assert told == {who: expected for who, (_, _, expected) in attacks.items()}
    assert (await scene.ana.get(NOTEBOOK)).content == before
    assert (await saved(scene, scene.anas, "mine", by(fence))).status_code == 200
    scene.etag = '"1-old"'
    assert error(await saved(scene, scene.anas, "late", by(fence))) == (409, "notebook-moved-on")


@pytest.mark.slow
@pytest.mark.feature("F3")
async def test_a_save_renews_and_one_after_the_lease_was_taken_overwrites_nothing(scene: Scene) -> None:
    fence = await acquired(scene.anas)
    scene.pass_time(80)
    assert (await saved(scene, scene.anas, "1", by(fence))).status_code == 200
    scene.pass_time(80)
    assert error(await scene.bens.post(HERE, json=ONE)) == (423, "lease-held")
    scene.pass_time(10)
    assert (await saved(scene, scene.anas, "2", by(fence))).status_code == 200  # ran out, and nobody took it
    scene.pass_time(90)
    bens = await acquired(scene.bens)
    assert error(await saved(scene, scene.anas, "3", by(fence))) == (409, "lease-lost")
    assert (await saved(scene, scene.bens, "4", by(bens))).status_code == 200
    assert b'"4"' in (await scene.ana.get(NOTEBOOK)).content


@pytest.mark.slow
async def test_a_key_of_an_earlier_start_has_neither_lease_nor_save(scene: Scene) -> None:
    fence = await acquired(scene.anas)
    scene.site.admit(scene.at)  # the next start: its key is another, and what the last one held is free
    assert (await scene.anas.patch(HERE, json={**ONE, "fence": fence})).status_code == 401
    assert (await saved(scene, scene.anas, "x", by(fence))).status_code == 401
    assert (await scene.ben.get(HERE)).json()["state"] == "free"


PLACES = {
    "another workspace": ("workspaces/ben/beta/notebooks/a.ipynb/lease", 403),
    "up and over": (f"{AT}/../../../ben/beta/notebooks/a.ipynb/lease", 403),
    "up, quoted": (f"{AT}/%2E%2E/a.ipynb/lease", 422),
    "up, quoted whole": (f"{AT}/..%2F..%2Fa.ipynb/lease", 422),
    "a notebook in a notebook": (f"{NOTEBOOK}/b.ipynb/lease", 422),
    "what is not there": (f"{AT}/b.ipynb/lease", 404),
}


@pytest.mark.slow
@pytest.mark.parametrize("where", PLACES)
async def test_a_key_has_no_lease_elsewhere(scene: Scene, where: str) -> None:
    url, status = PLACES[where]
    for method, body in (("POST", ONE), ("GET", None)):
        answer = await scene.anas.request(method, url, json=body)
        assert answer.status_code == status, answer.text


@pytest.mark.slow
@pytest.mark.parametrize(("role", "status"), [(None, 404), (Role.READER, 403)], ids=["somebody outside", "a reader"])
async def test_who_may_not_write_has_no_lease(scene: Scene, role: Role | None, status: int) -> None:
    fence = await acquired(scene.anas)
    if role:
        scene.put(role)
    else:
        members.remove_member(scene.site.context, actor="ana", namespace="ana", name="alpha", who="ben")
    claim = {**ONE, "fence": fence}
    asked = [("POST", "", ONE), ("PATCH", "", claim), ("DELETE", "", claim), ("POST", "/request", None)]
    asked += [("POST", "/handover", {**claim, "to": "ben"}), ("POST", "/decline", {**claim, "user": "ben"})]
    asked += [("POST", "/takeover", None)]
    for method, more, body in asked:
        assert (await scene.ben.request(method, HERE + more, json=body)).status_code == status
    assert (await scene.ben.get(HERE)).status_code == (200 if role else status)
    assert (await scene.anas.get(HERE, params=ONE)).json()["fence"] == fence


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [{}, {"session": ""}, {"session": "a b"}, {"session": "x" * 65}, {"session": 1}, {"session": "a", "fence": 1}],
)
async def test_a_session_must_be_one(scene: Scene, body: dict[str, object]) -> None:
    assert (await scene.anas.post(HERE, json=body)).status_code in (400, 422)
    assert (await scene.ana.get(HERE)).json()["state"] == "free"


@pytest.mark.slow
@pytest.mark.feature("F12")
async def test_a_second_tab_is_told_and_is_handed_it(scene: Scene) -> None:
    fence = await acquired(scene.anas)
    told = await scene.anas.post(HERE, json={"session": "two"})
    assert error(told) == (423, "lease-held")
    assert "another place" in told.json()["error"]["message"]
    handed = await scene.anas.post(f"{HERE}/handover", json={**ONE, "fence": fence, "to_session": "two"})
    assert (handed.json()["fence"], handed.json()["holder"]["session"]) == (fence + 1, "two")
    assert error(await saved(scene, scene.anas, "x", by(fence))) == (409, "lease-lost")
    assert (await saved(scene, scene.anas, "x", by(fence + 1, "two"))).status_code == 200


@pytest.mark.slow
@pytest.mark.feature("F11")
async def test_it_is_asked_for_declined_and_handed_over(scene: Scene) -> None:
    assert error(await scene.ben.post(f"{HERE}/request")) == (409, "wrong-state")
    claim = {**ONE, "fence": await acquired(scene.anas)}
    await scene.ben.post(f"{HERE}/request")
    renewed = (await scene.anas.patch(HERE, json=claim)).json()
    assert [(each["user"], each["declined"]) for each in renewed["requests"]] == [("ben", False)]
    assert (await scene.bens.post(f"{HERE}/decline", json={**claim, "user": "ben"})).status_code == 409
    await scene.anas.post(f"{HERE}/decline", json={**claim, "user": "ben"})
    again = await scene.ben.post(f"{HERE}/request")
    assert (error(again), again.json()["error"]["details"]) == ((422, "refused"), {"seconds": 121})
    for _ in range(2):
        scene.pass_time(65)
        await scene.anas.patch(HERE, json=claim)
    assert (await scene.ben.post(f"{HERE}/request")).json()["requests"][0]["declined"] is False
    assert (await scene.anas.post(f"{HERE}/handover", json={**claim, "to": "eva"})).status_code == 422
    for body in (claim, {**claim, "to": "ben", "to_session": "two"}):
        assert error(await scene.anas.post(f"{HERE}/handover", json=body)) == (400, "malformed")
    handed = (await scene.anas.post(f"{HERE}/handover", json={**claim, "to": "ben"})).json()
    assert (handed["state"], handed["reserved_for"], handed["fence"]) == ("reserved", "ben", None)
    assert error(await scene.anas.post(HERE, json=ONE)) == (423, "lease-held")
    assert await acquired(scene.bens) == claim["fence"] + 1


@pytest.mark.slow
@pytest.mark.feature("F11")
async def test_an_owner_takes_it_over_with_a_countdown_and_nobody_else_may(scene: Scene) -> None:
    fence = await acquired(scene.bens)
    assert (await scene.ben.post(f"{HERE}/takeover")).status_code == 403
    assert (await scene.anas.post(f"{HERE}/takeover")).status_code == 403  # no key takes over
    taken = (await scene.ana.post(f"{HERE}/takeover")).json()
    assert (taken["takeover"]["by"], taken["takeover"]["seconds_left"]) == ("ana", COUNTDOWN.total_seconds())
    assert (await saved(scene, scene.bens, "last", by(fence))).status_code == 200
    told = (await scene.bens.patch(HERE, json={**ONE, "fence": fence})).json()
    assert (told["takeover"]["by"], told["seconds_left"]) == ("ana", COUNTDOWN.total_seconds())
    scene.pass_time(COUNTDOWN.total_seconds())
    assert error(await saved(scene, scene.bens, "too late", by(fence))) == (409, "lease-lost")
    assert await acquired(scene.anas) == fence + 1


@pytest.mark.slow
async def test_what_somebody_edits_is_neither_renamed_nor_deleted_by_others(scene: Scene) -> None:
    fence = await acquired(scene.bens)
    based = {"If-Match": scene.etag}
    assert error(await scene.ana.delete(NOTEBOOK, headers=based)) == (423, "lease-held")
    assert error(await scene.ana.post(f"{NOTEBOOK}/rename", json={"to": "b"}, headers=based)) == (423, "lease-held")
    moved = await scene.bens.post(f"{NOTEBOOK}/rename", json={"to": "b"}, headers={**based, **by(fence)})
    assert (moved.status_code, moved.headers["lease-fence"]) == (200, str(fence + 1))
    there = await scene.bens.get(f"{AT}/b.ipynb/lease", params=ONE)
    assert there.json()["fence"] == fence + 1
    stale = {"If-Match": moved.headers["etag"], **by(fence)}
    assert error(await scene.ben.delete(f"{AT}/b.ipynb", headers=stale)) == (409, "lease-lost")
    assert (await scene.ben.delete(f"{AT}/b.ipynb")).status_code == 204
