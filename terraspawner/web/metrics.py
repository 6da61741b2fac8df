"""How the deployment does, for Prometheus. Sums alone: nothing in it names a person, a workspace or a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from terraspawner.domain.access import Action
from terraspawner.operations import metrics
from terraspawner.operations.metrics import Numbers
from terraspawner.web.callers import AnOperatorOrMonitor, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON_OR_MONITOR, TEXT, for_person

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={**for_person(), 200: TEXT},
    openapi_extra=PERSON_OR_MONITOR,
)
@needs(Action.READ_METRICS)
async def read_metrics(parts: TheParts, _: AnOperatorOrMonitor) -> Response:
    """What environments, decisions and the culler come to, as Prometheus reads it. For operators, and for tokens with
    the scope that the Hub asks for its own metrics, `read:metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(await parts.deeds(metrics.read)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class _Read(Collector):
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[Metric]:
        return _families(self._numbers)


def _families(numbers: Numbers) -> Iterator[Metric]:
    states = GaugeMetricFamily("terraspawner_environments", "Environments by state.", labels=["state"])
    for state, count in numbers.environments.items():
        states.add_metric([str(state)], count)
    yield states
    yield GaugeMetricFamily(
        "terraspawner_environments_unreachable",
        "Environments that run and have missed three reports in a row: what they do is unknown.",
        value=numbers.unreachable,
    )
    silent = GaugeMetricFamily(
        "terraspawner_culler_silent_seconds", "Seconds since the culler asked what is due; nothing where it never did."
    )
    if numbers.culler_silent is not None:
        silent.add_metric([], numbers.culler_silent)
    yield silent
    taken = CounterMetricFamily(
        "terraspawner_decisions", "What was decided about environments, by act and rule.", labels=["act", "rule"]
    )
    for (act, rule), count in sorted(numbers.decisions.items()):
        taken.add_metric([act, rule], count)
    yield taken
    yield GaugeMetricFamily(
        "terraspawner_outbox_pending",
        "Saves of notebooks that are on a disk and have not reached their workspace.",
        value=numbers.outbox_pending,
    )
    yield GaugeMetricFamily(
        "terraspawner_grace", "1 while nothing is stopped, as a part of the deployment was away.",
        value=int(numbers.is_graced),
    )  # fmt: skip
