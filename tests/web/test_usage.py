"""Usage over REST, as CSV and on its page (J2)."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import builders
from terraspawner.operations import environments
from terraspawner.web import api_usage
from tests.web.sites import API, PREFIX, Site, opened

pytestmark = pytest.mark.slow


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: builders.Clock) -> AsyncIterator[Site]:
    """Ana's environment ran for two hours."""
    async with opened(tmp_path, clock=clock) as made:
        ticket = made.running(made.workspace())
        clock.move(hours=2)
        environments.stopped(made.context, ticket.environment.id, 1)
        yield made


@pytest.mark.feature("J2")
async def test_json_and_csv_say_the_same(site: Site) -> None:
    async with site.person() as ana:
        told = (await ana.get("usage")).json()
        text = await ana.get("usage", params={"format": "csv"})
        asked = await ana.get("usage", headers={"Accept": "text/csv"})
        wins = await ana.get("usage", params={"format": "json"}, headers={"Accept": "text/csv"})
    (ran,) = [item for item in told["items"] if item["state"] == "running"]
    assert (ran["month"], ran["workspace"], ran["user"], ran["hours"], ran["dollars"]) == (
        "2026-11",
        "ana/alpha",
        "ana",
        2.0,
        0.12,
    )
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in text.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(text.text)))
    numbers = ("hours", "dollars")
    lines = [{**row, **{name: float(row[name]) for name in numbers}, "group": ""} for row in rows]
    assert lines == told["items"]
    assert (asked.text, wins.json()) == (text.text, told)
    assert told["dollars"] == pytest.approx(sum(item["dollars"] for item in told["items"]), abs=1e-4)


@pytest.mark.feature("J2")
@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert api_usage.as_text(cell) == f"'{cell}"


@pytest.mark.feature("J2")
async def test_a_stranger_sees_nothing_whatever_is_asked_for(site: Site) -> None:
    async with site.person("ben") as ben:
        for wanted in ({}, {"user": "ana"}, {"project": "ana"}, {"workspace": "ana/alpha"}):
            told = (await ben.get("usage", params=wanted)).json()
            assert (told["items"], told["dollars"]) == ([], 0)


@pytest.mark.parametrize(
    ("wanted", "status"),
    [({"from": "x"}, 400), ({"format": "pdf"}, 400), ({"from": "2020-01-01T00:00:00Z"}, 422), ({"user": "\x00"}, 200)],
)
async def test_what_is_asked_for_is_checked(site: Site, wanted: dict[str, str], status: int) -> None:
    async with site.person() as ana:
        assert (await ana.get("usage", params=wanted)).status_code == status


@pytest.mark.feature("J2")
async def test_the_page_shows_a_month_and_leads_to_the_csv(site: Site) -> None:
    browser = await site.browser()
    text = (await browser.client.get(f"{PREFIX}/usage")).text
    assert "Usage in November 2026" in text
    assert "ana/alpha" in text
    assert 'id="later"' not in text
    address = text.partition('id="csv" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert address.startswith(f"{API}/usage?")
    assert "running" in (await browser.client.get(address)).text
    before = (await browser.client.get(f"{PREFIX}/usage", params={"month": "2026-10"})).text
    assert "Nothing was used in this month." in before
    assert 'id="later"' in before


@pytest.mark.parametrize("month", ["2026-13", "soon", "0001-01", "9999-12", "2030-01", "' --", "<b>"])
async def test_an_odd_month_is_answered(site: Site, month: str) -> None:
    browser = await site.browser()
    answer = await browser.client.get(f"{PREFIX}/usage", params={"month": month})
    assert answer.status_code == (200 if month == "2030-01" else 422)
    assert "<b>" not in answer.text.replace("<body", "")
