"""``python -m terraspawner.host.bucket_mounts``: mounts the buckets of an object store, and drives from outside.

A process of its own, beside the mounter: it has the store's credentials and a network, which the mounter has not, and
no other secret but people's passwords of the drives that they connect, which it is told and keeps in memory. Of power
it has ``SYS_ADMIN`` and ``/dev/fuse``; no Engine's socket. It runs where TERRA_BUCKETS is an object store or
TERRA_OUTSIDE_DRIVES names drives, and not at all where buckets are folders, which the Engine binds by itself.

What is mounted lies in TERRA_MOUNTS_HOST_PATH (`places`), which `make up` shares with the machine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from terraspawner.host.asked import bound_socket
from terraspawner.host.bucket_mounts.api import MountsApi
from terraspawner.host.bucket_mounts.bucket_routes import BucketRoutes
from terraspawner.host.bucket_mounts.buckets import Buckets
from terraspawner.host.bucket_mounts.drive_routes import DriveRoutes
from terraspawner.host.bucket_mounts.drives import Drives
from terraspawner.host.bucket_mounts.keeper import Pace
from terraspawner.host.bucket_mounts.places import detach_outside
from terraspawner.host.bucket_mounts.site import Site
from terraspawner.host.bucket_mounts.supervisor import Supervisor
from terraspawner.settings import Settings
from terraspawner.storage.addresses import parse_address
from terraspawner.storage.options import Options

CACHE = Path("/srv/terra/bucket-cache")

log = logging.getLogger("terraspawner.mounts")


async def serve(site: Site, buckets: Buckets | None, listening: socket.socket) -> None:
    """Until it is told to end, then in order: what is not mounted properly any more is an error to whoever has it."""
    detach_outside(site.shared)
    drives, parts = Drives(site), []
    supervisor = Supervisor(buckets.keeper, buckets) if buckets else None
    if buckets and supervisor:
        buckets.write_configuration()
        supervisor.want(buckets.first_wanted())
        parts.append(BucketRoutes(supervisor))
    told_to_end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_end.set)
    runner = web.AppRunner(MountsApi([*parts, DriveRoutes(drives)]).application())
    await runner.setup()
    await web.SockSite(runner, listening).start()
    log.info("mounting %s", f"buckets of {buckets.address.store}, and drives" if buckets else "drives")
    try:
        await told_to_end.wait()
    finally:
        await runner.cleanup()
        await asyncio.gather(*(each.close() for each in (supervisor, drives) if each))


def buckets_of(settings: Settings, site: Site) -> Buckets | None:
    """None where buckets are folders."""
    if not settings.mounts_buckets:
        return None
    options = Options(
        endpoint=settings.buckets_endpoint,
        region=settings.buckets_region,
        credentials=settings.buckets_credentials,
    )
    return Buckets(site=site, address=parse_address(settings.buckets), options=options)


def main() -> None:
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.INFO)
    for name in ("aiohttp.access", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    settings = Settings.from_environ(os.environ)
    listening = bound_socket(Path(settings.mounts_socket))
    with TemporaryDirectory(prefix="mounts-") as memory:
        site = Site(
            shared=Path(settings.mounts_host_path),
            cache=CACHE,
            memory=Path(memory),
            cache_bytes=settings.buckets_cache,
            surroundings=os.environ,
            pace=Pace(),
        )
        asyncio.run(serve(site, buckets_of(settings, site), listening))


if __name__ == "__main__":
    main()
