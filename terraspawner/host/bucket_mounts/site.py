"""Where the mounts service runs: the folders that it has, and the one way in which it starts an rclone there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from terraspawner.host.bucket_mounts import arguments, cache
from terraspawner.host.bucket_mounts.arguments import Folders
from terraspawner.host.bucket_mounts.keeper import Keeper, Pace, Remote
from terraspawner.host.bucket_mounts.rclone import Rclone


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The folder that is shared with the machine, the cache, and a folder in memory; `surroundings` are the process's
    variables."""

    shared: Path
    cache: Path
    memory: Path
    cache_bytes: int
    surroundings: Mapping[str, str]
    pace: Pace

    @property
    def points(self) -> Path:
        """Where rclone mounts, seen by nobody else."""
        return self.memory / "points"

    def keeper(self, name: str, remote: Remote) -> Keeper:
        """`name` is for our log."""
        return Keeper(name, remote, lambda: datetime.now(UTC), self.pace)

    def write_configuration(self, name: str, text: str) -> None:
        """For root alone, on a file system in memory."""
        self.remove_configuration(name)
        descriptor = os.open(self._configuration(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)

    def remove_configuration(self, name: str) -> None:
        """Done already is done."""
        self._configuration(name).unlink(missing_ok=True)

    async def started(
        self,
        remote_id: str,
        kept: Path,
        configuration: str,
        secrets: Sequence[str],
        patience: str = arguments.TIMEOUT,
    ) -> Rclone:
        """An rclone for one remote, with what it keeps on this machine's disk in `kept`, and the configuration that was
        written under this name. It gives up a try to have an answer after `patience`."""
        folders = Folders(
            cache=kept, configuration=self._configuration(configuration), socket=self.memory / f"{remote_id}.sock"
        )
        await asyncio.to_thread(cache.mend, kept)
        return await Rclone.started(
            arguments.words(folders, patience),
            arguments.environment(self.surroundings),
            folders.socket,
            name=f"rclone of {remote_id}",
            secrets=secrets,
        )

    def _configuration(self, name: str) -> Path:
        return self.memory / f"{name}.conf"
