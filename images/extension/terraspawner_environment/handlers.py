"""REST of the extension for its Lab part: what was before it listened. Changes come over Jupyter's event bus."""

import json
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.services.nbconvert.handlers import AUTH_RESOURCE, NbconvertRootHandler
from tornado import web

from terraspawner_environment.assembly import Workspace
from terraspawner_environment.kills import Kills

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
