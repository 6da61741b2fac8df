"""The app: routes, parts and background work put together. Comes up without the Hub (TRAPS.md 8)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from jupyterhub.httpclient import JupyterHubHTTPClient
from starlette.staticfiles import StaticFiles

from terraspawner import __version__
from terraspawner.domain.library import NAMESPACE as LIBRARIES
from terraspawner.errors import NotLoggedIn, TerraError, WorkspaceMissing
from terraspawner.errors_libraries import LibraryMissing
from terraspawner.operations import activity, passwords
from terraspawner.operations.context import Context
from terraspawner.preview.renderer import Renderer
from terraspawner.preview.shelf import Shelf
from terraspawner.web import heartbeat, openapi, responses, routes
from terraspawner.web.auth import Auth, SignInFailed
from terraspawner.web.bucket_mounts import BucketMounts, Mounts
from terraspawner.web.calls import Calls
from terraspawner.web.deeds import Deeds
from terraspawner.web.drive_views import DriveViews, Mounter
from terraspawner.web.lab_pages import SharedWithLab
from terraspawner.web.launches import Hub, Launches
from terraspawner.web.limits import ReadBodies, SmallBodies
from terraspawner.web.listening import Listening
from terraspawner.web.measuring import Measures
from terraspawner.web.memory_watch import MemoryWatch
from terraspawner.web.notices import Notices
from terraspawner.web.origin import NumberedRequests
from terraspawner.web.outside_drives import Mounts as DriveMounts
from terraspawner.web.outside_drives import OutsideDrives
from terraspawner.web.pace import Pace
from terraspawner.web.pages import address_of
from terraspawner.web.parts import Parts, parts_of
from terraspawner.web.rendering import HERE, Pages
from terraspawner.web.room import Room, Streams
from terraspawner.web.scheduler import Scheduler
from terraspawner.web.store_watch import StoreWatch
from terraspawner.web.upkeep import Upkeep
from terraspawner.web.worker import Host, Worker

VENDOR = Path("/opt/terra/static/vendor")
"""Where the image keeps htmx, its extension and the uploads' client."""
CARRIED_AT_ONCE = 8
CARRIED_SECONDS = 3600.0
"""So long may the end of an upload take: a store writes some 100 MB a second."""


