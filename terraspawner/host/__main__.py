"""``python -m terraspawner.host``: the host service. Serves the unix socket and probes the network again and again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from pathlib import Path

from aiohttp import web

from terraspawner.containers import engine_socket
from terraspawner.containers.engine import Engine
from terraspawner.host.api import HostApi
from terraspawner.host.asked import bound_socket
from terraspawner.host.copying import CopyRoutes, DiskCopies
from terraspawner.host.emptying import BucketEmptying
from terraspawner.host.measure import DiskMeasure
from terraspawner.host.memory import MachineMemory
from terraspawner.host.netprobe import NetworkProbe
from terraspawner.host.scratch import ScratchRooms
from terraspawner.settings import Settings

SECONDS_BETWEEN_PROBES = 600
FIRST_RETRIES = (2, 2, 3, 3, 5, 5, 5, 10, 10, 30)
SECONDS_BETWEEN_RETRIES = 60

log = logging.getLogger("terraspawner.host")


async def keep_probing(probe: NetworkProbe) -> None:
    """Every ten minutes while all is well; soon again while it is not, since nobody can start until it is."""
    was_ok: bool | None = None
    retries = iter(FIRST_RETRIES)
    while True:
        state = await asyncio.to_thread(probe.run)
        if state.is_ok != was_ok:
            bad = " ".join(finding.message for finding in state.findings if not finding.ok)
            log.warning("The environments' network is closed as it must be." if state.is_ok else f"Unsafe: {bad}")
            retries = iter(FIRST_RETRIES)
        was_ok = state.is_ok
        await asyncio.sleep(SECONDS_BETWEEN_PROBES if state.is_ok else next(retries, SECONDS_BETWEEN_RETRIES))


def api(settings: Settings, probe: NetworkProbe) -> HostApi:
    """All that this service answers, on the machine's own parts."""
    emptying = BucketEmptying(settings.deployment, settings.buckets_host_path, settings.libraries_host_path)
    name = settings.deployment
    copies = CopyRoutes(DiskCopies(name, settings.mounts_host_path))
    measure = DiskMeasure(name, settings.mounts_host_path)
    return HostApi(Engine(name), probe, measure, emptying, ScratchRooms(name), MachineMemory(), more=[copies])


async def serve(settings: Settings, listening: socket.socket) -> None:
    probe = NetworkProbe(settings)
    runner = web.AppRunner(api(settings, probe).application(), handle_signals=True)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    log.info("listening on %s", settings.host_socket)
    try:
        await keep_probing(probe)
    finally:
        await runner.cleanup()


def main() -> None:
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.INFO)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    settings = Settings.from_environ(os.environ)
    engine_socket.end_with()
    listening = bound_socket(Path(settings.host_socket))
    with contextlib.suppress(KeyboardInterrupt, web.GracefulExit):
        asyncio.run(serve(settings, listening))


if __name__ == "__main__":
    main()
