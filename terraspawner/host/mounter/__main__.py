"""``python -m terraspawner.host.mounter``: mounts what environments see, while they run.

A process of its own, since it alone has ``SYS_ADMIN``: without a network, without the Engine's socket, without a
secret. One folder of the machine is its: TERRA_MOUNTS_HOST_PATH, bound at the same path and shared with the machine,
so that a mount made here appears there and in every container that has its part of the folder as a slave.

``probe`` tells as JSON whether that works here, for ``make up``, and ``probe-disks`` whether disks can be images;
``remove`` takes every mount away and empties the folder, for ``make clean``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import sys
from dataclasses import asdict
from pathlib import Path

from aiohttp import web

from terraspawner.domain.bucket_mount import OUTSIDE
from terraspawner.host.asked import bound_socket
from terraspawner.host.mounter.api import MounterApi
from terraspawner.host.mounter.disk_routes import DiskRoutes
from terraspawner.host.mounter.probe import Ability, probe, probe_disks
from terraspawner.host.mounter.recorded import RecordedViews
from terraspawner.host.mounter.removal import remove_all
from terraspawner.host.mounter.sources import Sources
from terraspawner.host.mounter.view_routes import ViewRoutes
from terraspawner.host.mounter.views import Views
from terraspawner.settings import Settings

LIBRARIES = Path("/srv/terra/libraries")
"""Where this process has the volume with all libraries."""

log = logging.getLogger("terraspawner.mounter")


def ability_of(settings: Settings) -> Ability:
    """What `make up` found out, tried again: kernel and machine may have been started anew since."""
    if not settings.has_live_mounts:
        return Ability(is_live=False, why="What is shared appears at an environment's next start on this machine.")
    return probe(Path(settings.mounts_host_path))


def api(settings: Settings, ability: Ability) -> MounterApi:
    """All that this process answers."""
    folder = Path(settings.mounts_host_path)
    disks = DiskRoutes.at(ability, folder)
    if not settings.has_live_mounts:
        return MounterApi(ability, [ViewRoutes(RecordedViews(folder / "views")), disks])
    return MounterApi(ability, [ViewRoutes(Views(folder / "views", Sources(LIBRARIES, folder / OUTSIDE))), disks])


async def serve(settings: Settings, listening: socket.socket) -> None:
    ability = ability_of(settings)
    runner = web.AppRunner(api(settings, ability).application(), handle_signals=True)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    log.info("listening on %s. %s", settings.mounter_socket, ability.why)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main(words: list[str]) -> None:
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.INFO)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    os.umask(0o022)  # people's programs walk through the folders that are made here
    settings = Settings.from_environ(os.environ)
    if words == ["probe"]:
        print(json.dumps(asdict(probe(Path(settings.mounts_host_path)))))
    elif words == ["probe-disks"]:
        print(json.dumps(asdict(probe_disks(Path(settings.mounts_host_path)))))
    elif words == ["remove"]:
        remove_all(Path(settings.mounts_host_path))
    else:
        listening = bound_socket(Path(settings.mounter_socket))
        with contextlib.suppress(KeyboardInterrupt, web.GracefulExit):
            asyncio.run(serve(settings, listening))


if __name__ == "__main__":
    main(sys.argv[1:])
