"""``python -m terraspawner.host.bucket_mounts``: mounts the buckets of an object store for environments.

A process of its own, beside the mounter: it has the store's credentials and a network, which the mounter has not, and
no other secret. Of power it has ``SYS_ADMIN`` and ``/dev/fuse``; no Engine's socket. It runs where TERRA_BUCKETS is
an object store, and not at all where buckets are folders, which the Engine binds by itself.

What an environment sees lies in TERRA_MOUNTS_HOST_PATH (`places`), which `make up` shares with the machine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from terraspawner.host.asked import bound_socket
from terraspawner.host.bucket_mounts import arguments, cache
from terraspawner.host.bucket_mounts.api import BucketMountsApi
from terraspawner.host.bucket_mounts.arguments import Folders
from terraspawner.host.bucket_mounts.keeper import Bucket, Keeper, Pace
from terraspawner.host.bucket_mounts.places import Places, left_mounted
from terraspawner.host.bucket_mounts.rclone import Rclone
from terraspawner.host.bucket_mounts.supervisor import Supervisor
from terraspawner.settings import Settings
from terraspawner.storage.addresses import Address, parse_address
from terraspawner.storage.options import Options

CACHE = Path("/srv/terra/bucket-cache")

log = logging.getLogger("terraspawner.mounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where this runs: the store, the folder that is shared with the machine, the cache, and a folder in memory."""

    address: Address
    options: Options
    shared: Path
    cache: Path
    memory: Path
    cache_bytes: int
    surroundings: Mapping[str, str]
    pace: Pace

    def prepare(self, workspace_id: str) -> None:
        self._places(workspace_id).make_shown()

    def forget(self, workspace_id: str) -> None:
        self._places(workspace_id).remove()
        cache.forget(self.cache, workspace_id)

    def keeper(self, workspace_id: str) -> Keeper:
        """Of the bucket of this workspace."""
        places, place = self._places(workspace_id), arguments.where(self.address.place_of(workspace_id))
        bucket = Bucket(
            start=lambda: self._started(workspace_id),
            places=places,
            mounts=(
                arguments.data_request(place, places.data_point, self.cache_bytes),
                arguments.notebooks_request(place, places.notebooks_point),
            ),
            question=arguments.question(place),
            data=arguments.file_system(place),
        )
        return Keeper(f"bucket of {workspace_id}", bucket, lambda: datetime.now(UTC), self.pace)

    def write_configuration(self) -> None:
        """For root alone, on a file system in memory."""
        text = arguments.configuration(self.address.store, self.options)
        self._configuration.unlink(missing_ok=True)
        descriptor = os.open(self._configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)

    @property
    def _configuration(self) -> Path:
        return self.memory / "rclone.conf"

    def _places(self, workspace_id: str) -> Places:
        return Places(self.shared, self.memory / "points", workspace_id)

    async def _started(self, workspace_id: str) -> Rclone:
        folders = Folders(
            cache=self.cache / workspace_id,
            configuration=self._configuration,
            socket=self.memory / f"{workspace_id}.sock",
        )
        await asyncio.to_thread(cache.mend, folders.cache)
        return await Rclone.started(
            arguments.words(folders),
            arguments.environment(self.surroundings),
            folders.socket,
            name=f"rclone of {workspace_id}",
            secrets=[value for value in self.options.values.values() if value],
        )


def first_wanted(site: Site) -> frozenset[str]:
    """What an earlier life of this process left: mounts that environments may have, now dead, and files not sent."""
    return left_mounted(site.shared) | cache.with_unsent(site.cache)


async def serve(site: Site, listening: socket.socket) -> None:
    """Until it is told to end, then in order: what is not mounted properly any more is an error to whoever has it."""
    supervisor = Supervisor(site.keeper, site)
    supervisor.want(first_wanted(site))
    told_to_end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_end.set)
    runner = web.AppRunner(BucketMountsApi(supervisor).application())
    await runner.setup()
    await web.SockSite(runner, listening).start()
    log.info("mounting buckets of %s://%s/%s", site.address.store, site.address.container, site.address.prefix)
    try:
        await told_to_end.wait()
    finally:
        await runner.cleanup()
        await supervisor.close()


def main() -> None:
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.INFO)
    for name in ("aiohttp.access", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    settings = Settings.from_environ(os.environ)
    listening = bound_socket(Path(settings.mounts_socket))
    with TemporaryDirectory(prefix="mounts-") as memory:
        site = Site(
            address=parse_address(settings.buckets),
            options=Options(
                endpoint=settings.buckets_endpoint,
                region=settings.buckets_region,
                credentials=settings.buckets_credentials,
            ),
            shared=Path(settings.mounts_host_path),
            cache=CACHE,
            memory=Path(memory),
            cache_bytes=settings.buckets_cache,
            surroundings=os.environ,
            pace=Pace(),
        )
        site.write_configuration()
        asyncio.run(serve(site, listening))


if __name__ == "__main__":
    main()
