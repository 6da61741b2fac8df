"""The section "People" on a workspace's page, and what shared workspaces look like to those they are shared with."""

from __future__ import annotations

import re

import pytest

from terraspawner.domain.access import Role
from terraspawner.operations import accounts, groups, members, notebooks, projects, views
from terraspawner.operations.notebooks import Place
from tests.web.hubs import until
from tests.web.sites import PREFIX, Site

pytestmark = pytest.mark.slow

PAGE = f"{PREFIX}/workspaces/ana/alpha"


def share(site: Site, who: str, role: Role, may_compute: bool | None = None) -> None:
    members.put_member(
        site.context, actor="ana", namespace="ana", name="alpha", who=who, role=role, may_compute=may_compute
    )


def listed(site: Site) -> list[tuple[str, str, bool]]:
    found = members.list_members(site.context, user="ana", namespace="ana", name="alpha")
    return [(each.address, each.role.value, each.may_compute) for each in found]


def shown(text: str) -> list[str]:
    return re.findall(r'data-member="([^"]+)"', text)


@pytest.mark.feature("B3")
async def test_an_owner_shares_changes_and_removes(site: Site) -> None:
    site.workspace()
    ana = await site.browser("ana")
    shared = await ana.submit(f"{PAGE}/people", who=" ben ", role="writer", compute="true")
    assert (shared.status_code, shared.headers["location"]) == (303, f"{PAGE}#people")
    assert listed(site) == [("ana", "owner", True), ("ben", "writer", True)]
    await ana.submit(f"{PAGE}/people", who="ben", role="reader")
    assert listed(site)[1] == ("ben", "reader", False)
    assert shown((await ana.client.get(PAGE)).text) == ["ana", "ben"]
    removed = await ana.submit(f"{PAGE}/people/remove", who="ben")
    assert (removed.status_code, listed(site)) == (303, [("ana", "owner", True)])


@pytest.mark.feature("B3")
async def test_a_group_is_shown_as_one(site: Site) -> None:
    site.workspace()
    groups.create_group(site.context, name="lab", actor="operator")
    ana = await site.browser("ana")
    await ana.submit(f"{PAGE}/people", who="group:lab", role="reader", compute="true")
    text = (await ana.client.get(PAGE)).text
    assert shown(text) == ["ana", "group:lab"]
    assert ">group</span>" in text
    assert listed(site)[1] == ("group:lab", "reader", True)


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"who": "nobody", "role": "reader"}, 404, "There is no account &#39;nobody&#39;"),
        ({"who": "group:nobody", "role": "reader"}, 404, "There is no group &#39;nobody&#39;"),
        ({"who": "", "role": "reader"}, 404, "There is no account"),
        ({"who": "ben", "role": "admin"}, 422, "Choose a role"),
        ({"who": "ben"}, 422, "Choose a role"),
        ({"who": "ana", "role": "reader"}, 409, "ana is the last owner of ana/alpha"),
        ({"who": "<script>alert(1)</script>", "role": "reader"}, 404, "&lt;script&gt;"),
    ],
)
async def test_a_refusal_stands_on_the_page_and_changes_nothing(
    site: Site, fields: dict[str, str], status: int, sentence: str
) -> None:
    site.workspace()
    ana = await site.browser("ana")
    refused = await ana.submit(f"{PAGE}/people", **fields)
    assert refused.status_code == status
    assert sentence in refused.text
    is_beside_its_field = refused.text.index('id="who"') < refused.text.index('id="people-error"')
    assert is_beside_its_field == bool(fields["who"])
    assert "autofocus" in refused.text, "a phone shows it, though it is far down"
    assert "<script>alert" not in refused.text
    assert listed(site) == [("ana", "owner", True)]


