"""What an environment's container is made of: a pure function of values, compared whole in tests.

No secret and nothing that changes from start to start stands here (TRAPS.md 3): that is delivered as a file at
each start (`start_file`), so a kept container never holds a stale token, and neither does its layer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from terraspawner.containers import disk_images
from terraspawner.containers.binds import (
    BUCKET_DATA,
    BUCKET_NOTEBOOKS,
    WORKSPACE,
    bucket_in,
    of_bucket,
    writes_too_much,
)
from terraspawner.containers.mounts import HOME, Mount, drive_mounts, has_other_drive
from terraspawner.domain.disk import DiskKind
from terraspawner.domain.environment import Environment
from terraspawner.domain.library import Shown
from terraspawner.domain.workspace import Workspace
from terraspawner.errors_starts import StartFailed
from terraspawner.settings import Settings

DATA = "/data"
_KEPT = (HOME, DATA, WORKSPACE, BUCKET_DATA, BUCKET_NOTEBOOKS)
"""What outlives the container."""
SCRATCH = "/scratch"
ROOMS = {"WORKSPACE_DATA_DISK": DATA, "SCRATCH": SCRATCH}
"""Environment variable -> where it is mounted."""
CA_BUNDLE = "/etc/terra/ca-bundle.pem"
PORT = 8888

LABEL = "terraspawner."
_ID = re.compile(r"[0-9a-f]{16}")
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID")
"""Enough for the entry script to become the user and for ``apt-get`` by a root exec (TRAPS.md 15)."""


_CPU_PERIOD = 100_000
_LIMITS = {"Memory": "mem_limit", "MemorySwap": "memswap_limit", "CpuPeriod": "cpu_period", "CpuQuota": "cpu_quota"}
"""The Engine's names for what docker-py calls otherwise."""


