"""The only door to the workspaces service: HTTP in, values and three kinds of trouble out."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp

from terraspawner_environment.lease import NOBODYS, Claim, Sight, sight_of
from terraspawner_environment.settings import EnvironmentSettings
from terraspawner_environment.trouble import NotReached, RefusedByService, trouble_of

_SLOWEST_BYTES_PER_SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One notebook of the workspace's list."""

    path: str
    version: str
    size: int
    modified: datetime
    library: str = ""
    """Of a drive workspace: the id of the library that it is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A notebook as stored; `content` is None where it is the version already known."""

    version: str
    content: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Under which condition a write may happen.

    `expected` is the version the text is based on, None to create; `claim` the lease by which it is written.
    """

    expected: str | None
    save_id: str | None = None
    kind: str | None = None
    claim: Claim | None = None

    def headers(self) -> dict[str, str]:
        headers = {"If-None-Match": "*"} if self.expected is None else {"If-Match": f'"{self.expected}"'}
        if self.save_id is not None:
            headers["Save-Id"] = self.save_id
        if self.kind is not None:
            headers["Save-Kind"] = self.kind
        if self.claim is not None:
            headers |= {"Lease-Session": self.claim.session, "Lease-Fence": str(self.claim.fence)}
        return headers


class Folders(Protocol):
    """What is known of the folders of libraries; `shelves.Shelves` is the real one."""

    def learn(self, libraries: Mapping[str, str]) -> None: ...
    def is_strange(self, notebook: str) -> bool: ...
    def address(self, notebook: str) -> tuple[str, str] | None: ...


class WorkspaceService:
    """The REST interface of one workspace, with the key of this start; of a drive workspace with its `shelves`."""

    def __init__(
        self,
        settings: EnvironmentSettings,
        *,
        patience: float = 30.0,
        connect_patience: float = 3.0,
        shelves: Folders | None = None,
    ) -> None:
        self._base, self._shelves = settings.service_url, shelves
        here = f"/workspaces/{quote(settings.namespace, safe='')}/{quote(settings.workspace, safe='')}"
        self._notebooks, self._files = f"{here}/notebooks", f"{here}/files"
        self._headers = {"Authorization": f"environment {settings.key}"}
        self._patience = patience
        self._connect_patience = connect_patience
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def list(self) -> list[Listed]:
        """Return all notebooks of the workspace; raises NotReached, RefusedByService."""
        listed: list[Listed] = []
        cursor: str | None = None
        while True:
            query = f"?cursor={quote(cursor, safe='')}" if cursor else ""
            _, _, body = await self._ask("GET", f"{self._notebooks}{query}", patience=self._connect_patience * 2)
            answer = json.loads(body)
            listed += [_listed(item) for item in answer["items"]]
            cursor = answer.get("next")
            if not cursor:
                break
        if self._shelves is not None:
            found = {item.path.partition("/")[0]: item.library for item in listed if item.library}
            await asyncio.to_thread(self._shelves.learn, found)
        return listed

    async def read(self, notebook: str, *, known: str | None = None) -> Fetched | None:
        """Return the notebook as stored, None where the workspace does not have it.

        With `known`, a version, the bytes are spared where the service answers "not modified".
        """
        headers = {"If-None-Match": f'"{known}"'} if known else {}
        if self._shelves is not None and self._shelves.is_strange(notebook):
            await self.list()  # what is opened is saved later, and its library may be called otherwise by then
        try:
            status, answer_headers, body = await self._ask("GET", self._notebook(notebook), headers=headers)
        except RefusedByService as trouble:
            if trouble.code == "notebook-not-found":
                return None
            raise
        if status == 304 and known:
            return Fetched(version=known, content=None)
        return Fetched(version=_version(answer_headers), content=body)

    async def write(self, notebook: str, text: Path, guard: Guard) -> str:
        """Store a file's bytes as the notebook and return the new version; raises MovedOn and the others."""
        size = (await asyncio.to_thread(text.stat)).st_size
        headers = {**guard.headers(), "Content-Type": "application/json", "Content-Length": str(size)}
        # opened here, not in a thread: one that is cancelled meanwhile would leave the file open
        with text.open("rb") as file:
            _, answer, body = await self._ask(
                "PUT",
                self._notebook(notebook),
                headers=headers,
                data=file,
                patience=self._patience + size / _SLOWEST_BYTES_PER_SECOND,
            )
        return _version_of_write(answer, body)

    async def rename(self, notebook: str, to: str, guard: Guard) -> tuple[str, int | None]:
        """Rename a notebook in the workspace and return its version under the new name, with its lease's new fence."""
        _, answer, body = await self._ask(
            "POST",
            f"{self._notebook(notebook)}/rename",
            headers=guard.headers(),
            json={"to": self._inside(notebook, to)},
        )
        fence = answer.get("Lease-Fence", "")
        return _version_of_write(answer, body), int(fence) if fence.isdecimal() else None

    async def lease(
        self, notebook: str, method: str, body: Mapping[str, Any] | None = None, *, deed: str = ""
    ) -> Sight:
        """One question or change of a notebook's lease; raises LeaseRefused and the others."""
        address = f"{self._notebook(notebook)}/lease{deed}"
        options = {} if body is None else {"json": body}
        _, _, answer = await self._ask(method, address, patience=self._connect_patience * 2, **options)
        return sight_of(json.loads(answer)) if answer else NOBODYS

    async def ask_about(self, notebook: str, method: str, what: str, **options: Any) -> bytes:
        """Ask for something of a notebook (`versions.py`); raises as the others."""
        _, _, body = await self._ask(method, f"{self._notebook(notebook)}/{what}", **options)
        return body

    async def report(self, what: str, facts: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
        """Tell the service about this environment, `activity` or `outbox`; return its headers and what it says."""
        address = f"/environments/self/{what}"
        _, headers, body = await self._ask("POST", address, json=facts, patience=self._connect_patience * 2)
        return headers, body

    async def keep_alive(self, what: Mapping[str, int]) -> None:
        """Ask for this environment to be kept alive: `seconds`, or a `pid` of its last report."""
        await self._ask("POST", "/environments/self/keep-alive", json=what)

    async def calls(self, seen: int, *, seconds: float) -> int:
        """Wait until somebody wants what is edited here; the number of the last call. Raises as the others."""
        address = f"/environments/self/calls?seen={seen}&seconds={seconds:g}"
        _, _, body = await self._ask("GET", address, patience=seconds + self._connect_patience * 2)
        return int(json.loads(body)["seen"])

    async def pause(self) -> None:
        """Ask the service to pause this environment; it ends soon after the answer."""
        await self._ask("POST", "/environments/self/pause")

    async def delete_file(self, path: str) -> dict[str, Any]:
        """Put a data file of the bucket into the trash, or a folder where it ends with ``/``; what is said of that,
        empty of a file. Raises as the others."""
        _, _, body = await self._ask("DELETE", f"{self._files}/{quote(path, safe='/')}")
        return dict(json.loads(body)) if body else {}

    def _notebook(self, notebook: str) -> str:
        """By the id of its library where that is known: the library may be called otherwise by now."""
        found = self._shelves.address(notebook) if self._shelves else None
        if found is None:
            return f"{self._notebooks}/{quote(notebook, safe='/')}"
        library, path = found
        return f"/workspaces/library/{quote(library, safe='')}/notebooks/{quote(path, safe='/')}"

    def _inside(self, notebook: str, to: str) -> str:
        """The new name, as it is said at the address of the notebook. Raises `RefusedByService`."""
        here, there = (self._shelves.address(path) if self._shelves else None for path in (notebook, to))
        if here is None:
            return to
        if there is None or there[0] != here[0]:
            raise RefusedByService(
                f"A notebook stays in its library, here “{notebook.partition('/')[0]}”. Copy it to have it in another"
                " one."
            )
        return there[1]

    async def _ask(
        self, method: str, path: str, *, patience: float | None = None, **kwargs: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        timeout = aiohttp.ClientTimeout(
            total=patience or self._patience, connect=self._connect_patience, sock_connect=self._connect_patience
        )
        # Bytes as stored: no proxy of the user's, no redirect, no transparent re-encoding on this way.
        try:
            async with self._open().request(
                method, f"{self._base}{path}", timeout=timeout, allow_redirects=False, **kwargs
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotReached("the workspace cannot be reached") from error
        if answer.status in (200, 201, 202, 204, 304):
            return answer.status, answer.headers, body
        raise trouble_of(answer.status, body)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, trust_env=False)
        return self._session


def _listed(item: Mapping[str, Any]) -> Listed:
    return Listed(
        path=str(item["path"]),
        version=str(item["version"]),
        size=int(item["size"]),
        modified=datetime.fromisoformat(str(item["modified"])),
        library=str(item.get("library", "")),
    )


def _version(headers: Mapping[str, str]) -> str:
    return headers.get("ETag", "").removeprefix("W/").strip('"')


def _version_of_write(headers: Mapping[str, str], body: bytes) -> str:
    return _version(headers) or str(json.loads(body)["version"])
