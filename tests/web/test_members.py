"""REST: sharing a workspace and a billing project, as owners, members and those outside see it."""

from __future__ import annotations

import pytest

from terraspawner.operations import groups
from tests.web.sites import Site


@pytest.mark.feature("B3")
async def test_a_workspace_is_shared_listed_and_taken_back(site: Site) -> None:
    site.workspace()
    async with site.person("ana") as ana, site.person("ben") as ben:
        given = await ana.put("workspaces/ana/alpha/members/ben", json={"role": "writer"})
        assert (given.status_code, given.json()) == (
            200,
            {"member": "ben", "is_group": False, "role": "writer", "compute": True},
        )
        (seen,) = (await ben.get("workspaces")).json()["items"]
        assert (seen["namespace"], seen["name"], seen["role"], seen["compute"]) == ("ana", "alpha", "writer", True)
        listed = (await ben.get("workspaces/ana/alpha/members")).json()["items"]
        assert [(each["member"], each["role"]) for each in listed] == [("ana", "owner"), ("ben", "writer")]
        await ana.put("workspaces/ana/alpha/members/ben", json={"role": "writer", "compute": False})
        assert (await ben.get("workspaces/ana/alpha")).json()["compute"] is False
        assert (await ana.delete("workspaces/ana/alpha/members/ben")).status_code == 204
        assert (await ben.get("workspaces/ana/alpha")).status_code == 404
        assert (await ben.get("workspaces")).json()["items"] == []
        assert (await ana.delete("workspaces/ana/alpha/members/ben")).json()["error"]["code"] == "member-not-found"


@pytest.mark.feature("B3")
async def test_a_group_with_slashes_in_its_name_is_a_member_too(site: Site) -> None:
    site.workspace()
    groups.set_managed(site.context, user="ben", names=["/team/a"])
    async with site.person("ana") as ana, site.person("ben") as ben:
        given = await ana.put("workspaces/ana/alpha/members/group:%2Fteam%2Fa", json={"role": "reader"})
        assert given.json() == {"member": "group:/team/a", "is_group": True, "role": "reader", "compute": False}
        assert (await ben.get("whoami")).json()["groups"] == ["/team/a"]
        assert (await ben.get("workspaces/ana/alpha")).json()["role"] == "reader"
        assert (await ana.delete("workspaces/ana/alpha/members/group:%2Fteam%2Fa")).status_code == 204
        assert (await ben.get("workspaces/ana/alpha")).status_code == 404


@pytest.mark.feature("B3")
async def test_operators_make_groups_and_owners_give_them_roles(site: Site) -> None:
    site.workspace()
    async with site.person("operator") as operator, site.person("ana") as ana, site.person("ben") as ben:
        assert (await operator.post("groups", json={"name": "lab"})).status_code == 201
        assert (await operator.post("groups", json={"name": "lab"})).json()["error"]["code"] == "name-taken"
        assert (await operator.post("groups", json={"name": "terraspawner-operators"})).status_code == 422
        assert (await operator.put("groups/lab/members/ben")).status_code == 204
        assert (await operator.get("groups")).json()["items"] == [
            {"name": "lab", "is_managed": False, "members": ["ben"]}
        ]
        await ana.put("workspaces/ana/alpha/members/group:lab", json={"role": "writer"})
        assert (await ben.get("workspaces/ana/alpha")).json()["role"] == "writer"
        assert (await operator.delete("groups/lab/members/ben")).status_code == 204
        assert (await ben.get("workspaces/ana/alpha")).status_code == 404
        for url in ("groups/nothing/members/ben", "groups/lab/members/nobody"):
            assert (await operator.put(url)).status_code == 404
        assert (await ben.put("groups/lab/members/ben")).status_code == 403


@pytest.mark.feature("B5")
async def test_a_refusal_says_which_role_would_do(site: Site) -> None:
    site.workspace()
    async with site.person("ana") as ana, site.person("ben") as ben:
        await ana.put("workspaces/ana/alpha/members/ben", json={"role": "reader"})
        for method, url, body, needed in (
            ("PUT", "workspaces/ana/alpha/members/ben", {"role": "owner"}, ["owner"]),
            ("POST", "workspaces/ana/alpha/notebooks", {"name": "mine"}, ["writer"]),
            ("POST", "workspaces/ana/alpha/environment/start", {}, ["member with compute"]),
        ):
            refused = await ben.request(method, url, json=body)
            error = refused.json()["error"]
            assert (refused.status_code, error["code"], error["details"]["needed"]) == (403, "not-allowed", needed)
            assert error["message"].endswith("Ask an owner of the workspace.")


