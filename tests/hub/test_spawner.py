"""TerraSpawner through the real Hub on the real Engine: same checks by every door, no secret left behind."""

from __future__ import annotations

import json

import pytest

from deployment import Deployment, Person, Workspace, unique, until
from terraspawner.deploy import images

pytestmark = pytest.mark.docker


def server(person: Person, slug: str) -> str:
    return f"/users/{person.name}/servers/{slug}"


@pytest.mark.feature("A5", "C3")
def test_the_hubs_own_rest_starts_pauses_and_deletes(ana: Person, workspace: Workspace) -> None:
    assert ana.hub.post(server(ana, workspace.slug)).status_code in (201, 202)
    workspace.wait_for("running")
    container = workspace.container().id
    assert ana.hub.delete(server(ana, workspace.slug)).status_code in (202, 204)
    workspace.wait_for("paused")
    assert workspace.container().status == "exited"
    assert ana.hub.post(server(ana, workspace.slug)).status_code in (201, 202)
    workspace.wait_for("running")
    assert workspace.container().id == container
    disk = workspace.environment()["disk"]["id"]
    gone = ana.hub.request("DELETE", server(ana, workspace.slug), json={"remove": True})
    assert gone.status_code in (202, 204)
    workspace.wait_for("none")
    assert f"{ana.deployment.name}-disk-{disk}" in ana.deployment.volumes()


def test_the_default_server_is_refused_with_a_sentence_and_a_link(ana: Person) -> None:
    answer = ana.hub.post(f"/users/{ana.name}/server")
    assert answer.status_code == 400
    assert "belong to workspaces" in answer.json()["message"]
    page = ana.browser_session.get(f"/hub/spawn/{ana.name}")
    assert "belong to workspaces" in page.text
    assert 'href="/services/workspaces/"' in page.text


def test_following_a_link_to_the_hubs_start_page_starts_nothing(ana: Person, workspace: Workspace) -> None:
    page = ana.browser_session.get(f"/hub/spawn/{ana.name}/{workspace.slug}")
    assert "This starts your environment" in page.text
    assert workspace.environment()["state"] == "none"
    xsrf = ana.browser_session.cookies.get("_xsrf", path="/hub/") or ""
    started = ana.browser_session.post(f"/hub/spawn/{ana.name}/{workspace.slug}", data={"_xsrf": xsrf})
    assert started.status_code == 200
    workspace.wait_for("running")


@pytest.mark.parametrize("slug", ["no-such-workspace", "x"])
def test_a_server_that_is_no_workspace_is_refused(ana: Person, slug: str) -> None:
    answer = ana.hub.post(server(ana, slug))
    assert answer.status_code == 404
    assert "No workspace of yours" in answer.json()["message"]
    assert ana.deployment.containers(user=ana.name, workspace=slug) == []
    ana.hub.request("DELETE", server(ana, slug), json={"remove": True})


def test_nobody_starts_an_environment_in_another_ones_workspace(ben: Person, workspace: Workspace) -> None:
    assert ben.hub.post(server(ben, workspace.slug)).status_code == 404
    assert ben.hub.post(f"/users/ana/servers/{workspace.slug}").status_code in (403, 404)
    assert workspace.environment()["state"] == "none"
    ben.hub.request("DELETE", server(ben, workspace.slug), json={"remove": True})


@pytest.mark.feature("C9", "C10")
def test_user_options_are_a_wish_and_never_a_permission(ana: Person, workspace: Workspace) -> None:
    for options in ({"size": "huge"}, {"size": {"cpu": 64}}, {"memory": "64G"}, {"image": "terraspawner/hub:0.1.0"}):
        answer = ana.hub.post(server(ana, workspace.slug), json={"user_options": options})
        assert answer.status_code == 400, answer.text
        assert next(iter(options)) in answer.json()["message"]
        assert workspace.environment()["state"] == "none"
    # the Hub would repeat what was wished; it must not be in the way of the next start
    assert ana.hub.post(server(ana, workspace.slug)).status_code in (201, 202)
    workspace.wait_for("running")
    assert workspace.container().attrs["Config"]["Image"] == images.PYTHON