@pytest.mark.feature("B3", "B5")
async def test_a_reader_sees_people_and_may_leave(site: Site) -> None:
    site.workspace()
    notebooks.create_notebook(site.context, Place(user="ana", namespace="ana", name="alpha", path="a"), "python3")
    share(site, "ben", Role.READER)
    ben = await site.browser("ben")
    page = (await ben.client.get(PAGE)).text
    assert shown(page) == ["ana", "ben"]
    assert "you are reader" in page
    assert 'id="share-form"' not in page
    assert "your role has none" in page
    download = re.search(r'href="([^"]+)"[^>]*download', page)
    assert download
    assert f'href="{PREFIX}/open/' not in page  # it would be refused
    assert (await ben.client.get(download.group(1))).headers["content-disposition"].startswith("attachment; ")
    assert 'id="start"' not in page
    assert (await ben.submit(f"{PAGE}/people", who="ben", role="owner")).status_code == 403
    assert (await ben.submit(f"{PAGE}/people/remove", who="ana")).status_code == 403
    left = await ben.submit(f"{PAGE}/people/leave")
    assert (left.status_code, left.headers["location"]) == (303, f"{PREFIX}/")
    assert (await ben.client.get(PAGE)).status_code == 404


async def test_who_is_here_by_a_group_has_no_button_to_leave(site: Site) -> None:
    site.workspace()
    groups.set_managed(site.context, user="ben", names=["lab"])
    share(site, "group:lab", Role.WRITER)
    page = (await (await site.browser("ben")).client.get(PAGE)).text
    assert "You are here by a group" in page
    assert 'id="leave"' not in page


@pytest.mark.feature("B2", "B3")
async def test_the_list_shows_what_is_shared_with_role_and_project(site: Site) -> None:
    site.workspace()
    site.workspace("ben", "own")
    share(site, "ben", Role.READER)
    text = " ".join((await (await site.browser("ben")).client.get(f"{PREFIX}/")).text.split())
    assert "project ana, you are reader" in text
    assert "project ben, you are owner" in text
    assert text.count(">shared</span>") == 1


@pytest.mark.feature("B1")
async def test_a_workspace_is_created_in_the_project_that_is_chosen(site: Site) -> None:
    accounts.set_project_founder(site.context, name="ana", may_create_projects=True, actor="operator")
    projects.create_project(site.context, user="ana", namespace="lab", title="Our lab")
    ana = await site.browser("ana")
    assert "lab (Our lab)" in (await ana.client.get(f"{PREFIX}/")).text
    refused = await ana.submit(f"{PREFIX}/workspaces", namespace="lab", name="../x")
    assert '<option value="lab" selected>' in refused.text
    made = await ana.submit(f"{PREFIX}/workspaces", namespace="lab", name="beta")
    assert made.headers["location"] == f"{PREFIX}/workspaces/lab/beta"


@pytest.mark.feature("C13")
async def test_who_lost_compute_reads_why_and_may_delete(site: Site) -> None:
    at = site.workspace()
    share(site, "ben", Role.WRITER)
    site.running(at, "ben")
    share(site, "ben", Role.WRITER, False)
    site.parts.worker.wake()
    ben = await site.browser("ben")
    await ben.submit(f"{PAGE}/environment/pause")
    page = (await ben.client.get(PAGE)).text
    assert 'id="no-compute"' in page
    assert 'id="delete"' in page
    assert 'id="start"' not in page


@pytest.mark.feature("B3")
async def test_who_left_sees_and_deletes_the_environment_that_is_left_over(site: Site) -> None:
    at = site.workspace()
    share(site, "ben", Role.WRITER)
    bens, anas = (site.running(at, user).environment.id for user in ("ben", "ana"))
    ben = await site.browser("ben")
    assert 'id="left-over"' not in (await ben.client.get(f"{PREFIX}/")).text
    await ben.submit(f"{PAGE}/people/leave")
    page = (await ben.client.get(f"{PREFIX}/")).text
    assert 'id="left-over"' in page
    assert "lets you in again within 14 days, you can restore it" in page
    assert f'name="environment_id" value="{bens}"' in page
    for foreign in (anas, "0" * 16, "../x", ""):
        assert (await ben.submit(f"{PREFIX}/environments/delete", environment_id=foreign)).status_code == 404
    operator = await site.browser("operator")
    assert (await operator.submit(f"{PREFIX}/environments/delete", environment_id=anas)).status_code == 404
    assert site.state(at, "ana") == "running"
    assert (await ben.submit(f"{PREFIX}/environments/delete", environment_id=bens)).status_code == 303
    await until(lambda: views.views_of(site.context, "ben") == [], "it is gone")
    assert 'id="left-over"' not in (await ben.client.get(f"{PREFIX}/")).text
