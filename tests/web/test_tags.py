"""Tags over REST: of environments, disks and images; in lists and in the bill (C22)."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import builders
from terraspawner.domain.access import Role
from terraspawner.operations import environments, members
from terraspawner.operations.environments import Ticket
from tests.web.sites import Site, opened

pytestmark = [pytest.mark.slow, pytest.mark.feature("C22")]

BIO = {"course": "biology-1", "name": "Deep model"}
HERE = "workspaces/ana/alpha/environment"
CATALOGUE = """
[sizes.standard]

[images.python]
tags = { Course = "biology-1", owner = "core team" }

[images.plain]
title = "Plain"
"""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(CATALOGUE)
    async with opened(tmp_path, clock=builders.Clock(), catalogue=str(catalogue)) as made:
        yield made


def bens(site: Site) -> Ticket:
    """An environment of ben's in ana's workspace, that ran for an hour."""
    at = site.workspace()
    members.put_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
    ticket = site.running(at, "ben")
    site.context.now.move(hours=1)  # type: ignore[attr-defined]
    environments.stopped(site.context, ticket.environment.id, 1)
    return ticket


async def test_an_environment_is_tagged_by_its_person_and_found_by_it(site: Site) -> None:
    bens(site)
    async with site.person("ben") as ben:
        assert (await ben.get(HERE)).json()["tags"] == {}
        answer = await ben.patch(HERE, json={"tags": {"Course": " biology-1 ", "name": "Deep model"}})
        assert (answer.status_code, answer.json()["tags"]) == (200, BIO)
        assert (await ben.get(HERE)).json()["tags"] == BIO
        for tags, count in ((["course"], 1), (["course:biology-1", "owner:ben"], 1), (["course", "keep"], 0)):
            assert len((await ben.get("environments", params={"tag": tags})).json()["items"]) == count
        assert (await ben.patch(HERE, json={"tags": {}})).json()["tags"] == {}


@pytest.mark.parametrize("payer", ["ana", "operator"])
async def test_who_pays_tags_it_and_its_disk_by_their_ids_and_strangers_find_nothing(site: Site, payer: str) -> None:
    here = bens(site).environment
    environment, disk = f"environments/{here.id}", f"disks/{here.disk_id}"
    async with site.person(payer) as paying, site.person("ben") as ben:
        assert (await paying.patch(environment, json={"tags": BIO})).json()["tags"] == BIO
        told = (await paying.patch(disk, json={"tags": BIO})).json()
        assert (told["tags"], told["user"], told["price_per_month"]) == (BIO, "ben", told["price_per_month_before"])
        assert (await paying.patch(disk, json={"size": 2**38})).status_code == 404
        assert (await ben.get(HERE)).json()["tags"] == BIO
        for path in ("environments", "disks"):
            params = {"project": "ana", "tag": "course:biology-1"}
            (seen,) = (await paying.get(path, params=params)).json()["items"]
            assert seen["tags"] == BIO
            assert (await paying.get(path, params={**params, "tag": "course:chemistry"})).json()["items"] == []


async def test_who_left_the_workspace_still_tags_what_is_the_own(site: Site) -> None:
    environment = f"environments/{bens(site).environment.id}"
    members.remove_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben")
    async with site.person("ben") as ben:
        assert (await ben.patch(HERE, json={"tags": BIO})).status_code == 404
        assert (await ben.patch(environment, json={"tags": BIO})).json()["tags"] == BIO


async def test_to_a_stranger_it_is_not_there(site: Site) -> None:
    ticket = site.running(site.workspace())
    async with site.person("ben") as ben, site.person() as ana:
        for path in (f"environments/{ticket.environment.id}", f"disks/{ticket.environment.disk_id}", HERE):
            assert (await ben.patch(path, json={"tags": BIO})).status_code == 404
        assert (await ana.get(HERE)).json()["tags"] == {}
        assert (await ben.get("environments", params={"tag": "owner:ana"})).json()["items"] == []


@pytest.mark.parametrize(
    ("tags", "status", "word"),
    [
        ({"owner": "ben"}, 422, "known without being set"),
        ({"a": "<script>"}, 422, "'<'"),
        ({"A": "x", "a": "y"}, 422, "twice"),
        ({f"k{each}": "" for each in range(21)}, 422, "at most 20"),
        ({"a": None}, 400, "tags"),
        ([], 400, "tags"),
    ],
)
async def test_what_cannot_be_a_tag_is_refused_and_nothing_is_changed(
    site: Site, tags: object, status: int, word: str
) -> None:
    ticket = site.running(site.workspace())
    async with site.person() as ana:
        await ana.patch(HERE, json={"tags": BIO})
        for path in (HERE, f"environments/{ticket.environment.id}", f"disks/{ticket.environment.disk_id}"):
            answer = await ana.patch(path, json={"tags": tags})
            assert (answer.status_code, word in answer.text) == (status, True), answer.text
        both = await ana.patch(f"disks/{ticket.environment.disk_id}", json={"size": 2**37, "tags": tags})
        assert both.status_code == status
        (disk,) = (await ana.get("disks")).json()["items"]
        assert (disk["size"], disk["tags"]) == (site.context.settings.disk_size, {})
        assert (await ana.get(HERE)).json()["tags"] == BIO


async def test_before_there_is_an_environment_there_is_nothing_to_tag(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        assert (await ana.get(HERE)).json()["tags"] == {}
        assert (await ana.patch(HERE, json={"tags": BIO})).status_code == 404


@pytest.mark.parametrize("path", ["environments", "environments?project=ana", "disks", "images", "usage"])
async def test_a_filter_that_nothing_can_be_is_refused(site: Site, path: str) -> None:
    async with site.person() as ana:
        answer = await ana.get(
            path, params={**dict([path.split("?")[1].split("=")] if "?" in path else []), "tag": "a b:c"}
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "tag-invalid")


async def test_images_are_told_with_the_tags_of_the_catalogue_and_found_by_them(site: Site) -> None:
    async with site.person() as ana:

        async def names(*tags: str) -> list[str]:
            return [each["name"] for each in (await ana.get("images", params={"tag": list(tags)})).json()["items"]]

        first = (await ana.get("images")).json()["items"][0]
        assert first["tags"] == {"course": "biology-1", "owner": "core team"}
        assert await names("course") == ["python"]
        assert await names("name:plain") == ["plain"]
        assert await names("kind:image") == ["python", "plain"]
        assert await names("course", "name:plain") == []


async def test_the_bill_is_narrowed_and_grouped_by_tags(site: Site) -> None:
    here = bens(site).environment
    async with site.person("ben") as ben:
        await ben.patch(HERE, json={"tags": {"course": "=1+1", "keep": ""}})
        whole = (await ben.get("usage")).json()
        told = (await ben.get("usage", params={"by": "tag:course"})).json()
        values = [each["value"] for each in told["groups"]]
        assert values == ["=1+1", "(untagged)"]
        assert sum(each["dollars"] for each in told["groups"]) == pytest.approx(whole["dollars"], abs=1e-3)
        assert {each["kind"]: each["group"] for each in told["items"]} == {
            "environment": "=1+1",
            "disk": "(untagged)",
        }
        assert {each["tags"] for each in told["items"]} == {"course:=1+1; keep", ""}
        assert whole["groups"] == []
        only = (await ben.get("usage", params={"tag": "keep"})).json()["items"]
        assert {each["kind"] for each in only} == {"environment"}
        text = (await ben.get("usage", params={"by": "course", "format": "csv"})).text
        assert (await ben.get("usage", params={"by": "1"})).status_code == 422
        await ben.patch(f"disks/{here.disk_id}", json={"tags": {"course": "x"}})
        assert [each["value"] for each in (await ben.get("usage?by=course")).json()["groups"]] == ["=1+1", "x"]
    heading, *rows = list(csv.reader(io.StringIO(text)))
    assert heading[0] == "tag:course"
    assert {row[0] for row in rows} == {"'=1+1", "(untagged)"}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
