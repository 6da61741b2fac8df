"""Notebooks of libraries below a drive workspace, as its person, JupyterLab in its environment and attackers ask."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from terraspawner.domain.access import Role
from terraspawner.domain.library import Access
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import libraries, members, notebooks, workspaces
from terraspawner.operations.notebooks import Place
from tests.web.sites import PREFIX, Site

pytestmark = pytest.mark.feature("B4", "H4", "E5")

SHELF = "Survey%20(ana)"
"""What the library is called on drives of others, in an address."""


def a_library(site: Site, name: str = "Survey", user: str = "ana", path: str = "deep/first") -> str:
    """With one notebook in it."""
    library_id = libraries.create_library(site.context, user=user, name=name).library.id
    place = Place(user=user, namespace="library", name=library_id, path=path)
    notebooks.create_notebook(site.context, place, "python3")
    return library_id


def share(site: Site, library_id: str, access: Access = Access.WRITE, who: str = "ben") -> None:
    libraries.share(site.context, actor="ana", library_id=library_id, who=who, access=access)


def a_desk(site: Site, user: str = "ben") -> Workspace:
    made = workspaces.create_workspace(site.context, user=user, namespace=user, name="desk", storage="drive")
    return made.workspace


async def document_of(client: httpx.AsyncClient, address: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The notebook, and what replaces just this version."""
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json(), {"If-Match": answer.headers["etag"]}


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_drive_workspace_lists_what_its_libraries_have(site: Site) -> None:
    share(site, a_library(site), Access.READ)
    a_library(site, "Mine", "ben", "own")
    a_library(site, "Hers alone", path="secret")
    a_desk(site)
    async with site.person("ben") as ben:
        listed = (await ben.get("workspaces/ben/desk/notebooks")).json()
        assert [each["path"] for each in listed["items"]] == ["Mine/own.ipynb", "Survey (ana)/deep/first.ipynb"]
        top = (await ben.get("workspaces/ben/desk/notebooks", params={"folder": ""})).json()
        assert [each["name"] for each in top["folders"]] == ["Mine", "Survey (ana)"]


async def test_lab_saves_a_librarys_notebook_under_its_lease(site: Site) -> None:
    library_id = a_library(site)
    share(site, library_id)
    key = site.running(a_desk(site), "ben").key
    here = f"workspaces/ben/desk/notebooks/{SHELF}/deep/first.ipynb"
    async with site.environment(key) as lab, site.person("ana") as ana:
        document, matching = await document_of(lab, here)
        document["cells"] = [{"cell_type": "raw", "id": "a", "metadata": {}, "source": "written by ben"}]
        assert told(await lab.put(here, json=document, headers=matching)) == (409, "lease-needed")
        lease = (await lab.post(f"{here}/lease", json={"session": "tab"})).json()
        claim = {"Lease-Session": "tab", "Lease-Fence": str(lease["fence"])}
        theirs = f"workspaces/library/{library_id}/notebooks/deep/first.ipynb"
        assert told(await ana.put(theirs, json=document, headers=matching)) == (423, "lease-held")
        saved = await lab.put(here, json=document, headers=matching | claim)
        assert (saved.status_code, saved.json()["path"]) == (200, "Survey (ana)/deep/first.ipynb")
        (listed,) = (await lab.get("workspaces/ben/desk/notebooks")).json()["items"]
        assert (listed["path"], listed["lease"]["holder"]["user"]) == ("Survey (ana)/deep/first.ipynb", "ben")
        assert "written by ben" in (await ana.get(theirs)).text


