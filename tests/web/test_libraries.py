"""REST: libraries of the drive, as owners, those whom they are shared with, and those outside see them."""

from __future__ import annotations

import httpx
import pytest

from terraspawner.domain.library import Access
from terraspawner.operations import groups, libraries
from tests.web.sites import PREFIX, Site

pytestmark = pytest.mark.feature("H4")


def a_library(site: Site, name: str = "Survey", user: str = "ana") -> str:
    return libraries.create_library(site.context, user=user, name=name).library.id


def share(site: Site, library_id: str, who: str = "ben", access: Access = Access.READ) -> None:
    libraries.share(site.context, actor="ana", library_id=library_id, who=who, access=access)


async def paths(client: httpx.AsyncClient) -> list[str]:
    return [each["drive_path"] for each in (await client.get("libraries")).json()["items"]]


@pytest.mark.feature("H3")
async def test_a_library_is_created_shared_listed_and_taken_back(site: Site) -> None:
    async with site.person("ana") as ana, site.person("ben") as ben:
        made = await ana.post("libraries", json={"name": "Survey"})
        assert made.status_code == 201
        told = made.json()
        assert {name: told[name] for name in ("name", "owner", "role", "folder", "drive_path", "shares")} == {
            "name": "Survey",
            "owner": "ana",
            "role": "owner",
            "folder": "mine",
            "drive_path": "My Libraries/Survey",
            "shares": [],
        }
        here = f"libraries/{told['id']}"
        assert (await ben.get(here)).json()["error"]["code"] == "library-not-found"
        shared = await ana.put(f"{here}/shares/ben", json={"access": "read"})
        assert shared.json()["shares"] == [{"member": "ben", "access": "read"}]
        (seen,) = (await ben.get("libraries")).json()["items"]
        assert (seen["role"], seen["drive_path"], seen["shares"]) == ("reader", "Shared with me/Survey (ana)", None)
        assert (await ana.delete(f"{here}/shares/ben")).status_code == 204
        assert await paths(ben) == []


@pytest.mark.feature("H3")
async def test_each_way_has_its_folder(site: Site) -> None:
    groups.set_managed(site.context, user="ben", names=["/team/a"])
    named, by_group, for_all = (a_library(site, name) for name in ("One", "Two", "Three"))
    async with site.person("ana") as ana, site.person("ben") as ben:
        await ben.post("libraries", json={"name": "Four"})
        await ana.put(f"libraries/{named}/shares/ben", json={"access": "read"})
        await ana.put(f"libraries/{by_group}/shares/group:%2Fteam%2Fa", json={"access": "write"})
        await ana.put(f"libraries/{for_all}/shares/all", json={"access": "read"})
        assert await paths(ben) == [
            "My Libraries/Four",
            "Shared with me/One (ana)",
            "Shared with groups/Two (ana)",
            "Shared with all/Three (ana)",
        ]
        async with site.person("operator") as operator:
            assert await paths(operator) == ["Shared with all/Three (ana)"]


