"""Images beside the catalogue: who may name one, and what is looked at before its first use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from terraspawner.host_client import SeenImage
from tests.web.hosts import HostThatIsSilent, HostThatObeys
from tests.web.sites import PREFIX, Site, opened
from tests.web.test_images import running

pytestmark = pytest.mark.slow

HERE = "workspaces/ana/alpha/environment"
NUMPY = {"language": "python", "name": "numpy", "version": "2.3"}
FIT = SeenImage(
    is_here=True, created_at=datetime(2026, 11, 1, 10, tzinfo=UTC), size=800_000_000, language="r", packages=(NUMPY,)
)
UNFIT = replace(FIT, findings=("The user jupyter is missing. Add it.", "Its ENTRYPOINT is not ours. Leave it out."))


def catalogue(folder: Path, allowed: str) -> str:
    path = folder / "lab.toml"
    path.write_text(
        f'[sizes.standard]\n[images.python]\nreference = "ours/python:1"\n[images.r]\nlanguage = "r"\n'
        f'[custom_images]\nallowed = "{allowed}"\nprefixes = ["lab/"]\n'
    )
    return str(path)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """One where everybody may name images, and the machine has two."""
    async with opened(tmp_path, catalogue=catalogue(tmp_path, "everybody")) as made:
        assert isinstance(made.parts.host, HostThatObeys)
        made.parts.host.images |= {"lab/deep:1": FIT, "lab/foreign:1": UNFIT, "ours/python:1": FIT}
        yield made


@pytest.mark.feature("C10", "I2")
async def test_an_image_of_ones_own_is_looked_into_and_then_used(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        await ana.post(f"{HERE}/start", json={"image": "lab/deep:1"})
        said = (await running(site, ana))["image"]
    assert site.state(at) == "running"
    assert (said["name"], said["title"], said["reference"]) == ("lab/deep:1",) * 3


@pytest.mark.feature("C10", "I2")
async def test_a_change_to_an_image_of_ones_own_knows_its_kernels(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        await ana.post(f"{HERE}/start")
        await running(site, ana)
        await ana.post(f"{HERE}/pause")
        said = (await ana.patch(HERE, json={"image": "lab/deep:1"})).json()
    assert said["image"] == {"name": "lab/deep:1", "title": "lab/deep:1", "reference": "lab/deep:1", "language": "r"}
    assert site.state(at) == "paused"


@pytest.mark.feature("C10", "I2")
async def test_an_unfit_image_is_refused_with_all_that_is_missing(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        refused = await ana.post(f"{HERE}/start", json={"image": "lab/foreign:1"})
        missing = await ana.post(f"{HERE}/start", json={"image": "lab/nowhere:1"})
    assert refused.status_code == missing.status_code == 422
    assert refused.json()["error"]["details"]["findings"] == list(UNFIT.findings)
    assert all(finding in refused.json()["error"]["message"] for finding in UNFIT.findings)
    assert "This machine has no image lab/nowhere:1" in missing.json()["error"]["message"]
    assert (site.state(at), site.hub.calls) == ("none", [])


async def test_a_hostile_name_reaches_neither_the_host_nor_the_hub(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        for image in ("--privileged", "lab/../hub", "terraspawner/hub:0.1.0", "sha256:" + "a" * 64, "../r"):
            assert (await ana.post(f"{HERE}/start", json={"image": image})).status_code == 422
    assert (site.state(at), site.hub.calls) == ("none", [])


@pytest.mark.parametrize(("allowed", "name", "may"), [("operators", "ana", False), ("operators", "operator", True)])
async def test_where_operators_alone_may_nobody_else_learns_which_images_there_are(
    tmp_path: Path, allowed: str, name: str, may: bool
) -> None:
    async with opened(tmp_path, catalogue=catalogue(tmp_path, allowed)) as site:
        assert isinstance(site.parts.host, HostThatObeys)
        site.parts.host.images["lab/deep:1"] = FIT
        site.workspace(name)
        here = f"workspaces/{name}/alpha/environment/start"
        async with site.person(name) as person:
            there = await person.post(here, json={"image": "lab/deep:1"})
            nowhere = await person.post(here, json={"image": "lab/nowhere:1"})
        page = (await (await site.browser(name)).client.get(f"{PREFIX}/workspaces/{name}/alpha")).text
    assert (there.status_code in (200, 202)) == may
    assert nowhere.status_code in (409, 422)
    assert (
        may
        or [each.json()["error"]["message"].replace("deep", "nowhere") for each in (there, nowhere)]
        == [nowhere.json()["error"]["message"]] * 2
    )
    assert ('name="other_image"' in page) == may


@pytest.mark.feature("C10", "I2")
async def test_images_are_listed_with_age_and_packages(site: Site) -> None:
    async with site.person() as ana:
        first, second = (await ana.get("images")).json()["items"]
    assert (first["is_here"], first["created_at"], first["size"]) == (True, "2026-11-01T10:00:00Z", 800_000_000)
    assert first["packages"] == [NUMPY]
    assert (second["is_here"], second["packages"], second["findings"]) == (False, None, None)
    page = (await (await site.browser()).client.get(f"{PREFIX}/images")).text
    assert "1 Python packages" in page
    assert "This machine does not have it" in page


async def test_images_are_listed_while_the_host_is_silent(tmp_path: Path) -> None:
    async with opened(tmp_path, host=HostThatIsSilent()) as site:
        async with site.person() as ana:
            listed = (await ana.get("images")).json()["items"]
        page = await (await site.browser()).client.get(f"{PREFIX}/images")
    assert [(each["name"], each["is_here"], each["packages"]) for each in listed] == [
        ("python", None, None),
        ("r", None, None),
    ]
    assert (page.status_code, "not known now" in page.text) == (200, True)
