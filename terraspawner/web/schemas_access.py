"""What goes in and out of the routes on billing projects and members."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from terraspawner.domain.access import ProjectRole, Role
from terraspawner.domain.project import ProjectMember, ProjectMembership
from terraspawner.domain.workspace import Member
from terraspawner.operations.projects import ProjectView
from terraspawner.web.schemas import In, Text
from terraspawner.web.schemas_accounts import RoleName


class ProjectOut(BaseModel):
    """A billing project, and what the caller is in it."""

    namespace: str
    title: str = Field(description="empty where none was given")
    role: ProjectRole
    is_personal: bool

    @classmethod
    def of(cls, found: ProjectMembership) -> ProjectOut:
        project = found.project
        return cls(namespace=project.namespace, title=project.title, role=found.role, is_personal=project.is_personal)


class WhoAmI(BaseModel):
    name: str
    email: str
    roles: list[RoleName] = Field(description="`project-founder`: may create billing projects, as operators may")
    groups: list[str]
    projects: list[ProjectOut]


class ProjectMemberOut(BaseModel):
    """A person or a group of a billing project, with what was given under this name."""

    member: str = Field(description="a user, or `group:` and a group, as in the address", examples=["eva", "group:lab"])
    is_group: bool
    role: ProjectRole
    since: datetime

    @classmethod
    def of(cls, member: ProjectMember) -> ProjectMemberOut:
        return cls(member=member.address, is_group=member.is_group, role=member.role, since=member.since)


class ProjectDetailsOut(ProjectOut):
    created_at: datetime
    members: list[ProjectMemberOut]

    @classmethod
    def of_view(cls, view: ProjectView) -> ProjectDetailsOut:
        return cls(
            **ProjectOut.of(view.membership).model_dump(),
            created_at=view.membership.project.created_at,
            members=[ProjectMemberOut.of(member) for member in view.members],
        )


class ProjectIn(In):
    namespace: Text = Field(description="small letters a-z, digits and '-'; never changes", examples=["cell-lab"])
    title: Text = Field(default="", description="for people")


class ProjectChangeIn(In):
    title: Text = Field(description="for people; empty takes it away")


class ProjectMemberIn(In):
    role: ProjectRole


class MemberOut(BaseModel):
    """A person or a group of a workspace, with what was given under this name."""

    member: str = Field(description="a user, or `group:` and a group, as in the address", examples=["eva", "group:lab"])
    is_group: bool
    role: Role
    compute: bool = Field(description="may have an environment in the workspace")

    @classmethod
    def of(cls, member: Member) -> MemberOut:
        return cls(member=member.address, is_group=member.is_group, role=member.role, compute=member.may_compute)


class MemberIn(In):
    role: Role
    compute: bool | None = Field(default=None, description="null: yes for owners and writers, no for readers")
