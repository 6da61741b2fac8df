"""The server extension: connects the workspace's parts with the running server, starts and stops them."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from traitlets import Float

from terraspawner_environment import trees
from terraspawner_environment.activity import Activity
from terraspawner_environment.activity_handlers import HumanHandler, KeepAliveHandler, NextStopHandler
from terraspawner_environment.assembly import Workspace
from terraspawner_environment.bucket_handlers import BucketHandler
from terraspawner_environment.calls import Calls
from terraspawner_environment.commands import CommandSocket
from terraspawner_environment.conflicts import ConflictChangesHandler, ConflictHandler, OfNotebook
from terraspawner_environment.connection import RECORDER
from terraspawner_environment.deaths import DeathWatch
from terraspawner_environment.follow import FollowHandler
from terraspawner_environment.handlers import (
    EXPORT_FORMS,
    ExportFormsHandler,
    FlushHandler,
    KillsHandler,
    PauseHandler,
    SavesHandler,
)
from terraspawner_environment.kills import SCHEMA as KILLS_SCHEMA
from terraspawner_environment.kills import SCHEMA_ID as KILLS_SCHEMA_ID
from terraspawner_environment.kills import Kill, Kills
from terraspawner_environment.last_tab import SECONDS, LastTab, WhenClosedHandler
from terraspawner_environment.lease_acts import LeaseActs
from terraspawner_environment.memory import read_memory
from terraspawner_environment.offers_handlers import OfferChangesHandler, OffersHandler
from terraspawner_environment.playground_handlers import NewNotebookHandler, PlaygroundHandler
from terraspawner_environment.proposing_handlers import ProposeHandler
from terraspawner_environment.recorded import RecordedContentsManager
from terraspawner_environment.recorder import Recorder
from terraspawner_environment.reports import Reporter, is_busy, kernel_facts
from terraspawner_environment.saves import SCHEMA, SCHEMA_ID, SaveState
from terraspawner_environment.sessions import SessionHandler, Tabs
from terraspawner_environment.settling import SettleHandler, Settling


class EnvironmentExtension(ExtensionApp):
    """Loaded by Jupyter; see the package's docstring."""

    name = "terraspawner_environment"
    load_other_extensions = True
    # `docker stop` kills after 10 s: this, and then the kernels' own end, must fit.
    flush_seconds = Float(5.0, config=True, help="How long the end of the server waits for unsent saves.")

    settled_seconds = Float(
        1.0, config=True, help="The same, where the spawner has had everything sent a moment before."
    )

    release_seconds = Float(1.0, config=True, help="How long it waits then for giving back its leases.")

    closed_seconds = Float(SECONDS, config=True, help="How long after the last tab was closed it is paused, if wanted.")

    report_seconds = Float(1.0, config=True, help="How long it waits then for telling what is still unsent.")

    _tasks: tuple[asyncio.Task[None], ...] = ()
    _kills: Kills
    _recorder: Recorder | None = None
    _activity: Activity | None = None
    _reporter: Reporter | None = None
    _last_tab: LastTab | None = None
    _commands: CommandSocket | None = None
    _settling: Settling | None = None

    @property
    def workspace(self) -> Workspace | None:
        return getattr(self.serverapp.contents_manager, "workspace", None)

    def initialize_handlers(self) -> None:
        self._kills = Kills(read_memory, clock=time.monotonic, now=lambda: datetime.now(UTC))
        base = url_path_join("/terraspawner", "api")
        for name, handler in (("saves", SavesHandler), ("flush", FlushHandler), ("pause", PauseHandler),
                              ("playground", PlaygroundHandler), ("notebooks", NewNotebookHandler),
                              ("propose", ProposeHandler), ("bucket", BucketHandler)):  # fmt: skip
            self.handlers.append((f"{base}/{name}", handler, {"workspace": self.workspace}))
        of_notebooks: dict[str, type[OfNotebook]] = {
            "conflict": ConflictHandler,
            "conflict/changes": ConflictChangesHandler,
            "proposals": OffersHandler,
            "proposals/changes": OfferChangesHandler,
        }
        for name, of_notebook in of_notebooks.items():
            self.handlers.append((f"{base}/{name}", of_notebook, {"workspace": self.workspace}))
        tabs = self._tabs()
        if self.workspace is not None and tabs is not None:
            self._settling = Settling(self.workspace, tabs, self._recorder, time.monotonic)
        self.handlers.append((f"{base}/session", SessionHandler, {"tabs": tabs}))
        self.handlers.append((f"{base}/settle", SettleHandler, {"settling": self._settling}))
        of_activity = {"activity": self._activity, "workspace": self.workspace, "report": self._report_activity}
        self.handlers.append((f"{base}/next-stop", NextStopHandler, of_activity))
        self.handlers.append((f"{base}/when-closed", WhenClosedHandler, {"last_tab": self._last_tab}))
        self.handlers.append((f"{base}/human", HumanHandler, of_activity))
        self.handlers.append((f"{base}/keep-alive", KeepAliveHandler, of_activity))
        self.handlers.append((f"{base}/kills", KillsHandler, {"kills": self._kills}))
        self.handlers.append((f"{base}/runs", FollowHandler, {"recorder": self._recorder}))
        # a handler of an extension comes before Jupyter's own
        self.handlers.append(("/api/nbconvert", ExportFormsHandler, {"written": EXPORT_FORMS}))

    def _tabs(self) -> Tabs | None:
        workspace = self.workspace
        if workspace is None:
            return None
        flush = workspace.courier.flush
        acts = LeaseActs(workspace.leases, lambda notebook, seconds: flush(notebook, seconds=seconds),
                         user=workspace.settings.user)  # fmt: skip
        return Tabs(workspace.leases, acts, workspace.paths, last=self._last_tab)

    def initialize_settings(self) -> None:
        notebooks = self.serverapp.contents_manager
        if isinstance(notebooks, RecordedContentsManager):
            notebooks.recorder = self._recorder = Recorder(self.serverapp, notebooks, time.monotonic)
            self.serverapp.web_app.settings[RECORDER] = self._recorder
        events: EventLogger = self.serverapp.event_logger
        events.register_event_schema(SCHEMA)
        events.register_event_schema(KILLS_SCHEMA)
        if self.workspace is not None:
            courier, service = self.workspace.courier, self.workspace.service
            self._activity = Activity(self.serverapp, time.monotonic)
            self._last_tab = LastTab(
                rests=self._activity.rests, flush=lambda seconds: courier.flush(seconds=seconds), pause=service.pause,
                seconds=self.closed_seconds,
            )  # fmt: skip
            page_config = self.serverapp.web_app.settings.setdefault("page_config_data", {})
            page_config["terraWorkspacePage"] = self.workspace.settings.page
            page_config["terraEnvironment"] = self.workspace.settings.environment
            page_config["terraFolder"] = self.workspace.settings.workspace
            if drive := self.workspace.settings.drive:
                page_config["terraDrive"] = drive.relative_to(self.workspace.settings.home).as_posix()
            page_config["terraUser"] = self.workspace.settings.user

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Called once the server runs: what an earlier one left goes out first."""
        self._kills.listen(self._announce_kill)
        self._tasks = (asyncio.create_task(self._survive(DeathWatch(serverapp, self._kills).watch())),)
        if self._recorder is not None:
            self._tasks += (asyncio.create_task(self._survive(self._recorder.watch())),)
        workspace = self.workspace
        if workspace is None:
            self.log.info("No workspace is given: notebooks are plain files here.")
            return
        workspace.desk.states.listen(self._announce)
        workspace.leases.is_busy = lambda notebook: self._is_at_work(workspace.paths.lab_path(notebook))
        self._commands = CommandSocket(workspace.service, Path(serverapp.runtime_dir))
        try:
            self._commands.open()
        except OSError as error:  # a full or odd disk must not keep the user from a server
            self.log.warning("The command ws rm will not be answered: %s", error)
        home = workspace.settings.home
        reporter = self._reporter = Reporter(
            workspace, lambda: kernel_facts(self.serverapp), kills=self._kills, activity=self._activity,
            trees=lambda: trees.look(home),
        )  # fmt: skip
        if self._activity is not None:
            self._tasks += (asyncio.create_task(self._survive(self._activity.watch())),)
        self._tasks += tuple(
            asyncio.create_task(self._survive(work))
            for work in (
                workspace.courier.start(),
                workspace.outside.watch(),
                Calls(workspace.leases, workspace.service).follow(),
                reporter.report_outbox(),
                reporter.report_activity(),
                reporter.look_for_trees(),
            )
        )

    async def stop_extension(self) -> None:
        """Called at SIGTERM: send what can be sent in a few seconds. The rest goes out at the next start. Where the
        spawner ends it, tabs have saved before (`settling.py`)."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._recorder is not None:
            await self._recorder.close()
        if self._commands is not None:
            self._commands.close()
        workspace = self.workspace
        if workspace is not None:
            is_settled = self._settling is not None and self._settling.is_near_end
            await workspace.courier.close(seconds=self.settled_seconds if is_settled else self.flush_seconds)
            if self._reporter is not None:
                await self._reporter.say_last(seconds=self.report_seconds)
            await workspace.leases.close(seconds=self.release_seconds)
            await workspace.service.close()

    async def _report_activity(self) -> None:
        if self._reporter is not None:
            await self._reporter.report_now()

    async def _is_at_work(self, path: str) -> bool:
        """Whether a notebook's kernel runs something, or has put out what is still to be written into the notebook."""
        is_owed = self._recorder is not None and self._recorder.owes(path)
        return is_owed or await is_busy(self.serverapp, path)

    async def _survive(self, work: Any) -> None:
        try:
            await work
        except Exception:  # a loop of ours that ends must not take the user's server along, nor go unseen
            self.log.exception("A background task of the environment extension ended")

    def _announce(self, state: SaveState) -> None:
        self.serverapp.event_logger.emit(schema_id=SCHEMA_ID, data=state.facts())

    def _announce_kill(self, kill: Kill) -> None:
        self.log.warning("The memory limit of %s bytes was reached: %s", kill.limit, kill.path or f"a {kill.what}")
        self.serverapp.event_logger.emit(schema_id=KILLS_SCHEMA_ID, data=kill.facts())
