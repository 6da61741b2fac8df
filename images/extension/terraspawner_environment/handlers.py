"""REST of the extension for its Lab part: what was before it listened. Changes come over Jupyter's event bus."""

import json

from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment.assembly import Workspace
from terraspawner_environment.kills import Kills


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
