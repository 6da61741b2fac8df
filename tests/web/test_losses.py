"""What would be lost, over REST and in the dialogs; from row and Engine, and where the Engine's door is shut."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from terraspawner.domain.layer import Found, Layer
from terraspawner.operations import environments, workspaces
from terraspawner.operations.environments import Ticket
from tests.web.hosts import HostThatIsSilent, HostThatObeys
from tests.web.sites import PREFIX, Site, opened

pytestmark = pytest.mark.slow

HERE = "workspaces/ana/alpha/environment"
SAID = {
    "kernels": [{"id": "k", "path": "alpha/edit/<b>.ipynb", "state": "busy", "last_activity": ""}],
    "terminals": 2,
    "trees": [{"path": "~/code", "changed": 3, "unpushed": 0}],
}


async def with_some_of_everything(site: Site) -> Ticket:
    ticket = site.running(site.workspace())
    host = site.parts.host
    assert isinstance(host, HostThatObeys)
    host.layers[ticket.environment.id] = Layer(
        pip=Found(names=("my-tool 1.2",)), files=Found(names=tuple(f"/opt/{n:03}" for n in range(14)), more=9)
    )
    async with site.environment(ticket.key) as inside:
        assert (await inside.post("environments/self/activity", json=SAID)).status_code == 200
        pending = {"pending": [{"path": "first.ipynb", "since": "now"}]}
        assert (await inside.post("environments/self/outbox", json=pending)).status_code == 204
    return ticket


def sorts(answer: dict[str, list[dict[str, object]]]) -> list[object]:
    return [each["sort"] for each in answer["lost"]]


@pytest.mark.feature("C7")
async def test_rest_tells_what_each_act_ends(site: Site) -> None:
    await with_some_of_everything(site)
    async with site.person() as ana:
        told = {
            act: (await ana.get(f"{HERE}/losses", params={"action": act})).json()
            for act in ("pause", "update", "delete", "delete-disk")
        }
        assert (await ana.get(f"{HERE}/losses", params={"action": "explode"})).status_code == 400
        assert (await ana.get(f"{HERE}/losses")).status_code == 400
    assert sorts(told["pause"]) == ["kernels", "terminals"]
    assert sorts(told["update"]) == sorts(told["delete"]) == ["kernels", "terminals", "pip", "files"]
    assert sorts(told["delete-disk"])[4:] == ["unsent", "trees", "home"]
    assert told["delete"]["lost"][2] == {
        "sort": "pip",
        "names": ["my-tool 1.2"],
        "more": 0,
        "is_claim": False,
        "in_trash": True,
    }
    waiting = {act: [each["sort"] for each in told[act]["lost"] if each["in_trash"]] for act in told}
    assert waiting == {
        "pause": [],
        "update": [],
        "delete": ["pip", "files"],
        "delete-disk": ["pip", "files", "unsent", "trees", "home"],
    }
    assert told["delete-disk"]["lost"][4]["names"] == ["first.ipynb"]
    assert {tuple(each["unknown"]) for each in told.values()} == {()}


@pytest.mark.feature("C7")
async def test_nobody_is_told_of_anothers(site: Site) -> None:
    await with_some_of_everything(site)
    async with site.person("operator") as operator:
        assert (await operator.get(f"{HERE}/losses", params={"action": "delete"})).status_code == 404


@pytest.mark.feature("C7")
async def test_where_the_host_is_silent_it_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path, host=HostThatIsSilent()) as site:
        site.running(site.workspace())
        async with site.person() as ana:
            told = (await ana.get(f"{HERE}/losses", params={"action": "delete"})).json()
        page = (await (await site.browser()).client.get(f"{PREFIX}/{HERE}/losses?act=delete")).text
    assert told["lost"] == []
    assert [sentence.partition(":")[0] for sentence in told["unknown"]] == [
        "kernels and terminals",
        "what is in /scratch",
        "packages and files outside the home folder",
    ]
    assert page.count("Could not be determined: ") == 3
    assert "Nothing is known of" not in page


@pytest.mark.feature("C7")
async def test_the_dialogs_name_the_things(site: Site) -> None:
    ticket = await with_some_of_everything(site)
    ana = await site.browser()
    at = f"{PREFIX}/{HERE}"
    shown = (await ana.client.get(f"{at}/losses?act=delete&disk=keep")).text
    assert re.findall(r'data-loss="([^"]+)"', shown) == ["kernels", "terminals", "pip", "files"]
    ends, _, waits = shown.partition("comes back with a restore for 14 days")
    assert re.findall(r'data-loss="([^"]+)"', ends) == ["kernels", "terminals"]
    assert re.findall(r'data-loss="([^"]+)"', waits) == ["pip", "files"]
    assert "alpha/edit/&lt;b&gt;.ipynb (busy)" in shown
    assert "and 11 more</summary>/opt/012, /opt/013, and 9 that are not named" in shown
    with_disk = (await ana.client.get(f"{at}/losses?act=delete&disk=delete")).text
    assert re.findall(r'data-loss="([^"]+)"', with_disk)[4:] == ["unsent", "trees", "home"]
    assert (await ana.client.get(f"{at}/losses?act=explode")).status_code == 422
    page = (await ana.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
    assert 'data-bs-target="#pause-dialog"' in page
    assert re.findall(r"/environment/losses\?act=([a-z]+)", page) == ["delete", "update", "pause"]
    environments.begin_pause(site.context, ticket.environment.id)
    environments.stopped(site.context, ticket.environment.id, 1)
    paused = (await ana.client.get(f"{at}/losses?act=delete")).text
    assert re.findall(r'data-loss="([^"]+)"', paused) == ["pip", "files"]


@pytest.mark.feature("C7")
async def test_a_pause_in_a_drive_workspace_keeps_things_for_as_long_as_it_does(site: Site) -> None:
    desk = workspaces.create_workspace(site.context, user="ana", namespace="ana", name="desk", storage="drive")
    site.running(desk.workspace)
    site.running(site.workspace())
    ana = (await site.browser()).client
    of_desk = (await ana.get(f"{PREFIX}/{HERE.replace('alpha', 'desk')}/losses?act=pause")).text
    assert "a resume within 12 h brings them back: then all is deleted but <code>~/drive</code>" in of_desk
    assert "a resume brings them back;" in (await ana.get(f"{PREFIX}/{HERE}/losses?act=pause")).text


async def test_without_anything_that_runs_a_pause_asks_nothing(site: Site) -> None:
    ticket = site.running(site.workspace())
    async with site.environment(ticket.key) as inside:
        await inside.post("environments/self/activity", json={"kernels": []})
    page = (await (await site.browser()).client.get(f"{PREFIX}/workspaces/ana/alpha")).text
    assert 'id="pause" type="submit"' in page