async def test_one_notebook_seen_from_two_roots_has_one_lease(site: Site) -> None:
    """Its owner has it in My Libraries, ben in Shared with me; a third way is the library's own address."""
    library_id = a_library(site)
    share(site, library_id)
    bens, anas = site.running(a_desk(site), "ben").key, site.running(a_desk(site, "ana"), "ana").key
    addresses = [
        "workspaces/ana/desk/notebooks/Survey/deep/first.ipynb",
        f"workspaces/library/{library_id}/notebooks/deep/first.ipynb",
    ]
    async with site.environment(bens) as ben, site.environment(anas) as ana:
        taken = await ben.post(f"workspaces/ben/desk/notebooks/{SHELF}/deep/first.ipynb/lease", json={"session": "b"})
        assert taken.status_code == 200, taken.text
        for address in addresses:
            assert told(await ana.post(f"{address}/lease", json={"session": "a"})) == (423, "lease-held")
            assert (await ana.get(f"{address}/lease")).json()["holder"]["user"] == "ben"


async def test_the_key_reaches_a_library_by_its_id_too(site: Site) -> None:
    library_id = a_library(site)
    share(site, library_id)
    key = site.running(a_desk(site), "ben").key
    here = f"workspaces/library/{library_id}/notebooks"
    async with site.environment(key) as lab:
        assert (await lab.get(here)).json()["total"] == 1
        for part in ("", "/lease", "/versions", "/preview"):
            assert (await lab.get(f"{here}/deep/first.ipynb{part}")).status_code == 200
        assert told(await lab.get(f"workspaces/library/{library_id}")) == (403, "not-allowed")
        assert told(await lab.get("libraries")) == (403, "not-allowed")


async def test_a_new_notebook_is_made_and_renamed_in_its_library(site: Site) -> None:
    library_id = a_library(site)
    share(site, library_id)
    a_library(site, "Mine", "ben", "own")
    key = site.running(a_desk(site), "ben").key
    here = "workspaces/ben/desk/notebooks"
    async with site.environment(key) as lab:
        document, _ = await document_of(lab, f"{here}/{SHELF}/deep/first.ipynb")
        made = await lab.put(f"{here}/{SHELF}/new.ipynb", json=document, headers={"If-None-Match": "*"})
        assert (made.status_code, made.json()["path"]) == (201, "Survey (ana)/new.ipynb")
        matching = {"If-Match": made.headers["etag"]}
        for target, expected in (("Mine/new", (422, "refused")), ("new", (422, "refused"))):
            renamed = await lab.post(f"{here}/{SHELF}/new.ipynb/rename", json={"to": target}, headers=matching)
            assert told(renamed) == expected
        renamed = await lab.post(
            f"{here}/{SHELF}/new.ipynb/rename", json={"to": "Survey (ana)/newer"}, headers=matching
        )
        assert (renamed.status_code, renamed.json()["path"]) == (200, "Survey (ana)/newer.ipynb")
        outside = await lab.put(f"{here}/new.ipynb", json=document, headers={"If-None-Match": "*"})
        assert told(outside) == (422, "refused")
        assert "lies in a library" in outside.json()["error"]["message"]


# --- attacks ---


async def test_a_readers_key_writes_nothing(site: Site) -> None:
    library_id = a_library(site)
    share(site, library_id, Access.READ)
    key = site.running(a_desk(site), "ben").key
    async with site.environment(key) as lab:
        for at in (f"ben/desk/notebooks/{SHELF}", f"library/{library_id}/notebooks"):
            here = f"workspaces/{at}/deep/first.ipynb"
            document, matching = await document_of(lab, here)
            forged = matching | {"Lease-Session": "tab", "Lease-Fence": "1"}
            for answer in (
                await lab.put(here, json=document, headers=forged),
                await lab.put(here.replace("first", "new"), json=document, headers={"If-None-Match": "*"}),
                await lab.post(f"{here}/lease", json={"session": "tab"}),
                await lab.post(f"{here}/rename", json={"to": "x"}, headers=matching),
            ):
                assert told(answer) == (403, "not-allowed")


