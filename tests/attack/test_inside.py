"""Inside an environment, as a hostile notebook: no power, no neighbour, no secret but its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deployment import ROOT, Workspace, unique, until
from terraspawner.deploy import images
from tests.attack.scene import Scene

pytestmark = pytest.mark.docker

NO_POWER = {
    "a user namespace": "unshare -Ur true",
    "a mount namespace": "unshare -m true",
    "a mount": "mount -t tmpfs none /mnt",
    "a bind mount": "mount --bind / /mnt",
    "a device": "mknod /tmp/device b 8 0",
    "another root": "chroot / true",
    "another's namespace": "nsenter -t 1 -n true",
    "root by su": "echo | su -c id",
    "root by python": "python3 -c 'import os; os.setuid(0)'",
    "another user": "python3 -c 'import os; os.setgid(0)'",
    "a raw socket": "python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)'",
    "a packet socket": "python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'",
    "a file of root's": "touch ~/mine && chown 0 ~/mine",
    "the server's program": "touch /opt/terra/server/x",
    "the kernel's program": "touch /opt/terra/kernel/x",
    "the entry": "echo x >> /usr/local/bin/entry || echo x >> /opt/terra/bin/entry",
    "the start folder": "touch /run/terra/start.json",
    "the start folder's place": "mv /run/terra /run/other",
    "the bucket's notebooks": "touch /mnt/workspace/notebooks/x",
    "the bucket's other folders": "touch /mnt/workspace/x",
    "its limits": "echo max > /sys/fs/cgroup/memory.max || echo -1 > /sys/fs/cgroup/memory/memory.limit_in_bytes",
    "the kernel's settings": "echo 0 > /proc/sys/kernel/randomize_va_space",
    "the machine's end": "echo b > /proc/sysrq-trigger",
    "the machine's memory": "head -c 1 /proc/kcore",
    "the kernel's log": "dmesg",
    "the machine's disks": "cat /dev/sda /dev/vda",
    "the hub's files": "ls /srv/terra",
    "our code": "ls /opt/terra/etc/jupyterhub_config.py",
}
"""Shell lines that fail for whoever has no power."""
SETUID = "find / -xdev -perm /6000 -type f 2>/dev/null"


@pytest.mark.parametrize("what", NO_POWER)
def test_a_notebook_gains_nothing(scene: Scene, what: str) -> None:
    code, said = scene.alpha.execute("bash", "-c", NO_POWER[what])
    assert code != 0, said


def test_no_program_gives_its_owners_rights(scene: Scene) -> None:
    """Programs that would elsewhere: no-new-privileges takes it from each, whatever is in the image."""
    for line in (*scene.alpha.execute("bash", "-c", SETUID)[1].split(), "/bin/true"):
        said = scene.alpha.execute("bash", "-c", f"{line} --help </dev/null >/dev/null 2>&1; cat /proc/self/status")[1]
        facts = dict(item.split(":\t", 1) for item in said.splitlines() if ":\t" in item)
        assert (facts["NoNewPrivs"], int(facts["CapBnd"], 16) & 1 << 21) == ("1", 0), line
        assert int(facts["CapEff"], 16) == 0


REACH = """
import concurrent.futures, socket, sys
def reach(target):
    host, _, port = target.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        return "open"
    except OSError:
        return "closed"
with concurrent.futures.ThreadPoolExecutor(50) as pool:
    print(*map(" ".join, zip(sys.argv[1:], pool.map(reach, sys.argv[1:]))), sep="\\n")
