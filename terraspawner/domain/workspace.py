"""Workspaces, and what a person is in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from terraspawner.domain.access import Role, Standing
from terraspawner.domain.holder import Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A shared folder of notebooks and data. `id` and `slug` never change and are never used again.

    `name` is what addresses and folders say, for ever; `title` is what people call it, empty where nobody has said.
    """

    id: str
    namespace: str
    name: str
    slug: str
    storage: str
    created_by: str
    created_at: datetime
    title: str = ""
    trashed_at: datetime | None = None

    @property
    def shown(self) -> str:
        """What people read."""
        return self.title or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Holder):
    """A person or a group of a workspace, with what was given to it by this name."""

    role: Role
    may_compute: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A workspace as one person sees it: the highest of the roles that the person has, by name and by groups."""

    workspace: Workspace
    role: Role
    may_compute: bool

    @property
    def standing(self) -> Standing:
        return Standing(role=self.role, may_compute=self.may_compute)
