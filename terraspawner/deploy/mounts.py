"""The machine's folder in which the mounter mounts what environments see.

It must be a shared mount, so that mounts made in the mounter's container reach the machine and other containers. Where
``/`` is shared, as systemd leaves it, any folder is; else root binds the folder on itself and shares it, again after
each reboot. Nobody is asked whether that works: a throw-away container of the mounter's tries it, with the very
propagation that the service will have. Where it does not, the service comes up without, and what is shared on a drive
appears at an environment's next start; pages and health say so.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from terraspawner.deploy import health, images, machine
from terraspawner.deploy.commands import SetupStopped, attempt
from terraspawner.settings import Settings

MOUNTINFO = Path("/proc/self/mountinfo")
SHARED, FOLLOWING, PRIVATE = "rshared", "rslave", "rw"
"""The last leaves it to the Engine, which takes no `rprivate` below its own folder."""
OPTIONS = (
    "--network", "none", "--user", "0", "--cap-drop", "ALL", "--cap-add", "SYS_ADMIN",
    "--cap-add", "MKNOD", "--device-cgroup-rule", "b 7:* rmw", "--device-cgroup-rule", "c 10:237 rmw",
    "--security-opt", "no-new-privileges", "--security-opt", "apparmor=unconfined",
)  # fmt: skip

DISKS = "disks"
"""The folder of disks that are images, in the folder of mounts: as `containers.disk_images` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Whether mounts reach running environments; if not, `why`."""

    is_live: bool
    why: str = ""

    @property
    def setting(self) -> str:
        return "yes" if self.is_live else "no"

    @property
    def propagation(self) -> str:
        """Of the folder in the mounter, for docker-compose.yml."""
        return SHARED if self.is_live else PRIVATE

    @property
    def following(self) -> str:
        """Of a part of it in a service that sees what is mounted there, and mounts nothing."""
        return FOLLOWING if self.is_live else PRIVATE


def folder_of(settings: Settings, engine_root: Path) -> str:
    """Beside what the Engine keeps, so on the disk that was meant for containers' data."""
    return settings.mounts_host_path or str(engine_root / "terraspawner" / settings.deployment)


def prepare(settings: Settings, folder: str) -> Prepared:
    """Make the folder, share it where that may be done, and try. Needs the hub image."""
    if settings.live_mounts == "no":
        return Prepared(is_live=False, why="TERRA_LIVE_MOUNTS is no")
    if machine.is_root():
        _share(Path(folder))
    if _is_live_already(settings.deployment):
        return Prepared(is_live=True)
    done = _in_mounter(folder, SHARED, "probe")
    if done.returncode:
        return Prepared(is_live=False, why=_last_line(done.stderr))
    said = json.loads(done.stdout)
    return Prepared(is_live=bool(said["is_live"]), why=str(said["why"]))


def check_disks(settings: Settings, prepared: Prepared, folder: str) -> None:
    """Where new disks are to be images: one is made, mounted and removed. Raises `SetupStopped` with what is amiss."""
    if settings.disks != "image":
        return
    why = prepared.why
    if prepared.is_live:
        done = _in_mounter(folder, SHARED, "probe-disks")
        why = _last_line(done.stderr) if done.returncode else str(json.loads(done.stdout)["why"])
    if why:
        raise SetupStopped(f"Disks cannot be images on this machine: {why} Set TERRA_DISKS=volume, or put that right.")


def _last_line(said: str) -> str:
    return (said.strip().splitlines() or ["the mounter did not start"])[-1]


def _share(folder: Path) -> None:
    """Bind it on itself and share it, unless it lies on a shared mount already. Failure is told by the trial."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not is_shared(folder, MOUNTINFO.read_text()):
        attempt(["mount", "--bind", str(folder), str(folder)])
        attempt(["mount", "--make-rshared", str(folder)])


def is_shared(folder: Path, mountinfo: str) -> bool:
    """Whether the mount that `folder` lies on is shared, by the kernel's list; of several in one place the last."""
    lines = (line.split(" - ")[0].split() for line in mountinfo.splitlines())
    found = [(len(fields[4]), fields[6:]) for fields in lines if folder.is_relative_to(fields[4])]
    longest = max(length for length, _ in found)
    *_, flags = (flags for length, flags in found if length == longest)
    return any(flag.startswith("shared:") for flag in flags)


def remove(folder: str) -> str:
    """Unmount all that is mounted there and empty it; the containers that had it are gone. Returns what was done.

    By a container with the folder shared, so that it takes no root here; what it unmounts is unmounted for everybody.
    """
    if images.label_of(images.HUB) is None:
        return f"kept in {folder}, since the image hub is gone"
    done = _in_mounter(folder, SHARED, "remove")
    if done.returncode:
        # nothing was ever shared there
        done = _in_mounter(folder, PRIVATE, "remove")
    if done.returncode:
        return f"not removed: {json.dumps(done.stderr.strip()[-200:])}"
    if machine.is_root():
        _unshare(Path(folder))
    return "removed"


def _unshare(folder: Path) -> None:
    attempt(["umount", str(folder)])
    for each in (folder, folder.parent):
        if each.is_dir() and not any(each.iterdir()):
            each.rmdir()


def _is_live_already(deployment: str) -> bool:
    """Whether a mounter runs that has tried it: a second `make up` is quick."""
    container = health.container_of(deployment, "mounter")
    asked = ["answers", "--show", "unix:/srv/terra/run/mounter.sock:/health"]
    done = attempt(["docker", "exec", container["Id"], *asked], timeout=15) if container else None
    return bool(done and done.returncode == 0 and json.loads(done.stdout).get("live"))


def _in_mounter(folder: str, propagation: str, word: str) -> subprocess.CompletedProcess[str]:
    """``python -m terraspawner.host.mounter <word>`` with the powers of the service."""
    words = ["docker", "run", "--rm", *OPTIONS, "--volume", f"{folder}:{folder}:{propagation}"]
    words += ["--env", f"TERRA_MOUNTS_HOST_PATH={folder}", images.HUB]
    return attempt([*words, "python", "-m", "terraspawner.host.mounter", word], timeout=60)
