"""Environments with their bucket in a real S3 server: mounted to write and to read, whatever goes away meanwhile."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployment import Deployment, Person, Workspace, deployed, unique, until, with_settings
from object_store import ObjectStore, object_store
from terraspawner.containers.plan import BUCKET_DATA, BUCKET_NOTEBOOKS

pytestmark = [pytest.mark.docker, pytest.mark.feature("H2")]

NAME, SUBNET = "tsp-mounts", 112
SECRETS = ("AKIA-NOT-TO-BE-TOLD", "deep-and-dark-secret")
SIGNAL = """
import os, pathlib, sys
found = [int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit()
         and b"rcd" in (p / "cmdline").read_bytes().split(b"\\0")]
[os.kill(pid, int(sys.argv[1])) for pid in found]
print(len(found))
"""


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store("0.0.0.0") as made:
        yield made


@pytest.fixture(scope="module")
def mounting(store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text(f"AWS_ACCESS_KEY_ID={SECRETS[0]}\nAWS_SECRET_ACCESS_KEY={SECRETS[1]}\n")
    core = with_settings(NAME, SUBNET).environ["TERRA_CORE_SUBNET"]
    settings = {
        "TERRA_BUCKETS": f"s3://{store.bucket}/terra",
        "TERRA_BUCKETS_ENDPOINT": f"http://{ipaddress.ip_network(core)[1]}:{store.port}",
        "TERRA_BUCKETS_REGION": "us-east-1",
        "TERRA_BUCKETS_CREDENTIALS_FILE": str(keys),
    }
    with deployed(NAME, SUBNET, lambda _: settings) as made:
        yield made


@pytest.fixture(scope="module")
def ana(mounting: Deployment) -> Iterator[Person]:
    person = mounting.person("ana")
    yield person
    person.close()


@pytest.fixture(scope="module")
def ben(mounting: Deployment) -> Iterator[Person]:
    person = mounting.person("ben")
    yield person
    person.close()


@pytest.fixture(scope="module")
def workspace(ana: Person) -> Workspace:
    """ana's, who writes; it runs."""
    made = ana.workspace(unique("mounted"))
    made.start()
    return made


@pytest.fixture(scope="module")
def bens(ben: Person, workspace: Workspace) -> Workspace:
    """The same as ben has it, who may only read; it runs."""
    shared = workspace.shared(ben, "reader", compute=True)
    shared.start()
    return shared


def keys_of(store: ObjectStore, workspace: Workspace) -> str:
    """Where the objects of its bucket are."""
    (found,) = {key.rpartition("/notebooks/")[0] for key in store.list() if key.endswith(f"/{workspace.name}.ipynb")}
    return found


def mount_of(workspace: Workspace) -> dict[str, Any]:
    return workspace.environment()["bucket_mount"] or {}


def until_mounted(workspace: Workspace) -> None:
    until(lambda: mount_of(workspace).get("state") == "mounted", "it is mounted", 90)


def signal_rclones(deployment: Deployment, number: int) -> int:
    done = deployment.service("mounts").exec_run(["python", "-c", SIGNAL, str(number)])
    assert done.exit_code == 0, done.output
    return int(done.output)


def test_a_writer_writes_into_the_store_and_a_reader_reads_it(
    store: ObjectStore, workspace: Workspace, bens: Workspace
) -> None:
    until_mounted(workspace)
    workspace.create_notebook(f"{workspace.name}.ipynb")
    at = keys_of(store, workspace)
    assert workspace.shell(f"mkdir -p {BUCKET_DATA}/deep && echo 1,2 > {BUCKET_DATA}/deep/table.csv") == (0, "")
    until(lambda: store.read(f"{at}/data/deep/table.csv") == b"1,2\n", "it is in the store")
    until(lambda: bens.shell(f"cat {BUCKET_DATA}/deep/table.csv") == (0, "1,2\n"), "ben reads it")
    until(lambda: workspace.shell(f"ls {BUCKET_NOTEBOOKS}") == (0, f"{workspace.name}.ipynb\n"), "notebooks are there")
    for at_hand, command in (
        (bens, f"echo x > {BUCKET_DATA}/x"), (bens, f"rm {BUCKET_DATA}/deep/table.csv"),
        (bens, f"mkdir {BUCKET_DATA}/y"), (bens, f"rm {BUCKET_NOTEBOOKS}/{workspace.name}.ipynb"),
        (bens, "touch /mnt/workspace/x"),
        (workspace, f"echo x > {BUCKET_NOTEBOOKS}/x.ipynb"), (workspace, "touch /mnt/workspace/x"),
        (workspace, f"rmdir {BUCKET_DATA}"), (workspace, f"ln -s / {BUCKET_DATA}/out"),
    ):  # fmt: skip
        code, said = at_hand.shell(command)
        assert code != 0, (command, said)
        root = at_hand.execute("sh", "-c", command, user="0")
        assert root[0] != 0, (command, root)
    assert store.read(f"{at}/data/deep/table.csv") == b"1,2\n"


