"""Proposals over REST and on their pages: offered, looked at, merged as its lease allows, declined with a word."""

from __future__ import annotations

import re

import pytest

from notebooks_made import code, made
from terraspawner.domain.access import Role
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import members
from terraspawner.preview.page import HEADERS
from tests.web.sites import PREFIX, Site
from tests.web.test_pages import Reader

AT = "workspaces/ana/alpha/notebooks/a.ipynb"
PAGE = f"{PREFIX}/{AT}/proposals"
HOSTILE = "<script>document.title='owned'</script>"
FIRST = made({**code("one"), "id": "first"}, {**code("two"), "id": "second"})
BENS, ANAS, CLASHING = (FIRST.replace(old, new) for old, new in ((b"one", b"ONE"), (b"two", b"TWO"), (b"one", b"Uno")))


async def shared(site: Site, role: Role = Role.READER) -> Workspace:
    at = site.workspace()
    members.put_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=role)
    async with site.person() as ana:
        answer = await ana.put(AT, content=FIRST, headers={"If-None-Match": "*"})
        assert answer.status_code == 201, answer.text
    return at


async def proposed(site: Site, body: bytes = BENS, **query: str) -> str:
    async with site.person("ben") as ben:
        answer = await ben.post(f"{AT}/proposals", params={"base": "1", **query}, content=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def saved_since(site: Site, body: bytes) -> None:
    async with site.person() as ana:
        tag = (await ana.get(AT)).headers["etag"]
        assert (await ana.put(AT, content=body, headers={"If-Match": tag})).status_code == 200


@pytest.mark.slow  # the worker takes a second to load
@pytest.mark.feature("F13")
async def test_what_a_reader_proposes_is_merged_by_cell_on_top_of_what_was_saved_since(site: Site) -> None:
    await shared(site)
    proposal = await proposed(site, note="louder")
    await saved_since(site, ANAS)
    async with site.person() as ana, site.person("ben") as ben:
        listed = (await ana.get(f"{AT}/proposals")).json()
        assert listed["may_decide"]
        (item,) = listed["items"]
        assert (item["id"], item["proposer"], item["note"], item["state"]) == (proposal, "ben", "louder", "open")
        assert (await ana.get(f"{AT}/proposals/{proposal}")).content == BENS
        for since in ("present", "base"):
            shown = await ana.get(f"{AT}/proposals/{proposal}/diff", params={"since": since})
            assert shown.status_code == 200, shown.text
            assert {name: shown.headers[name] for name in HEADERS} == dict(HEADERS)
            assert "ONE" in shown.text
            assert "TWO" not in shown.text  # what was saved since is not at issue
        refused = await ben.post(f"{AT}/proposals/{proposal}/merge", json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not-allowed")
        merged = await ana.post(f"{AT}/proposals/{proposal}/merge", json={})
        assert merged.status_code == 200, merged.text
        text = (await ana.get(AT)).text
        assert "ONE" in text
        assert "TWO" in text
        assert (await ana.get(AT)).headers["etag"] == merged.headers["etag"]
        newest = (await ana.get(f"{AT}/versions")).json()["items"][0]
        assert (newest["kind"], newest["author"]) == ("merged", "ana")
        assert [each["state"] for each in (await ben.get(f"{AT}/proposals")).json()["items"]] == ["merged"]
        again = await ana.post(f"{AT}/proposals/{proposal}/merge", json={})
        assert (again.status_code, again.json()["error"]["code"]) == (404, "proposal-not-found")


@pytest.mark.slow
@pytest.mark.feature("F13")
async def test_where_both_changed_the_same_it_is_asked_before_anything_is_saved(site: Site) -> None:
    await shared(site)
    proposal = await proposed(site)
    await saved_since(site, CLASHING)
    async with site.person() as ana:
        refused = await ana.post(f"{AT}/proposals/{proposal}/merge", json={})
        error = refused.json()["error"]
        assert (refused.status_code, error["code"], error["details"]["cells"]) == (409, "merge-conflicts", [0])
        assert (await ana.get(AT)).content == CLASHING
        assert (await ana.post(f"{AT}/proposals/{proposal}/merge", json={"marks": True})).status_code == 200
        text = (await ana.get(AT)).text
        assert "<<<<<<<" in text
        assert "ONE" in text
        assert "Uno" in text


@pytest.mark.slow
async def test_what_somebody_edits_is_merged_by_the_holder_of_its_lease_alone(site: Site) -> None:
    ticket = site.running(await shared(site, Role.WRITER))
    proposal = await proposed(site)
    assert ticket.key is not None
    async with site.person("ben") as ben, site.environment(ticket.key) as inside:
        lease = (await inside.post(f"{AT}/lease", json={"session": "tab"})).json()
        refused = await ben.post(f"{AT}/proposals/{proposal}/merge", json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (423, "lease-held")
        held = {"Lease-Session": "tab", "Lease-Fence": str(lease["fence"])}
        old = held | {"Lease-Fence": str(lease["fence"] - 1)}
        assert (await inside.post(f"{AT}/proposals/{proposal}/merge", json={}, headers=old)).status_code == 409
        assert (await inside.post(f"{AT}/proposals/{proposal}/merge", json={}, headers=held)).status_code == 200


@pytest.mark.slow
async def test_a_notebook_in_a_folder_called_proposals_is_a_notebook(site: Site) -> None:
    site.workspace()
    inside = AT.replace("a.ipynb", "sub/proposals/a.ipynb")
    async with site.person() as ana:
        assert (await ana.put(inside, content=FIRST, headers={"If-None-Match": "*"})).status_code == 201
        assert (await ana.get(inside)).content == FIRST
    page = await (await site.browser()).client.get(f"{PREFIX}/{inside}")
    assert "Preview, read only" in page.text


async def test_a_proposal_is_bounded_and_of_its_notebook_alone(site: Site) -> None:
    await shared(site)
    proposal = await proposed(site)
    async with site.person("ben") as ben, site.person() as ana:
        for body, query, status in (
            (b"[]", {}, 422),
            (FIRST, {}, 422),
            (BENS, {"base": "9"}, 404),
            (BENS, {"note": "x" * 501}, 422),
            (b" " * (site.context.settings.notebook_limit + 1), {}, 413),
        ):
            assert (await ben.post(f"{AT}/proposals", params=query, content=body)).status_code == status
        other = AT.replace("a.ipynb", "b.ipynb")
        assert (await ana.put(other, content=FIRST, headers={"If-None-Match": "*"})).status_code == 201
        for address in (f"{other}/proposals/{proposal}", f"{AT}/proposals/{'0' * 16}"):
            assert (await ana.get(address)).status_code == 404
            assert (await ana.delete(address)).status_code == 404
        for act in (ana.get, ana.delete):
            assert (await act(f"{AT}/proposals/..%2F")).status_code == 422, "a proxy walks up there, to the notebook"
    async with site.person("zoe") as zoe:
        assert (await zoe.get(f"{AT}/proposals")).status_code in (401, 403, 404)


@pytest.mark.slow
@pytest.mark.feature("F13")
async def test_the_pages_show_merge_and_decline(site: Site) -> None:
    await shared(site)
    proposal = await proposed(site, FIRST.replace(b"one", HOSTILE.encode()), note=HOSTILE)
    anas, bens = await site.browser(), await site.browser("ben")
    front = await anas.client.get(f"{PREFIX}/{AT}")
    assert "/proposals" in front.text
    assert "1 proposed" in (await anas.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
    listed = await anas.client.get(PAGE)
    assert "ben" in listed.text
    assert HOSTILE not in listed.text
    assert "Merge…" in listed.text
    assert "Merge…" not in (await bens.client.get(PAGE)).text
    (frame,) = Reader((await anas.client.get(f"{PAGE}/{proposal}")).text).all("iframe")
    assert "allow-scripts" not in (frame["sandbox"] or "")
    shown = await anas.client.get(frame["src"] or "")
    assert shown.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert "document.title" in re.sub(r"<span[^>]*>|</span>", "", shown.text)
    assert "<script" not in shown.text
    declined = await anas.submit(f"{PAGE}/close", proposal=proposal, word="not like this")
    assert declined.headers["location"].endswith("?notice=declined")
    assert "not like this" in (await bens.client.get(PAGE)).text
    gone = await anas.submit(f"{PAGE}/merge", proposal=proposal)
    assert gone.status_code == 404
    assert "merged, declined, withdrawn" in gone.text


@pytest.mark.slow
async def test_the_page_asks_once_more_where_both_changed_the_same(site: Site) -> None:
    await shared(site)
    proposal = await proposed(site)
    await saved_since(site, CLASHING)
    anas = await site.browser()
    asked = await anas.submit(f"{PAGE}/merge", proposal=proposal)
    assert asked.status_code == 409
    assert "Merge with marks" in asked.text
    done = await anas.submit(f"{PAGE}/merge", proposal=proposal, marks="yes")
    assert done.headers["location"].endswith("?notice=merged")
