"""The server extension: connects the workspace's parts with the running server, starts and stops them."""

import asyncio
from contextlib import suppress
from typing import Any

from jupyter_events import EventLogger
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join

from terraspawner_environment.assembly import Workspace
from terraspawner_environment.handlers import SavesHandler
from terraspawner_environment.reports import Reporter, kernel_facts
from terraspawner_environment.saves import SCHEMA, SCHEMA_ID, SaveState

# `docker stop` kills after 10 s: this, and then the kernels' own end, must fit.
FLUSH_SECONDS = 5.0


class EnvironmentExtension(ExtensionApp):
    """Loaded by Jupyter; see the package's docstring."""

    name = "terraspawner_environment"
    load_other_extensions = True

    _tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def workspace(self) -> Workspace | None:
        return getattr(self.serverapp.contents_manager, "workspace", None)

    def initialize_handlers(self) -> None:
        route = url_path_join("/terraspawner", "api", "saves")
        self.handlers.append((route, SavesHandler, {"workspace": self.workspace}))

    def initialize_settings(self) -> None:
        events: EventLogger = self.serverapp.event_logger
        events.register_event_schema(SCHEMA)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:  # noqa: ARG002 - Jupyter's signature
        """Called once the server runs: what an earlier one left goes out first."""
        workspace = self.workspace
        if workspace is None:
            self.log.info("No workspace is given: notebooks are plain files here.")
            return
        workspace.desk.states.listen(self._announce)
        reporter = Reporter(workspace, lambda: kernel_facts(self.serverapp))
        self._tasks = tuple(
            asyncio.create_task(self._survive(work))
            for work in (workspace.courier.start(), reporter.report_outbox(), reporter.report_activity())
        )

    async def stop_extension(self) -> None:
        """Called at SIGTERM: send what can be sent in a few seconds. The rest goes out at the next start."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        workspace = self.workspace
        if workspace is not None:
            await workspace.courier.close(seconds=FLUSH_SECONDS)
            await workspace.service.close()

    async def _survive(self, work: Any) -> None:
        try:
            await work
        except Exception:  # a loop of ours that ends must not take the user's server along, nor go unseen
            self.log.exception("A background task of the environment extension ended")

    def _announce(self, state: SaveState) -> None:
        self.serverapp.event_logger.emit(schema_id=SCHEMA_ID, data=state.facts())
