"""What runs in one kernel, cell by cell, and whose tab shows it. Pure: told of messages and connections, with a clock.

A *run* begins when a tab asks the kernel to run a cell. Its owner is the session of that tab's connection, or of the
tab that was opened later and follows it. While the owner is connected, what the run puts out is the owner's to save.
One whose connection was closed on purpose is gone for good: a page that was closed or loaded anew never comes with
the same session again. One whose connection merely broke may come back, and gets from Jupyter's own buffer what it
has missed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from terraspawner_environment.outputs import KEPT, LIMIT, Outputs

GRACE_SECONDS = 10.0
"""A page that connects again closes its connection first; and a tab has saved what it shows after so long."""
SILENCE_SECONDS = 5.0
"""A kernel that is idle and silent for so long will not run what it was asked for: a cell before it has failed."""
RESTARTED = "The kernel was restarted before this cell ended. What it had put out until then is above."
LIMIT_OF_ALL = 40_000_000
MOST_QUEUED = 5000

State = Literal["queued", "running", "done"]


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of one cell. `revision` grows with each change; up to `written` it is in the notebook's file,
    up to `fetched` in the tab that follows it. `was_ours`: as it was asked for or ended, this environment held the
    notebook."""

    message: str
    cell: str
    code: str
    owner: str
    outputs: Outputs
    state: State = "queued"
    count: int | None = None
    is_followed: bool = False
    is_saved_since: bool = False
    was_ours: bool = False
    revision: int = 0
    written: int = 0
    fetched: int = 0
    ended_at: float = 0.0

    @property
    def is_owed(self) -> bool:
        return self.state != "queued" and self.revision > self.written


@dataclass(slots=True)
class _Owner:
    connections: int = 0
    left_at: float | None = None


