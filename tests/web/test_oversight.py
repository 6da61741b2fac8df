"""Who pays for environments lists, pauses and deletes them, and opens none (B6)."""

from __future__ import annotations

from typing import Any

import pytest

from terraspawner.domain.access import ProjectRole, Role
from terraspawner.operations import accounts, audit, identities, members, projects, views, workspaces
from terraspawner.operations.environments import Ticket
from tests.web.hubs import until
from tests.web.sites import API, PREFIX, Site

TOLD = {
    "id", "user", "workspace", "state", "since", "cpu", "memory", "disk_size", "now_per_hour", "disk_per_month",
    "tags",
}  # fmt: skip


def running_in_a_project_of_anas(site: Site) -> Ticket:
    """ben's environment in ben's workspace, which ana's project pays for."""
    accounts.set_project_founder(site.context, name="ana", may_create_projects=True, actor="operator")
    projects.create_project(site.context, user="ana", namespace="lab")
    projects.put_member(site.context, actor="ana", namespace="lab", who="ben", role=ProjectRole.MEMBER)
    at = workspaces.create_workspace(site.context, user="ben", namespace="lab", name="secret").workspace
    ticket = site.running(at, "ben")
    identity = identities.identify(site.context, ticket.key)
    assert identity is not None
    kernel = {"id": "k", "path": "unpublished.ipynb", "state": "busy", "last_activity": ""}
    identities.note_activity(site.context, identity, [kernel])
    return ticket


@pytest.mark.feature("B6")
@pytest.mark.parametrize("payer", ["ana", "operator"])
async def test_who_pays_lists_pauses_and_deletes(site: Site, payer: str) -> None:
    ticket = running_in_a_project_of_anas(site)
    one = f"environments/{ticket.environment.id}"
    async with site.person(payer) as paying, site.person("ben") as ben:
        listed = await paying.get("environments", params={"project": "lab"})
        (seen,) = listed.json()["items"]
        assert (seen["id"], seen["user"], seen["state"]) == (ticket.environment.id, "ben", "running")
        assert set(seen) == TOLD
        assert seen["now_per_hour"] > 0
        assert (await paying.get(one)).json() == seen
        assert "unpublished" not in listed.text
        paused = await paying.post(f"{one}/pause")
        assert (paused.status_code, paused.json()["state"]) == (200, "paused")
        assert (await paying.post(f"{one}/pause")).status_code == 200
        assert (await paying.delete(one)).status_code == 202
        await until(lambda: views.views_of(site.context, "ben") == [], "it is gone")
        (disk,) = (await ben.get("disks")).json()["items"]
        assert disk["id"] == ticket.environment.disk_id
    acts = [entry.action for entry in audit.entries(site.context, user=payer, is_operator=False)]
    asked = [act for act in acts if act.endswith("-asked")]
    assert asked[:2] == ["environment-delete-asked", "environment-pause-asked"]


@pytest.mark.feature("B6", "F9")
@pytest.mark.parametrize("payer", ["ana", "operator"])
async def test_what_who_pays_deletes_saves_and_sends_first_unless_by_force(site: Site, payer: str) -> None:
    ticket = running_in_a_project_of_anas(site)
    async with site.person(payer) as paying, site.person("ben") as ben:
        assert (await paying.delete(f"environments/{ticket.environment.id}")).status_code == 202
        await until(lambda: views.views_of(site.context, "ben") == [], "it is gone")
        assert [act for act, _ in site.hub.calls if act in ("stop", "forget")] == ["stop", "forget"]
        here = "workspaces/lab/secret/environment"
        assert (await ben.post(f"{here}/start")).status_code in (200, 202)
        await until(lambda: [view.state for view in views.views_of(site.context, "ben")] == ["running"], "it runs")
        second = (await ben.get(here)).json()["id"]
        assert (await paying.delete(f"environments/{second}", params={"force": True})).status_code == 202
        await until(lambda: views.views_of(site.context, "ben") == [], "it is gone")
        assert [act for act, _ in site.hub.calls if act in ("stop", "forget")] == ["stop", "forget", "forget"]