"""


def address(container: Any) -> str:
    (network,) = (
        net for name, net in container.attrs["NetworkSettings"]["Networks"].items() if name.endswith("-users")
    )
    return str(network["IPAddress"])


def test_a_neighbour_and_our_own_ports_are_shut(scene: Scene) -> None:
    deployment = scene.deployment
    mine, other = scene.beta.container(), address(scene.alpha.container())
    hub, service, proxy = (deployment.service(name) for name in ("hub", "workspaces", "proxy"))
    core = [
        container.attrs["NetworkSettings"]["Networks"][f"{deployment.name}-core"]["IPAddress"]
        for container in (hub, service, proxy)
    ]
    table = scene.alpha.execute("cat", "/proc/net/tcp")[1].splitlines()[1:]
    ports = {8888, 22, 80} | {int(line.split()[1].partition(":")[2], 16) for line in table}
    shut = {f"{other}:{port}" for port in ports if port}
    shut |= {f"{address(proxy)}:8000", f"{address(proxy)}:8001", f"{address(hub)}:8000", f"{address(service)}:8011"}
    shut |= {f"{at}:{port}" for at in core for port in (8000, 8001, 8010, 8081)}
    opened = {f"{address(hub)}:8081", f"{address(service)}:8010"}
    said = mine.exec_run(["python", "-c", REACH, *sorted(shut | opened)], user="1000").output.decode()
    answers = dict(line.rsplit(" ", 1) for line in said.splitlines())
    assert {target for target, answer in answers.items() if answer == "open"} == opened
    assert set(answers) == shut | opened


def test_environments_share_no_folder(scene: Scene) -> None:
    mounts = {at.name: at.container().attrs["Mounts"] for at in (scene.alpha, scene.beta)}
    shared = ("/etc/terra/ca-bundle.pem",)
    sources = [{mount["Source"] for mount in found if mount["Destination"] not in shared} for found in mounts.values()]
    assert sources[0] & sources[1] == set()
    for found in mounts.values():
        assert {m["Destination"]: m["RW"] for m in found if m["Destination"] not in shared} == {
            "/home/jupyter": True,
            "/mnt/workspace/bucket": True,
            "/mnt/workspace/notebooks": False,
            "/scratch": True,
        }
    said = scene.beta.execute(
        "bash", "-c", "find / -xdev -newermt 2000-01-01 -name 'attack-a-*' 2>/dev/null; ls -R /mnt"
    )
    assert scene.alpha.name not in said[1]


@pytest.fixture(scope="module")
def secrets(scene: Scene) -> dict[str, str]:
    """Every secret there is at this moment, by what it is."""
    kept = json.loads((ROOT / ".terraspawner" / scene.deployment.name / "secrets.json").read_text())
    found = {**kept, **{f"password of {name}": word for name, word in scene.deployment.logins().items()}}
    for person in (scene.ana, scene.ben, scene.operator):
        found[f"token of {person.name}"] = person.token
    for at in (scene.alpha, scene.beta):
        variables = scene.variables(at)
        found |= {f"{name} of {at.name}": variables[name] for name in ("JUPYTERHUB_API_TOKEN", "TERRA_ENVIRONMENT_KEY")}
    assert all(len(secret) > 7 for secret in found.values())
    return found


def named(secrets: dict[str, str], text: str) -> list[str]:
    return [what for what, secret in secrets.items() if secret in text]


def everything(scene: Scene) -> Iterator[Any]:
    label = f"terraspawner.deployment={scene.deployment.name}"
    yield from scene.deployment.docker.containers.list(all=True, filters={"label": label}, ignore_removed=True)


def test_no_secret_is_told_by_the_engine(scene: Scene, secrets: dict[str, str]) -> None:
    """Configuration, log, processes and changed paths of every container, and how every image was made."""
    found = {}
    for container in everything(scene):
        texts = {
            "inspect": json.dumps(container.attrs),
            "diff": json.dumps(container.diff() or []),
            "logs": container.logs().decode(errors="replace"),
            "top": json.dumps(container.top()) if container.status == "running" else "",
        }
        found |= {f"{container.name} {where}": hit for where, text in texts.items() if (hit := named(secrets, text))}
    for tag in (images.HUB, images.PYTHON):
        image = scene.deployment.docker.images.get(tag)
        if hit := named(secrets, json.dumps([image.attrs, image.history()])):
            found[tag] = hit
    assert found == {}


READ_ALL = """
import os, pathlib
for path in pathlib.Path("/srv/terra").rglob("*"):
    if "buckets" not in path.parts and os.access(path, os.R_OK) and path.is_file():
        print(path.read_bytes().decode("latin-1"))
"""


def test_no_secret_lies_open_in_a_database_or_a_folder(scene: Scene, secrets: dict[str, str]) -> None:
    """Keys and tokens of containers are kept as hashes or sealed; those of our processes in their own memory alone."""
    for name in ("hub", "workspaces"):
        container = scene.deployment.service(name)
        text = container.exec_run(["python", "-c", READ_ALL]).output.decode("utf-8", errors="replace")
        assert "SQLite format 3" in text
        assert named(secrets, text) == [], name


def test_an_environment_holds_its_own_secrets_alone(scene: Scene, secrets: dict[str, str]) -> None:
    script = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline ~/.* ~/.jupyter/* /run/terra/* /tmp/* 2>/dev/null"
    for at in (scene.alpha, scene.beta):
        own = {f"JUPYTERHUB_API_TOKEN of {at.name}", f"TERRA_ENVIRONMENT_KEY of {at.name}"}
        assert set(named(secrets, at.execute("bash", "-c", script)[1])) == own


def is_start_file_gone(at: Workspace) -> bool:
    changed = [item["Path"] for item in at.container().diff() or []]
    return not any(path.startswith("/run/terra/") for path in changed)


def test_the_start_file_is_gone_at_every_moment_after_a_start(scene: Scene, secrets: dict[str, str]) -> None:
    at = scene.ben.workspace(unique("start-file"))
    try:
        for _ in range(2):
            at.start()
            assert is_start_file_gone(at)
            assert at.execute("ls", "-A", "/run/terra", user="0") == (0, "")
            key = scene.variables(at)["TERRA_ENVIRONMENT_KEY"]
            at.pause()
            assert is_start_file_gone(at)
            archive, _ = at.container().get_archive("/run")
            assert key.encode() not in b"".join(archive)
        until(lambda: at.environment()["state"] == "paused", "it is paused")
    finally:
        scene.ben.api.delete(f"{at.path}/environment", params={"disk": "delete", "force": "true"})
