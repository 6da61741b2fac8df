"""What of a workspace's bucket is mounted into an environment's container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from terraspawner.containers.mounts import Mount
from terraspawner.domain import bucket_mount
from terraspawner.domain.environment import Environment
from terraspawner.domain.workspace import Workspace
from terraspawner.settings import Settings

WORKSPACE = "/mnt/workspace"
BUCKET_DATA = f"{WORKSPACE}/{bucket_mount.DATA}"
BUCKET_NOTEBOOKS = f"{WORKSPACE}/{bucket_mount.NOTEBOOKS}"


def of_bucket(settings: Settings, environment: Environment, workspace: Workspace) -> tuple[Mount, ...]:
    """The folders of a bucket. Of one in an object store the folder in which they are mounted, as long as they are: it
    is there in any case, and nobody writes in it itself."""
    if settings.mounts_buckets:
        shown = bucket_mount.shown_folder(workspace.id, writes=environment.writes_bucket)
        source = f"{settings.mounts_host_path}/{shown}"
        follows = settings.has_live_mounts
        return (Mount(kind="bind", source=source, target=WORKSPACE, is_read_only=True, follows=follows),)
    bucket = f"{settings.buckets_host_path}/{workspace.id}"
    return (
        Mount(kind="bind", source=f"{bucket}/data", target=BUCKET_DATA, is_read_only=not environment.writes_bucket),
        Mount(kind="bind", source=f"{bucket}/notebooks", target=BUCKET_NOTEBOOKS, is_read_only=True),
    )


def bucket_in(source: str) -> str:
    """A bucket's folder without whom it is for, which is another question; other sources as they are."""
    return source.removesuffix(f"/{bucket_mount.WRITER}").removesuffix(f"/{bucket_mount.READER}")


def writes_too_much(planned: Sequence[Mount], mounts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a container with these `mounts`, as the Engine tells of them, writes where it is `planned` to read only:
    itself, or by what is mounted in a folder for those who write."""
    read_only = {mount.target: mount.source for mount in planned if mount.is_read_only}
    return any(
        mount["RW"] or (_is_of_writers(mount.get("Source", "")) and not _is_of_writers(read_only[mount["Destination"]]))
        for mount in mounts
        if mount["Destination"] in read_only
    )


def _is_of_writers(source: str) -> bool:
    return source.endswith(f"/{bucket_mount.WRITER}")
