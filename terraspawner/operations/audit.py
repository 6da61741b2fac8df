"""Who did what to what, when and why (B7). Written in the transaction of the deed, so that neither is there without the
other; the database refuses to change or delete a row.

A subject is its kind, a colon, its name: ``account:eva``. An actor is the name of an account, or one of the words in
parentheses, which no account can be called. No secret is a detail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import audit_records, disk_records, member_records, project_records, records
from terraspawner.db.audit_records import Filter, Reach
from terraspawner.domain.access import ProjectRole, Role
from terraspawner.domain.disk import Disk, DiskEvent
from terraspawner.domain.environment import Environment, Event
from terraspawner.domain.library import NAMESPACE
from terraspawner.domain.workspace import Workspace
from terraspawner.operations.context import Context

COMMAND_LINE = "(command line)"
PAGE = 100
ACTIONS = (
    *(f"environment-{event}" for event in Event),
    *(f"disk-{event}" for event in DiskEvent),
)
"""The steps of life cycles, for people to choose from; there are more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act. `old_state` and `new_state` are empty where no state changed, `request` where nobody asked us; `person`
    is whose it is that the subject names, `workspace` its project, a slash, its name."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, object]
    old_state: str = ""
    new_state: str = ""
    reason: str = ""
    request: str = ""
    person: str = ""
    project: str = ""
    workspace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A state that became another one, of something that is `person`'s in a workspace; `reason` says why."""

    old: str
    new: str
    person: str
    at: Workspace
    reason: str = ""


def note(
    context: Context,
    connection: sa.Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    change: Change | None = None,
    reason: str = "",
    request: str = "",
    **details: object,
) -> None:
    """Write an act down. `request` is the present one unless another is said."""
    kind, _, name = subject.partition(":")
    change = change or _unchanged(connection, kind, name, reason)
    values: dict[str, object] = {
        "at": context.now(),
        "actor": actor,
        "action": action,
        "subject": subject,
        "details": details,
        "reason": reason,
        "request": request or context.origin.request,
        "person": name if kind == "account" else "",
        "project": name.partition("/")[0] if kind in ("project", "workspace") else "",
        "workspace": {"workspace": name, "library": f"{NAMESPACE}/{name}"}.get(kind, ""),
    }
    if change:
        values |= {
            "old_state": change.old,
            "new_state": change.new,
            "reason": change.reason,
            "person": change.person,
            "project": change.at.namespace,
            "workspace": f"{change.at.namespace}/{change.at.name}",
        }
    audit_records.insert(connection, values)


def entries(context: Context, *, user: str, is_operator: bool, wanted: Filter | None = None) -> list[Entry]:
    """A page of acts, the newest first: all for operators; else what `user` did, what was done to what is theirs, and
    what was done in billing projects and workspaces that they own."""
    with context.database.read() as connection:
        reach = None if is_operator else _reach(connection, user)
        rows = audit_records.rows(connection, wanted or Filter(), reach=reach, limit=PAGE)
    return [Entry(**row) for row in rows]


def next_page(found: Sequence[Entry]) -> str | None:
    """The cursor of the page after this one; None on the last."""
    return str(found[-1].id) if len(found) == PAGE else None


def _unchanged(connection: sa.Connection, kind: str, name: str, reason: str) -> Change | None:
    """Whose an environment or a disk is, of which an act changes no state."""
    thing: Environment | Disk | None = None
    if kind == "environment":
        thing = records.environment_by_id(connection, name)
    elif kind == "disk":
        thing = disk_records.disk_by_id(connection, name)
    if thing is None:
        return None
    at = records.workspace_by_id(connection, thing.workspace_id)
    return Change(old="", new="", person=thing.user, at=at, reason=reason)


def _reach(connection: sa.Connection, user: str) -> Reach:
    owned = [each.workspace for each in member_records.memberships_of(connection, user) if each.role is Role.OWNER]
    projects = project_records.projects_of(connection, user)
    return Reach(
        user=user,
        projects=[each.project.namespace for each in projects if each.role is ProjectRole.OWNER],
        workspaces=[f"{at.namespace}/{at.name}" for at in owned],
    )
