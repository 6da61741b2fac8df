"""What operators see of the store in which buckets are, and what health tells everybody of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders import StoreThatIs
from terraspawner.storage.addresses import Store
from terraspawner.storage.facts import UNGUARDED, StoreFacts
from terraspawner.storage.facts import look as facts_of
from terraspawner.storage.options import Options
from terraspawner.web.deeds import Deeds
from terraspawner.web.store_watch import StoreWatch
from tests.web.hubs import until
from tests.web.sites import API, PREFIX, Site, opened

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1")]

OK = StoreFacts(
    kind=Store.S3, address="s3://lab/x", endpoint="http://store.test:9000", conditions="quoted", keeps_versions=True
)
SILENT = replace(OK, conditions="", keeps_versions=None, problem="The workspace's bucket cannot be used.")
UNSAFE = replace(OK, conditions="none", keeps_versions=False, warning=UNGUARDED)
VERSIONED = replace(UNSAFE, keeps_versions=True)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as made:
        yield made


async def look(site: Site, facts: StoreFacts) -> None:
    """As the service does each minute."""
    store = site.context.look_at_store
    assert isinstance(store, StoreThatIs)
    store.facts = facts
    await site.parts.store.rounds.settled()
    await site.parts.store.rounds.task.act()
    await site.parts.store.rounds.settled()


@pytest.mark.parametrize(("facts", "is_ok"), [(OK, True), (UNSAFE, True), (SILENT, False)])
async def test_operators_read_what_was_found_and_health_says_whether_it_can_be_used(
    site: Site, facts: StoreFacts, is_ok: bool
) -> None:
    await look(site, facts)
    async with site.person("operator") as operator, site.client() as anybody:
        told = (await operator.get("store")).json()
        health = await anybody.get(f"{API}/health")
    assert (told["conditions"], told["problem"], told["warning"]) == (facts.conditions, facts.problem, facts.warning)
    part = health.json()["parts"]["buckets"]
    assert (part["ok"], part["message"]) == (is_ok, facts.message)
    assert health.status_code == 200
    assert "store.test" not in health.text


@pytest.mark.parametrize(
    ("facts", "shown", "to_do"),
    [
        (OK, "it answered", ""),
        (UNSAFE, "store-warning", "One service alone may write to it"),
        (VERSIONED, "store-warning", "a bucket that was never told to keep versions"),
        (SILENT, "store-problem", "make logs SERVICE=workspaces"),
    ],
)
async def test_the_page_of_operators_says_it_and_what_can_be_done(
    site: Site, facts: StoreFacts, shown: str, to_do: str
) -> None:
    await look(site, facts)
    page = await (await site.browser("operator")).client.get(f"{PREFIX}/store")
    assert shown in page.text
    assert to_do in page.text
    assert "s3://lab/x" in page.text


def test_operators_are_told_the_cause_and_not_to_ask_an_operator() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))  # and nobody listens there
        endpoint = f"http://127.0.0.1:{sock.getsockname()[1]}"
        options = Options(
            endpoint=endpoint, region="x", credentials="AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n", seconds=1.0
        )
        assert facts_of("s3://lab/x", options).problem == "The buckets cannot be used: the store cannot be reached."


async def test_it_is_for_operators_alone(site: Site) -> None:
    async with site.person("ana") as ana:
        assert (await ana.get("store")).status_code == 403
    assert (await (await site.browser("ana")).client.get(f"{PREFIX}/store")).status_code == 403


async def test_the_service_is_there_before_its_store_has_answered(tmp_path: Path) -> None:
    """The look hangs, and nothing waits for it."""
    gate = threading.Event()

    def hangs() -> StoreFacts:
        gate.wait(30)
        return OK

    async with opened(tmp_path) as site, site.client() as anybody:
        await until(lambda: site.parts.store.facts, "its own first look has ended, and the next is a minute away")
        watch = StoreWatch(Deeds(replace(site.context, look_at_store=hangs)))
        await watch.rounds.task.act()
        site.parts.store.facts = watch.facts
        said = (await anybody.get(f"{API}/health")).json()
        assert said["parts"]["buckets"] == {"ok": True, "message": "not looked at yet"}
        assert said["ready"] is True
        gate.set()
        await watch.rounds.settled()
        assert watch.facts == OK
