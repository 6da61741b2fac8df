"""Workspaces, and what a person is in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from terraspawner.domain.access import Role, Standing
from terraspawner.domain.holder import Holder

BUCKET, DRIVE, LIBRARY = "bucket", "drive", "library"
"""What a workspace's storage can be; the last is no choice of people's, it is what the row of a library says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A shared folder of notebooks and data, or a place whose people work on their drives.

    `id` and `slug` never change and are never used again.

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
    def is_library(self) -> bool:
        """Whether it is a library of the drive: a folder tree with notebooks in it, in which no environment runs."""
        return self.storage == LIBRARY

    @property
    def has_drive(self) -> bool:
        """Whether its environments have a drive in place of a bucket."""
        return self.storage == DRIVE

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
