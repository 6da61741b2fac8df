"""The service with its surroundings, and people who use it."""

from __future__ import annotations

import re
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

import builders
from terraspawner.domain.workspace import Workspace
from terraspawner.hub import HubClient
from terraspawner.operations import environments, views
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from terraspawner.web import app as app_of
from terraspawner.web.bucket_mounts import Mounts
from terraspawner.web.deeds import DATABASE_THREADS
from terraspawner.web.drive_views import Mounter
from terraspawner.web.outside_drives import Mounts as DriveMounts
from terraspawner.web.pace import Pace
from terraspawner.web.parts import Parts
from terraspawner.web.worker import Host
from tests.web.hosts import HostThatObeys
from tests.web.hubs import FrontDoor, HubThatKnows, serving, until
from tests.web.mounters import MounterThatObeys

PREFIX = "/services/workspaces"
API = f"{PREFIX}/api/v1"

CALM = Pace(look=0.01, sweep=3600, doubt=3600, back_off=0.01, ask=60, delete=60)
"""Looks often, sweeps only when woken, believes every row."""


@dataclass(kw_only=True)
class Site:
    """One running service. `person` and `browser` give clients; `door` is what a proxy would show."""

    context: Context
    app: FastAPI
    hub: HubThatKnows
    door: FrontDoor

    @property
    def parts(self) -> Parts:
        parts: Parts = self.app.state.parts
        return parts

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.door, raise_app_exceptions=False),
            base_url="http://terra.test",
            headers=headers,
        )

    def person(self, name: str = "ana") -> httpx.AsyncClient:
        """A program with a token of `name`; addresses are below the API."""
        client = self.client(authorization=f"token {self.hub.token(name)}")
        client.base_url = httpx.URL(f"http://terra.test{API}/")
        return client

    def environment(self, key: str) -> httpx.AsyncClient:
        client = self.client(authorization=f"environment {key}")
        client.base_url = httpx.URL(f"http://terra.test{API}/")
        return client

    async def browser(self, name: str = "ana") -> Browser:
        """A browser in which `name` has signed in through the Hub."""
        self.hub.at_the_browser = name
        client = self.client()
        answer = await client.get(f"{PREFIX}/", follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return Browser(client=client)

    async def rests(self) -> None:
        """The worker has swept, and what it began then beside itself has ended: from here on nothing is asked or
        counted but what a test asks for."""
        parts = self.parts
        await until(lambda: parts.worker.sweeps, "the worker has swept")
        for rounds in (
            parts.measures.rounds,
            parts.listening.rounds,
            parts.store.rounds,
            parts.notices.rounds,
            parts.notices.measures,
            parts.upkeep.rounds,
            parts.upkeep.folders,
        ):
            await rounds.settled()
        await parts.drive_views.look()  # after its own first one

    def workspace(self, user: str = "ana", name: str = "alpha") -> Workspace:
        return builders.workspace(self.context, user, name)

    def admit(self, at: Workspace, user: str = "ana") -> Ticket:
        """An environment on its way, with its key."""
        return environments.admit(self.context, user=user, slug=at.slug)

    def running(self, at: Workspace, user: str = "ana") -> Ticket:
        """An environment that runs, as row and Hub have it."""
        ticket = self.admit(at, user)
        environments.started(self.context, ticket.environment.id, ticket.environment.start_number, "c" * 64)
        self.hub.servers[(user, at.slug)] = {"ready": True, "pending": None}
        return ticket

    def state(self, at: Workspace, user: str = "ana") -> str:
        return str(views.describe(self.context, user=user, namespace=at.namespace, name=at.name).state)


@dataclass(kw_only=True)
class Browser:
    """Clicks: sends forms with the XSRF token of the page it is on."""

    client: httpx.AsyncClient

    async def xsrf(self, page: str = f"{PREFIX}/") -> str:
        text = (await self.client.get(page)).text
        found = re.search(r'name="_xsrf" value="([0-9a-f]+)"', text)
        assert found, text
        return found.group(1)

    async def submit(self, url: str, *, htmx: bool = False, **fields: str) -> httpx.Response:
        headers = {"HX-Request": "true"} if htmx else {}
        return await self.client.post(url, data={"_xsrf": await self.xsrf(), **fields}, headers=headers)


@asynccontextmanager
async def opened(
    folder: Path,
    *,
    host: Host | None = None,
    mounter: Mounter | None = None,
    pace: Pace = CALM,
    clock: builders.Clock | None = None,
    mounts: Mounts | None = None,
    drives: DriveMounts | None = None,
    **changes: object,
) -> AsyncIterator[Site]:
    """A site on a database of its own, with a Hub of its own."""
    hub = HubThatKnows()
    async with serving(hub.app) as hub_url:
        astray = OpenedAstray()
        hub.context = context = builders.context(folder, clock, hub_api_url=f"{hub_url}/hub/api", **changes)
        settings = context.settings
        client = HubClient(settings.hub_api_url, settings.service_token)
        machine = (host or HostThatObeys(), mounter or MounterThatObeys())
        with _app(astray.watching(context), client, machine, folder, replace(pace), mounts, drives) as app:
            async with app.router.lifespan_context(app):
                yield Site(context=context, app=app, hub=hub, door=FrontDoor(hub.app, app))
        await hub.end()
        context.database.close()
        assert astray.deeds == set(), "want the threads for buckets, see `_BUCKETS` in web/deeds.py"


class OpenedAstray:
    """`deeds` opened a bucket on a thread that is for the database: a slow store would keep all others waiting."""

    def __init__(self) -> None:
        self.deeds: set[str] = set()

    def watching(self, context: Context) -> Context:
        doors = ("bucket", "make_bucket", "make_library", "make_outside", "remove_bucket", "look_at_store")
        return replace(context, **{door: self._watched(getattr(context, door)) for door in doors})

    def _watched(self, door: Callable[..., Any]) -> Callable[..., Any]:
        def opening(*args: str) -> Any:
            if threading.current_thread().name.startswith(f"{DATABASE_THREADS}_"):
                self.deeds.add(_deed_of(traceback.extract_stack()))
            return door(*args)

        return opening


def _deed_of(stack: traceback.StackSummary) -> str:
    """The first of ours in a thread."""
    return next(f"{frame.filename}: {frame.name}" for frame in stack if "/terraspawner/" in frame.filename)


_spare: dict[tuple[str, ...], list[FastAPI]] = {}
"""Apps that no test uses now, by what of the settings is built into them."""


@contextmanager
def _app(
    context: Context,
    hub: HubClient,
    machine: tuple[Host, Mounter],
    folder: Path,
    pace: Pace,
    mounts: Mounts | None,
    drives: DriveMounts | None,
) -> Iterator[FastAPI]:
    """The app over these parts. To build one takes longer than most tests, so its routes go from test to test; its
    parts do not, and hold everything that a test could leave behind."""
    settings = context.settings
    spare = _spare.setdefault((settings.service_prefix, settings.deployment, settings.subdomain_host), [])
    if spare:
        app = spare.pop()
        app.state.parts = app_of._parts(context, hub, *machine, folder, pace, mounts, drives)
    else:
        app = app_of.create_app(context, hub, *machine, vendor=folder, pace=pace, mounts=mounts, drives=drives)
    yield app
    spare.append(app)
