"""The life cycle of an environment as one table, after h11's ``_state.py``.

The Hub is the truth about the process; the state here is intent plus what was last seen. A failure is a
reason on ``paused``, not a state. Buttons, permissions to act and the diagram in the README are computed from
:data:`TRANSITIONS`. Updates add their rows with the feature that needs them.

A frozen environment is one whose processes stand still and whose memory stays: ``frozen`` may follow on whatever
was running, as that is what is found when its container was paused past us, or a wake was cut off.

One that was deleted waits in the trash, *trashed*, with its stopped container; restored it is paused again, the same
row with the same container. It is nobody's environment meanwhile: its person may have a newer one in the same
workspace, with the Hub's server of the same name. So it has an end of its own, *purging*, on which the Hub, unlike at
*deleting*, is not asked: the server of that name may be the newer one's.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from terraspawner.domain.language import Language
from terraspawner.domain.size import Size
from terraspawner.domain.start import StepName, Steps, under_way
from terraspawner.domain.unsaved import on_disk
from terraspawner.errors import WrongState


class State(enum.StrEnum):
    NONE = "none"
    CREATING = "creating"
    STARTING = "starting"
    RUNNING = "running"
    FREEZING = "freezing"
    FROZEN = "frozen"
    PAUSING = "pausing"
    PAUSED = "paused"
    DELETING = "deleting"
    TRASHED = "trashed"
    PURGING = "purging"


class Event(enum.StrEnum):
    START = "start"
    READY = "ready"
    FAIL = "fail"
    FREEZE = "freeze"
    FROZEN = "frozen"
    WAKE = "wake"
    PAUSE = "pause"
    STOPPED = "stopped"
    DELETE = "delete"
    DELETED = "deleted"
    TRASHED = "trashed"
    RESTORE = "restore"
    PURGE = "purge"


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.NONE: {Event.START: State.CREATING},
    State.CREATING: {
        Event.READY: State.RUNNING,
        Event.FAIL: State.PAUSED,
        Event.STOPPED: State.PAUSED,
        Event.PAUSE: State.PAUSING,
        Event.DELETE: State.DELETING,
    },
    State.STARTING: {
        Event.READY: State.RUNNING,
        Event.FAIL: State.PAUSED,
        Event.STOPPED: State.PAUSED,
        Event.FROZEN: State.FROZEN,
        Event.PAUSE: State.PAUSING,
        Event.DELETE: State.DELETING,
    },
    State.RUNNING: {
        Event.FREEZE: State.FREEZING,
        Event.FROZEN: State.FROZEN,
        Event.PAUSE: State.PAUSING,
        Event.STOPPED: State.PAUSED,
        Event.DELETE: State.DELETING,
    },
    State.FREEZING: {
        Event.FROZEN: State.FROZEN,
        Event.STOPPED: State.PAUSED,
        Event.DELETE: State.DELETING,
    },
    State.FROZEN: {
        Event.WAKE: State.STARTING,
        Event.PAUSE: State.PAUSING,
        Event.STOPPED: State.PAUSED,
        Event.DELETE: State.DELETING,
    },
    State.PAUSING: {Event.STOPPED: State.PAUSED, Event.DELETE: State.DELETING},
    State.PAUSED: {Event.START: State.STARTING, Event.DELETE: State.DELETING},
    State.DELETING: {Event.TRASHED: State.TRASHED, Event.DELETED: State.NONE},
    State.TRASHED: {Event.RESTORE: State.PAUSED, Event.PURGE: State.PURGING},
    State.PURGING: {Event.DELETED: State.NONE},
}
"""What never came up has nothing to restore: its deletion ends in `none` at once."""

IN_TRANSITION = frozenset(
    {State.CREATING, State.STARTING, State.FREEZING, State.PAUSING, State.DELETING, State.PURGING}
)
"""States that end by themselves; a page shows progress while one lasts."""

CANCELLABLE = frozenset({State.CREATING, State.STARTING})
"""A start is under way, which can be cancelled."""

HOLDS_CONTAINER = frozenset(TRANSITIONS) - {State.NONE}

LIVE = HOLDS_CONTAINER - {State.TRASHED, State.PURGING}
"""Somebody's environment, of which each person has one in a workspace, and which has its disk to itself."""


DESTROYED = {"how": "destroyed"}
"""What `asked` of a row has besides where its environment goes for good, past the trash."""


