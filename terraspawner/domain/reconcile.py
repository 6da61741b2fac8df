"""What follows where our row, the Hub and Docker do not say the same, as two tables (K1).

The Hub is the truth about the process, Docker about what is there, our row about what is wanted. Unknown is a value:
who does not answer contradicts nobody. A volume that we do not know is told to the operators and never touched, and so
is a container, but that it is stopped if it runs: it costs, and nobody can reach it. A start or stop under way in the
Hub ends by itself, and what the Hub says is ready is looked at by its own poll.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from terraspawner.domain.disk import DiskState
from terraspawner.domain.environment import State


class Server(enum.StrEnum):
    """What the Hub says of the process."""

    STOPPED = "stopped"
    READY = "ready"
    BUSY = "busy"
    UNKNOWN = "unknown"


class Container(enum.StrEnum):
    """What Docker says of the container."""

    NONE = "none"
    STOPPED = "stopped"
    RUNNING = "running"
    FROZEN = "frozen"
    UNKNOWN = "unknown"


class Act(enum.StrEnum):
    """What puts it right. `REPORT` puts nothing right: people have to look."""

    FINISH_DELETION = "finish-deletion"
    STOP = "stop"
    FREEZE = "freeze"
    NOTE_FROZEN = "note-frozen"
    NOTE_GONE = "note-gone"
    STOP_CONTAINER = "stop-container"
    REMOVE_CONTAINER = "remove-container"
    REMOVE_VOLUME = "remove-volume"
    PURGE = "purge"
    REMOVE_SCRATCH = "remove-scratch"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row: where all of it is so, `act` follows, and `why` is told.

    State None is a container of ours without a row. `half_made`: the container is not the one that came up last.
    """

    states: frozenset[State | None]
    server: frozenset[Server]
    container: frozenset[Container]
    half_made: frozenset[bool] = frozenset({True, False})
    act: Act
    why: str

    def fits(self, state: State | None, server: Server | None, container: Container, *, half_made: bool) -> bool:
        """Whether it is so; `server` None leaves open what the Hub says."""
        return (
            state in self.states
            and (server is None or server in self.server)
            and container in self.container
            and half_made in self.half_made
        )


def _of(*values: State | None) -> frozenset[State | None]:
    return frozenset(values)


_ANY_SERVER = frozenset(Server)
_QUIET = frozenset({Server.STOPPED})
_SETTLED = frozenset({Server.STOPPED, Server.READY})
_ANY_CONTAINER = frozenset(Container)
_KNOWN = _ANY_CONTAINER - {Container.UNKNOWN}
_THERE = _KNOWN - {Container.NONE}
_UP = frozenset({Container.RUNNING, Container.FROZEN})

CASES: tuple[Case, ...] = (
    Case(
        states=_of(State.DELETING), server=_ANY_SERVER, container=_ANY_CONTAINER, act=Act.FINISH_DELETION,
        why="Its deletion was begun and is not done.",
    ),
    # in the trash: what the Hub says of the server of its name is about a newer environment
    Case(
        states=_of(State.PURGING), server=_ANY_SERVER, container=_ANY_CONTAINER, act=Act.FINISH_DELETION,
        why="Its deletion for good was begun and is not done.",
    ),
    Case(
        states=_of(State.TRASHED), server=_ANY_SERVER, container=frozenset({Container.NONE}), act=Act.PURGE,
        why="Its container was removed on the machine, so nothing is left that could be restored. Its disk is"
        " untouched.",
    ),
    Case(
        states=_of(State.TRASHED), server=_ANY_SERVER, container=_THERE, half_made=frozenset({True}), act=Act.PURGE,
        why="The container that is there is not the one that was deleted, so it cannot be restored. Its disk is"
        " untouched.",
    ),
    Case(
        states=_of(State.TRASHED), server=_ANY_SERVER, container=_UP, act=Act.STOP_CONTAINER,
        why="It is in the trash, and its container was started on the machine, past the Hub.",
    ),
    # the Hub says that nothing runs
    Case(
        states=_of(State.CREATING), server=_QUIET, container=_ANY_CONTAINER, act=Act.STOP,
        why="The start was interrupted: the Hub no longer knows of it. Start it again.",
    ),
    Case(
        states=_of(State.STARTING), server=_QUIET, container=_ANY_CONTAINER, act=Act.STOP,
        why="The start was interrupted: the Hub no longer knows of it. Resume it again.",
    ),
    Case(
        states=_of(State.RUNNING), server=_QUIET, container=_ANY_CONTAINER, act=Act.STOP,
        why="The environment ended by itself, or the machine was restarted. Its disk is untouched.",
    ),
    # whoever was at it is no more
    Case(states=_of(State.PAUSING), server=_SETTLED, container=_ANY_CONTAINER, act=Act.STOP, why=""),
    Case(
        states=_of(State.FREEZING), server=frozenset({Server.READY}), container=_KNOWN, act=Act.FREEZE,
        why="It shall be frozen, and the Hub was not asked for that, or forgot.",
    ),
    Case(
        states=_of(State.FREEZING), server=_QUIET, container=frozenset({Container.FROZEN}), act=Act.NOTE_FROZEN,
        why="It was frozen, and nobody wrote that down.",
    ),
    Case(
        states=_of(State.FREEZING), server=_QUIET, container=_KNOWN, act=Act.STOP,
        why="The environment ended before it was frozen. Its disk is untouched.",
    ),
    Case(
        states=_of(State.FROZEN), server=_QUIET, container=_KNOWN - {Container.FROZEN}, act=Act.STOP,
        why="The environment ended while it was frozen. Its disk is untouched; variables are lost.",
    ),
    Case(
        states=_of(State.FROZEN), server=frozenset({Server.READY}), container=_KNOWN, act=Act.STOP,
        why="The environment ended while it was frozen. Its disk is untouched; variables are lost.",
    ),
    # our row says that nothing runs
    Case(
        states=_of(State.PAUSED), server=frozenset({Server.READY}), container=_UP, act=Act.STOP,
        why="It runs, and is paused for everybody: its key is dead, so that it could save nothing.",
    ),
    Case(
        states=_of(State.PAUSED), server=_QUIET, container=_THERE, half_made=frozenset({True}),
        act=Act.REMOVE_CONTAINER, why="A start that failed or was cancelled left it half-made.",
    ),
    Case(
        states=_of(State.PAUSED), server=_QUIET, container=_UP, act=Act.STOP_CONTAINER,
        why="It is paused, and its container was started on the machine, past the Hub.",
    ),
    Case(
        states=_of(State.PAUSED), server=_QUIET, container=frozenset({Container.NONE}), half_made=frozenset({False}),
        act=Act.NOTE_GONE,
        why="Its container was removed on the machine. Its disk is untouched; the next start makes a new one from the"
        " image, without what was installed outside the disk.",
    ),
    Case(
        states=_of(State.NONE), server=_ANY_SERVER, container=_THERE, act=Act.REMOVE_CONTAINER,
        why="The environment was deleted, and its container is still there.",
    ),
    Case(
        states=_of(None), server=_ANY_SERVER, container=_UP, act=Act.STOP_CONTAINER,
        why="It bears this deployment's label and runs, and no environment of ours has it. It is stopped and kept.",
    ),
    Case(
        states=_of(None), server=_ANY_SERVER, container=frozenset({Container.STOPPED}), act=Act.REPORT,
        why="It bears this deployment's label, and no environment of ours has it. Remove it by `docker rm` if nobody"
        " misses it.",
    ),
)  # fmt: skip
"""The first that fits counts. Where none does, all is well, or is on its way."""


