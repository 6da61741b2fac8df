"""What is known of one environment at one moment, in a form from which `culler.decision` decides.

It is what ``GET /api/v1/environments/facts`` says, and what a record keeps. All instants are of the service's own
clock. What the environment says of itself, `work` above all, is its user's claim: it can put a stop off up to the cap.

Unknown is a value of its own and never taken for idle: `Reports.SILENT`, and a processor time of None.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from culler.policy import Policy

RUNNING: Final = "running"
FROZEN: Final = "frozen"
PAUSED: Final = "paused"


class Reports(enum.StrEnum):
    """`NONE`: its image has no extension of ours, so its kernels are unknown for ever."""

    KNOWN = "known"
    SILENT = "silent"
    NONE = "none"


class Kind(enum.StrEnum):
    KERNEL = "kernel"
    TERMINAL = "terminal"
    PROCESS = "process"
    CPU = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What computes now: `what` is a notebook's path, or a command."""

    kind: Kind
    what: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    namespace: str
    name: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlive:
    """A person's word that it shall stay: until a time, or while the process `pid` runs; the service takes it back
    when that has ended. `until` None is only with a `pid`."""

    until: datetime | None = None
    pid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDue:
    """A daily stop that came and is not done."""

    at: datetime
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One environment.

    `since`: of its state; `started_at`: of this start, which a wake does not move; `human_at`: the last human input,
    a start, a wake and an opening among them. `busy_since`: a streak of work, which ends only with human input or with
    300 s of continuous idleness; silence goes on with it or begins one. `work_ended_at`: when the last work ended.
    `cpu`: cores, the mean since the last look, as the Engine says. `outbox_pending`: saves that have not reached the
    workspace. `grace_until`: nothing is stopped before, after an outage of what the facts come from. `exempt`: why it
    is let alone altogether. `memory_short`: why this frozen one has to give its memory back now.
    `alarmed`: alarms that were raised and notices that were told, and still hold, by the name of the deadline.
    `revision`: any change of the facts makes another.
    """

    id: str
    user: str
    workspace: Workspace
    start_number: int
    revision: int
    now: datetime
    state: str
    since: datetime
    policy: Policy
    started_at: datetime | None = None
    human_at: datetime | None = None
    reports: Reports = Reports.KNOWN
    reported_at: datetime | None = None
    missed: int = 0
    busy_since: datetime | None = None
    work: tuple[Work, ...] = ()
    work_ended_at: datetime | None = None
    cpu: float | None = None
    cpu_at: datetime | None = None
    keep_alive: KeepAlive | None = None
    stop_due: StopDue | None = None
    next_stop_at: datetime | None = None
    next_stop_force: bool = False
    outbox_pending: int = 0
    grace_until: datetime | None = None
    exempt: str = ""
    memory_short: str = ""
    alarmed: Mapping[str, datetime] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        where = self.workspace
        kept, due = self.keep_alive, self.stop_due
        return {
            "id": self.id,
            "user": self.user,
            "workspace": {"namespace": where.namespace, "name": where.name, "slug": where.slug},
            "start_number": self.start_number,
            "revision": self.revision,
            "now": written(self.now),
            "state": self.state,
            "since": written(self.since),
            "started_at": written(self.started_at),
            "human_at": written(self.human_at),
            "reports": str(self.reports),
            "reported_at": written(self.reported_at),
            "missed": self.missed,
            "busy_since": written(self.busy_since),
            "work": [{"kind": str(each.kind), "what": each.what, "since": written(each.since)} for each in self.work],
            "work_ended_at": written(self.work_ended_at),
            "cpu": self.cpu,
            "cpu_at": written(self.cpu_at),
            "keep_alive": {"until": written(kept.until), "pid": kept.pid} if kept else None,
            "stop_due": {"at": written(due.at), "force": due.force} if due else None,
            "next_stop_at": written(self.next_stop_at),
            "next_stop_force": self.next_stop_force,
            "outbox_pending": self.outbox_pending,
            "grace_until": written(self.grace_until),
            "exempt": self.exempt,
            "memory_short": self.memory_short,
            "alarmed": {name: written(at) for name, at in self.alarmed.items()},
            "policy": self.policy.as_json(),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Facts:
        """Raises `ValueError` naming what is missing or of another kind. What this version does not know is let be."""
        try:
            return _read(cls, said)
        except KeyError as error:
            raise ValueError(f"The facts have no {error}.") from error
        except (TypeError, AttributeError) as error:
            raise ValueError(f"These are no facts of an environment: {error}") from error


def written(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def instant(name: str, said: object) -> datetime:
    """Raises `ValueError` unless it is a time with a zone."""
    at = datetime.fromisoformat(str(said))
    if at.tzinfo is None:
        raise ValueError(f"{name} is {said!r}, a time without a zone.")
    return at.astimezone(UTC)


def _read(cls: type[Facts], said: Mapping[str, Any]) -> Facts:
    def at(name: str) -> datetime | None:
        return instant(name, said[name]) if said.get(name) is not None else None

    where, kept, due = said["workspace"], said.get("keep_alive"), said.get("stop_due")
    return cls(
        id=str(said["id"]),
        user=str(said["user"]),
        workspace=Workspace(namespace=where["namespace"], name=where["name"], slug=where["slug"]),
        start_number=int(said["start_number"]),
        revision=int(said["revision"]),
        now=instant("now", said["now"]),
        state=str(said["state"]),
        since=instant("since", said["since"]),
        policy=Policy.from_json(said["policy"]),
        started_at=at("started_at"),
        human_at=at("human_at"),
        reports=Reports(said["reports"]),
        reported_at=at("reported_at"),
        missed=int(said.get("missed", 0)),
        busy_since=at("busy_since"),
        work=tuple(_work(each) for each in said.get("work", ())),
        work_ended_at=at("work_ended_at"),
        cpu=None if said.get("cpu") is None else float(said["cpu"]),
        cpu_at=at("cpu_at"),
        keep_alive=_kept(kept) if kept else None,
        stop_due=StopDue(at=instant("stop_due.at", due["at"]), force=bool(due.get("force"))) if due else None,
        next_stop_at=at("next_stop_at"),
        next_stop_force=bool(said.get("next_stop_force")),
        outbox_pending=int(said.get("outbox_pending", 0)),
        grace_until=at("grace_until"),
        exempt=str(said.get("exempt") or ""),
        memory_short=str(said.get("memory_short") or ""),
        alarmed={name: instant(f"alarmed.{name}", each) for name, each in (said.get("alarmed") or {}).items()},
    )


def _work(said: Mapping[str, Any]) -> Work:
    return Work(kind=Kind(said["kind"]), what=str(said["what"]), since=instant("work.since", said["since"]))


def _kept(said: Mapping[str, Any]) -> KeepAlive:
    until, pid = said.get("until"), said.get("pid")
    if until is None and pid is None:
        raise ValueError("keep_alive has neither a time nor a process.")
    return KeepAlive(until=instant("keep_alive.until", until) if until else None, pid=None if pid is None else int(pid))