def test_a_dead_rclone_comes_back_in_the_running_environment(
    mounting: Deployment, store: ObjectStore, workspace: Workspace, bens: Workspace
) -> None:
    until_mounted(workspace)
    assert workspace.shell(f"echo before > {BUCKET_DATA}/before")[0] == 0
    for number in (9, 19):
        assert signal_rclones(mounting, number) >= 1
        for at_hand in (workspace, bens):
            until(
                lambda at=at_hand: at.shell(f"timeout 20 cat {BUCKET_DATA}/before") == (0, "before\n"), "it is back", 90
            )
        until_mounted(workspace)
    assert workspace.environment()["state"] == "running"
    del store


def test_the_service_that_mounts_killed_is_told_and_over_when_it_is_back(
    mounting: Deployment, store: ObjectStore, workspace: Workspace
) -> None:
    until_mounted(workspace)
    service = mounting.service("mounts")
    service.kill()
    until(lambda: mount_of(workspace).get("state") == "gone", "it is told")
    assert "not answering" in mount_of(workspace)["reason"]
    page = workspace.owner.browser_session.get(
        f"/services/workspaces/workspaces/{workspace.path.split('/workspaces/')[1]}"
    )
    assert "Files of the bucket are not there" in page.text
    assert workspace.shell(f"ls {BUCKET_DATA}/before")[0] != 0
    assert workspace.shell(f"touch {BUCKET_DATA}/x")[0] != 0
    assert workspace.pause()["state"] == "paused"
    assert workspace.start()["state"] == "running"
    service.start()
    until_mounted(workspace)
    assert workspace.shell(f"cat {BUCKET_DATA}/before") == (0, "before\n")
    del store


@pytest.mark.parametrize("how", ["hung", "killed"])
def test_a_store_that_is_away_holds_up_no_start_and_no_stop(store: ObjectStore, workspace: Workspace, how: str) -> None:
    until_mounted(workspace)
    assert workspace.shell(f"ls {BUCKET_DATA}")[0] == 0
    store.hang() if how == "hung" else store.kill()
    try:
        assert workspace.shell(f"timeout 20 cat {BUCKET_DATA}/no/such/file")[0] == 1, "an error, and no end by force"
        until(lambda: mount_of(workspace).get("state") == "gone", "it is told", 90)
        assert "store does not answer" in mount_of(workspace)["reason"]
        assert workspace.pause()["state"] == "paused"
        assert workspace.start()["state"] == "running"
    finally:
        store.go_on() if how == "hung" else store.start_again()
    until_mounted(workspace)
    until(lambda: workspace.shell(f"echo {how} > {BUCKET_DATA}/{how}")[0] == 0, "it goes on")
    until(lambda: any(key.endswith(f"/data/{how}") for key in store.list()), "and is sent")


def test_no_credential_is_in_a_container_a_configuration_a_list_of_processes_or_a_log(
    mounting: Deployment, workspace: Workspace
) -> None:
    containers = mounting.docker.containers.list(
        all=True, filters={"label": f"terraspawner.deployment={mounting.name}"}, ignore_removed=True
    )
    assert {"mounts", "workspaces"} <= {each.labels.get("com.docker.compose.service") for each in containers}
    seen = [json.dumps(each.attrs) for each in containers]
    seen += [str(each.top()) for each in containers if each.status == "running"]
    seen += [each.logs().decode(errors="replace") for each in containers]
    seen.append(workspace.shell("env; cat /proc/*/environ /proc/self/mountinfo 2>/dev/null; ls -R /run /etc/terra")[1])
    seen.append(json.dumps(workspace.environment()))
    seen.append(subprocess.run(["ps", "axeww"], capture_output=True, text=True, check=True).stdout)
    assert not [text[:200] for text in seen[:-1] for secret in SECRETS if secret in text]
    words = [Path(f"/proc/{line.split()[0]}/cmdline") for line in seen[-1].splitlines()[1:] if "rclone rcd" in line]
    assert words
    assert not [each for each in words for secret in SECRETS if secret in each.read_text()]


def test_who_mounts_may_mount_and_nothing_else(mounting: Deployment) -> None:
    service = mounting.service("mounts")
    status = service.exec_run(["cat", "/proc/1/status"]).output.decode()
    found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert [int(found[name], 16) for name in ("CapEff", "CapBnd")] == [1 << 21, 1 << 21], "SYS_ADMIN"
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    host = service.attrs["HostConfig"]
    assert (host["Privileged"], host["ReadonlyRootfs"], host["NetworkMode"]) == (False, True, f"{mounting.name}-core")
    assert [each["PathInContainer"] for each in host["Devices"]] == ["/dev/fuse"]
    assert not service.attrs["NetworkSettings"]["Ports"]
    assert not [each for each in service.attrs["Mounts"] if "docker.sock" in each["Source"]]
    listening = service.exec_run(["cat", "/proc/net/tcp"]).output.decode().splitlines()[1:]
    assert not [line for line in listening if line.split()[3] == "0A" and not line.split()[1].startswith("0B00007F")]
