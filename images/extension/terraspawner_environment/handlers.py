"""REST of the extension for its Lab part. One route: changes come over Jupyter's event bus."""

import json

from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment.assembly import Workspace


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
