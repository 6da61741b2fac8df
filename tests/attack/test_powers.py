"""The Docker socket and the `host` service, looked at from inside every real container of the deployment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from terraspawner.host.__main__ import api
from terraspawner.host.asked import ALLOWED_UIDS
from terraspawner.host.mounter import __main__ as mounter
from terraspawner.host.mounter.probe import Ability
from terraspawner.host.netprobe import NetworkProbe
from terraspawner.host.rules import LINK_LOCAL, guard_of, is_in_place, parse_saved
from terraspawner.settings import Settings
from tests.attack.scene import Scene
from waiting import until

pytestmark = pytest.mark.docker

WITH_DOCKER, WITHOUT_DOCKER = ("hub", "host"), ("proxy", "workspaces", "netguard", "mounter")
CAPABILITIES = {
    "proxy": set(), "workspaces": set(), "hub": set(), "host": set(), "netguard": {"NET_ADMIN", "NET_RAW"},
    "mounter": {"SYS_ADMIN", "MKNOD"},
}  # fmt: skip
BITS = {"NET_ADMIN": 12, "NET_RAW": 13, "SYS_ADMIN": 21, "MKNOD": 27}
SOCKETS = {"/srv/terra/run/host.sock", "/srv/terra/run/mounter.sock"}
NETWORKS = {"host": "none", "mounter": "none", "netguard": "host"}
FIND_SOCKETS = """
import os, stat
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys")]
    for name in files:
        try:
            if stat.S_ISSOCK(os.lstat(os.path.join(folder, name)).st_mode):
                print(os.path.join(folder, name))
        except OSError:
            pass
"""


def containers(scene: Scene) -> dict[str, Any]:
    ours = {name: scene.deployment.service(name) for name in (*WITH_DOCKER, *WITHOUT_DOCKER)}
    return ours | {"ana's environment": scene.alpha.container(), "ben's environment": scene.beta.container()}


def python_of(name: str) -> str:
    return "/usr/bin/python3" if "environment" in name else "python"


@pytest.mark.parametrize("name", [*WITHOUT_DOCKER, "ana's environment", "ben's environment"])
def test_the_engine_is_out_of_reach(scene: Scene, name: str) -> None:
    container = containers(scene)[name]
    mounts = container.attrs["Mounts"]
    assert [mount for mount in mounts if mount["Source"].endswith(".sock")] == []
    assert not any(
        mount["Source"].rstrip("/") in ("", "/run", "/var/run", "/var", "/var/lib/docker") for mount in mounts
    )
    for user in (container.attrs["Config"]["User"] or "0", "0"):
        found = container.exec_run([python_of(name), "-I", "-c", FIND_SOCKETS], user=user)
        sockets = set(found.output.decode().split())
        assert {path for path in sockets if "docker" in path or "containerd" in path} == set(), sockets
        assert sockets <= SOCKETS or "environment" in name, sockets
    host = container.attrs["HostConfig"]
    assert (host["Privileged"], host["PidMode"], host["IpcMode"], host["Devices"] or []) == (False, "", "private", [])
    assert not container.attrs["Config"]["Env"] or not any(
        "DOCKER_HOST" in line for line in container.attrs["Config"]["Env"]
    )


def test_the_engines_group_is_given_to_the_hub_alone(scene: Scene) -> None:
    """So a process of another container could not connect, were the socket there."""
    mounts = scene.deployment.service("host").attrs["Mounts"]
    (source,) = (mount["Source"] for mount in mounts if mount["Destination"].endswith("docker.sock"))
    facts = Path(source).stat()
    assert (facts.st_mode & 0o007, facts.st_uid) == (0, 0)
    for name in WITHOUT_DOCKER:
        groups = groups_of(scene, name)
        assert facts.st_gid == 0 or facts.st_gid not in groups, name
    assert facts.st_gid in groups_of(scene, "hub")


def groups_of(scene: Scene, name: str) -> set[int]:
    status = status_of(scene.deployment.service(name))
    return {int(number) for number in (status["Groups"] + " " + status["Gid"]).split()}


def status_of(container: Any) -> dict[str, str]:
    text = container.exec_run(["cat", "/proc/1/status"], user=container.attrs["Config"]["User"] or "0").output.decode()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


@pytest.mark.parametrize("name", CAPABILITIES)
def test_a_process_has_the_powers_of_its_task(scene: Scene, name: str) -> None:
    container = scene.deployment.service(name)
    status = status_of(container)
    allowed = sum(1 << BITS[word] for word in CAPABILITIES[name])
    for field in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        assert int(status[field], 16) & ~allowed == 0, field
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    host = container.attrs["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["NetworkMode"] == NETWORKS.get(name, f"{scene.deployment.name}-core")
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0


ASK = """
import http.client, json, os, socket, sys
uid, gid, requests = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(f"/srv/terra/run/{sys.argv[4]}.sock")
for method, path, body, *times in requests:
    connection = Unix("host", timeout=30)
    try:
        connection.request(method, path, body=(body * (times[0] if times else 1)).encode("latin-1") or None)
        print(json.dumps([method, path, connection.getresponse().status]))
    except OSError as error:
        print(json.dumps([method, path, type(error).__name__]))
