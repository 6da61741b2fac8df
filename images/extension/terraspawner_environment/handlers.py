"""REST of the extension for its Lab part: what was before it listened. Changes come over Jupyter's event bus."""

import json
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.services.nbconvert.handlers import AUTH_RESOURCE, NbconvertRootHandler
from tornado import web

from terraspawner_environment.assembly import Workspace
from terraspawner_environment.kills import Kills
from terraspawner_environment.trouble import ServiceTrouble

LONGEST_FLUSH_SECONDS = 60.0

EXPORT_FORMS = Path("/opt/terra/etc/export-forms.json")
"""Written by images/python/finish."""


class SavesHandler(APIHandler):
    """`GET <base>/terraspawner/api/saves` -> `{"folder": "study/edit" | null, "saves": [SaveState, ...]}`."""

    def initialize(self, workspace: Workspace | None) -> None:
        self.workspace = workspace

    @web.authenticated
    def get(self) -> None:
        workspace = self.workspace
        self.finish(
            json.dumps(
                {
                    "folder": workspace.paths.edit if workspace else None,
                    "saves": [state.facts() for state in workspace.desk.states.all()] if workspace else [],
                }
            )
        )


class KillsHandler(APIHandler):
    """`GET <base>/terraspawner/api/kills` -> `{"kills": [Kill, ...]}`, oldest first."""

    def initialize(self, kills: Kills) -> None:
        self.kills = kills

    @web.authenticated
    def get(self) -> None:
        self.finish(json.dumps({"kills": [kill.facts() for kill in self.kills.all()]}))


class ExportFormsHandler(NbconvertRootHandler):
    """`GET <base>/api/nbconvert`, asked by Lab whenever it is opened: what a notebook can be exported to.

    Jupyter imports all of nbconvert to answer: nothing else is answered for 0.4 s, and 20 MB stay in use. In the image
    the answer was written down once; nbconvert is imported when somebody exports.
    """

    auth_resource = AUTH_RESOURCE

    def initialize(self, written: Path) -> None:
        super().initialize()
        self.written = written

    @web.authenticated
    @authorized
    async def get(self) -> None:
        if self.written.exists():
            self.finish(self.written.read_text(encoding="utf-8"))
        else:
            await super().get()


class FlushHandler(APIHandler):
    """`POST <base>/terraspawner/api/flush` `{"seconds": 15}` -> `{"unsent": [Lab's path, ...]}`.

    Waits until the workspace has everything, at most so long; `unsent` is what it does not have then.
    """

    def initialize(self, workspace: Workspace | None) -> None:
        self.workspace = workspace

    @web.authenticated
    async def post(self) -> None:
        workspace, seconds = self.workspace, (self.get_json_body() or {}).get("seconds")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_FLUSH_SECONDS:
            raise web.HTTPError(400, f"seconds must be a number from 0 to {LONGEST_FLUSH_SECONDS:g}.")
        unsent: list[str] = []
        if workspace is not None:
            await workspace.courier.flush(seconds=seconds)
            pending = {entry.notebook for entry in workspace.desk.outbox.pending()}
            unsent = sorted(workspace.paths.lab_path(notebook) for notebook in pending)
        self.finish(json.dumps({"unsent": unsent}))


class PauseHandler(APIHandler):
    """`POST <base>/terraspawner/api/pause` -> 202 `{}`: the service was asked to pause this environment."""

    def initialize(self, workspace: Workspace | None) -> None:
        self.workspace = workspace

    @web.authenticated
    async def post(self) -> None:
        if self.workspace is None:
            raise web.HTTPError(404, "This server belongs to no workspace.")
        try:
            await self.workspace.service.pause()
        except ServiceTrouble as trouble:
            sentence = trouble.sentence[:1].upper() + trouble.sentence[1:]
            raise web.HTTPError(503, sentence if sentence.endswith(".") else f"{sentence}.") from trouble
        self.set_status(202)
        self.finish("{}")
