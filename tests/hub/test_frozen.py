"""Frozen: processes stand still, memory stays, and a wake goes on where they were (FEATURES.md C8)."""

from __future__ import annotations

import httpx
import pytest

from deployment import API, Deployment, Person, Workspace, until
from hub.kernels import Kernel, measured

pytestmark = pytest.mark.docker


@pytest.fixture
def kernel(workspace: Workspace) -> Kernel:
    """A kernel that holds something, in a running environment."""
    workspace.start()
    started = Kernel.started(workspace)
    assert started.run("held = 40; print(held)") == "40"
    return started


@pytest.mark.feature("C8")
def test_a_wake_goes_on_with_the_variables_and_the_same_token(
    deployment: Deployment, workspace: Workspace, kernel: Kernel
) -> None:
    token, began = workspace.server_token(), workspace.container().attrs["State"]["StartedAt"]
    frozen = workspace.freeze()
    assert workspace.container().status == "paused"
    assert frozen["frozen_memory"] > 0
    assert frozen["actions"] == ["delete", "pause", "start"]
    # the route is gone: asking says so at once and wakes nothing
    assert workspace.owner.browser_session.get(f"{workspace.server_url}api/status").status_code == 424
    assert workspace.environment()["state"] == "frozen"
    assert deployment.status_of_token(token) == 200

    seconds, printed = measured(workspace, kernel, "held += 2; print(held)")
    print(f"from the wish to wake to a cell's result: {seconds:.3f} s")
    assert printed == "42"
    assert workspace.server_token() == token
    assert deployment.status_of_token(token) == 200
    assert workspace.container().attrs["State"]["StartedAt"] == began
    assert workspace.environment()["frozen_memory"] is None
    # from here on it is a server as any other
    workspace.pause()
    until(lambda: deployment.status_of_token(token) == 403, "the token is dead", within=5)


def server(workspace: Workspace, owner: str = "ana") -> str:
    return f"/users/{owner}/servers/{workspace.slug}"


@pytest.mark.feature("A5", "C8")
def test_the_hubs_own_rest_wakes_pauses_and_deletes_what_is_frozen(
    ana: Person, workspace: Workspace, kernel: Kernel
) -> None:
    token = workspace.server_token()
    workspace.freeze()
    assert "This wakes it" in ana.browser_session.get(f"/hub/spawn/{ana.name}/{workspace.slug}").text
    assert workspace.environment()["state"] == "frozen"
    assert ana.hub.post(server(workspace)).status_code in (201, 202)
    workspace.wait_for("running")
    assert kernel.run("print(held)") == "40"

    workspace.freeze()
    assert ana.hub.delete(server(workspace)).status_code in (202, 204)
    workspace.wait_for("paused")
    # it was thawed to hear that it shall end, and ended by itself
    assert workspace.container().attrs["State"]["ExitCode"] == 0
    until(lambda: ana.deployment.status_of_token(token) == 403, "the token is dead", within=5)

    workspace.start()
    token, container = workspace.server_token(), workspace.container()
    workspace.freeze()
    assert ana.hub.request("DELETE", server(workspace), json={"remove": True}).status_code in (202, 204)
    workspace.wait_for("none")
    container.reload()
    # in the trash: it was thawed to hear that it shall end, and is kept
    assert (container.status, container.attrs["State"]["ExitCode"]) == ("exited", 0)
    assert ana.deployment.status_of_token(token) == 403


KEY = "tr '\\0' '\\n' < /proc/1/environ | grep ^TERRA_ENVIRONMENT_KEY= | cut -d= -f2"


@pytest.mark.feature("C8", "C15")
def test_nobody_else_wakes_it_and_its_token_lies_nowhere_in_clear(
    ana: Person, ben: Person, workspace: Workspace, kernel: Kernel
) -> None:
    key, token = workspace.execute("sh", "-c", KEY)[1].strip(), workspace.server_token()
    assert len(key) >= 32
    workspace.freeze()
    start = f"{workspace.path}/environment/start"
    assert ben.api.post(start).status_code == 404
    assert ben.hub.post(server(workspace)).status_code in (403, 404)
    assert ben.hub.delete(server(workspace)).status_code in (403, 404)
    for secret in (f"environment {key}", f"token {token}", f"token {key}"):
        asked = httpx.post(f"{ana.deployment.url}{API}{start}", headers={"Authorization": secret}, timeout=30)
        assert asked.status_code in (401, 403), asked.text
    assert workspace.environment()["state"] == "frozen"
    for place in ("/srv/terra/hub", "/srv/terra/db"):
        look = ana.deployment.service("hub").exec_run(["grep", "-c", token, "-r", place])
        assert look.exit_code == 1, look.output
    logs = ana.deployment.service("hub").logs() + ana.deployment.service("workspaces").logs()
    assert token.encode() not in logs
    workspace.start()
    assert kernel.run("print(held)") == "40"


def test_a_token_that_its_owner_revoked_is_not_revived_by_a_wake(
    ana: Person, workspace: Workspace, kernel: Kernel
) -> None:
    token = workspace.server_token()
    workspace.freeze()
    note = f"Server at {workspace.server_url}"
    known = ana.hub.get(f"/users/{ana.name}/tokens").json()["api_tokens"]
    (revoked,) = [item["id"] for item in known if item["note"] == note]
    gone = ana.hub.delete(f"/users/{ana.name}/tokens/{revoked}")
    assert gone.status_code == 204, gone.text
    # started anew, with a token of its own: what it held is lost, and the old token stays dead
    workspace.start()
    assert workspace.server_token() != token
    assert ana.deployment.status_of_token(token) == 403


@pytest.mark.full
def test_what_is_paused_past_us_is_frozen_and_what_ends_while_it_is_frozen_says_so(
    workspace: Workspace, kernel: Kernel
) -> None:
    workspace.container().pause()
    workspace.wait_for("frozen")
    workspace.start()
    assert kernel.run("print(held)") == "40"
    token = workspace.server_token()
    workspace.freeze()
    workspace.container().kill()
    assert "ended while it was frozen" in workspace.wait_for("paused")["reason"]
    until(lambda: workspace.owner.deployment.status_of_token(token) == 403, "the token is dead", within=5)


LOOK = """
import asyncio
from dataclasses import replace
from terraspawner import wiring
from terraspawner.host_client import HostClient
from terraspawner.web.deeds import Deeds
from terraspawner.web.memory_watch import MemoryWatch

settings = wiring.settings_from_environ()
context = wiring.build_context(replace(settings, memory_reserve=100))
asyncio.run(MemoryWatch(Deeds(context), HostClient(settings.host_socket)).look())
"""


@pytest.mark.full
@pytest.mark.feature("C8", "G9")
def test_when_the_machine_is_short_of_memory_it_is_paused_and_its_person_reads_why(
    workspace: Workspace, kernel: Kernel
) -> None:
    """Any machine has less than all of its memory left. The service's own looks find plenty, so this one looks on."""
    workspace.freeze()
    service = workspace.owner.deployment.service("workspaces")

    def is_paused() -> bool:
        looked = service.exec_run(["with-secrets", "python", "-c", LOOK])
        assert looked.exit_code == 0, looked.output.decode()
        return bool(workspace.environment()["state"] == "paused")

    until(is_paused, "what is frozen is paused")
    assert "of memory left of" in workspace.environment()["reason"]
    assert "below 100 % what was frozen first is paused, which keeps its disk." in workspace.environment()["reason"]
    decided = workspace.owner.api.get(f"{workspace.path}/environment/decisions").json()["items"]
    assert (decided[0]["decision"]["act"], decided[0]["decision"]["name"]) == ("pause", "memory-short")
