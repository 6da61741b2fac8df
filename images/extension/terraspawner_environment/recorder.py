"""Keeps what cells put out while no browser shows their notebook, and writes it into the notebook.

Why code of our own: `jupyter-server-nbmodel` and Jupyter's server-side documents have the server run the cells and
keep the document, which needs real-time collaboration (`jupyter-collaboration`) for what is seen to be what is kept;
that replaces Lab's saves, and with them this project's save road, leases and versions. nbclient applies outputs as
well, but only of cells that it runs itself. So here Lab runs its cells as ever, and the server listens: to the tab's
requests, which name the cell (`metadata.cellId`), and to what the kernel puts out.

Who writes: a tab that is there saves what it shows; this module writes only what no tab will (`runs.py`). A notebook
that was just read for somebody is left alone for a moment, until that tab says that it follows what still runs
(`follow.py`): the file must not change under a tab that has it open. Jupyter's own buffer replays what a tab has
missed that comes back in the same session; that tab's file is not written meanwhile, so nothing is there twice.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from jupyter_client.session import Session
from nbformat import ValidationError
from tornado.web import HTTPError

from terraspawner_environment.runs import KernelRuns, Run

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
EVERY_SECONDS = 20.0
"""How often the file gets what a cell has put out that still runs: so much of it is lost with a container that is
killed. Not more often, since each time is a save that goes to the workspace and stands in its history for an hour."""
SHARE = 20.0
"""It rests for so many times as long as it took: a large notebook is not written over and over."""
OPENING_SECONDS = 60.0
"""How long a tab may take from reading a notebook to following it."""
KERNEL_ENDED = "The kernel ended before this cell did. What it had put out until then is above."


class Notebooks(Protocol):
    """The contents manager, as far as it is needed here."""

    async def write_outputs(self, path: str, runs: list[Run], *, is_end: bool = False) -> None: ...

    def holds(self, path: str) -> bool: ...


class Recorder:
    """Listens to all kernels of `server` (a `ServerApp`)."""

    def __init__(self, server: Any, notebooks: Notebooks, clock: Callable[[], float]) -> None:
        self._server, self._notebooks, self._clock = server, notebooks, clock
        self._kernels: dict[str, KernelRuns] = {}
        self._streams: dict[str, Any] = {}
        self._paths: dict[str, str] = {}
        self._opened_at: dict[str, float] = {}
        self._next_at: dict[str, float] = {}
        self._writing = asyncio.Lock()
        self._failing: set[str] = set()

    # ---- told by connections ----------------------------------------------------------------------------------------

    def listen(self, kernel_id: str) -> None:
        """To a kernel to which a tab connects; its outputs are read from now on."""
        stream = self._streams.get(kernel_id)
        if stream is not None and not stream.closed():
            return
        kernel = self._server.kernel_manager.get_kernel(kernel_id)
        runs = self._kernels.get(kernel_id)
        if runs is None:
            is_ours = partial(self._is_ours, kernel_id)
            runs = self._kernels[kernel_id] = KernelRuns(self._clock, is_ours)
            kernel.add_restart_callback(partial(self._on_end, kernel_id), "restart")
            kernel.add_restart_callback(partial(self._on_end, kernel_id), "dead")
        self._streams[kernel_id] = stream = kernel.connect_iopub()
        session = Session(config=kernel.session.config, key=kernel.session.key)
        stream.on_recv(partial(self._on_message, runs, session))

    def of(self, kernel_id: str) -> KernelRuns | None:
        return self._kernels.get(kernel_id)

    def _is_ours(self, kernel_id: str) -> bool:
        return self._notebooks.holds(self._paths.get(kernel_id, ""))

    def _on_end(self, kernel_id: str) -> None:
        self._kernels[kernel_id].ended(KERNEL_ENDED)

    def _on_message(self, runs: KernelRuns, session: Session, frames: list[Any]) -> None:
        try:
            _, parts = session.feed_identities(frames)
            message = session.deserialize(parts, content=False)
            raw, answered = message["content"], message["parent_header"].get("msg_id", "")
            runs.heard(message["header"]["msg_type"], answered, lambda: dict(session.unpack(raw)), len(raw))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, ValidationError) as error:
            # a kernel is any program of the user's, and Lab too passes over what it cannot read
            log.warning("A message of a kernel could not be read: %r", error)

    # ---- told by the contents manager -------------------------------------------------------------------------------

    async def opening(self, path: str) -> None:
        """The notebook is about to be read for a tab: it gets all there is, and the file then stays as it is."""
        await self._find_paths()
        for kernel_id in self._of_notebook(path):
            await self._write(kernel_id, is_last_chance=True)
        self._opened_at[path] = self._clock()

    def follow(self, kernel_id: str, session: str) -> KernelRuns | None:
        """A tab shows the notebook now, and takes over what runs; None where nothing is known of the kernel."""
        runs = self._kernels.get(kernel_id)
        if runs is not None and runs.is_live(session):
            runs.follow(session)
            self._opened_at.pop(self._paths.get(kernel_id, ""), None)
        return runs

    def saved(self, path: str) -> None:
        for kernel_id in self._of_notebook(path):
            self._kernels[kernel_id].saved()

    # ---- now and then -----------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Write what is due."""
        now = self._clock()
        self._opened_at = {path: at for path, at in self._opened_at.items() if now < at + OPENING_SECONDS}
        if not self._kernels:
            return
        await self._find_paths()
        for kernel_id, runs in list(self._kernels.items()):
            is_there = kernel_id in self._server.kernel_manager
            if not is_there:
                runs.ended(KERNEL_ENDED)
            runs.sweep(is_idle=is_there and self._is_idle(kernel_id))
            owed = runs.owed(is_last_chance=not is_there)
            path = self._paths.get(kernel_id, "")
            is_late = now >= self._next_at.get(kernel_id, 0.0)
            is_due = is_late or (path not in self._failing and any(run.state == "done" for run in owed))
            if owed and is_due and path not in self._opened_at:
                await self._write(kernel_id, is_last_chance=not is_there)
            if not is_there and not runs.owed(is_last_chance=True):
                self._forget(kernel_id)

    def owes(self, path: str) -> bool:
        """Whether what cells of this notebook have put out will be written soon."""
        return any(self._kernels[kernel_id].is_waiting() for kernel_id in self._of_notebook(path))

    async def write_all(self, *, is_last_chance: bool) -> None:
        """Whatever no tab saves, at once. Not the last chance: kernels and tabs stand still and go on one day, so whose
        line merely broke gets the rest itself."""
        await self._find_paths()
        for kernel_id in list(self._kernels):
            await self._write(kernel_id, is_last_chance=is_last_chance, has_left=True, is_end=is_last_chance)

    async def close(self) -> None:
        """The server ends: whoever was away will find it in the file."""
        await self.write_all(is_last_chance=True)

    # ---- steps ------------------------------------------------------------------------------------------------------

    async def _write(
        self, kernel_id: str, *, is_last_chance: bool, has_left: bool = False, is_end: bool = False
    ) -> None:
        async with self._writing:
            runs, path = self._kernels[kernel_id], self._paths.get(kernel_id)
            owed = runs.owed(is_last_chance=is_last_chance, has_left=has_left)
            if not owed or path is None:
                return
            revisions = [run.revision for run in owed]
            began = self._clock()
            self._next_at[kernel_id] = began + EVERY_SECONDS
            try:
                await self._notebooks.write_outputs(path, owed, is_end=is_end)
            except (HTTPError, OSError) as error:  # a full disk, a lease that is another's: tried again, and shown anew
                if getattr(error, "status_code", None) == HTTPStatus.NOT_FOUND:
                    self._settle(runs, owed, revisions)  # the notebook was deleted
                    return
                if path not in self._failing:
                    log.warning("Outputs of %s are kept in memory alone: %s", path, error)
                self._failing.add(path)
                return
            self._next_at[kernel_id] = began + max(EVERY_SECONDS, SHARE * (self._clock() - began))
            self._failing.discard(path)
            self._settle(runs, owed, revisions)

    def _settle(self, runs: KernelRuns, written: list[Run], revisions: list[int]) -> None:
        for run, revision in zip(written, revisions, strict=True):
            runs.wrote(run, revision)

    async def _find_paths(self) -> None:
        """Notebooks are renamed; the session of a kernel that ended is gone, and its last path is kept."""
        if self._kernels:
            for session in await self._server.session_manager.list_sessions():
                if session["type"] == "notebook" and session["kernel"]["id"] in self._kernels:
                    self._paths[session["kernel"]["id"]] = str(session["path"]).strip("/")

    def _of_notebook(self, path: str) -> list[str]:
        return [kernel_id for kernel_id in self._kernels if self._paths.get(kernel_id) == path]

    def _is_idle(self, kernel_id: str) -> bool:
        return getattr(self._server.kernel_manager.get_kernel(kernel_id), "execution_state", None) == "idle"

    def _forget(self, kernel_id: str) -> None:
        stream = self._streams.pop(kernel_id, None)
        if stream is not None and not stream.closed():
            stream.close()
        for kept in (self._kernels, self._paths, self._next_at):
            kept.pop(kernel_id, None)  # type: ignore[attr-defined]
