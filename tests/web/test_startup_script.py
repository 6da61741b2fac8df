"""The startup script by REST and on the page: given at creation, kept, its log read, another one refused later."""

from __future__ import annotations

import pytest

from terraspawner.domain.script import MOST_BYTES
from terraspawner.domain.start import StepName, begun
from terraspawner.operations import environments
from tests.web.sites import PREFIX, Site

pytestmark = [pytest.mark.slow, pytest.mark.feature("C11")]
HERE = "workspaces/ana/alpha/environment"
FAILED = "The startup script ended with exit code 1."


async def test_a_script_given_at_creation_is_kept_with_the_environment(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        made = await ana.post(f"{HERE}/start", json={"startup_script": "echo hi\r\n"})
        assert (made.status_code, made.json()["startup_script"]) == (200, "echo hi\n")
        await ana.post(f"{HERE}/pause")
        # the same one again is no other one, and none is the one that is there
        assert (await ana.post(f"{HERE}/start", json={"startup_script": "echo hi"})).status_code == 200
        assert (await ana.post(f"{HERE}/start")).json()["startup_script"] == "echo hi\n"
        other = await ana.post(f"{HERE}/start", json={"startup_script": "echo other"})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "wrong-state")
    assert "keep its disk" in other.json()["error"]["message"]


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        ("x" * (MOST_BYTES + 1), 422, "script-invalid"),
        ("echo \0", 422, "script-invalid"),
        ({"run": "id"}, 400, "malformed"),
    ],
)
async def test_a_script_that_cannot_be_stored_is_refused_and_nothing_starts(
    site: Site, script: object, status: int, code: str
) -> None:
    at = site.workspace()
    async with site.person() as ana:
        refused = await ana.post(f"{HERE}/start", json={"startup_script": script})
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert site.hub.calls == []
    assert site.state(at) == "none"


async def test_after_a_failure_it_may_be_mended_or_left_out(site: Site) -> None:
    site.workspace()
    site.hub.failure = (FAILED, "no such package")
    async with site.person() as ana:
        await ana.post(f"{HERE}/start", json={"startup_script": "apt-get install nonsense"})
        failed = (await ana.get(HERE)).json()
        assert (failed["state"], failed["reason"], failed["log"]) == ("paused", FAILED, ["no such package"])
        browser = await site.browser()
        card = (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha/environment")).text
        assert "apt-get install nonsense\n</textarea>" in card
        assert "Start without the script" in card
        site.hub.failure = None
        mended = await ana.post(f"{HERE}/start", json={"startup_script": "true"})
        assert mended.json()["startup_script"] == "true\n"


async def test_the_button_starts_without_it(site: Site) -> None:
    at = site.workspace()
    browser = await site.browser()
    site.hub.failure = (FAILED, "")
    url = f"{PREFIX}/workspaces/ana/alpha/environment/start"
    await browser.submit(url, htmx=True, startup_script="false")
    site.hub.failure = None
    await browser.submit(url, htmx=True, without_script="true")
    here = environments.by_slug(site.context, user="ana", slug=at.slug)
    assert here is not None
    assert (here.state, here.startup_script) == ("running", "")


async def test_the_page_says_that_it_is_no_place_for_secrets_and_refuses_beside_the_field(site: Site) -> None:
    site.workspace()
    browser = await site.browser()
    card = (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha/environment")).text
    assert "Put no password or key into it" in card
    url = f"{PREFIX}/workspaces/ana/alpha/environment/start"
    refused = await browser.submit(url, htmx=True, startup_script="x" * (MOST_BYTES + 1))
    assert refused.status_code == 422
    assert f"{MOST_BYTES} are allowed" in refused.text


async def test_its_log_is_read_while_it_runs_and_kept_afterwards(site: Site) -> None:
    at = site.workspace()
    ticket = site.admit(at)
    here = ticket.environment
    running = begun((), StepName.SCRIPT, site.context.now())
    environments.note_steps(site.context, here.id, here.start_number, running)
    async with site.person() as ana:
        log = await ana.get(f"{HERE}/log", params={"source": "startup"})
        assert log.json()["lines"] == [f"the script in {here.id} says this"]
        browser = await site.browser()
        card = (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha/environment")).text
        assert f"the script in {here.id} says this" in card
        environments.started(site.context, here.id, here.start_number, "c" * 64, startup_log="one\ntwo\n")
        log = await ana.get(f"{HERE}/log", params={"source": "startup", "lines": 1})
        assert log.json()["lines"] == ["two"]
        assert (await ana.get(f"{HERE}/log", params={"source": "else"})).status_code == 400


async def test_what_a_script_says_is_shown_as_text(site: Site) -> None:
    ticket = site.admit(site.workspace())
    here = ticket.environment
    said = "<img src=x onerror=alert(1)>"
    steps = begun((), StepName.SCRIPT, site.context.now())
    environments.start_failed(site.context, here.id, here.start_number, FAILED, said, steps, said)
    browser = await site.browser()
    card = (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha/environment")).text
    assert "&lt;img src=x" in card
    assert said not in card
    assert "What the startup script said" in card