async def test_members_leave_and_the_last_owner_stays(site: Site) -> None:
    site.workspace()
    async with site.person("ana") as ana, site.person("ben") as ben:
        await ana.put("workspaces/ana/alpha/members/ben", json={"role": "reader"})
        assert (await ben.delete("workspaces/ana/alpha/members/ben")).status_code == 204
        refused = await ana.delete("workspaces/ana/alpha/members/ana")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "owner-needed")


@pytest.mark.parametrize("member", ["nobody", "Ana", "%2e%2e", "%00", "group:", "group:nobody", "a/b", "%F0%9F%8E%89"])
async def test_a_name_that_is_nobodys_is_404_with_a_sentence(site: Site, member: str) -> None:
    site.workspace()
    async with site.person("ana") as ana:
        refused = await ana.put(f"workspaces/ana/alpha/members/{member}", json={"role": "reader"})
        assert refused.status_code == 404
        assert refused.json()["error"]["message"].isprintable()
        assert len((await ana.get("workspaces/ana/alpha/members")).json()["items"]) == 1


@pytest.mark.parametrize("body", [{}, {"role": "admin"}, {"role": None}, {"role": "reader", "compute": "maybe"}, []])
async def test_a_role_that_is_none_is_malformed(site: Site, body: object) -> None:
    site.workspace()
    async with site.person("ana") as ana:
        refused = await ana.put("workspaces/ana/alpha/members/ben", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "malformed")


@pytest.mark.feature("B2")
async def test_owners_call_a_workspace_as_they_like(site: Site) -> None:
    site.workspace()
    async with site.person("ana") as ana:
        changed = await ana.patch("workspaces/ana/alpha", json={"title": "Cell atlas"})
        assert (changed.json()["title"], changed.json()["name"]) == ("Cell atlas", "alpha")
        assert (await ana.patch("workspaces/ana/alpha", json={"title": "a\u0000b"})).status_code == 422
        assert (await ana.get("workspaces/ana/alpha")).json() == changed.json()


@pytest.mark.feature("B1")
async def test_operators_say_who_creates_billing_projects(site: Site) -> None:
    async with site.person("ana") as ana, site.person("ben") as ben, site.person("operator") as operator:
        refused = await ana.post("projects", json={"namespace": "lab"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not-allowed")
        told = await operator.patch("accounts/ana", json={"may_create_projects": True})
        assert (told.json()["may_create_projects"], told.json()["is_disabled"]) == (True, False)
        assert (await ana.get("whoami")).json()["roles"] == ["user", "project-founder"]
        made = await ana.post("projects", json={"namespace": "lab", "title": "Our lab"})
        assert (made.status_code, made.json()["role"], made.json()["title"]) == (201, "owner", "Our lab")
        put = await ana.put("projects/lab/members/ben", json={"role": "member"})
        assert (put.status_code, put.json()["member"], put.json()["role"]) == (200, "ben", "member")
        assert [each["namespace"] for each in (await ben.get("projects")).json()["items"]] == ["ben", "lab"]
        assert (await ben.post("workspaces", json={"namespace": "lab", "name": "x"})).status_code == 201
        assert (await ben.delete("projects/lab/members/ben")).status_code == 204
        gone = await ben.get("projects/lab")
        missing = await ben.get("projects/nothing")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "project-not-found")
        assert gone.json()["error"]["message"].replace("lab", "nothing") == missing.json()["error"]["message"]
        assert (await ana.delete("projects/lab/members/ana")).json()["error"]["code"] == "owner-needed"


@pytest.mark.feature("B3")
async def test_two_people_of_one_workspace_have_environments_of_their_own(site: Site) -> None:
    at = site.workspace()
    async with site.person("ana") as ana, site.person("ben") as ben:
        await ana.put("workspaces/ana/alpha/members/ben", json={"role": "writer"})
        tickets = {user: site.running(at, user) for user in ("ana", "ben")}
        assert len({ticket.environment.id for ticket in tickets.values()}) == 2
        assert len({ticket.environment.disk_id for ticket in tickets.values()}) == 2
        for user, client in (("ana", ana), ("ben", ben)):
            here = (await client.get("workspaces/ana/alpha/environment")).json()
            assert (here["id"], here["state"]) == (tickets[user].environment.id, "running")
            assert len((await client.get("environments")).json()["items"]) == 1
            assert len((await client.get("disks")).json()["items"]) == 1
        await ben.post("workspaces/ana/alpha/environment/pause")
        assert (site.state(at, "ben"), site.state(at, "ana")) == ("paused", "running")
        disk = tickets["ana"].environment.disk_id
        assert (await ben.delete(f"disks/{disk}")).status_code == 404
    async with site.environment(tickets["ana"].key) as inside:
        assert (await inside.get("workspaces/ana/alpha/notebooks")).status_code == 200
