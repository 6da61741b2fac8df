"""The product brought up for real: quiet the second time, closed to others, gone without a trace."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployment import ROOT, Deployment, deployed, until
from terraspawner.deploy import images
from terraspawner.deploy.network import Network
from terraspawner.host import rules
from terraspawner.settings import Settings

pytestmark = pytest.mark.docker

SERVICES = ("netguard", "host", "mounter", "proxy", "workspaces", "hub", "culler")
ASK_HOST = """
import http.client, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/srv/terra/run/host.sock")
connection = Unix("host", timeout=60)
connection.request(sys.argv[1], sys.argv[2])
print(connection.getresponse().read().decode())
"""


def settings_of(deployment: Deployment) -> Settings:
    return Settings.from_environ(deployment.environ)


def started(deployment: Deployment) -> dict[str, str]:
    return {name: deployment.service(name).attrs["State"]["StartedAt"] for name in SERVICES}


def probe(deployment: Deployment) -> dict[str, Any]:
    done = deployment.service("host").exec_run(["python", "-c", ASK_HOST, "POST", "/network/probe"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)  # type: ignore[no-any-return]


def reach(deployment: Deployment, *targets: tuple[str, str, int]) -> dict[str, str]:
    """What a container on the environments' network reaches."""
    said = deployment.docker.containers.run(
        images.HUB,
        ["python", "-m", "terraspawner.host.reach", json.dumps(targets)],
        network=settings_of(deployment).users_network,
        cap_drop=["ALL"],
        remove=True,
    )
    return json.loads(said)["results"]  # type: ignore[no-any-return]


@pytest.mark.feature("A1")
def test_a_second_up_changes_nothing(deployment: Deployment) -> None:
    before, logins = started(deployment), deployment.logins()
    done = deployment.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (started(deployment), deployment.logins()) == (before, logins), deployment.log + done.stdout
    assert f"http://127.0.0.1:{deployment.port}/" in done.stdout
    assert all(password in done.stdout for password in logins.values())


def test_nothing_is_published_beyond_loopback(deployment: Deployment) -> None:
    bindings = [
        binding
        for name in SERVICES
        for published in (deployment.service(name).attrs["HostConfig"]["PortBindings"] or {}).values()
        for binding in published
    ]
    assert bindings == [{"HostIp": "127.0.0.1", "HostPort": str(deployment.port)}]


def test_no_secret_stands_in_a_containers_configuration(deployment: Deployment) -> None:
    kept = json.loads((ROOT / ".terraspawner" / deployment.name / "secrets.json").read_text())
    secrets = [*kept.values(), *deployment.logins().values()]
    assert len(secrets) == 7
    for name in SERVICES:
        shown = json.dumps(deployment.service(name).attrs)
        assert not [secret for secret in secrets if secret in shown], name


@pytest.mark.feature("A1")
def test_status_tells_that_all_is_well(deployment: Deployment) -> None:
    done = deployment.run("status")
    assert done.returncode == 0, done.stdout
    assert "as it must be" in done.stdout


def test_environments_reach_two_ports_of_ours_and_no_others(deployment: Deployment) -> None:
    settings = settings_of(deployment)
    core = Network(settings.core_subnet)
    shut = {
        ("proxy api", settings.proxy_address, 8001),
        ("proxy", settings.proxy_address, 8000),
        ("service elsewhere", settings.service_address, 8011),
        ("core hub", str(core[2]), 8081),
        ("core proxy", str(core[3]), 8001),
        ("core service", str(core[4]), 8010),
        ("metadata", "169.254.169.254", 80),
        ("gateway", settings.users_gateway, 22),
        ("core gateway", str(core[1]), 22),
    }
    open_ = {("hub", settings.hub_address, 8081), ("service", settings.service_address, 8010)}
    answers = reach(deployment, *shut, *open_)
    assert {name: answers[name] for name, _, _ in shut} == {name: "silent" for name, _, _ in shut}
    assert {name: answers[name] for name, _, _ in open_} == {"hub": "connected", "service": "connected"}


