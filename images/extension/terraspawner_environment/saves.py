"""Where the work on each notebook is: kept here for the badge, announced on Jupyter's event bus at each change."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

State = Literal["disk", "workspace", "waiting", "refused", "conflict"]

SCHEMA_ID = "urn:terraspawner:saves:v1"
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "Where the work on a workspace notebook is",
    "description": "Emitted when a notebook's save state changes.",
    "personal-data": False,
    "type": "object",
    "required": ["path", "state", "at", "since", "reason", "copy", "unresolved", "about"],
    "properties": {
        "path": {"type": "string", "description": "Lab's path of the notebook"},
        "state": {"enum": ["disk", "workspace", "waiting", "refused", "conflict"]},
        "at": {"type": "string", "description": "since when it is in this state, RFC 3339"},
        "since": {"type": ["string", "null"], "description": "when the oldest unsent work was saved to the disk"},
        "reason": {"type": ["string", "null"], "description": "one sentence"},
        "copy": {"type": ["string", "null"], "description": "Lab's path of the notebook that keeps rejected work"},
        "unresolved": {"type": "boolean", "description": "two texts wait until somebody chooses (conflict)"},
        "about": {"type": ["string", "null"], "description": "of a notebook that is a copy: what it keeps, and why"},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveState:
    """One notebook's state; the same object goes to the badge's first read and to the event bus."""

    path: str
    state: State
    at: str
    since: str | None = None
    reason: str | None = None
    copy: str | None = None
    unresolved: bool = False
    about: str | None = None

    def facts(self) -> dict[str, Any]:
        return asdict(self)


class SaveStates:
    """All states, and whoever wants to hear of changes."""

    def __init__(self) -> None:
        self._states: dict[str, SaveState] = {}
        self._listeners: list[Callable[[SaveState], None]] = []

    def listen(self, listener: Callable[[SaveState], None]) -> None:
        self._listeners.append(listener)

    def show(self, state: SaveState) -> None:
        before = self._states.get(state.path)
        self._states[state.path] = state
        if before != state:
            for listener in self._listeners:
                listener(state)

    def forget(self, path: str) -> None:
        self._states.pop(path, None)

    def of(self, path: str) -> SaveState | None:
        return self._states.get(path)

    def all(self) -> list[SaveState]:
        return list(self._states.values())


def rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
