"""Daily stop and autostart on a real Hub and Engine; the clock is moved, in a process beside the service's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from deployment import Workspace, until
from hub.kernels import Kernel

pytestmark = [pytest.mark.docker, pytest.mark.full]

LOOK = """
import asyncio, logging, sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from terraspawner import wiring
from terraspawner.host_client import HostClient
from terraspawner.hub import HubClient
from terraspawner.mounter_client import MounterClient
from terraspawner.web.app import create_app
from terraspawner.web.pace import Pace
from terraspawner.web.scheduler import Scheduler

async def look(now):
    settings = wiring.settings_from_environ()
    context = replace(wiring.build_context(settings), now=lambda: now)
    hub, host = HubClient(settings.hub_api_url, settings.service_token), HostClient(settings.host_socket)
    scheduler = Scheduler()
    mounter = MounterClient(settings.mounter_socket)
    scheduler.attend(create_app(context, hub, host, mounter, vendor=Path("/tmp"), pace=Pace(ask=60)).state.parts)
    await scheduler.look()

logging.basicConfig(level=logging.INFO)
asyncio.run(look(datetime.fromisoformat(sys.argv[1])))
"""
HALF_PAST_NOON = {"at": "12:30", "zone": "Asia/Kathmandu"}
WORK = "import os, time\nwhile not os.path.exists('/tmp/done'): time.sleep(0.1)\nprint('worked')"


def look(workspace: Workspace, at: str, **later: float) -> None:
    """What the service would do if it were this time."""
    now = (datetime.fromisoformat(at) + timedelta(**later)).isoformat()
    service = workspace.owner.deployment.service("workspaces")
    done = service.exec_run(["with-secrets", "python", "-c", LOOK, now])
    assert done.exit_code == 0, done.output.decode()


def say(workspace: Workspace, **policy: object) -> dict[str, str]:
    answer = workspace.owner.api.patch(f"{workspace.path}/environment", json={"policy": policy})
    assert answer.status_code == 200, answer.text
    return answer.json()["schedule"]  # type: ignore[no-any-return]


def actors(workspace: Workspace, action: str) -> list[str]:
    items = workspace.owner.api.get("/audit", params={"action": action}).json()["items"]
    here = workspace.environment()["id"]
    return [item["actor"] for item in items if item["subject"] == f"environment:{here}"]


@pytest.mark.feature("C19")
def test_a_daily_stop_waits_for_work_then_pauses_and_an_autostart_starts_the_same_container(
    workspace: Workspace,
) -> None:
    workspace.start()
    container = workspace.container().id
    kernel = Kernel.started(workspace)
    stops_at = say(workspace, daily_stop=HALF_PAST_NOON)["stops_at"]
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(kernel.run, WORK)
        until(lambda: [each["state"] for each in workspace.environment()["kernels"]] == ["busy"], "it is busy")
        look(workspace, stops_at, seconds=5)
        assert workspace.environment()["state"] == "running"
        assert workspace.shell("touch /tmp/done")[0] == 0
        assert work.result() == "worked"
    until(lambda: [each["state"] for each in workspace.environment()["kernels"]] == ["idle"], "it is idle")
    look(workspace, stops_at, minutes=1)
    here = workspace.wait_for("paused")
    assert here["reason"] == "Paused by the daily stop at 12:30 Asia/Kathmandu."
    assert workspace.container().status == "exited"
    assert actors(workspace, "environment-stopped") == ["(schedule)"]

    starts_at = say(workspace, daily_stop="off", autostart=HALF_PAST_NOON)["starts_at"]
    look(workspace, starts_at, seconds=-5)
    assert workspace.environment()["state"] == "paused"
    look(workspace, starts_at, seconds=5)
    here = workspace.wait_for("running")
    assert here["started_by_rule"] == "Started by itself at 12:30 Asia/Kathmandu."
    assert workspace.container().id == container
    assert actors(workspace, "environment-start")[0] == "(schedule)"
    workspace.pause()
    look(workspace, starts_at, seconds=15)
    assert workspace.environment()["state"] == "paused"
    assert actors(workspace, "environment-stopped")[0] == workspace.owner.name


@pytest.mark.feature("C19")
def test_what_is_frozen_is_paused_by_the_daily_stop_and_nothing_starts_in_quiet_hours(workspace: Workspace) -> None:
    workspace.start()
    workspace.freeze()
    stops_at = say(workspace, daily_stop=HALF_PAST_NOON)["stops_at"]
    look(workspace, stops_at, seconds=5)
    assert "daily stop" in workspace.wait_for("paused")["reason"]
    quiet = {"start": "12:00", "end": "13:00", "zone": "Asia/Kathmandu", "days": ["sat", "sun"]}
    starts_at = say(workspace, daily_stop="off", autostart=HALF_PAST_NOON, quiet_hours=quiet)["starts_at"]
    assert datetime.fromisoformat(starts_at).weekday() < 5
    one_day = {**quiet, "days": ["mon", "tue", "wed", "thu", "fri", "sat"]}
    starts_at = say(workspace, quiet_hours=one_day)["starts_at"]
    assert datetime.fromisoformat(starts_at).weekday() == 6
    look(workspace, starts_at, days=-1, seconds=5)
    assert workspace.environment()["state"] == "paused"