def create_app(
    context: Context,
    hub: Hub,
    host: Host,
    mounter: Mounter,
    *,
    vendor: Path = VENDOR,
    pace: Pace | None = None,
    mounts: Mounts | None = None,
    drives: DriveMounts | None = None,
) -> FastAPI:
    """The service over these parts. `vendor` holds ``htmx.min.js``, ``htmx-ext-sse.min.js`` and ``tus.min.js``."""
    parts = _parts(context, hub, host, mounter, vendor, pace or Pace(), mounts, drives)
    prefix = context.settings.service_prefix.rstrip("/")
    app = FastAPI(
        title="terraspawner workspaces",
        version=__version__,
        openapi_url=f"{context.settings.api_prefix}/openapi.json",
        docs_url=None,  # its scripts come from elsewhere, which our policy forbids
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.parts = parts
    app.add_middleware(NumberedRequests)
    app.add_middleware(SmallBodies)
    app.add_middleware(
        SharedWithLab, subdomain_host=context.settings.subdomain_host, api_prefix=context.settings.api_prefix
    )
    app.add_middleware(ReadBodies)
    routes.add(app, prefix, context.settings.api_prefix)
    app.mount(f"{prefix}/static/vendor", StaticFiles(directory=vendor, check_dir=False))
    app.mount(f"{prefix}/static", StaticFiles(directory=HERE / "static"))
    openapi.install(app, parts.auth.cookie, context.settings.api_prefix)
    responses.install(app, is_api=lambda request: _is_api(request, context.settings.api_prefix), page=_error_page)
    return app


def _parts(
    context: Context,
    hub: Hub,
    host: Host,
    mounter: Mounter,
    vendor: Path,
    pace: Pace,
    mounts: Mounts | None = None,
    drives: DriveMounts | None = None,
) -> Parts:
    deeds = Deeds(context)
    auth = Auth(context.settings, deeds)
    measures, scheduler = Measures(deeds, host), Scheduler()
    carrying = Deeds(context, threads=CARRIED_AT_ONCE, patience=CARRIED_SECONDS)
    upkeep, listening, notices = Upkeep(deeds, carrying), Listening(deeds, hub, host), Notices(deeds, carrying)
    store = StoreWatch(deeds)
    rounds = (measures.rounds.task, listening.rounds.task, store.rounds.task, *notices.tasks)
    bucket_mounts, outside = BucketMounts(deeds, mounts), OutsideDrives(deeds, drives)
    watches = (MemoryWatch(deeds, host).task, *bucket_mounts.tasks, *outside.tasks)
    tasks = (*rounds, scheduler.task, *watches, *upkeep.tasks)
    closing, launches = asyncio.Event(), Launches(hub)
    drive_views = DriveViews(deeds, launches, mounter, pace)
    parts = Parts(
        settings=context.settings,
        catalogue=context.catalogue,
        deeds=deeds,
        hashing=Deeds(context, threads=passwords.AT_ONCE),
        carrying=carrying,
        auth=auth,
        hub=hub,
        host=host,
        launches=launches,
        worker=Worker(
            deeds=deeds,
            hub=hub,
            host=host,
            pace=pace,
            tasks=tasks,
            also_wakes=drive_views.wake,
            forget_mounts=(bucket_mounts.forget, outside.forget),
        ),
        measures=measures,
        bucket_mounts=bucket_mounts,
        outside=outside,
        upkeep=upkeep,
        notices=notices,
        mounter=mounter,
        drive_views=drive_views,
        listening=listening,
        store=store,
        pages=Pages(context.settings, auth),
        pace=pace,
        vendor=vendor,
        room=Room(context.settings.notebook_limit),
        renderer=Renderer(),
        shelf=Shelf(),
        streams=Streams(),
        closing=closing,
        calls=Calls(closing),
    )
    scheduler.attend(parts)
    return parts


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    with suppress(TerraError):  # a database that is not there yet is no reason not to come up
        await parts.deeds(activity.look_at_all)
    tasks = [
        asyncio.create_task(heartbeat.beat(parts.deeds, parts.pace.beat)),
        asyncio.create_task(parts.worker.run()),
        asyncio.create_task(parts.drive_views.run()),
    ]
    try:
        yield
    finally:
        parts.closing.set()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await parts.measures.rounds.close()
        await parts.upkeep.close()
        await parts.notices.close()
        await parts.listening.rounds.close()
        await parts.store.rounds.close()
        await parts.launches.close()
        await parts.hub.close()
        await parts.host.close()
        await parts.mounter.close()
        await parts.bucket_mounts.close()
        await parts.outside.close()
        await JupyterHubHTTPClient.loop_instance().close()
        parts.renderer.close()
        parts.hashing.close()
        parts.carrying.close()
        parts.deeds.close()


def _is_api(request: Request, api_prefix: str) -> bool:
    return request.url.path.startswith(f"{api_prefix}/") or request.url.path.endswith("/health")


async def _error_page(request: Request, error: TerraError, status: int) -> Response:
    """The sentence in the Hub's look; who is not signed in is sent to sign in."""
    parts = parts_of(request)
    is_part = request.headers.get("HX-Request") == "true"
    if isinstance(error, NotLoggedIn) and not isinstance(error, SignInFailed):
        return _to_login(parts, request, is_part=is_part)
    template = "_error_inside.html" if is_part else "error_page.html"
    back = _back_from(parts, request, error)
    return parts.pages.page(template, None, status=status, error=error, http_status=status, back=back)


def _back_from(parts: Parts, request: Request, error: TerraError) -> tuple[str, str] | None:
    """The page of the workspace or library that the address is in, as address and words; None where it is in none, or
    there is none for this person."""
    place = [request.path_params.get(part, "") for part in ("namespace", "name")]
    address = address_of(parts, *place)
    if not all(place) or isinstance(error, (WorkspaceMissing, LibraryMissing)) or request.url.path == address:
        return None
    return address, f"Page of the {'library' if place[0] == LIBRARIES else 'workspace'}"


def _to_login(parts: Parts, request: Request, *, is_part: bool) -> Response:
    prefix = parts.settings.service_prefix
    is_page = request.method == "GET" and not is_part
    back = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    url = f"{prefix}login?next={quote(back if is_page else prefix, safe='')}"
    if is_part:
        return Response(status_code=401, headers={"HX-Redirect": url})
    return RedirectResponse(url, 303, headers={"Cache-Control": "no-store"})