async def test_a_key_reaches_no_library_that_its_person_does_not_have(site: Site) -> None:
    hers, others = a_library(site), a_library(site, "Others", "operator")
    key = site.running(a_desk(site), "ben").key
    async with site.environment(key) as lab:
        for at in (
            f"library/{hers}/notebooks/deep/first.ipynb",
            f"library/{others}/notebooks/deep/first.ipynb",
            f"library/{'0' * 16}/notebooks/deep/first.ipynb",
            f"ben/desk/notebooks/{SHELF}/deep/first.ipynb",
            "ben/desk/notebooks/Survey/deep/first.ipynb",
            f"ben/desk/notebooks/{hers}/deep/first.ipynb",
            f"ben/desk/notebooks/..%2F{hers}/deep/first.ipynb",
        ):
            for method, part in (("GET", ""), ("PUT", ""), ("GET", "/versions"), ("POST", "/lease")):
                answer = await lab.request(method, f"workspaces/{at}{part}", json={"session": "tab"})
                assert answer.status_code == 404, (method, at, answer.text)


async def test_a_withdrawn_share_ends_reading_saving_and_the_lease_at_once(site: Site) -> None:
    library_id = a_library(site)
    share(site, library_id)
    key = site.running(a_desk(site), "ben").key
    here = f"workspaces/ben/desk/notebooks/{SHELF}/deep/first.ipynb"
    theirs = f"workspaces/library/{library_id}/notebooks/deep/first.ipynb"
    async with site.environment(key) as lab, site.person("ana") as ana:
        document, matching = await document_of(lab, here)
        lease = (await lab.post(f"{here}/lease", json={"session": "tab"})).json()
        claim = matching | {"Lease-Session": "tab", "Lease-Fence": str(lease["fence"])}
        share(site, library_id, Access.READ)
        assert told(await lab.put(here, json=document, headers=claim)) == (403, "not-allowed")
        assert (await ana.put(theirs, json=document, headers=matching)).status_code == 200
        libraries.unshare(site.context, actor="ana", library_id=library_id, who="ben")
        assert (await lab.get(here)).status_code == 404
        assert (await lab.put(here, json=document, headers=claim)).status_code == 404


async def test_a_key_of_another_kind_of_workspace_reaches_no_library(site: Site) -> None:
    library_id = a_library(site)
    at = site.workspace()
    key = site.running(at).key
    async with site.environment(key) as lab:
        for address in (f"library/{library_id}/notebooks", f"library/{library_id}/notebooks/deep/first.ipynb"):
            assert told(await lab.get(f"workspaces/{address}")) == (403, "not-allowed")
    a_desk(site, "ana")
    async with site.environment(key) as lab:
        assert told(await lab.get("workspaces/ana/desk/notebooks")) == (403, "not-allowed")


async def test_the_key_of_a_drive_workspace_opens_no_other_workspace(site: Site) -> None:
    at = site.workspace("ben")
    key = site.running(a_desk(site), "ben").key
    async with site.environment(key) as lab:
        assert told(await lab.get(f"workspaces/ben/{at.name}/notebooks")) == (403, "not-allowed")


async def test_who_lost_compute_saves_to_no_library_by_that_key(site: Site) -> None:
    library_id = a_library(site, user="ana")
    share(site, library_id)
    a_desk(site, "ana")
    here = {"actor": "ana", "namespace": "ana", "name": "desk", "who": "ben", "role": Role.WRITER}
    members.put_member(site.context, **here, may_compute=True)
    desk = workspaces.list_workspaces(site.context, "ben")[0].workspace
    key = site.running(desk, "ben").key
    address = f"workspaces/library/{library_id}/notebooks"
    async with site.environment(key) as lab:
        assert (await lab.get(address)).status_code == 200
        members.put_member(site.context, **here, may_compute=False)
        assert (await lab.get(address)).status_code == 401


# --- opening ---