@dataclass(slots=True)
class KernelRuns:
    """All runs of one kernel."""

    clock: Callable[[], float]
    is_ours: Callable[[], bool] = lambda: False
    """Whether the notebook may be saved from here at present."""
    revision: int = 0
    _runs: dict[str, Run] = field(default_factory=dict)
    _owners: dict[str, _Owner] = field(default_factory=dict)
    _heard_at: float = 0.0

    # ---- who is there ---------------------------------------------------------------------------------------------

    def connected(self, owner: str) -> None:
        here = self._owners.setdefault(owner, _Owner())
        here.connections += 1
        here.left_at = None

    def disconnected(self, owner: str, *, on_purpose: bool) -> None:
        here = self._owners.setdefault(owner, _Owner())
        here.connections = max(0, here.connections - 1)
        if not here.connections:
            here.left_at = self.clock() if on_purpose else None
            self._count()

    def is_live(self, owner: str) -> bool:
        return owner in self._owners and self._owners[owner].connections > 0

    def is_gone(self, owner: str) -> bool:
        """It is not there and does not come back."""
        here = self._owners.get(owner)
        if here is None:
            return True
        return not here.connections and here.left_at is not None and self.clock() >= here.left_at + GRACE_SECONDS

    def _has_left(self, owner: str) -> bool:
        return self._owners[owner].left_at is not None

    # ---- what happens ---------------------------------------------------------------------------------------------

    def requested(self, owner: str, message: str, cell: str, code: str) -> None:
        """A tab asks for a cell to be run."""
        if sum(run.state == "queued" for run in self._runs.values()) < MOST_QUEUED:
            self._heard_at = self.clock()
            self._runs[message] = Run(message=message, cell=cell, code=code, owner=owner, outputs=Outputs(0))
            self._runs[message].was_ours = self.is_ours()

    def heard(self, kind: str, message: str, content: Callable[[], dict[str, Any]], size: int) -> None:
        """The kernel says something that answers `message`; `content` reads it, which is only done where it is kept."""
        self._heard_at = self.clock()
        if kind == "status" and not message and content().get("execution_state") == "starting":
            self.ended(RESTARTED)
        run = self._runs.get(message)
        if run is None or run.state == "done":
            return
        if kind == "status":
            if content().get("execution_state") == "idle":
                self._end(run)
        elif kind == "execute_input":
            self._begin(run, content().get("execution_count"))
        elif kind == "update_display_data":
            self._update(content(), size)
        elif kind == "clear_output":
            run.outputs.clear(waits=bool(content().get("wait")))
            self._change(run)
        elif kind in KEPT:
            run.outputs.add(kind, content(), size)
            self._change(run)

    def ended(self, sentence: str) -> None:
        """The kernel is no more: what ran says so, what waited never runs."""
        for run in list(self._runs.values()):
            if run.state == "running":
                run.outputs.say(sentence)
                self._change(run)
            if run.state != "done":
                self._end(run)

    def sweep(self, *, is_idle: bool) -> None:
        """Now and then. An idle kernel that has said nothing for long runs none of what was asked for.

        Where a cell runs, idle is said of something beside it (messages of widgets have a thread of their own).
        """
        is_running = any(run.state == "running" for run in self._runs.values())
        if is_idle and not is_running and self.clock() >= self._heard_at + SILENCE_SECONDS:
            for run in [run for run in self._runs.values() if run.state == "queued"]:
                self._end(run)
        in_use = {run.owner for run in self._runs.values()}
        for owner in [owner for owner in self._owners if owner not in in_use and not self.is_live(owner)]:
            del self._owners[owner]

    def saved(self) -> None:
        """A tab saved the notebook. What it has shown for a while is in there, or was taken out on purpose."""
        for run in list(self._runs.values()):
            run.is_saved_since = True
            is_shown = self.is_live(run.owner) and not (run.is_followed and run.fetched < run.revision)
            is_shown = is_shown and run.state == "done"
            if is_shown and self.clock() >= run.ended_at + GRACE_SECONDS:
                self._settle(run)

    # ---- what is to be written, and what a tab follows --------------------------------------------------------------

    def owed(self, *, is_last_chance: bool, has_left: bool = False) -> list[Run]:
        """What no tab saves. `has_left`: also of an owner that closed its page just now. `is_last_chance`: an owner
        that may come back is not waited for either."""
        return [
            run
            for run in self._runs.values()
            if run.is_owed and not self._is_waited_for(run.owner, is_last_chance=is_last_chance, has_left=has_left)
        ]

    def _is_waited_for(self, owner: str, *, is_last_chance: bool, has_left: bool) -> bool:
        if self.is_live(owner) or owner not in self._owners:
            return self.is_live(owner)
        if is_last_chance or (has_left and self._has_left(owner)):
            return False
        return not self.is_gone(owner)

    def is_waiting(self) -> bool:
        """Something is owed for an owner that left on purpose."""
        return any(
            run.is_owed and not self.is_live(run.owner) and (run.owner not in self._owners or self._has_left(run.owner))
            for run in self._runs.values()
        )

    def wrote(self, run: Run, revision: int) -> None:
        run.written = max(run.written, revision)
        if run.state == "done" and not run.is_owed:
            self._settle(run)

    def follow(self, owner: str) -> None:
        """A tab that was opened meanwhile takes over what nobody shows."""
        for run in self._runs.values():
            if run.owner != owner and not self.is_live(run.owner):
                run.owner, run.is_followed, run.fetched = owner, True, run.revision
                if run.state != "done" or run.is_owed:
                    self._change(run)

    def followed(self, owner: str, seen: int) -> list[Run]:
        """What changed since."""
        runs = [run for run in self._runs.values() if run.is_followed and run.owner == owner and run.revision > seen]
        for run in runs:
            run.fetched = run.revision
        return runs

    def is_over(self, owner: str) -> bool:
        """Nothing is left that this tab did not ask for itself."""
        return all(run.state == "done" or (run.owner == owner and not run.is_followed) for run in self._runs.values())

    # ---- steps ------------------------------------------------------------------------------------------------------

    def _begin(self, run: Run, count: object) -> None:
        for other in [other for other in self._runs.values() if other.cell == run.cell and other.state == "done"]:
            del self._runs[other.message]
        room = LIMIT_OF_ALL - sum(len(other.outputs) for other in self._runs.values())
        run.state, run.outputs = "running", Outputs(min(LIMIT, max(0, room)))
        run.count = count if isinstance(count, int) else None
        self._change(run)

    def _end(self, run: Run) -> None:
        if run.state == "queued":
            del self._runs[run.message]
            self._count()
            return
        run.state, run.ended_at = "done", self.clock()
        run.was_ours = run.was_ours or self.is_ours()
        self._change(run)

    def _update(self, content: dict[str, Any], size: int) -> None:
        for run in self._runs.values():
            if run.outputs.update(content, size):
                self._change(run)

    def _settle(self, run: Run) -> None:
        """It is where it belongs. One with a display is kept: a later cell can change that."""
        run.written = run.revision
        if not run.outputs.has_displays:
            del self._runs[run.message]

    def _change(self, run: Run) -> None:
        run.revision = self._count()

    def _count(self) -> int:
        self.revision += 1
        return self.revision
