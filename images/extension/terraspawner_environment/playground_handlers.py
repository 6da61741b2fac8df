"""REST of the extension for what Lab does between playground and workspace."""

import json
from contextlib import suppress
from typing import Any

from anyio.to_thread import run_sync
from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment import incoming
from terraspawner_environment.assembly import Workspace
from terraspawner_environment.paths import NOTEBOOK_ENDING
from terraspawner_environment.playground import Choice
from terraspawner_environment.refusals import told_when_full, told_when_not_done, told_when_not_open


class _Handler(APIHandler):
    def initialize(self, workspace: Workspace | None) -> None:
        self._workspace = workspace

    @property
    def workspace(self) -> Workspace:
        if self._workspace is None:
            raise web.HTTPError(404, "This server belongs to no workspace.")
        return self._workspace

    def asked(self) -> dict[str, Any]:
        body = self.get_json_body()
        return body if isinstance(body, dict) else {}

    def notebook_named(self, name: object) -> str:
        """The notebook of this name; raises HTTPError 400."""
        wanted = name.strip() if isinstance(name, str) else ""
        notebook = wanted if wanted.endswith(NOTEBOOK_ENDING) else f"{wanted}{NOTEBOOK_ENDING}"
        if not wanted or not self.workspace.paths.named(notebook):
            raise web.HTTPError(400, f"“{wanted}” cannot be a notebook's name. Choose another one.")
        return notebook

    async def bytes_of(self, content: object, path: str) -> bytes:
        """What is written for a notebook as Lab sends it; raises HTTPError 400."""
        document = incoming.notebook_of({"content": content}, path)
        self.contents_manager.check_and_sign(document, path)  # its database belongs to this thread
        written, _ = await run_sync(incoming.serialise, document, path)
        return written


class PlaygroundHandler(_Handler):
    """`POST <base>/terraspawner/api/playground` `{"notebook": "a.ipynb", "choice": "ask" | "fresh" | "keep"}`

    -> `Copy`: the copy is there, or, asked about, there is one that its owner changed. With `content`, a notebook,
    instead of `choice` that is put beside what is there.
    """

    @web.authenticated
    async def post(self) -> None:
        asked = self.asked()
        notebook, choice = self.notebook_named(asked.get("notebook")), None
        if "content" in asked:
            content = await self.bytes_of(asked["content"], f"{self.workspace.paths.playground}/{notebook}")
            with told_when_full(notebook):
                self.finish(json.dumps((await self.workspace.playground.keep(notebook, content)).facts()))
            return
        with suppress(ValueError):
            choice = Choice(asked.get("choice"))
        if choice is None:
            raise web.HTTPError(400, "choice must be ask, fresh or keep.")
        with told_when_full(notebook), told_when_not_open():
            self.finish(json.dumps((await self.workspace.playground.open(notebook, choice)).facts()))


class NewNotebookHandler(_Handler):
    """`POST <base>/terraspawner/api/notebooks` `{"name": "b", "content": notebook}` -> 201 `{"path": Lab's path}`.

    Creates a workspace notebook; 409 where one of this name is there, which is then left alone. Jupyter's own way to
    write a file would write over it.
    """

    @web.authenticated
    async def post(self) -> None:
        asked = self.asked()
        notebook = self.notebook_named(asked.get("name"))
        workspace, path = self.workspace, self.workspace.paths.lab_path(notebook)
        content = await self.bytes_of(asked.get("content"), path)
        if workspace.desk.file_of(notebook).exists():
            raise web.HTTPError(409, f"“{notebook}” exists already. Choose another name.")
        with told_when_full(notebook), told_when_not_done():
            await workspace.changes.create(notebook, content)
        self.set_status(201)
        self.finish(json.dumps({"path": path}))