def next_state(state: State, event: Event) -> State:
    """The state after `event`. Raises `WrongState`, naming the present state and what is possible."""
    following = TRANSITIONS[state].get(event)
    if following is None:
        possible = ", ".join(sorted(allowed_events(state))) or "nothing"
        raise WrongState(
            f"The environment is {state}, so it cannot {event}. Possible now: {possible}.", state=str(state)
        )
    return following


def is_possible(state: State, event: Event) -> bool:
    return event in TRANSITIONS[state]


def allowed_events(state: State) -> frozenset[Event]:
    """What a person may ask for in `state`: the buttons of a page. A wake is asked for as a start."""
    possible = {Event.START if event is Event.WAKE else event for event in TRANSITIONS[state]}
    return frozenset(possible & {Event.START, Event.FREEZE, Event.PAUSE, Event.DELETE})


def mermaid() -> str:
    """The table as a Mermaid state diagram for the README."""
    lines = ["stateDiagram-v2"]
    lines += [
        f"    {state} --> {following}: {event}"
        for state, events in TRANSITIONS.items()
        for event, following in events.items()
    ]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One user's environment in one workspace.

    `start_number` counts starts: what belongs to an earlier start (its key, its late messages) is void.
    `reason` says why it is in its state, `log` holds the container's last lines after a failure.
    `outbox_pending` counts notebooks whose last save is on the disk and not yet in the workspace.
    `steps` are those of the last start. `startup_script` is what runs once in each new container, `startup_log` the
    end of what it said.
    `frozen_memory` is what the Engine counted when it was frozen, in bytes; it says nothing in other states.
    `asked` says who asked last that it be stopped, why, and in which request; empty where that is over. With `start` in
    it a rule asked for the start of that number.
    `data_disk_id` is its second disk, which its next container has; `deletes_disk` and `deletes_data_disk` say what
    becomes of them where it is being deleted.
    `image_name` is what the catalogue calls its `image`, `language` what that is for. `writes_bucket`: its last start
    may change the data of the bucket.
    `kernels`, `terminals`, `memory_seen`, `unsent` (paths of those in the outbox) and `trees` (git folders with work
    that is nowhere else) are what the environment last said of itself: claims, for people to look at; None before that.
    """

    id: str
    workspace_id: str
    user: str
    state: State
    since: datetime
    reason: str
    log: str
    start_number: int
    size: Size
    image: str
    disk_id: str
    container_id: str
    deletes_disk: bool
    outbox_pending: int
    kernels: tuple[Mapping[str, object], ...]
    created_at: datetime
    memory_seen: Mapping[str, object] = field(default_factory=dict)
    steps: Steps = ()
    startup_script: str = ""
    startup_log: str = ""
    frozen_memory: int = 0
    writes_bucket: bool = True
    asked: Mapping[str, str] = field(default_factory=dict)
    language: Language = Language.PYTHON
    image_name: str = ""
    unsent: tuple[str, ...] = ()
    terminals: int | None = None
    trees: tuple[Mapping[str, object], ...] | None = None
    data_disk_id: str | None = None
    deletes_data_disk: bool = False

    @property
    def never_came_up(self) -> bool:
        """Paused, and none of its containers has ever answered: what is in one is half-made."""
        return self.state is State.PAUSED and not self.container_id

    def came_up_in(self, container_id: str) -> bool:
        """Whether that is the container with what was installed: the one that has answered."""
        return bool(container_id) and container_id == self.container_id

    @property
    def unsent_words(self) -> str:
        """What is on its disk alone while nothing runs that could send it, as a sentence; empty where nothing is."""
        is_still = self.state in (State.PAUSED, State.FROZEN)
        return on_disk(self.outbox_pending, self.unsent) if is_still else ""

    @property
    def why_started(self) -> str:
        """What started it, where that was a rule and not its person."""
        return self.asked["why"] if self.asked.get("start") == str(self.start_number) else ""

    @property
    def is_destroyed(self) -> bool:
        """On its way out, and past the trash."""
        return self.state is State.DELETING and self.asked.get("how") == DESTROYED["how"]

    @property
    def waits_for_turn(self) -> bool:
        """Asked for, and other starts are before it: nothing of it is there yet, or has been woken."""
        step = under_way(self.steps)
        return self.state in CANCELLABLE and step is not None and step.name is StepName.QUEUE
