"""What who watches the deployment is told: sums that name nobody, for operators and for tokens with the Hub's scope."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import builders
from counting import counted
from culler.deadlines import Act, Name
from terraspawner.domain.activity import SILENCE
from terraspawner.domain.environment import HOLDS_CONTAINER, State
from terraspawner.operations import accounts, activity, decisions, environments, identities, stops
from terraspawner.operations.environments import Ticket
from tests.operations.watched import IDLE, say
from tests.web.sites import API, CALM, Site, opened
from tests.web.test_queries import FEW, MANY, grown

SCOPE = "read:metrics"
Samples = dict[tuple[str, ...], float]


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: builders.Clock) -> AsyncIterator[Site]:
    async with opened(tmp_path, clock=clock, pace=replace(CALM, beat=3600)) as made:
        yield made


async def told(site: Site) -> str:
    token = site.hub.token("prometheus", kind="service", scopes=(SCOPE,))
    async with site.client(authorization=f"token {token}") as monitor:
        answer = await monitor.get(f"{API}/metrics")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


async def samples(site: Site) -> Samples:
    """Name and labels of each sample -> its value, as Prometheus's own parser has them."""
    families = text_string_to_metric_families(await told(site))
    return {
        (each.name.removeprefix("terraspawner_"), *each.labels.values()): each.value
        for family in families
        for each in family.samples
    }


def heard(site: Site) -> Ticket:
    """An environment that runs and has reported."""
    ticket = site.running(site.workspace())
    say(site.context, ticket, IDLE)
    return ticket


def stopped_by_rule(site: Site, clock: builders.Clock) -> None:
    """All that is due is decided and taken."""
    for facts, decision in stops.watched(site.context, due=True)[0]:
        decisions.take(site.context, environment_id=facts.id, revision=facts.revision, given=decision, who="culler")


async def test_a_deployment_without_anything_says_so(site: Site) -> None:
    found = await samples(site)
    assert {state: found["environments", state] for state in map(str, HOLDS_CONTAINER)} == dict.fromkeys(
        map(str, HOLDS_CONTAINER), 0
    )
    assert {name: found[name,] for name in ("environments_unreachable", "outbox_pending", "grace")} == {
        "environments_unreachable": 0, "outbox_pending": 0, "grace": 0,
    }  # fmt: skip
    assert not {name for name, *_ in found} & {"culler_silent_seconds", "decisions_total"}


async def test_environments_are_counted_by_state(site: Site) -> None:
    ticket = heard(site)
    site.running(site.workspace(name="beta"))
    assert (await samples(site))["environments", State.RUNNING] == 2
    environments.stopped(site.context, ticket.environment.id, 1)
    found = await samples(site)
    assert (found["environments", State.RUNNING], found["environments", State.PAUSED]) == (1, 1)


async def test_who_missed_three_reports_is_unreachable_and_who_never_sent_one_is_not(
    site: Site, clock: builders.Clock
) -> None:
    ticket = heard(site)
    site.running(site.workspace(name="beta"))
    clock.move(seconds=SILENCE.total_seconds() - 1)
    assert (await samples(site))["environments_unreachable",] == 0
    clock.move(seconds=1)
    assert (await samples(site))["environments_unreachable",] == 1
    say(site.context, ticket, IDLE)
    assert (await samples(site))["environments_unreachable",] == 0


async def test_the_culler_is_silent_since_it_asked(site: Site, clock: builders.Clock) -> None:
    stops.watched(site.context, due=True)
    clock.move(minutes=7)
    assert (await samples(site))["culler_silent_seconds",] == 7 * 60


async def test_decisions_are_counted_by_act_and_rule(site: Site, clock: builders.Clock) -> None:
    stops.watched(site.context, due=True)
    heard(site)
    clock.move(seconds=SILENCE.total_seconds())
    stopped_by_rule(site, clock)
    assert (await samples(site))["decisions_total", str(Act.ALARM), str(Name.UNREACHABLE)] == 1


async def test_a_grace_is_told_while_it_lasts(site: Site, clock: builders.Clock) -> None:
    activity.after_away(site.context)
    assert (await samples(site))["grace",] == 1
    clock.move(seconds=activity.GRACE.total_seconds())
    assert (await samples(site))["grace",] == 0


async def test_an_outbox_counts_on_its_environment_and_then_on_the_disk_that_is_kept(site: Site) -> None:
    ticket = heard(site)
    identity = identities.identify(site.context, ticket.key)
    assert identity is not None
    identities.note_outbox(site.context, identity, ["a.ipynb", "b.ipynb"])
    assert (await samples(site))["outbox_pending",] == 2
    async with site.person() as ana:
        assert (await ana.delete("workspaces/ana/alpha/environment")).is_success
    found = await samples(site)
    assert ({found["environments", str(state)] for state in HOLDS_CONTAINER}, found["outbox_pending",]) == ({0}, 2)


async def test_nobody_is_named(site: Site) -> None:
    ticket = heard(site)
    text = await told(site)
    facts = ("ana", "alpha", ticket.environment.id, ticket.environment.disk_id)
    assert [each for each in facts if each in text] == []


@pytest.mark.parametrize(
    ("name", "kind", "scopes", "status"),
    [
        ("prometheus", "service", (SCOPE,), 200),
        ("prometheus", "service", (), 403),
        ("prometheus", "service", (f"{SCOPE}!user=ana",), 403),
        ("ana", "user", (SCOPE,), 200),
        ("ben", "user", (SCOPE,), 403),
        ("zoe", "user", (SCOPE,), 403),
    ],
)
async def test_the_scope_opens_it_to_whom_the_hub_gave_it(
    site: Site, name: str, kind: str, scopes: tuple[str, ...], status: int
) -> None:
    """Ben's account is disabled, and zoe has none."""
    accounts.disable(site.context, name="ben", actor="operator")
    async with site.client(authorization=f"token {site.hub.token(name, kind=kind, scopes=scopes)}") as client:
        assert (await client.get(f"{API}/metrics")).status_code == status
        assert (await client.get(f"{API}/accounts")).status_code == 403


async def asked_for(site: Site) -> list[str]:
    """What is asked of the database to tell. The service's own looks fall into one telling or another; what two in a
    row asked is what telling takes."""
    before: list[str] = []
    for _ in range(50):
        with counted(site.context) as sent:
            await told(site)
        now = sorted(sent)
        if now == before:
            return now
        before = now
    raise AssertionError(before)


async def test_it_asks_as_often_for_many_as_for_few(site: Site) -> None:
    await site.rests()
    counts = []
    for first, last in ((0, FEW), (FEW, MANY)):
        grown(site, first, last)
        counts.append(await asked_for(site))
    assert counts[0] == counts[1]
