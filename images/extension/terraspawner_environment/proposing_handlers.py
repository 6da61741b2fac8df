"""REST of the extension for proposals."""

import json

from anyio.to_thread import run_sync
from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment import incoming
from terraspawner_environment.assembly import Workspace
from terraspawner_environment.proposing import NotProposed

LONGEST_NOTE = 500


class ProposeHandler(APIHandler):
    """`POST <base>/terraspawner/api/propose` `{"path": Lab's path, "content": notebook, "note": "…"}`

    -> 201 `{"notebook": the workspace's path}`: it was offered to who may change that notebook.
    """

    def initialize(self, workspace: Workspace | None) -> None:
        self.workspace = workspace

    @web.authenticated
    async def post(self) -> None:
        if self.workspace is None:
            raise web.HTTPError(404, "This server belongs to no workspace.")
        asked = self.get_json_body()
        asked = asked if isinstance(asked, dict) else {}
        path, note = asked.get("path"), asked.get("note", "")
        if not isinstance(path, str) or not isinstance(note, str) or len(note) > LONGEST_NOTE:
            raise web.HTTPError(400, f"path and note must be texts, and note at most {LONGEST_NOTE} characters long.")
        document = incoming.notebook_of({"content": asked.get("content")}, path)
        text, _ = await run_sync(incoming.serialise, document, path)
        try:
            notebook = await self.workspace.proposing.propose(path, text, note)
        except NotProposed as trouble:
            raise web.HTTPError(503 if trouble.is_later else 409, str(trouble)) from trouble
        self.set_status(201)
        self.finish(json.dumps({"notebook": notebook}))
