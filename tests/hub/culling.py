"""Hours that go by in the service's clocks of one environment, which are moved; and what the culler did about it."""

from __future__ import annotations

import json

from deployment import Workspace, until

MOVE = """
import sys
from dataclasses import replace
from datetime import timedelta
from terraspawner import wiring
from terraspawner.db import activity_records
from terraspawner.operations.activity import GRACE_UNTIL
here, by = sys.argv[1], timedelta(minutes=float(sys.argv[2]))
context = wiring.build_context(wiring.settings_from_environ())
with context.database.write() as connection:
    kept = activity_records.kept(connection, [here])[here]
    names = ("started_at", "human_at", "busy_since", "rests_since", "work_ended_at", *sys.argv[3:])
    moved = {name: at - by for name in names if (at := getattr(kept.clocks, name))}
    work = tuple(replace(each, since=each.since - by) for each in kept.clocks.work)
    clocks = replace(kept.clocks, **moved, work=work)
    revision, now = kept.revision + 1, context.now()
    activity_records.put(connection, here, clocks, revision=revision, next_look_at=now)
    if grace := activity_records.moment(connection, GRACE_UNTIL):  # of a service that was started just before
        activity_records.note_moment(connection, GRACE_UNTIL, grace - by)
"""

MOVE_PAUSED = """
import sys
from datetime import timedelta
from terraspawner import wiring
from terraspawner.db import activity_records, records
from terraspawner.operations.activity import GRACE_UNTIL
here, by = sys.argv[1], timedelta(days=float(sys.argv[2]))
context = wiring.build_context(wiring.settings_from_environ())
with context.database.write() as connection:
    kept = activity_records.kept(connection, [here])[here]
    since = records.environment_by_id(connection, here).since - by
    alarmed = {name: (at - by).isoformat() for name, at in kept.alarmed.items()}
    records.update_environment(connection, here, since=since)
    revision, now = kept.revision + 1, context.now()
    decided_at = kept.decided_at - by if kept.decided_at else None
    moved = {"alarmed": alarmed, "decided_at": decided_at}
    activity_records.note(connection, here, **moved, revision=revision, next_look_at=now)
    if grace := activity_records.moment(connection, GRACE_UNTIL):  # of a service that was started just before
        activity_records.note_moment(connection, GRACE_UNTIL, grace - by)
"""

LOOKED = """
import sys, time
from terraspawner import wiring
from terraspawner.db import activity_records
here = sys.argv[1]
context = wiring.build_context(wiring.settings_from_environ())
end = time.monotonic() + 60
while time.monotonic() < end:
    with context.database.read() as connection:
        if activity_records.kept(connection, [here])[here].next_look_at > context.now():
            print("looked")
            break
    time.sleep(0.2)
"""

CLOCKS = """
import json, sys
from terraspawner import wiring
from terraspawner.db import activity_records
context = wiring.build_context(wiring.settings_from_environ())
with context.database.read() as connection:
    kept = activity_records.kept(connection, [sys.argv[1]])[sys.argv[1]]
print(json.dumps({name: str(getattr(kept.clocks, name)) for name in ("started_at", "human_at", "busy_since")}))
"""


def passes(workspace: Workspace, minutes: float, *, is_heard: bool = True) -> None:
    """All that was so far was so much earlier; it reports as it did, or its last report is as old as that too."""
    silent = () if is_heard else ("reported_at", "sampled_at")
    _run(workspace, MOVE, workspace.environment()["id"], str(minutes), *silent)


def rests(workspace: Workspace, days: float) -> None:
    """It was paused so much earlier, and its person told of it."""
    _run(workspace, MOVE_PAUSED, workspace.environment()["id"], str(days))


def _run(workspace: Workspace, script: str, *words: str) -> str:
    """A script in the service, beside it."""
    service = workspace.owner.deployment.service("workspaces")
    done = service.exec_run(["with-secrets", "python", "-c", script, *words])
    assert done.exit_code == 0, done.output.decode()
    return done.output.decode()  # type: ignore[no-any-return]


def decided(workspace: Workspace) -> list[tuple[str, str]]:
    """Acts and names, the oldest first."""
    answer = workspace.owner.api.get(f"{workspace.path}/environment/decisions")
    assert answer.status_code == 200, answer.text
    found = [(each["decision"]["act"], each["decision"]["name"]) for each in answer.json()["items"]]
    return found[::-1]


def reports(workspace: Workspace, state: str = "idle") -> None:
    """It has told of its kernels."""
    until(lambda: workspace.environment()["kernels"], "it reports a kernel")
    until(lambda: {each["state"] for each in workspace.environment()["kernels"]} == {state}, f"its kernel is {state}")


def comes_next(workspace: Workspace) -> str:
    """The name of what will stop it."""
    return str((workspace.environment()["next_stop"] or {}).get("name"))


def is_looked_at(workspace: Workspace) -> None:
    """The culler has looked at it as it is, and let it be."""
    assert _run(workspace, LOOKED, workspace.environment()["id"]).strip() == "looked"


def clocks(workspace: Workspace) -> dict[str, str]:
    """What limits it: since when it is up, when its person was last there, since when it is busy."""
    told: dict[str, str] = json.loads(_run(workspace, CLOCKS, workspace.environment()["id"]))
    return told
