"""The real service on a real database, as an environment reaches it: over HTTP, with the key of its start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from extension.services import NAMESPACE, WORKSPACE
from terraspawner.domain.access import Role
from terraspawner.domain.workspace import BUCKET
from terraspawner.operations import members, workspaces
from tests.web.hubs import serving
from tests.web.sites import API, Site, opened


@dataclass(kw_only=True)
class WorkspaceAsItIs:
    """One workspace of the real service, ana's, in which ben may write too."""

    site: Site
    url: str
    key: str

    def person(self, name: str) -> httpx.AsyncClient:
        return self.site.person(name)

    async def put(self, path: str, content: bytes, *, by: str = "ben") -> None:
        """Somebody else saves a notebook, on top of what there is, as soon as nobody holds it."""
        async with self.person(by) as person, asyncio.timeout(10):
            status = 423
            while status == 423:
                there = await person.get(f"{AT}/{path}")
                condition = {"If-Match": there.headers["etag"]} if there.status_code == 200 else {"If-None-Match": "*"}
                answer = await person.put(f"{AT}/{path}", content=content, headers=condition)
                status = answer.status_code
            assert status in (200, 201), answer.text

    async def delete(self, path: str, *, by: str = "ben") -> None:
        async with self.person(by) as person:
            assert (await person.delete(f"{AT}/{path}")).status_code == 204

    async def read(self, path: str) -> bytes:
        async with self.person("ben") as ben:
            return (await ben.get(f"{AT}/{path}")).content

    async def names(self) -> list[str]:
        async with self.person("ben") as ben:
            return [item["path"] for item in (await ben.get(AT)).json()["items"]]

    async def kinds(self, path: str) -> list[str]:
        """Why each version is there, the newest first."""
        async with self.person("ben") as ben:
            return [item["kind"] for item in (await ben.get(f"{AT}/{path}/versions")).json()["items"]]


AT = f"workspaces/{NAMESPACE}/{WORKSPACE}/notebooks"


@asynccontextmanager
async def workspace_as_it_is(folder: Path, *, storage: str = BUCKET) -> AsyncIterator[WorkspaceAsItIs]:
    async with opened(folder) as site, serving(site.app) as url:
        made = {"namespace": NAMESPACE, "name": WORKSPACE, "storage": storage}
        at = workspaces.create_workspace(site.context, user="ana", **made).workspace
        share = {"actor": "ana", "namespace": at.namespace, "name": at.name, "who": "ben"}
        members.put_member(site.context, **share, role=Role.WRITER)
        key = site.running(at).key
        assert key is not None
        yield WorkspaceAsItIs(site=site, url=f"{url}{API}", key=key)
