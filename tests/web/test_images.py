"""Which image an environment is made from: by the notebook that is opened, by the button, by REST."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from terraspawner.db import records
from terraspawner.domain.notebook import empty
from tests.web.hubs import until
from tests.web.sites import PREFIX, Site

pytestmark = pytest.mark.slow

HERE = "workspaces/ana/alpha/environment"
NOTEBOOKS = "workspaces/ana/alpha/notebooks"
OPEN = f"{PREFIX}/open/ana/alpha/notebooks"


async def running(site: Site, ana: httpx.AsyncClient) -> dict[str, Any]:
    """The environment once it runs, however long a start takes here."""
    await until(lambda: any(server["ready"] for server in site.hub.servers.values()), "it runs")
    said: dict[str, Any] = (await ana.get(HERE)).json()
    return said


async def make(ana: httpx.AsyncClient, name: str, kernel: str) -> None:
    made = await ana.post(NOTEBOOKS, json={"name": name, "kernel": kernel})
    assert made.status_code == 201, made.text


@pytest.mark.feature("E9", "I1")
@pytest.mark.parametrize(("kernel", "language"), [("python3", "python"), ("ir", "r")])
async def test_the_notebook_that_is_opened_decides_the_image(site: Site, kernel: str, language: str) -> None:
    site.workspace()
    async with site.person() as ana:
        await make(ana, "first", kernel)
        await ana.post(f"{NOTEBOOKS}/first.ipynb/open", json={})
        here = await running(site, ana)
    assert here["image"]["language"] == language
    assert here["image"]["reference"] == site.context.catalogue.image_named(language).reference


@pytest.mark.feature("C9", "C10")
async def test_who_opens_a_notebook_may_choose_size_and_image_of_its_environment(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        await make(ana, "first", "python3")
        for wish in ({"size": "huge"}, {"image": "../r"}):
            refused = await ana.post(f"{NOTEBOOKS}/first.ipynb/open", json={"environment": wish})
            assert (refused.status_code, site.state(at)) == (422, "none")
        await ana.post(f"{NOTEBOOKS}/first.ipynb/open", json={"environment": {"size": "large", "image": "r"}})
        here = await running(site, ana)
    assert (here["size"]["name"], here["image"]["name"]) == ("large", "r")


async def test_a_notebook_of_an_unknown_kernel_opens_in_the_python_image(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        body = empty("python3").replace(b'"python3"', b'"julia-1.11"').replace(b'"python"', b'"julia"')
        saved = await ana.put(f"{NOTEBOOKS}/x.ipynb", content=body, headers={"If-None-Match": "*"})
        assert saved.status_code == 201
        await ana.post(f"{NOTEBOOKS}/x.ipynb/open", json={})
        assert (await running(site, ana))["image"]["language"] == "python"


@pytest.mark.feature("I1")
async def test_a_start_names_its_image_and_a_resume_keeps_it(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await ana.post(f"{HERE}/start", json={"image": "r"})
        assert (await running(site, ana))["image"]["language"] == "r"
        await ana.post(f"{HERE}/pause")
        await ana.post(f"{HERE}/start")
        assert (await running(site, ana))["image"]["language"] == "r"
        assert (await ana.post(f"{HERE}/start", json={"image": "r"})).status_code == 200
        refused = await ana.post(f"{HERE}/start", json={"image": "python"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "other-image")
    assert "Pause it, change its image" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"image": "julia"}, 422),
        ({"image": ""}, 422),
        ({"image": ["r"]}, 400),
        ({"image": 1}, 400),
        ({"imago": "r"}, 400),
    ],
)
async def test_an_image_that_there_is_not_starts_nothing(site: Site, body: dict[str, object], status: int) -> None:
    at = site.workspace()
    async with site.person() as ana:
        assert (await ana.post(f"{HERE}/start", json=body)).status_code == status
    assert site.state(at) == "none"


@pytest.mark.feature("E9")
async def test_an_r_notebook_in_a_python_environment_is_explained_before_it_opens(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await make(ana, "in r", "ir")
        await make(ana, "in python", "python3")
        await ana.post(f"{HERE}/start")
        await running(site, ana)
        refused = await ana.post(f"{NOTEBOOKS}/in r.ipynb/open", json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "other-image")
        assert refused.json()["error"]["details"] == {"image": "python", "kernel": "r"}
        assert (await ana.post(f"{NOTEBOOKS}/in python.ipynb/open", json={})).status_code == 200
    browser = (await site.browser()).client
    page = await browser.get(f"{OPEN}/in%20r.ipynb")
    assert page.status_code == 200
    assert "has no R" in page.text
    assert "Pause the environment and change its image" in page.text
    assert f'href="{PREFIX}/workspaces/ana/alpha"' in page.text
    assert "hx-trigger" not in page.text, "nothing is asked for by itself"
    assert f'href="{OPEN}/in%20r.ipynb?anyway=true"' in page.text
    anyway = await browser.get(f"{OPEN}/in%20r.ipynb?anyway=true")
    assert (anyway.status_code, "/lab/tree/" in anyway.headers["location"]) == (303, True)
    assert (await browser.get(f"{OPEN}/in%20python.ipynb")).status_code == 303


async def test_a_paused_python_environment_is_not_resumed_for_an_r_notebook(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        await make(ana, "in r", "ir")
        await ana.post(f"{HERE}/start")
        await running(site, ana)
        await ana.post(f"{HERE}/pause")
        assert (await ana.post(f"{NOTEBOOKS}/in r.ipynb/open", json={})).status_code == 409
    browser = (await site.browser()).client
    assert "has no R" in (await browser.get(f"{OPEN}/in%20r.ipynb")).text
    asks = await browser.get(f"{OPEN}/in%20r.ipynb?anyway=true")
    assert f'action="{OPEN}/in%20r.ipynb?anyway=true"' in asks.text
    assert site.state(at) == "paused"


async def test_an_r_environment_opens_notebooks_of_both(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await make(ana, "in r", "ir")
        await make(ana, "in python", "python3")
        await ana.post(f"{NOTEBOOKS}/in r.ipynb/open", json={})
        await running(site, ana)
        opened = await ana.post(f"{NOTEBOOKS}/in python.ipynb/open", json={})
    assert (opened.status_code, opened.json()["environment"]["image"]["language"]) == (200, "r")


async def test_the_page_offers_both_kernels_and_both_images(site: Site) -> None:
    at = site.workspace()
    browser = await site.browser()
    page = (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
    assert '<option value="ir">R</option>' in page
    assert 'name="image" id="image-r" value="r"' in page
    started = await browser.submit(f"{PREFIX}/{HERE}/start", htmx=True, image="r")
    assert started.status_code == 200, started.text
    async with site.person() as ana:
        assert (await running(site, ana))["image"]["language"] == "r"
    card = await browser.client.get(f"{PREFIX}/{HERE}")
    assert 'name="image"' not in card.text, "what is there is resumed as it is"
    assert site.state(at) == "running"


async def test_a_made_up_image_in_the_form_is_refused(site: Site) -> None:
    at = site.workspace()
    answer = await (await site.browser()).submit(f"{PREFIX}/{HERE}/start", image="evil:latest")
    assert answer.status_code == 422
    assert site.state(at) == "none"


@pytest.mark.feature("C10")
async def test_what_is_paused_takes_another_image_at_its_next_start_and_keeps_its_disk(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await ana.post(f"{HERE}/start")
        before = await running(site, ana)
        while_it_runs = await ana.patch(HERE, json={"image": "r"})
        assert (while_it_runs.status_code, while_it_runs.json()["error"]["code"]) == (409, "wrong-state")
        assert "Pause it first" in while_it_runs.json()["error"]["message"]
        assert (await ana.patch(HERE, json={"image": "python"})).status_code == 200, "it has that one"
        await ana.post(f"{HERE}/pause")
        said = (await ana.patch(HERE, json={"image": "r", "size": "large"})).json()
        assert (said["image"]["name"], said["size"]["name"], said["state"]) == ("r", "large", "paused")
        assert "next start is from the image R and Python" in said["reason"]
        await ana.post(f"{HERE}/start")
        after = await running(site, ana)
    assert (after["id"], after["disk"]["id"]) == (before["id"], before["disk"]["id"])
    assert after["image"]["reference"] == site.context.catalogue.image_named("r").reference


async def test_an_image_that_there_is_not_changes_nothing(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await ana.post(f"{HERE}/start")
        await running(site, ana)
        await ana.post(f"{HERE}/pause")
        for image in ("julia", "../r", "--privileged", "terraspawner/hub:0.1.0", ""):
            refused = await ana.patch(HERE, json={"image": image})
            assert (refused.status_code, "python, r" in refused.json()["error"]["message"]) == (422, True)
        assert (await ana.patch(HERE, json={"image": "r", "size": "huge"})).status_code == 422
        assert (await ana.get(HERE)).json()["image"]["name"] == "python"


@pytest.mark.feature("C10")
async def test_the_page_says_before_a_change_of_image_what_is_lost(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await ana.post(f"{HERE}/start")
        await running(site, ana)
        await ana.post(f"{HERE}/pause")
    browser = await site.browser()
    page = (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
    assert 'id="image-dialog"' in page
    assert "what was installed or written outside your home folder" in page
    changed = await browser.submit(f"{PREFIX}/{HERE}/image", htmx=True, image="r")
    assert "next start is from the image R and Python" in changed.text


@pytest.mark.feature("C10")
async def test_the_same_name_again_takes_what_the_catalogue_has_under_it_now(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await ana.post(f"{HERE}/start")
        here = await running(site, ana)
        with site.context.database.write() as connection:
            records.update_environment(connection, here["id"], image="terraspawner/python:of-last-year")
        await ana.post(f"{HERE}/start")
        await ana.post(f"{HERE}/pause")
        assert (await ana.get(HERE)).json()["image"]["reference"] == "terraspawner/python:of-last-year"
        newer = (await ana.patch(HERE, json={"image": "python"})).json()
    assert newer["image"] == here["image"]
    assert "next start is from the image Python" in newer["reason"]
