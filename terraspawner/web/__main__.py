"""``python -m terraspawner.web``: the workspaces service on port 8010."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI

from terraspawner import wiring
from terraspawner.errors import TerraError
from terraspawner.hub import HubClient
from terraspawner.mounter_client import MounterClient
from terraspawner.mounts_client import MountsClient
from terraspawner.web.app import VENDOR, create_app
from terraspawner.web.collector import collect_seldom
from terraspawner.web.machine import MachineClient

PORT = 8010
IDLE_SECONDS = 3600
"""The proxy keeps its connections to us and sends the next request on one that rests. Who closes such a connection
after seconds, as uvicorn does, closes now and then the one on which a request has just been sent: that is a 503 for
somebody. The Hub's and Jupyter's servers wait as long."""


class _Server(uvicorn.Server):
    """Ends live streams as soon as it is told to stop; uvicorn would wait for them first."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.parts.closing.set()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)


def main() -> int:
    """Serve until stopped. Returns 1 with a sentence when a setting is wrong."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = wiring.settings_from_environ()
        app = create_app(
            wiring.build_context(settings),
            HubClient(settings.hub_api_url, settings.service_token),
            MachineClient(settings.host_socket, MounterClient(settings.mounter_socket)),
            MounterClient(settings.mounter_socket),
            mounts=MountsClient(settings.mounts_socket) if settings.mounts_buckets else None,
            drives=MountsClient(settings.mounts_socket) if settings.mounts_drives else None,
            vendor=Path(os.environ.get("TERRA_STATIC_VENDOR", VENDOR)),
        )
    except TerraError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    collect_seldom()
    app.state.parts.renderer.start()  # it takes a second to load what it needs
    _Server(config_of(app)).run()
    return 0


def config_of(app: FastAPI) -> uvicorn.Config:
    """How it is served."""
    return uvicorn.Config(
        app,
        host=os.environ.get("TERRA_WEB_ADDRESS", "0.0.0.0"),
        port=PORT,
        # the address of the caller is the proxy's; nothing is decided by it, so no header about it is believed
        proxy_headers=False,
        server_header=False,
        access_log=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=5,
        log_config=None,
    )


if __name__ == "__main__":
    raise SystemExit(main())