@pytest.mark.feature("B6")
@pytest.mark.parametrize("payer", ["ana", "operator"])
async def test_who_pays_opens_none(site: Site, payer: str) -> None:
    running_in_a_project_of_anas(site)
    browser = await site.browser(payer)
    at = "workspaces/lab/secret"
    async with site.person(payer) as paying:
        for method, url in (
            ("GET", at),
            ("GET", f"{at}/members"),
            ("GET", f"{at}/notebooks"),
            ("GET", f"{at}/environment"),
            ("GET", f"{at}/environment/log"),
            ("POST", f"{at}/environment/start"),
        ):
            hidden = await paying.request(method, url)
            assert (hidden.status_code, hidden.json()["error"]["code"]) == (404, "workspace-not-found"), url
    assert (await browser.client.get(f"{PREFIX}/{at}")).status_code == 404


@pytest.mark.feature("B5", "B6")
async def test_to_everybody_else_there_is_none(site: Site) -> None:
    ticket = running_in_a_project_of_anas(site)
    here = {"namespace": "lab", "name": "secret"}
    one = f"environments/{ticket.environment.id}"
    accounts.add_account(site.context, name="eva", actor="operator")
    members.put_member(site.context, actor="ben", **here, who="eva", role=Role.OWNER)
    projects.put_member(site.context, actor="ana", namespace="ana", who="eva", role=ProjectRole.OWNER)
    async with site.person("eva") as eva:
        for project in ("lab", "nothing", "../lab", ""):
            hidden = await eva.get("environments", params={"project": project})
            assert (hidden.status_code, hidden.json()["error"]["code"]) == (404, "project-not-found")
        for method, url in (("GET", one), ("DELETE", one), ("POST", f"{one}/pause")):
            hidden = await eva.request(method, url)
            missing = await eva.request(method, url.replace(ticket.environment.id, "0" * 16))
            assert hidden.status_code == missing.status_code == 404
            assert (
                hidden.json()["error"]["message"].replace(ticket.environment.id, "0" * 16)
                == (missing.json()["error"]["message"])
            )
        assert (await eva.get("environments", params={"project": "ana"})).json()["items"] == []
        projects.put_member(site.context, actor="ana", namespace="lab", who="eva", role=ProjectRole.MEMBER)
        refused = await eva.get("environments", params={"project": "lab"})
        assert refused.status_code == 403
        assert refused.json()["error"]["details"]["needed"] == ["owner of the billing project", "operator"]
    async with site.client(authorization=f"environment {ticket.key}") as inside:
        assert (await inside.get(f"{API}/{one}")).status_code == 403


@pytest.mark.feature("A4", "B6")
async def test_operators_see_everybodys_page_by_page(site: Site) -> None:
    people = ("ana", "ben", "operator")
    made = [site.running(site.workspace(user, name), user) for user in people for name in ("beta", "alpha")]
    async with site.person("operator") as operator:
        seen: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = (await operator.get("environments", params={"limit": "4", "cursor": cursor})).json()
            cursor = answer["next"]
            seen += answer["items"]
        mine = (await operator.get("environments", params={"mine": "true"})).json()["items"]
        refused = await operator.get("environments", params={"cursor": "0" * 16})
    assert [each["id"] for each in seen] == [made[place].environment.id for place in (1, 0, 3, 2, 5, 4)]
    assert all(set(each) == TOLD for each in seen)
    assert {each["id"] for each in mine} == {each.environment.id for each in made[4:]}
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "refused")
    async with site.person("ana") as ana:
        answer = (await ana.get("environments")).json()
    assert {each["id"] for each in answer["items"]} == {each.environment.id for each in made[:2]}


@pytest.mark.feature("B3")
async def test_who_was_removed_still_pauses_and_deletes_the_own_one(site: Site) -> None:
    at = site.workspace()
    members.put_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
    one = f"environments/{site.running(at, 'ben').environment.id}"
    members.remove_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben")
    async with site.person("ben") as ben:
        assert (await ben.post(f"{one}/pause")).json()["state"] == "paused"
        assert (await ben.delete(one)).status_code == 202
        await until(lambda: views.views_of(site.context, "ben") == [], "it is gone")
        (disk,) = (await ben.get("disks")).json()["items"]
        assert (await ben.delete(f"disks/{disk['id']}")).status_code == 200
