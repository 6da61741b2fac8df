"""How many environments may save 100 KB every 5 s through the service, and whether all that it acknowledged is there
afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from papers import ROOT
from terraspawner.db import notebook_records
from terraspawner.operations import notebooks
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.storage import blobs
from terraspawner.storage.base import digest_of
from tests.bench import sections, service
from tests.bench.documents import KB, document, written
from tests.bench.sections import ms, quantile
from tests.bench.service import Inside, Service
from tests.bench.simulated import RENEW_SECONDS, REPORT_SECONDS, Plan, Told

STEPS = (25, 50, 100, 150, 200, 250, 300, 400, 500)
SIZE, EVERY = 100 * KB, 5.0
SECONDS, WARM_SECONDS = 60.0, 10.0
WANTED, TARGET = 500, 0.200
NOTEBOOK = "a.ipynb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What came of so many environments. `seconds` of each save that was due after the beginning, `never` for those not
    acknowledged; `cores` that the service's process used."""

    environments: int
    seconds: list[float]
    never: int
    acknowledged: int
    lost: int
    failures: Counter[str]
    cores: float
    late: float
    """p99 of how late the generator sent a save whose environment was waiting for nothing."""

    @property
    def p99(self) -> float:
        return quantile([*self.seconds, *[float("inf")] * self.never], 0.99)


def section(steps: Sequence[int] | None, seconds: float | None) -> str:
    circumstances = sections.Circumstances()
    chosen, lasts = steps or STEPS, seconds or SECONDS
    found = {kind: _measured(kind, chosen, lasts) for kind in service.DATABASES}
    rows = [_row(kind, step) for kind, all_steps in found.items() for step in all_steps]
    head = [
        "database", "environments", "p50", "p95", "p99", "acknowledged", "of these lost", "sent again", "late",
        "service's cores",
    ]  # fmt: skip
    reached = "; ".join(f"**{kind}: {_reached(each)}**" for kind, each in found.items())
    return f"""
## Environments that save {SIZE // KB} KB every {EVERY:g} s

How many have a p99 of at most {ms(TARGET)}, none lost ({WANTED} wanted): {reached}.

Each has its own key, notebook and lease, renews it every {RENEW_SECONDS:g} s and says every {REPORT_SECONDS:g} s what
runs, as the extension does. All are played by a process beside the service's; databases and buckets sync what they
acknowledge. A save is measured from the time at which it was due, fixed before the first was sent, to its
acknowledgement; {lasts:g} s for each number, after {WARM_SECONDS:g} s that do not count, until one misses the target.
*lost*: saves that were acknowledged, those of the first seconds too, whose bytes are not in the bucket's history
afterwards, or which no version tells of; or a last one that is not the notebook. *sent again*: under the same name,
after no answer or a refusal. *late* is the p99 of how late one was sent whose environment waited for nothing.

{circumstances.lines()}

{sections.table(head, rows)}
"""


def _row(kind: str, step: Step) -> list[str]:
    every = [*step.seconds, *[float("inf")] * step.never]
    again = ", ".join(f"{count} {what}" for what, count in step.failures.most_common(3))
    return [
        kind, str(step.environments), *(ms(quantile(every, share)) for share in (0.5, 0.95, 0.99)),
        f"{step.acknowledged:,}", str(step.lost), again or "0",
        ms(step.late), f"{step.cores:.2f}",
    ]  # fmt: skip


def _reached(steps: Sequence[Step]) -> int:
    return max((step.environments for step in steps if step.p99 <= TARGET and not step.lost), default=0)


def _measured(kind: str, steps: Sequence[int], seconds: float) -> list[Step]:
    found: list[Step] = []
    with service.running(kind) as running:
        all_of_them: list[Inside] = []
        for count in sorted(steps):
            while len(all_of_them) < count:
                all_of_them.append(_one(running, len(all_of_them)))
            found.append(_step(running, all_of_them[:count], seconds))
            print(_row(kind, found[-1]), flush=True)
            if found[-1].p99 > TARGET:
                break
    return found


def _one(running: Service, number: int) -> Inside:
    inside = running.environment(f"person-{number}", "alpha")
    notebooks.save_notebook(running.context, inside.place(NOTEBOOK), written(document(SIZE, seed=number)), None)
    return inside


def _step(running: Service, here: Sequence[Inside], seconds: float) -> Step:
    begins = time.monotonic() + 15
    plan = Plan(
        url=running.url,
        environments=[
            {"key": each.key, "address": each.address(NOTEBOOK), "version": _version(running, each)} for each in here
        ],
        size=SIZE, every=EVERY, begins=begins, seconds=WARM_SECONDS + seconds,
    )  # fmt: skip
    with TemporaryDirectory(prefix="tsp-bench-") as folder:
        told = Path(folder) / "told.jsonl"
        (Path(folder) / "plan.json").write_text(json.dumps(asdict(plan)))
        paths = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
        generator = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.simulated", f"{folder}/plan.json", told], env=paths
        )
        time.sleep(max(0.0, begins - time.monotonic()))
        before, began = running.processor_seconds(), time.monotonic()
        time.sleep(WARM_SECONDS + seconds)
        cores = (running.processor_seconds() - before) / (time.monotonic() - began)
        assert generator.wait(120) == 0, "the environments ended with an error"
        saves = [Told(**json.loads(line)) for line in told.read_text().splitlines()]
    counted = [each for each in saves if each.due >= begins + WARM_SECONDS]
    return Step(
        environments=len(here),
        seconds=[each.acknowledged - each.due for each in counted if each.acknowledged is not None],
        never=sum(each.acknowledged is None for each in counted),
        acknowledged=sum(each.acknowledged is not None for each in saves),
        lost=_lost(running, here, saves),
        failures=Counter(failure for each in saves for failure in each.failures),
        cores=cores,
        late=quantile(_lateness(saves), 0.99),
    )


def _lateness(saves: Sequence[Told]) -> list[float]:
    before: dict[int, float] = defaultdict(float)
    found = []
    for each in sorted(saves, key=lambda each: each.due):
        if each.due > before[each.environment]:
            found.append(each.sent - each.due)
        before[each.environment] = each.acknowledged or float("inf")
    return found


def _lost(running: Service, here: Sequence[Inside], saves: Sequence[Told]) -> int:
    """How many acknowledged saves are not found: their bytes, their version, and of each notebook the last one."""
    by_environment: dict[int, list[Told]] = defaultdict(list)
    for each in saves:
        by_environment[each.environment].append(each)
    return sum(_lost_of(running, here[number], theirs) for number, theirs in by_environment.items())


def _lost_of(running: Service, inside: Inside, saves: Sequence[Told]) -> int:
    bucket = running.context.bucket(inside.workspace_id)
    with running.context.database.read() as connection:
        row = notebook_records.notebook_at(connection, inside.workspace_id, NOTEBOOK)
        versions = notebook_records.versions_of(connection, row.id) if row else []
    told = {each.sha256 for each in versions}
    kept = {sha256 for sha256, _ in blobs.listed(bucket) if digest_of(blobs.read(bucket, sha256)) == sha256}
    lost = sum(each.acknowledged is not None and each.sha256 not in told & kept for each in saves)
    last = max(saves, key=lambda each: each.due)
    is_last_there = digest_of(bucket.read(FOLDER + NOTEBOOK)[0]) == last.sha256
    return lost + (last.acknowledged is not None and not is_last_there)


def _version(running: Service, inside: Inside) -> str:
    return str(running.context.bucket(inside.workspace_id).stat(FOLDER + NOTEBOOK).version)
