"""Sweeps of the culler beside jupyterhub-idle-culler, over the same ready servers of the same Hub."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from culler.settings import SECONDS
from tests.bench import crowd, noop_hub, sections, service
from tests.bench.crowd import Heard, One
from tests.bench.noop_hub import Call, NoOpHub, Server
from tests.bench.processes import Took, told
from tests.bench.sections import ms
from tests.bench.service import Service

COUNTS, ROUNDS = (1_000, 10_000), 3
STOCK, OURS = "idle-culler", "ours"
SHARE = 100
"""One of so many is due for each side."""
LONG_AGO = timedelta(hours=2)
"""When those were left who are due in the last look; so much earlier in each look before it."""
NEVER = 10**8
"""Seconds of the stock culler, which nobody reaches."""
OUR_OWN = 50
"""Of a hundred, the number of the one that is due for ours first. For the stock one that is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look of one side: requests to the Hub, and to our service; servers that were stopped; seconds of processors
    that Hub and service used meanwhile."""

    took: Took
    to_hub: int
    to_service: int
    stopped: int
    hub: float
    service: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of so many servers: looks with nothing due, and with something, by side. `asked_by_itself`: what our
    service asks the Hub between two sweeps for other reasons."""

    count: int
    quiet: dict[str, list[Look]] = field(default_factory=lambda: {STOCK: [], OURS: []})
    due: dict[str, list[Look]] = field(default_factory=lambda: {STOCK: [], OURS: []})
    heard: list[Heard] = field(default_factory=list)
    asked_by_itself: list[float] = field(default_factory=list)


def section(rounds: int | None, counts: Sequence[int] | None) -> str:
    circumstances, asked = sections.Circumstances(), rounds or ROUNDS
    found = [_measured(count, asked) for count in counts or COUNTS]
    head = [
        "ready servers", "due", "culler", "a look: median (worst)", "ours / idle-culler", "target", "its memory",
        "requests to the Hub", "to the service", "stopped", "its processor", "the Hub's", "the service's",
    ]  # fmt: skip
    columns = ["environments", "a report", "its processor", f"of one, {SECONDS} s long", "questions to the Hub"]
    costs = [[f"{each.count:,}", *_cost(each)] for each in found]
    return f"""
## Sweeps of the culler beside jupyterhub-idle-culler {version("jupyterhub-idle-culler")}

One real Hub for both, whose servers are ready by themselves: rows in its database, and a spawner that says that they
run. *idle-culler* looks by its own `cull_idle` with its own settings, *ours* by its `Sweeper` over HTTP at the service,
a process of its own on SQLite, which asks the Hub whose token that is, and the Hub to stop what is due. Each look is
made by a process of its own and measured after its imports; its memory is the most that it had, with them. {asked}
looks of each with nothing due, after one that does not count, and as many with 1 % due; idle-culler's first, without
our service, which asks the Hub by itself as well. Before each of our looks every environment that runs has said once
what it does: one of ten that a kernel is busy, one that its person types. What that costs stands below. *processor*:
seconds; of Hub and service all that they used during the look, whatever for.

{circumstances.lines()}

{sections.table(head, [row for each in found for row in rows_of(each)])}

### That ours knows kernels

Every environment reports once in {SECONDS} s, which is once for each sweep. A report is what the service does with it,
by its own deeds in this process, without HTTP. Beside it stands what the service asks the Hub by itself in these
{SECONDS} s: the reconciler looks whether what runs is there.

{sections.table(columns, costs)}
"""


def rows_of(found: Found) -> Iterator[list[str]]:
    """Both sides with nothing due, then with something."""
    for due, sides in (("none", found.quiet), (f"{found.count // SHARE:,} each", found.due)):
        stock = statistics.median(each.took.seconds for each in sides[STOCK])
        for side, looks in sides.items():
            seconds = [each.took.seconds for each in looks]
            against = (f"**{statistics.median(seconds) / stock:.2f}**", "≤ 1") if side == OURS else ("", "")
            yield [
                f"{found.count:,}", due, side, f"{ms(statistics.median(seconds))} ({ms(max(seconds))})", *against,
                f"{max(each.took.memory for each in looks) / 1024**2:.0f} MiB",
                *(f"{statistics.median(of(each) for each in looks):g}" for of in _COUNTED),
                *(f"{statistics.median(of(each) for each in looks):.2f}" for of in _USED),
            ]  # fmt: skip


