"""An environment that a fault befalls, and the four that must agree on it afterwards: row, Hub, Engine and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deployment import Deployment, Person, Workspace, until
from hub.kernels import Kernel

IN_DOCKER = {"running": "running", "frozen": "paused", "paused": "exited"}
COUNT = """
import sqlite3, sys
with sqlite3.connect("file:/srv/terra/hub/jupyterhub.sqlite?mode=ro", uri=True) as hub:
    print(hub.execute("select count(*) from api_tokens where note = ?", [f"Server at {sys.argv[1]}"]).fetchone()[0])
"""


@dataclass(kw_only=True)
class Place:
    """The environment that goes through the table. `token` is that of its last start, `kernel` holds a variable."""

    workspace: Workspace
    token: str = ""
    kernel: Kernel | None = None

    @property
    def owner(self) -> Person:
        return self.workspace.owner

    @property
    def deployment(self) -> Deployment:
        return self.owner.deployment

    def brought_into(self, state: str) -> None:
        if self.workspace.environment()["state"] in ("running", "frozen"):
            self.workspace.pause()
        self.workspace.start()
        self.token, self.kernel = self.workspace.server_token(), Kernel.started(self.workspace)
        assert self.kernel.run("held = 42; print(held)") == "42"
        if state == "frozen":
            self.workspace.freeze()
        if state == "paused":
            self.workspace.pause()

    def tokens(self) -> int:
        """How many tokens of its server the Hub knows."""
        said = self.deployment.service("hub").exec_run(["python", "-c", COUNT, self.workspace.server_url])
        assert said.exit_code == 0, said.output
        return int(said.output)

    def is_ready(self) -> bool:
        """Whether it runs for the Hub, which may just be finding out."""
        server = self._server()
        return bool(server["ready"]) and not server["pending"]

    def is_pending(self) -> bool:
        """Whether the Hub starts or stops it: a start that waits for a helper is in no row yet."""
        return bool(self._server()["pending"])

    def _server(self) -> dict[str, Any]:
        servers = self.owner.hub.get(f"/users/{self.owner.name}?include_stopped_servers=1").json()["servers"]
        return servers.get(self.workspace.slug, {"ready": False, "pending": None})  # type: ignore[no-any-return]

    def agrees(self, state: str) -> None:
        """Row, Hub, Engine and tokens all say `state`, within a minute."""
        self.workspace.wait_for(state, within=60)
        until(lambda: self.is_ready() == (state == "running"), f"the Hub agrees that it is {state}")
        found = self.deployment.containers(user=self.owner.name, environment=self.workspace.environment()["id"] or "-")
        assert [container.status for container in found] == ([IN_DOCKER[state]] if state in IN_DOCKER else [])
        alive = state in ("running", "frozen")
        until(lambda: self.tokens() == int(alive), f"{int(alive)} token(s) of a server that is {state}")