def judge(state: State | None, server: Server, container: Container, *, half_made: bool) -> Case | None:
    """What follows for an environment, or for a container without one; None where nothing does."""
    return next((case for case in CASES if case.fits(state, server, container, half_made=half_made)), None)


def needs_hub(state: State | None, container: Container, *, half_made: bool) -> bool:
    """Whether it matters what the Hub says."""
    fitting = [case for case in CASES if case.fits(state, None, container, half_made=half_made)]
    return any(case.server != _ANY_SERVER for case in fitting)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskCase:
    """One row about disks. State None is a volume of ours without a row."""

    states: frozenset[DiskState | None]
    has_volume: bool
    act: Act
    why: str


DISK_CASES: tuple[DiskCase, ...] = (
    DiskCase(
        states=frozenset({DiskState.DELETING}), has_volume=True, act=Act.FINISH_DELETION,
        why="Its deletion was begun and is not done.",
    ),
    DiskCase(
        states=frozenset({DiskState.DELETING}), has_volume=False, act=Act.FINISH_DELETION,
        why="Its volume is gone, and nobody wrote that down.",
    ),
    DiskCase(
        states=frozenset({DiskState.DELETED}), has_volume=True, act=Act.REMOVE_VOLUME,
        why="The disk was deleted, and a start that was called off meanwhile has made its volume again.",
    ),
    DiskCase(
        states=frozenset({DiskState.ATTACHED, DiskState.KEPT, DiskState.TRASHED}), has_volume=False, act=Act.REPORT,
        why="Its volume is gone from the machine. Bring it back from a backup, or delete the disk.",
    ),
    DiskCase(
        states=frozenset({None}), has_volume=True, act=Act.REPORT,
        why="This volume bears this deployment's label, and no disk of ours has it. It is left as it is; remove it by"
        " `docker volume rm` if nobody misses it.",
    ),
)  # fmt: skip


def judge_disk(state: DiskState | None, *, has_volume: bool, was_used: bool) -> DiskCase | None:
    """What follows for a disk, or a volume without one. One that nothing ever ran on need have no volume."""
    found = (case for case in DISK_CASES if state in case.states and has_volume is case.has_volume)
    case = next(found, None)
    is_new = case is not None and case.act is Act.REPORT and state is not None and not was_used
    return None if is_new else case


LOST_SCRATCH = "The container that this scratch room belonged to is gone. Nothing in it was promised to last."


def states_to_ask() -> frozenset[State]:
    """States that a look every few seconds is for: what runs, or is on its way, can be contradicted by the Hub."""
    quiet: Iterable[State] = (State.NONE, State.PAUSED, State.DELETING, State.TRASHED, State.PURGING)
    return frozenset(State) - frozenset(quiet)
