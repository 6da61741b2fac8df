"""Pages of billing projects and groups: who finds them, what their forms do, and what a refusal says."""

from __future__ import annotations

import re

import pytest

from terraspawner.domain.access import ProjectRole
from terraspawner.operations import accounts, groups, projects
from tests.web.sites import PREFIX, Site

pytestmark = pytest.mark.slow

PAGE = f"{PREFIX}/projects/lab"


def lab(site: Site, **members: str) -> None:
    """A project of ana's, with more people."""
    accounts.set_project_founder(site.context, name="ana", may_create_projects=True, actor="operator")
    projects.create_project(site.context, user="ana", namespace="lab")
    for who, role in members.items():
        projects.put_member(site.context, actor="ana", namespace="lab", who=who, role=ProjectRole(role))


def listed(site: Site) -> dict[str, str]:
    view = projects.get_project(site.context, user="ana", namespace="lab")
    return {each.address: each.role.value for each in view.members}


def shown(text: str, what: str) -> list[str]:
    return re.findall(rf'data-{what}="([^"]+)"', text)


@pytest.mark.feature("B1")
async def test_who_may_creates_a_project_and_is_led_to_it(site: Site) -> None:
    ana = await site.browser()
    first = (await ana.client.get(f"{PREFIX}/projects")).text
    assert shown(first, "project") == ["ana"]
    assert "Operators say who may create projects" in first
    assert (await ana.submit(f"{PREFIX}/projects", namespace="lab")).status_code == 403
    accounts.set_project_founder(site.context, name="ana", may_create_projects=True, actor="operator")
    refused = await ana.submit(f"{PREFIX}/projects", namespace="L a b", title="The lab")
    assert refused.status_code == 422
    assert 'value="L a b"' in refused.text
    assert 'value="The lab"' in refused.text
    made = await ana.submit(f"{PREFIX}/projects", namespace="lab", title="The lab")
    assert (made.status_code, made.headers["location"]) == (303, PAGE)
    page = (await ana.client.get(PAGE)).text
    assert "<h1>The lab" in page
    assert f'href="{PREFIX}/environments?project=lab"' in page
    assert shown((await ana.client.get(f"{PREFIX}/projects")).text, "project") == ["ana", "lab"]
    assert 'aria-current="page">Projects' in first


@pytest.mark.feature("B1")
async def test_an_owner_says_who_belongs_to_it(site: Site) -> None:
    lab(site)
    groups.create_group(site.context, name="physics", actor="operator")
    ana = await site.browser()
    await ana.submit(f"{PAGE}/people", who=" ben ", role="member")
    added = await ana.submit(f"{PAGE}/people", who="group:physics", role="member")
    assert (added.status_code, added.headers["location"]) == (303, f"{PAGE}#people")
    assert listed(site) == {"ana": "owner", "ben": "member", "group:physics": "member"}
    await ana.submit(f"{PAGE}/people", who="ben", role="owner")
    await ana.submit(f"{PAGE}/people/remove", who="group:physics")
    assert listed(site) == {"ana": "owner", "ben": "owner"}
    await ana.submit(PAGE, title="Physics")
    page = (await ana.client.get(PAGE)).text
    assert "<h1>Physics" in page
    assert shown(page, "member") == ["ana", "ben"]


@pytest.mark.parametrize(
    ("path", "fields", "status", "sentence"),
    [
        ("/people", {"who": "zoe", "role": "member"}, 404, "There is no account 'zoe' that can be a member."),
        ("/people", {"who": "group:no", "role": "member"}, 404, "There is no group 'no'."),
        ("/people", {"who": "ben", "role": "king"}, 422, "Choose a role: owner or member."),
        ("/people", {"who": "ana", "role": "member"}, 409, "ana is the last owner of lab."),
        ("/people/remove", {"who": "ana"}, 409, "ana is the last owner of lab."),
        ("/people/remove", {"who": "zoe"}, 404, "'zoe' does not belong to lab by this name."),
        ("", {"title": "a\x01b"}, 422, "title"),
    ],
)
@pytest.mark.feature("B1")
async def test_a_refusal_stands_on_the_page(
    site: Site, path: str, fields: dict[str, str], status: int, sentence: str
) -> None:
    lab(site)
    answer = await (await site.browser()).submit(f"{PAGE}{path}", **fields)
    assert answer.status_code == status
    text = answer.text.replace("&#39;", "'")
    assert sentence in text
    assert shown(text, "member") == ["ana"]
    assert listed(site) == {"ana": "owner"}


@pytest.mark.feature("B1", "B5")
async def test_a_member_sees_and_leaves_it_and_others_find_nothing(site: Site) -> None:
    lab(site, ben="member")
    ben = await site.browser("ben")
    page = (await ben.client.get(PAGE)).text
    assert shown(page, "member") == ["ana", "ben"]
    assert 'id="add-form"' not in page
    assert "environments?project=lab" not in page
    assert (await ben.submit(f"{PAGE}/people", who="ben", role="owner")).status_code == 403
    assert (await ben.submit(PAGE, title="x")).status_code == 403
    left = await ben.submit(f"{PAGE}/leave")
    assert (left.status_code, left.headers["location"]) == (303, f"{PREFIX}/projects")
    for path in ("", "/people", "/people/remove", "/leave"):
        assert (await ben.submit(f"{PAGE}{path}", who="ana", role="member")).status_code == 404
    assert (await ben.client.get(PAGE)).status_code == 404


@pytest.mark.feature("B3")
async def test_an_operator_makes_groups_and_says_who_is_in_them(site: Site) -> None:
    operator = await site.browser("operator")
    page = f"{PREFIX}/groups"
    assert "There is no group yet." in (await operator.client.get(page)).text
    refused = await operator.submit(page, name="Two words")
    assert refused.status_code == 422
    assert 'value="Two words"' in refused.text
    await operator.submit(page, name="physics")
    await operator.submit(f"{page}/physics/people", who=" ana ")
    missing = await operator.submit(f"{page}/physics/people", who="zoe")
    assert (missing.status_code, "There is no account" in missing.text) == (404, True)
    (group,) = groups.list_groups(site.context)
    assert (group.name, group.members) == ("physics", ("ana",))
    assert shown((await operator.client.get(page)).text, "group") == ["physics"]
    await operator.submit(f"{page}/physics/people/remove", who="ana")
    groups.set_managed(site.context, user="ben", names=["theirs"])
    managed = await operator.submit(f"{page}/theirs/people", who="ana")
    assert managed.status_code == 409
    assert [each.members for each in groups.list_groups(site.context)] == [(), ("ben",)]
    assert f'href="{PREFIX}/groups"' in (await operator.client.get(f"{PREFIX}/")).text
    assert f'href="{PREFIX}/groups"' not in (await (await site.browser()).client.get(f"{PREFIX}/")).text