def limits_of(cpu: float, memory: int) -> dict[str, int]:
    """A size as docker-py takes it. No swap: what does not fit ends, and does not slow down everybody."""
    return {
        "mem_limit": memory,
        "memswap_limit": memory,
        "cpu_period": _CPU_PERIOD,
        "cpu_quota": int(cpu * _CPU_PERIOD),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPlan:
    """Everything that the Engine is told when the container is made. Sizes in bytes, `cpu` in cores."""

    name: str
    image: str
    labels: Mapping[str, str]
    mounts: tuple[Mount, ...]
    network: str
    cpu: float
    memory: int
    pids: int
    stop_seconds: int

    @property
    def spec_hash(self) -> str:
        """Changes exactly when a container made by this plan would differ in what cannot be changed of it later."""
        spec = [
            self.image,
            [[m.kind, m.source, m.target, m.is_read_only] for m in self.mounts],
            self.network,
            self.pids,
        ]
        return hashlib.sha256(json.dumps(spec).encode()).hexdigest()[:16]

    def limits(self) -> dict[str, int]:
        """What can be changed of a container that is there: for ``create_host_config`` and ``update_container``."""
        return limits_of(self.cpu, self.memory)

    def has_limits(self, host_config: Mapping[str, Any]) -> bool:
        """Whether a container with this configuration, as the Engine tells it, has the plan's size."""
        limits = self.limits()
        return all(host_config[theirs] == limits[ours] for theirs, ours in _LIMITS.items())

    def create_arguments(self) -> dict[str, Any]:
        """For ``APIClient.create_container``, without the host configuration."""
        return {
            "image": self.image,
            "name": self.name,
            "labels": {**self.labels, f"{LABEL}spec": self.spec_hash},
            "user": "0",
            "hostname": "environment",
            "stop_signal": "SIGTERM",
        }

    def host_arguments(self) -> dict[str, Any]:
        """For ``APIClient.create_host_config``."""
        return {
            "network_mode": self.network,
            "mounts": [mount.as_json() for mount in self.mounts],
            **self.limits(),
            "pids_limit": self.pids,
            "cap_drop": ["ALL"],
            "cap_add": list(CAPABILITIES),
            "security_opt": ["no-new-privileges"],
            "shm_size": min(self.memory // 2, 512 * 1024**2),
            "log_config": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
        }


def is_identifier(text: str) -> bool:
    """Whether it has the shape of our ids."""
    return _ID.fullmatch(text) is not None


def container_name(settings: Settings, environment_id: str) -> str:
    return f"{settings.deployment}-env-{environment_id}"


def volume_name(settings: Settings, disk_id: str) -> str:
    return f"{settings.deployment}-disk-{disk_id}"


def plan_environment(
    settings: Settings,
    environment: Environment,
    workspace: Workspace,
    drive: Sequence[Shown] = (),
    images: Collection[str] = (),
) -> ContainerPlan:
    """The container of an environment, from ids and settings alone; `drive` is what its drive shows now, `images` are
    the ids of disks that are images.

    Raises `StartFailed` for an id that is none of ours: a row must not be able to name a path of the host.
    """
    data_disk = environment.data_disk_id
    ids = [environment.id, environment.disk_id, workspace.id, *([data_disk] if data_disk else [])]
    for identifier in (*ids, *(library.id for library in drive)):
        if not is_identifier(identifier):
            raise StartFailed(f"The id {identifier!r} in our database is none of ours, so nothing was started.")
    mounts = [
        _disk(settings, environment.disk_id, HOME, images),
        *(
            drive_mounts(settings, environment.id, drive)
            if workspace.has_drive
            else of_bucket(settings, environment, workspace)
        ),
        Mount(
            kind="volume", source="", target=SCRATCH, is_read_only=False, labels=scratch_labels(settings, environment)
        ),
    ]
    if data_disk:
        mounts.append(_disk(settings, data_disk, DATA, images))
    if settings.ca_bundle_host_path:
        mounts.append(Mount(kind="bind", source=settings.ca_bundle_host_path, target=CA_BUNDLE, is_read_only=True))
    return ContainerPlan(
        name=container_name(settings, environment.id),
        image=environment.image,
        labels=environment_labels(settings, environment),
        mounts=tuple(mounts),
        network=settings.users_network,
        cpu=environment.size.cpu,
        memory=environment.size.memory,
        pids=settings.pids_limit,
        stop_seconds=settings.stop_timeout,
    )


def must_be_made_anew(plan: ContainerPlan, container: Mapping[str, Any]) -> bool:
    """Whether a container, as the Engine tells of it, cannot be changed into what `plan` says: its image or one of its
    disks is another one, its bucket lies elsewhere by now, its drive shows something else, or it writes where `plan`
    only reads."""
    return (
        container["Config"]["Image"] != plan.image
        or _lies_elsewhere(plan, container["Mounts"])
        or has_other_drive(plan.mounts, container["Mounts"])
        or writes_too_much(plan.mounts, container["Mounts"])
    )


def _lies_elsewhere(plan: ContainerPlan, mounts: Sequence[Mapping[str, Any]]) -> bool:
    """A disk or the bucket: what is written would go where nobody looks any more. An Engine in a machine of its own
    puts something in front of a folder."""
    wanted = {mount.target: bucket_in(mount.source) for mount in plan.mounts if mount.target in _KEPT}
    there = {at: each.get("Name") or each.get("Source", "") for each in mounts if (at := each["Destination"]) in _KEPT}
    return wanted.keys() != there.keys() or any(
        not bucket_in(there[at]).endswith(source) for at, source in wanted.items()
    )


def environment_labels(settings: Settings, environment: Environment) -> dict[str, str]:
    return _labels(settings, environment, "environment") | {f"{LABEL}environment": environment.id}


def volumes(settings: Settings, environment: Environment, images: Collection[str] = ()) -> dict[str, dict[str, str]]:
    """The volumes of an environment's disks, by name, with their labels; `images` have none."""
    labels = {environment.disk_id: _labels(settings, environment, "disk")}
    if environment.data_disk_id:
        data = {f"{LABEL}disk": environment.data_disk_id, f"{LABEL}disk-kind": str(DiskKind.DATA)}
        labels[environment.data_disk_id] = labels[environment.disk_id] | data
    return {volume_name(settings, disk_id): labels[disk_id] for disk_id in labels if disk_id not in images}


def _disk(settings: Settings, disk_id: str, target: str, images: Collection[str]) -> Mount:
    kind, source = "volume", volume_name(settings, disk_id)
    if disk_id in images:
        kind, source = "bind", disk_images.home_of(settings.mounts_host_path, disk_id)
    return Mount(kind=kind, source=source, target=target, is_read_only=False)


def scratch_labels(settings: Settings, environment: Environment) -> dict[str, str]:
    """Of the room that is emptied at each pause: a volume of the container's own, on the machine's disk. A tmpfs would
    be empty by itself, but its files count against the environment's memory, and large files are what it is for."""
    labels = {"deployment": settings.deployment, "kind": "scratch", "environment": environment.id}
    return {f"{LABEL}{name}": value for name, value in labels.items()}


def rooms(mounts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Variables for what is mounted beside the home folder in a container, as the Engine tells of it: one that was made
    before there was such room goes on without."""
    there = {mount["Destination"] for mount in mounts}
    return {name: target for name, target in ROOMS.items() if target in there}


def _labels(settings: Settings, environment: Environment, kind: str) -> dict[str, str]:
    return {
        f"{LABEL}deployment": settings.deployment,
        f"{LABEL}kind": kind,
        f"{LABEL}user": environment.user,
        f"{LABEL}workspace": environment.workspace_id,
        f"{LABEL}disk": environment.disk_id,
    }