async def test_a_librarys_notebook_opens_in_the_drive_workspace(site: Site) -> None:
    share(site, a_library(site))
    site.running(a_desk(site), "ben")
    here = f"workspaces/ben/desk/notebooks/{SHELF}/deep/first.ipynb"
    async with site.person("ben") as ben:
        opened = await ben.post(f"{here}/open", json={"mode": "edit"})
        assert opened.status_code == 200, opened.text
        assert opened.json()["url"].endswith(
            "/user/ben/ben-desk/lab/tree/desk/edit/Survey%20%28ana%29/deep/first.ipynb"
        )
        assert opened.json()["lease"]["reserved_for"] == "ben"
        tried = await ben.post(f"{here}/open", json={"mode": "playground"})
        assert tried.json()["url"].endswith("lab?playground=Survey%20%28ana%29/deep/first.ipynb")


async def test_a_reader_opens_it_in_the_playground_alone(site: Site) -> None:
    library_id = a_library(site)
    share(site, library_id, Access.READ)
    site.running(a_desk(site), "ben")
    here = f"workspaces/ben/desk/notebooks/{SHELF}/deep/first.ipynb"
    async with site.person("ben") as ben:
        assert told(await ben.post(f"{here}/open", json={"mode": "edit"})) == (403, "not-allowed")
        assert (await ben.post(f"{here}/open", json={"mode": "playground"})).status_code == 200
    browser = await site.browser("ben")
    page = (await browser.client.get(f"{PREFIX}/workspaces/library/{library_id}/notebooks/deep/first.ipynb")).text
    assert f"{PREFIX}/open/ben/desk/playground/Survey%20%28ana%29/deep/first.ipynb" in page
    assert f"{PREFIX}/open/ben/desk/notebooks/" not in page
    refused = await browser.client.get(f"{PREFIX}/open/ben/desk/notebooks/{SHELF}/deep/first.ipynb")
    assert refused.status_code == 403


async def test_the_librarys_page_leads_to_lab_by_the_desk_that_runs(site: Site) -> None:
    share(site, library_id := a_library(site))
    workspaces.create_workspace(site.context, user="ben", namespace="ben", name="another", storage="drive")
    site.running(a_desk(site), "ben")
    browser = await site.browser("ben")
    page = (await browser.client.get(f"{PREFIX}/workspaces/library/{library_id}?folder=deep")).text
    way = f"{PREFIX}/open/ben/desk/notebooks/Survey%20%28ana%29/deep/first.ipynb"
    assert way in page
    led = await browser.client.get(way)
    assert led.headers["location"].endswith("/lab/tree/desk/edit/Survey%20%28ana%29/deep/first.ipynb")
    made = await browser.submit(f"{PREFIX}/workspaces/library/{library_id}/notebooks", title="new")
    assert made.headers["location"] == f"{PREFIX}/open/ben/desk/notebooks/Survey%20%28ana%29/new.ipynb"


async def test_without_a_drive_workspace_the_page_says_what_is_needed(site: Site) -> None:
    library_id = a_library(site)
    browser = await site.browser("ana")
    page = (await browser.client.get(f"{PREFIX}/workspaces/library/{library_id}")).text
    assert "you need a drive workspace" in page
    assert f"{PREFIX}/open/" not in page


async def test_what_another_edits_is_not_opened_but_shown(site: Site) -> None:
    share(site, a_library(site))
    anas = site.running(a_desk(site, "ana"), "ana").key
    site.running(a_desk(site), "ben")
    async with site.environment(anas) as lab:
        await lab.post("workspaces/ana/desk/notebooks/Survey/deep/first.ipynb/lease", json={"session": "tab"})
    browser = await site.browser("ben")
    shown = await browser.client.get(f"{PREFIX}/open/ben/desk/notebooks/{SHELF}/deep/first.ipynb")
    assert shown.status_code == 423
    assert "ana" in shown.text


async def test_lab_links_of_a_drive_workspace_lead_to_the_librarys_pages(site: Site) -> None:
    share(site, a_library(site))
    a_desk(site)
    browser = await site.browser("ben")
    for part in ("", "/history", "/frame", "/proposals"):
        at = f"{PREFIX}/workspaces/ben/desk/notebooks/{SHELF}/deep/first.ipynb{part}"
        assert (await browser.client.get(at)).status_code == 200