"""
MALFORMED = (
    "0123456789ABCDEF", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeg", "..", "%2e%2e", "..%2f..%2fetc",
    "%2fvar%2frun%2fdocker.sock", "0123456789abcdef%00", "0123456789abcdef%0a", "0123456789abcdef%20",
    "terraspawner-db", "*", "%2a", "0123456789abcdef,x", "0123456789abcdef;rm%20-rf", "%EF%BC%90123456789abcde",
    "0x23456789abcdef", "-123456789abcdef", "%7B%22id%22:1%7D", "label=x", "0" * 1000,
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT")
BODIES = (
    "",
    "{",
    ("[", 50_000),
    '{"command": ["id"], "path": "/etc/passwd", "image": "debian", "user": 0}',
    ("x", 80_000),
)
"""Texts; with a number, so many times."""


ON_SOCKETS = ("host", "mounter")


def routes_of(service: str) -> list[tuple[str, str]]:
    """Method and path of every route, as the service itself has them."""
    settings = Settings(mounts_host_path="/nowhere", live_mounts="yes")
    parts = {
        "host": lambda: api(settings, NetworkProbe(settings)),
        "mounter": lambda: mounter.api(settings, Ability(is_live=True)),
    }
    application = parts[service]().application()
    return sorted({(route.method, route.resource.canonical) for route in application.router.routes() if route.resource})


def asked(scene: Scene, name: str, user: str, requests: Sequence[tuple[object, ...]]) -> dict[tuple[str, str], Any]:
    uid, gid = user.split(":")
    service = scene.deployment.service(name)
    answers: dict[tuple[str, str], Any] = {}
    for start in range(0, len(requests), 200):
        words = ["python", "-I", "-c", ASK, uid, gid, json.dumps(requests[start : start + 200]), name]
        said = service.exec_run(words, user=user)
        assert said.exit_code == 0, said.output.decode()[-2000:]
        answers |= {(m, p): code for m, p, code in map(json.loads, said.output.decode().splitlines())}
    return answers


def with_ids(service: str, identifiers: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Every path of a route that takes an id, with every method and each of `identifiers`."""
    paths = sorted({path for _, path in routes_of(service) if "{id}" in path})
    assert paths
    return [
        (method, path.replace("{id}", identifier), "")
        for path in paths
        for identifier in identifiers
        for method in METHODS
        if method != "CONNECT"
    ]


@pytest.mark.parametrize("service", ON_SOCKETS)
@pytest.mark.parametrize("uid", sorted(ALLOWED_UIDS))
def test_the_services_on_sockets_take_ids_and_nothing_else(scene: Scene, uid: int, service: str) -> None:
    """From those whom it serves: malformed ids are refused by every method, and nothing is done."""
    answers = asked(scene, service, f"{uid}:2000", with_ids(service, MALFORMED))
    assert {what: code for what, code in answers.items() if code not in (400, 404, 405, 414, 422)} == {}
    scene.assert_untouched()
    assert scene.alpha.container().status == "running"


@pytest.mark.parametrize("service", ON_SOCKETS)
def test_they_survive_bodies_that_are_none(scene: Scene, service: str) -> None:
    paths = [(method, path.replace("{id}", "00000000000000ee")) for method, path in routes_of(service)]
    for body in BODIES:
        said = body if isinstance(body, tuple) else (body,)
        wanted = [(method, path, *said) for method, path in paths if path != "/network/probe" and method != "HEAD"]
        for request, code in asked(scene, service, "2002:2000", wanted).items():
            assert isinstance(code, str) or code < 500, (request, body)
    scene.assert_untouched()


STRANGERS = ("1000:1000", "1000:2000", "2003:2003", "2003:2000", "65534:2000", "1:2000", "2000:2000", "65534:65534")


@pytest.mark.parametrize("service", ON_SOCKETS)
@pytest.mark.parametrize("user", STRANGERS)
def test_they_serve_no_other_user(scene: Scene, user: str, service: str) -> None:
    """Outside of the socket's group nobody connects; inside of it the kernel tells who it is."""
    here = scene.alpha.environment()["id"]
    paths = [(m, path.replace("{id}", here), "") for m, path in routes_of(service) if m != "HEAD"]
    answers = set(asked(scene, service, user, paths).values())
    assert answers == ({403} if user.endswith(":2000") else {"PermissionError"})
    scene.assert_untouched()


def test_the_packet_rules_shut_out_the_metadata_addresses(scene: Scene) -> None:
    """Looked at, not tried: the rules of this deployment drop them before anything is let through."""
    settings = Settings.from_environ(scene.deployment.environ)
    guard = scene.deployment.service("netguard")
    resolvers = guard.exec_run(
        ["python", "-c", "from terraspawner.host.netguard import read_resolvers; print(*read_resolvers())"]
    ).output.decode()
    wanted = guard_of(settings, resolvers.split())
    saved = ""

    def is_guarded() -> bool:
        nonlocal saved
        saved = guard.exec_run(["iptables-nft-save", "-t", "filter"], user="0").output.decode()
        return is_in_place(saved, wanted)

    # whoever puts a rule of their own before ours is found out at the guard's next look
    try:
        until(is_guarded, "every rule is in place", 20)
    except AssertionError as error:
        raise AssertionError(f"{error}: {wanted.chains} in\n{saved}") from None
    (chain, _), *_ = wanted.chains
    rules = parse_saved(saved)[chain]
    drop = next(place for place, rule in enumerate(rules) if f"-d {LINK_LOCAL}" in rule and "-j DROP" in rule)
    opened = [rule for rule in rules[:drop] if "-j DROP" not in rule and "--dport 53" not in rule]
    assert opened == ["-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]