def test_lost_rules_are_noticed_and_put_back(deployment: Deployment) -> None:
    guard = deployment.service("netguard")
    (chain, _), (to_host, _) = rules.guard_of(settings_of(deployment)).chains
    guard.pause()
    try:
        for name in (chain, to_host):
            flush(deployment, name)
        found = probe(deployment)
        bad = {finding["check"] for finding in found["findings"] if not finding["ok"]}
        assert found["ok"] is False
        # open without our rules
        assert "this machine's ssh port" in bad
        # and shut without them, by the network itself: lost rules fail closed
        assert "the Hub's API" in bad
        assert "another environment" not in bad
    finally:
        guard.unpause()
    until(lambda: probe(deployment)["ok"], "netguard has put the rules back", 40)


def flush(deployment: Deployment, chain: str) -> None:
    deployment.docker.containers.run(
        images.HUB, ["iptables", "-F", chain], network_mode="host", cap_drop=["ALL"], cap_add=["NET_ADMIN"], remove=True
    )


@pytest.fixture(scope="module")
def short_lived() -> Iterator[Deployment]:
    with deployed("tsp-short", 144) as made:
        yield made


@pytest.mark.feature("A1")
def test_down_keeps_everything_and_clean_leaves_no_trace(short_lived: Deployment) -> None:
    logins, name = short_lived.logins(), short_lived.name
    assert short_lived.run("down").returncode == 0
    assert {short_lived.service(service).status for service in SERVICES} == {"exited"}
    assert policies(short_lived) == {"no"}, "they stay down when the Engine itself is started anew"
    assert short_lived.run("up").returncode == 0
    assert policies(short_lived) == {"always"}
    assert short_lived.logins() == logins
    refused = subprocess.run(
        ["sh", "-c", "echo no | $0 -m terraspawner.deploy clean", sys.executable],
        env=short_lived.environ, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (refused.returncode, "Nothing was deleted." in refused.stderr) == (1, True)
    assert short_lived.run("clean", "--yes").returncode == 0
    engine = short_lived.docker
    label = {"label": f"terraspawner.deployment={name}"}
    assert engine.containers.list(all=True, filters=label) == []
    assert engine.volumes.list(filters=label) == []
    assert engine.networks.list(filters=label) == []
    mounts = Path(engine.info()["DockerRootDir"], "terraspawner", name)
    assert not mounts.exists()
    assert str(mounts) not in Path("/proc/self/mountinfo").read_text()
    mark = rules.guard_of(Settings(deployment=name)).chains[0][0].rpartition("-")[0]
    assert mark not in table(short_lived)
    assert "nothing" in short_lived.run("clean", "--yes").stdout


def policies(deployment: Deployment) -> set[str]:
    found = [deployment.service(service) for service in SERVICES]
    return {each.attrs["HostConfig"]["RestartPolicy"]["Name"] for each in found}


def table(deployment: Deployment) -> str:
    said = deployment.docker.containers.run(
        images.HUB, ["iptables-save"], network_mode="host", cap_drop=["ALL"], cap_add=["NET_ADMIN"], remove=True
    )
    return said.decode()  # type: ignore[no-any-return]


def test_a_port_in_use_is_told_before_anything_is_made(deployment: Deployment) -> None:
    environ = {**deployment.environ, "TERRA_DEPLOYMENT": "tsp-busy", "TERRA_CORE_SUBNET": "172.29.7.0/24",
               "TERRA_USERS_SUBNET": "172.30.96.0/20"}  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as busy:
        environ["TERRA_PORT"] = str(busy.getsockname()[1])
        done = Deployment(name="tsp-busy", port=0, environ=environ).run("up", timeout=60)
    assert done.returncode == 1
    assert "is in use" in done.stderr
    assert "TERRA_PORT" in done.stderr
    assert deployment.docker.networks.list(names=["tsp-busy-core"]) == []