@pytest.mark.feature("C5")
def test_each_start_has_a_fresh_token_and_the_old_one_is_dead(ana: Person, workspace: Workspace) -> None:
    def tokens() -> tuple[str, str]:
        script = "tr '\\0' '\\n' < /proc/1/environ | grep -E '^(JUPYTERHUB_API_TOKEN|TERRA_ENVIRONMENT_KEY)='"
        said = dict(line.split("=", 1) for line in workspace.execute("sh", "-c", script)[1].split())
        return said["JUPYTERHUB_API_TOKEN"], said["TERRA_ENVIRONMENT_KEY"]

    def answers(token: str, key: str) -> tuple[int, int]:
        ours = ana.deployment.get(
            "/services/workspaces/api/v1/environments/self", headers={"Authorization": f"environment {key}"}
        )
        return ana.deployment.status_of_token(token), ours.status_code

    workspace.start()
    first = tokens()
    assert answers(*first) == (200, 200)
    workspace.pause()
    # our row is written before the Hub has revoked its token, some milliseconds earlier
    until(lambda: answers(*first) == (403, 401), "both are dead", within=5)
    workspace.start()
    second = tokens()
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert answers(*first) == (403, 401)
    assert answers(*second) == (200, 200)


@pytest.mark.feature("C15")
def test_no_secret_lies_in_configuration_or_layer(workspace: Workspace) -> None:
    workspace.start()
    script = "tr '\\0' '\\n' < /proc/1/environ"
    said = dict(line.split("=", 1) for line in workspace.execute("sh", "-c", script)[1].splitlines() if "=" in line)
    secrets = [said["JUPYTERHUB_API_TOKEN"], said["TERRA_ENVIRONMENT_KEY"]]
    container = workspace.container()
    assert not any(secret in json.dumps(container.attrs) for secret in secrets)
    changed = [item["Path"] for item in container.diff()]
    assert "/run/terra/start.json" not in changed
    workspace.pause()
    assert "/run/terra/start.json" not in [item["Path"] for item in workspace.container().diff()]