DEEDS = {
    "rename": ("PATCH", "", {"name": "Mine now"}),
    "delete": ("DELETE", "", None),
    "share": ("PUT", "/shares/all", {"access": "write"}),
    "unshare": ("DELETE", "/shares/operator", None),
    "transfer": ("POST", "/transfer", {"to": "ben"}),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_who_only_has_a_share_is_refused_and_to_others_there_is_none(site: Site, deed: str) -> None:
    library_id = a_library(site)
    method, path, body = DEEDS[deed]
    async with site.person("ben") as ben:
        for expected in ((404, "library-not-found"), (403, "not-allowed")):
            answer = await ben.request(method, f"libraries/{library_id}{path}", json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == expected
            share(site, library_id, access=Access.WRITE)
        assert answer.json()["error"]["details"]["needed"] == ["owner"]


async def test_a_library_is_renamed_transferred_deleted_and_restored(site: Site) -> None:
    library_id = a_library(site)
    async with site.person("ana") as ana, site.person("ben") as ben:
        renamed = await ana.patch(f"libraries/{library_id}", json={"name": "Survey of May"})
        assert renamed.json()["drive_path"] == "My Libraries/Survey of May"
        refused = await ana.post(f"libraries/{library_id}/transfer", json={"to": "ben"})
        assert (refused.status_code, "Share it with ben first" in refused.text) == (422, True)
        share(site, library_id)
        given = await ana.post(f"libraries/{library_id}/transfer", json={"to": "ben"})
        assert (given.status_code, given.json()["owner"]) == (200, "ben")
        assert (await ana.get(f"libraries/{library_id}")).json()["role"] == "writer"
        assert (await ana.delete(f"libraries/{library_id}")).status_code == 403
        item = (await ben.delete(f"libraries/{library_id}")).json()
        assert (item["kind"], item["name"], item["actions"]) == ("library", "Survey of May", ["restore", "purge"])
        assert await paths(ana) == await paths(ben) == []
        assert (await ben.post(f"trash/{item['id']}/restore", json={})).status_code == 200
        assert await paths(ben) == ["My Libraries/Survey of May"]


async def test_what_cannot_be_is_refused_with_its_reason(site: Site) -> None:
    library_id = a_library(site)
    async with site.person("ana") as ana:
        for method, path, body, expected in (
            ("POST", "libraries", {"name": "survey"}, (409, "name-taken")),
            ("POST", "libraries", {"name": "../x"}, (422, "name-invalid")),
            ("POST", "libraries", {"name": "x", "owner": "ben"}, (400, "malformed")),
            ("PUT", f"libraries/{library_id}/shares/nobody", {"access": "read"}, (404, "account-not-found")),
            ("PUT", f"libraries/{library_id}/shares/ben", {"access": "own"}, (400, "malformed")),
            ("PUT", f"libraries/{library_id}/shares/ana", {"access": "read"}, (422, "refused")),
            ("DELETE", f"libraries/{library_id}/shares/ben", None, (404, "member-not-found")),
            ("GET", f"libraries/{'0' * 16}", None, (404, "library-not-found")),
        ):
            answer = await ana.request(method, path, json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == expected, (method, path, body)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/members"),
        ("PUT", "/members/ben"),
        ("POST", "/environment/start"),
    ],
)
async def test_the_addresses_of_workspaces_do_not_change_a_library(site: Site, method: str, path: str) -> None:
    library_id = a_library(site)
    body = {"PATCH": {"title": "x"}, "PUT": {"role": "owner"}}.get(method)
    async with site.person("ana") as ana:
        answer = await ana.request(method, f"workspaces/library/{library_id}{path}", json=body)
    assert answer.status_code == 422
    assert "is a library of the drive" in answer.json()["error"]["message"]


async def test_lists_of_workspaces_and_projects_do_not_show_libraries(site: Site) -> None:
    a_library(site)
    async with site.person("ana") as ana:
        assert (await ana.get("workspaces")).json()["items"] == []
        assert [each["namespace"] for each in (await ana.get("projects")).json()["items"]] == ["ana"]
        assert (await ana.get("projects/library")).status_code == 404
        assert (await ana.post("workspaces", json={"namespace": "library", "name": "x"})).status_code == 404


# --- notebooks of libraries ---


async def test_its_notebooks_are_read_and_written_as_those_of_a_workspace(site: Site) -> None:
    library_id = a_library(site)
    here = f"workspaces/library/{library_id}/notebooks"
    async with site.person("ana") as ana, site.person("ben") as ben:
        made = await ana.post(here, json={"name": "deep/first"})
        assert made.status_code == 201, made.text
        assert (await ben.get(here)).status_code == 404
        share(site, library_id)
        assert [each["path"] for each in (await ben.get(here)).json()["items"]] == ["deep/first.ipynb"]
        document = await ben.get(f"{here}/deep/first.ipynb")
        replaced = {"json": document.json(), "headers": {"If-Match": document.headers["etag"]}}
        assert (await ben.put(f"{here}/deep/first.ipynb", **replaced)).status_code == 403
        assert (await ben.get(f"{here}/deep/first.ipynb/preview")).status_code == 200
        assert (await ben.post(f"{here}/deep/first.ipynb/lease/takeover")).status_code == 403
        share(site, library_id, access=Access.WRITE)
        saved = await ben.put(f"{here}/deep/first.ipynb", **replaced)
        assert saved.status_code == 200
        present = {"If-Match": saved.headers["etag"]}
        assert (await ana.delete(f"{here}/deep/first.ipynb", headers=present)).status_code == 204
        (item,) = (await ben.get("trash")).json()["items"]
        assert (await ben.post(f"trash/{item['id']}/restore", json={})).status_code == 200


async def test_its_owner_limits_its_size(site: Site) -> None:
    library_id = a_library(site)
    async with site.person("ana") as ana:
        limited = await ana.patch(f"libraries/{library_id}", json={"size_limit": 1024**2})
        assert (limited.json()["size_limit"], limited.json()["used"]) == (1024**2, 0)
        assert (await ana.patch(f"libraries/{library_id}", json={"size_limit": None})).json()["size_limit"] is None
        for body, status in (({}, 400), ({"name": None}, 400), ({"size_limit": 1}, 422)):
            assert (await ana.patch(f"libraries/{library_id}", json=body)).status_code == status
    browser = await site.browser("ana")
    for megabytes, status in (("5", 303), ("", 303), ("x", 422), ("0", 422)):
        answer = await browser.submit(f"{PREFIX}/drive/{library_id}/limit", megabytes=megabytes)
        assert answer.status_code == status
