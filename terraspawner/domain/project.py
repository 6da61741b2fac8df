"""Billing projects: who pays. Every account has a personal one; a workspace belongs to exactly one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from terraspawner.domain.access import ProjectRole, Standing
from terraspawner.domain.holder import Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """`owner` made it, or is the person whose personal one it is; `title` is empty where none was given."""

    namespace: str
    title: str
    owner: str
    is_personal: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMember(Holder):
    """A person or a group of a billing project, with what was given to it by this name."""

    role: ProjectRole
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMembership:
    """A billing project as one person sees it: the highest of the roles that the person has, by name and by groups."""

    project: Project
    role: ProjectRole

    @property
    def standing(self) -> Standing:
        return Standing(project_role=self.role)
