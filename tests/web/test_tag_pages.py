"""Tags on pages: chips, the dialog, filters and the bill; hostile ones too (C22)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import builders
from terraspawner.domain.access import Role
from terraspawner.operations import environments, members, tagging, views
from tests.web.sites import API, PREFIX, Site, opened

pytestmark = [pytest.mark.slow, pytest.mark.feature("C22")]

ENVIRONMENTS, DISKS, USAGE = f"{PREFIX}/environments", f"{PREFIX}/disks", f"{PREFIX}/usage"
CATALOGUE = '[sizes.standard]\n[images.python]\ntags = { course = "biology-1" }\n[images.plain]\n'


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Ben's environment in ana's workspace ran for an hour."""
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(CATALOGUE)
    clock = builders.Clock()
    async with opened(tmp_path, clock=clock, catalogue=str(catalogue)) as made:
        at = made.workspace()
        members.put_member(made.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
        ticket = made.running(at, "ben")
        clock.move(hours=1)
        environments.stopped(made.context, ticket.environment.id, 1)
        yield made


def ids(site: Site) -> tuple[str, str]:
    (view,) = views.views_of(site.context, "ben")
    assert view.environment is not None
    return view.environment.id, view.environment.disk_id


def chips(text: str) -> dict[str, str]:
    """What a chip says -> where it leads."""
    found = re.findall(r'<a class="terra-chip" href="([^"]*)"[^>]*>(.*?)</a>', text)
    return {html.unescape(re.sub(r"<[^>]+>", "", said)): html.unescape(address) for address, said in found}


def filled(text: str, thing: str) -> dict[str, str]:
    """What the dialog is filled with."""
    button = re.search(rf'id="tag-{thing}"[^>]*data-fills=\'([^\']*)\'', text)
    assert button, text
    return dict(json.loads(button.group(1)))


@pytest.mark.parametrize(("who", "query"), [("ben", ""), ("ana", "project=ana"), ("operator", "everybody=true")])
async def test_tags_of_an_environment_are_set_in_the_dialog_and_narrow_the_list(
    site: Site, who: str, query: str
) -> None:
    environment_id, _ = ids(site)
    browser = await site.browser(who)
    page = await browser.client.get(f"{ENVIRONMENTS}?{query}")
    assert "Add tags…" in page.text
    answer = await browser.submit(
        f"{ENVIRONMENTS}/tags?{query}", id=environment_id, tags="name: Deep model\r\nCourse: biology-1\r\nkeep"
    )
    assert answer.status_code == 303
    text = (await browser.client.get(answer.headers["location"])).text
    assert "The tags are saved." in text
    assert "“Deep model”" in text
    leads = chips(text)
    assert set(leads) == {"course: biology-1", "keep"}
    assert filled(text, environment_id)["tags"] == "course:biology-1\nkeep\nname:Deep model"
    for address in leads.values():
        narrowed = (await browser.client.get(ENVIRONMENTS + address)).text
        assert f'data-environment="{environment_id}"' in narrowed
        assert ('name="everybody"' in narrowed, 'name="project"' in narrowed) == ("every" in query, "project" in query)
    other = (await browser.client.get(f"{ENVIRONMENTS}?{query}&tag=course:chemistry")).text
    assert "No environment here has these tags." in other
    assert "Show all" in other


async def test_tags_of_a_disk_are_set_in_the_dialog_and_narrow_the_list(site: Site) -> None:
    _, disk_id = ids(site)
    browser = await site.browser("ben")
    answer = await browser.submit(f"{DISKS}/tags", id=disk_id, tags="course: biology-1, name: Home")
    text = (await browser.client.get(answer.headers["location"])).text
    assert ("The tags are saved." in text, "“Home”" in text) == (True, True)
    (address,) = chips(text).values()
    assert f'id="disk-{disk_id}"' in (await browser.client.get(DISKS + address)).text
    assert "No disk of yours has these tags." in (await browser.client.get(f"{DISKS}?tag=course:x")).text


@pytest.mark.parametrize("tags", ["owner: ana", "a: <script>alert(1)</script>", "1: '\"><b>", "a:1\na:2", ": x"])
async def test_what_is_refused_stands_in_the_dialog_with_the_reason(site: Site, tags: str) -> None:
    environment_id, disk_id = ids(site)
    browser = await site.browser("ben")
    for page, thing in ((ENVIRONMENTS, environment_id), (DISKS, disk_id)):
        answer = await browser.submit(f"{page}/tags", id=thing, tags=tags)
        assert answer.status_code == 422
        kept = filled(answer.text, thing)
        assert (kept["tags"], bool(kept["fault"])) == (tags, True)
        assert "data-opens-now" in answer.text
        assert "<script>alert" not in answer.text
        assert "'\"><b>" not in answer.text


@pytest.mark.parametrize("thing", ["", "0123456789abcdef"])
async def test_what_is_refused_of_something_that_is_not_shown_is_told_on_the_page(site: Site, thing: str) -> None:
    ids(site)
    browser = await site.browser("ben")
    for page in (ENVIRONMENTS, DISKS):
        answer = await browser.submit(f"{page}/tags", id=thing, tags="owner: ana")
        assert answer.status_code == 422
        assert "data-opens-now" not in answer.text
        (alert,) = re.findall(r'<div class="alert alert-danger" role="alert">(.*?)</div>', answer.text)
        assert "No tags were saved." in alert


async def test_others_are_not_tagged_by_the_forms(site: Site) -> None:
    environment_id, _ = ids(site)
    tagging.tag_environment(site.context, actor="ben", environment_id=environment_id, tags={"a": "1"})
    mine = site.workspace("ana", "own")
    other = site.running(mine).environment
    browser = await site.browser("ben")
    for page, thing in ((ENVIRONMENTS, other.id), (DISKS, other.disk_id), (ENVIRONMENTS, "f" * 16)):
        assert (await browser.submit(f"{page}/tags", id=thing, tags="a: b")).status_code == 404
    forged = await browser.client.post(f"{ENVIRONMENTS}/tags", data={"id": environment_id, "tags": ""})
    assert forged.status_code == 403
    assert views.views_of(site.context, "ben")[0].tags == {"a": "1"}


@pytest.mark.parametrize("page", ["environments", "disks", "images", "usage"])
@pytest.mark.parametrize("tag", ["<b>x</b>", "1", "a b:c"])
async def test_an_odd_filter_is_answered_and_all_is_shown(site: Site, page: str, tag: str) -> None:
    browser = await site.browser("ben")
    answer = await browser.client.get(f"{PREFIX}/{page}", params={"tag": tag})
    assert answer.status_code == 422
    assert "All are shown." in answer.text
    assert "<b>x" not in answer.text
    assert "a tag&#39;s key" in answer.text


async def test_images_show_the_tags_of_the_catalogue(site: Site) -> None:
    browser = await site.browser("ben")
    text = (await browser.client.get(f"{PREFIX}/images")).text
    ((said, address),) = chips(text).items()
    assert said == "course: biology-1"
    assert 'id="image-plain"' in text
    narrowed = (await browser.client.get(f"{PREFIX}/images{address}")).text
    assert ('id="image-python"' in narrowed, 'id="image-plain"' in narrowed) == (True, False)


async def test_the_bill_is_grouped_on_its_page_and_in_the_file_that_it_leads_to(site: Site) -> None:
    environment_id, _ = ids(site)
    tagging.tag_environment(site.context, actor="ben", environment_id=environment_id, tags={"course": "biology-1"})
    browser = await site.browser("ben")
    text = (await browser.client.get(USAGE, params={"by": "course"})).text
    headings = re.findall(r'<th scope="rowgroup"[^>]*>(.*?)</th>', text)
    assert headings == ["course: biology-1", "course: (untagged)"]
    assert '<option value="course">' in text
    address = html.unescape(text.partition('id="csv" href="')[2].partition('"')[0])
    assert address.startswith(f"{API}/usage?")
    assert (await browser.client.get(address)).text.startswith("tag:course,month,")
    narrowed = (await browser.client.get(USAGE, params={"tag": "course"})).text
    assert ("environment running" in narrowed, "disk attached" in narrowed) == (True, False)
    assert (await browser.client.get(USAGE, params={"by": "1"})).status_code == 422
