"""What the handlers are handed. One object per process, put together by `app.create_app`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request

from terraspawner.domain.catalogue import Catalogue
from terraspawner.preview.renderer import Renderer
from terraspawner.preview.shelf import Shelf
from terraspawner.settings import Settings
from terraspawner.web.auth import Auth
from terraspawner.web.bucket_mounts import BucketMounts
from terraspawner.web.calls import Calls
from terraspawner.web.deeds import Deeds
from terraspawner.web.drive_views import DriveViews, Mounter
from terraspawner.web.launches import Hub, Launches
from terraspawner.web.listening import Listening
from terraspawner.web.measuring import Measures
from terraspawner.web.notices import Notices
from terraspawner.web.outside_drives import OutsideDrives
from terraspawner.web.pace import Pace
from terraspawner.web.rendering import Pages
from terraspawner.web.room import Room, Streams
from terraspawner.web.store_watch import StoreWatch
from terraspawner.web.upkeep import Upkeep
from terraspawner.web.worker import Host, Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that outlives a request. `hashing` carries out the deeds that try or set a password, on few threads,
    `carrying` those that move the bytes of large files or look through all of a bucket, which take as long as that
    takes; `closing` is set when the process ends, so that streams end too."""

    settings: Settings
    catalogue: Catalogue
    deeds: Deeds
    hashing: Deeds
    carrying: Deeds
    auth: Auth
    hub: Hub
    host: Host
    launches: Launches
    worker: Worker
    measures: Measures
    bucket_mounts: BucketMounts
    outside: OutsideDrives
    upkeep: Upkeep
    notices: Notices
    mounter: Mounter
    drive_views: DriveViews
    listening: Listening
    store: StoreWatch
    pages: Pages
    pace: Pace
    vendor: Path
    room: Room
    renderer: Renderer
    shelf: Shelf
    streams: Streams
    closing: asyncio.Event
    calls: Calls


def parts_of(request: Request) -> Parts:
    """The parts of the app that serves this request."""
    parts: Parts = request.app.state.parts
    return parts