_COUNTED: tuple[Callable[[Look], int], ...] = (
    lambda look: look.to_hub,
    lambda look: look.to_service,
    lambda look: look.stopped,
)
_USED: tuple[Callable[[Look], float], ...] = (
    lambda look: look.took.processor,
    lambda look: look.hub,
    lambda look: look.service,
)


def _cost(found: Found) -> list[str]:
    wall, processor = (
        statistics.median(seconds)
        for seconds in ([each.wall for each in found.heard], [each.processor for each in found.heard])
    )
    return [
        ms(wall / found.count),
        ms(processor / found.count),
        f"{processor / SECONDS:.0%}",
        f"{found.asked_by_itself[0]:,.0f}",
    ]


# --- measuring ---


def asked_by_stock(call: Call) -> bool:
    return call.who == noop_hub.STOCK


def asked_by_ours(call: Call) -> bool:
    """By the culler's token, or a stop by the service for it."""
    return call.who == noop_hub.CULLER or (call.who == noop_hub.SERVICE and call.method == "DELETE")


def _measured(count: int, rounds: int) -> Found:
    now, found = datetime.now(UTC).replace(tzinfo=None), Found(count=count)  # as the Hub keeps times
    servers = [
        Server(user=crowd.person(number), name=crowd.slug(number), used_at=now - left_ago(number, rounds))
        for number in range(count)
    ]
    with noop_hub.running(servers, {noop_hub.SERVICE: service.HUB_TOKEN}) as hub:
        _stock(hub, found, rounds)
        with service.running(service.SQLITE, hub.api_url) as running:
            _ours(hub, running, found, rounds)
    return found


def left_ago(number: int, rounds: int) -> timedelta:
    """How long nobody was at this server: of a hundred one for each round, another time for each."""
    return LONG_AGO * max(0, rounds - number % SHARE)


def limit_of(number: int, rounds: int) -> int:
    """Seconds after which those are due that are left for this round, if those of the rounds before are stopped."""
    return int((left_ago(number, rounds) - LONG_AGO / 2).total_seconds())


def _stock(hub: NoOpHub, found: Found, rounds: int) -> None:
    """Alone with the Hub: our service asks it too."""
    token = hub.tokens[noop_hub.STOCK]

    def look(limit: int) -> Look:
        return _look(
            hub, asked_by_stock, lambda: told("tests.bench.look_stock", hub.api_url, str(limit), BENCH_TOKEN=token)
        )

    found.quiet[STOCK] += [look(NEVER) for _ in range(rounds + 1)][1:]  # the first warms up
    for number in range(rounds):
        found.due[STOCK].append(look(limit_of(number, rounds)))
        for stopped in range(number, found.count, SHARE):  # there for the others again
            hub.start(crowd.person(stopped), crowd.slug(stopped))


def _ours(hub: NoOpHub, running: Service, found: Found, rounds: int) -> None:
    everybody, token = crowd.gathered(running, found.count), hub.tokens[noop_hub.CULLER]

    def look(report: Sequence[One], are_left: Sequence[One] = ()) -> Look:
        heard = crowd.report(running.context, report)
        if not are_left:
            found.heard.append(heard)
        crowd.left(running.context, are_left, LONG_AGO)
        return _look(hub, asked_by_ours, lambda: told("tests.bench.look_ours", running.url, BENCH_TOKEN=token), running)

    look(everybody)
    mark, began = hub.mark(), time.monotonic()
    found.quiet[OURS] += [look(everybody) for _ in range(rounds)]
    by_itself = [each for each in hub.calls(mark) if each.who == noop_hub.SERVICE]
    found.asked_by_itself.append(len(by_itself) / (time.monotonic() - began) * SECONDS)
    for number in range(OUR_OWN, OUR_OWN + rounds):
        # those who were due before stand still, and report no more
        up = [each for each in everybody if not OUR_OWN <= each.number % SHARE < number]
        due = [each for each in up if each.number % SHARE == number]
        found.due[OURS].append(look(up, due))
        crowd.stand_still(running, due)


def _look(
    hub: NoOpHub, whose: Callable[[Call], bool], deed: Callable[[], Took], running: Service | None = None
) -> Look:
    mark, used, own = hub.mark(), hub.processor_seconds(), running.processor_seconds() if running else 0.0
    took = deed()
    calls = [each for each in hub.calls(mark) if whose(each)]
    return Look(
        took=took,
        to_hub=len(calls),
        to_service=took.count,
        stopped=sum(each.method == "DELETE" and each.status in (202, 204) for each in calls),
        hub=hub.processor_seconds() - used,
        service=running.processor_seconds() - own if running else 0.0,
    )
