"""Workspaces, roles, and the one table of what a role may do."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class Role(enum.StrEnum):
    OWNER = "owner"
    WRITER = "writer"
    READER = "reader"


class Action(enum.StrEnum):
    """What a person can want of a workspace; the value completes the sentence "you may not …"."""

    SEE = "see this workspace"
    READ_NOTEBOOKS = "read its notebooks"
    WRITE_NOTEBOOKS = "create or change notebooks"
    USE_ENVIRONMENT = "have an environment in it"


_NEEDS: dict[Action, Role] = {
    Action.SEE: Role.READER,
    Action.READ_NOTEBOOKS: Role.READER,
    Action.WRITE_NOTEBOOKS: Role.WRITER,
    Action.USE_ENVIRONMENT: Role.WRITER,
}
_RANK = {Role.READER: 0, Role.WRITER: 1, Role.OWNER: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """An answer with its reason; true when granted."""

    is_granted: bool
    reason: str

    def __bool__(self) -> bool:
        return self.is_granted


def permits(role: Role, action: Action) -> Permission:
    """Whether `role` may do `action`, and which role could."""
    needed = _NEEDS[action]
    if _RANK[role] >= _RANK[needed]:
        return Permission(is_granted=True, reason=f"a {role} may {action}")
    return Permission(is_granted=False, reason=f"a {role} may not {action}; a {needed} may")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A shared folder of notebooks and data. `id` and `slug` never change and are never used again."""

    id: str
    namespace: str
    name: str
    slug: str
    storage: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A workspace as one person sees it."""

    workspace: Workspace
    role: Role