@pytest.mark.feature("C15")
def test_the_limits_hold_and_root_is_out_of_reach(workspace: Workspace) -> None:
    workspace.start()
    host = workspace.container().attrs["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (1024**3, 1024**3, 512)
    assert host["NanoCpus"] == 0
    assert host["CpuQuota"] == 100_000
    status = workspace.execute("cat", "/proc/1/status")[1]
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == ["1000"] * 4
    assert facts["NoNewPrivs"] == "1"
    assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == int(facts["CapAmb"], 16) == 0
    assert workspace.execute("sh", "-c", "ls /var/run/docker.sock")[0] != 0
    assert workspace.execute("touch", "/opt/terra/server/x")[0] != 0
    assert workspace.execute("touch", "/mnt/workspace/notebooks/x")[0] != 0


REACH = """
import socket, sys
for target in sys.argv[1:]:
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        print(target, "open")
    except OSError as error:
        print(target, "closed")
"""


@pytest.mark.feature("C15")
def test_an_environment_reaches_the_two_ports_it_needs_and_no_neighbour(ana: Person, workspace: Workspace) -> None:
    neighbour = ana.workspace(unique("network-neighbour"))
    neighbour.start()
    workspace.start()
    network = f"{ana.deployment.name}-users"

    def address(container: object) -> str:
        return container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"]  # type: ignore[attr-defined]

    hub, service, proxy = (address(ana.deployment.service(name)) for name in ("hub", "workspaces", "proxy"))
    core = ana.deployment.service("proxy").attrs["NetworkSettings"]["Networks"][f"{ana.deployment.name}-core"]
    gateway = ana.deployment.docker.networks.get(network).attrs["IPAM"]["Config"][0]["Gateway"]
    targets = {
        f"{hub}:8081": "open",
        f"{service}:8010": "open",
        f"{address(neighbour.container())}:8888": "closed",
        f"{proxy}:8000": "closed",
        f"{proxy}:8001": "closed",
        f"{core['IPAddress']}:8001": "closed",
        "169.254.169.254:80": "closed",
        f"{gateway}:22": "closed",
        f"{gateway}:{ana.deployment.port}": "closed",
    }
    said = workspace.execute("python", "-c", REACH, *targets)[1]
    assert dict(line.rsplit(" ", 1) for line in said.splitlines()) == targets
    neighbour.delete(disk="delete")


@pytest.mark.feature("C13")
def test_a_start_that_fails_is_paused_with_reason_and_log_and_can_be_tried_again(
    ana: Person, workspace: Workspace
) -> None:
    workspace.start()
    assert workspace.shell("echo precious > ~/precious.txt")[0] == 0
    container = workspace.container()
    server_program = "/opt/terra/server/bin/python"
    assert container.exec_run(["mv", server_program, server_program + ".away"], user="0").exit_code == 0
    workspace.pause()
    ana.api.post(f"{workspace.path}/environment/start", json={})
    failed = until(
        lambda: (seen := workspace.environment())["state"] == "paused" and seen["reason"] and seen, "it failed"
    )
    assert "ended by itself" in failed["reason"]
    assert any("server/bin/python" in line for line in failed["log"])
    # of this start alone: what an earlier one said is not its reason
    assert not any("ServerApp" in line for line in failed["log"])
    # a new container from the image is whole again; the disk was not touched
    workspace.delete()
    workspace.start()
    assert workspace.shell("cat ~/precious.txt")[1].strip() == "precious"


SLOW = """
cd /opt/terra/server/bin && mv python python.real
printf '#!/bin/sh\nsleep 60\n' > python && chmod 755 python
"""


def test_a_start_that_is_cancelled_leaves_nothing_running(ana: Person, workspace: Workspace) -> None:
    workspace.start()
    # from now on this container takes longer to answer than anybody waits
    assert workspace.execute("sh", "-c", SLOW, user="0")[0] == 0
    workspace.pause()
    ana.api.post(f"{workspace.path}/environment/start", json={})
    workspace.wait_for("starting")
    assert ana.api.post(f"{workspace.path}/environment/pause", json={}).status_code in (200, 202)
    seen = workspace.wait_for("paused", within=30)
    assert "cancelled" in seen["reason"] or "interrupted" in seen["reason"]
    until(lambda: workspace.container().status != "running", "nothing runs")
    workspace.delete()
    workspace.start()
    assert workspace.shell("echo here")[1].strip() == "here"


def test_a_crash_shows_in_time_with_its_reason(workspace: Workspace) -> None:
    workspace.start()
    workspace.container().kill()
    seen = workspace.wait_for("paused", within=30)
    assert "exit code 137" in seen["reason"]
    workspace.start()


@pytest.mark.feature("A6")
def test_a_restart_of_the_hub_leaves_running_environments_alone(ana: Person, workspace: Workspace) -> None:
    workspace.start()
    container = workspace.container()
    started = container.attrs["State"]["StartedAt"]
    ana.deployment.service("hub").kill()
    ana.deployment.service("hub").start()

    def is_ready() -> bool:
        answer = ana.hub.get(f"/users/{ana.name}")
        return answer.status_code == 200 and answer.json()["servers"].get(workspace.slug, {}).get("ready", False)

    until(is_ready, "the Hub knows the running environment", within=90)
    container.reload()
    assert container.attrs["State"]["StartedAt"] == started
    api = ana.browser_session.get(f"{workspace.server_url}api/status", headers={"Authorization": f"token {ana.token}"})
    assert api.status_code == 200
    # the token of the running server was kept sealed: a pause after the restart kills it
    script = "tr '\\0' '\\n' < /proc/1/environ | grep ^JUPYTERHUB_API_TOKEN= | cut -d= -f2"
    token = workspace.execute("sh", "-c", script)[1].strip()
    workspace.pause()
    until(lambda: ana.deployment.status_of_token(token) == 403, "the token is dead", within=5)


def test_the_sealed_token_is_not_readable_in_the_hubs_database(deployment: Deployment, workspace: Workspace) -> None:
    workspace.start()
    script = "tr '\\0' '\\n' < /proc/1/environ | grep ^JUPYTERHUB_API_TOKEN= | cut -d= -f2"
    token = workspace.execute("sh", "-c", script)[1].strip()
    assert len(token) >= 32
    look = deployment.service("hub").exec_run(["grep", "-c", token, "-r", "/srv/terra/hub"])
    assert look.exit_code == 1, look.output
