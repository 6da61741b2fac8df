"""What is mounted into an environment's container, and its drive among that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from terraspawner import mounter_client
from terraspawner.domain.library import Shown
from terraspawner.settings import Settings

HOME = "/home/jupyter"
DRIVE = f"{HOME}/drive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A bind of a host path, or a volume. One without a `source` is the container's own and goes with it; `labels` are
    given to it as it is made. Into one that `follows` comes what is mounted there on the machine while it runs, each
    with a right of its own: `is_read_only` is then the right of the place alone (Engines from 25 on spread it)."""

    kind: str
    source: str
    target: str
    is_read_only: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    follows: bool = False

    def as_json(self) -> dict[str, Any]:
        """As the Engine is told."""
        told = {"Type": self.kind, "Source": self.source, "Target": self.target, "ReadOnly": self.is_read_only}
        if self.follows:
            # the second is for an API from 1.44 on; older ones know neither the name nor the need
            return told | {"BindOptions": {"Propagation": "rslave", "ReadOnlyNonRecursive": True}}
        return told | {"VolumeOptions": {"Labels": dict(self.labels)}} if self.labels else told


def for_mounter(library: Shown) -> mounter_client.Shown:
    """As the mounter is told of it."""
    return mounter_client.Shown(
        id=library.id,
        folder=str(library.folder),
        name=library.name,
        is_read_only=library.is_read_only,
        is_outside=library.is_outside,
    )


def drive_mounts(settings: Settings, environment_id: str, shown: Sequence[Shown]) -> tuple[Mount, ...]:
    """The view that the mounter makes. Where mounts do not reach what runs, the Engine mounts each library itself, into
    the folders that the mounter has made for them; what lies outside of this machine is not there then."""
    view = f"{settings.mounts_host_path}/views/{environment_id}"
    root = Mount(kind="bind", source=view, target=DRIVE, is_read_only=True, follows=settings.has_live_mounts)
    if settings.has_live_mounts:
        return (root,)
    return (
        root,
        *(
            Mount(
                kind="bind",
                source=f"{settings.libraries_host_path}/{library.id}/data",
                target=f"{DRIVE}/{library.folder.label}/{library.name}",
                is_read_only=library.is_read_only,
            )
            for library in shown
            if not library.is_outside
        ),
    )


def has_other_drive(planned: Sequence[Mount], mounts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a container with these `mounts`, as the Engine tells of them, shows something else of the drive."""
    wanted = {(m.source, m.target, not m.is_read_only) for m in planned if _is_of_drive(m.target)}
    there = {(m["Source"], m["Destination"], m["RW"]) for m in mounts if _is_of_drive(m["Destination"])}
    return wanted != there


def _is_of_drive(target: str) -> bool:
    return f"{target}/".startswith(f"{DRIVE}/")
