"""Who may do what: roles, actions, and the one table of which role may do which action.

Doors name the action on the handler, deeds and the spawner ask `permits` again in their own transaction. What a
person holds in one place is a `Standing`; the table says which of the things one can hold an action asks for.

A thing that a standing may not even see is not there for it: doors answer 404, never 403 (`hides`).
Nobody's standing opens another one's environment, an operator's neither: there is no action for that.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar


class Role(enum.StrEnum):
    """In a workspace."""

    OWNER = "owner"
    WRITER = "writer"
    READER = "reader"


class ProjectRole(enum.StrEnum):
    """In a billing project."""

    OWNER = "owner"
    MEMBER = "member"


ARole = TypeVar("ARole", Role, ProjectRole)


@enum.unique
class Grant(enum.StrEnum):
    """What one can hold; the value names its holder in a sentence."""

    ACCOUNT = "person with an account"
    READER = "reader"
    WRITER = "writer"
    OWNER = "owner"
    COMPUTE = "member with compute"
    PROJECT_MEMBER = "member of the billing project"
    PROJECT_OWNER = "owner of the billing project"
    PROJECT_FOUNDER = "person who may create billing projects"
    OPERATOR = "operator"
    CULLER = "culler of the deployment"
    """No person holds it: it is a service of the Hub's."""
    MONITOR = "holder of a token with the Hub's scope read:metrics"


@enum.unique
class Action(enum.StrEnum):
    """What a person can want; the value completes the sentence "you may not …"."""

    # of oneself: what is listed and changed is the caller's own
    ABOUT_ONESELF = "ask about oneself"

    # in a workspace
    SEE = "see this workspace"
    SEE_MEMBERS = "see its members"
    LEAVE = "leave this workspace"
    READ_NOTEBOOKS = "read its notebooks"
    WRITE_NOTEBOOKS = "create or change notebooks"
    TAKE_LEASES = "take a notebook over from who is editing it"
    READ_BUCKET = "read its data"
    WRITE_BUCKET = "change its data"
    USE_ENVIRONMENT = "have an environment in it"
    END_OWN_ENVIRONMENT = "pause or delete one's own environment in it"
    CHANGE_WORKSPACE = "change its settings"
    CHANGE_MEMBERS = "change its members"
    DELETE_WORKSPACE = "delete it"

    # in a billing project
    SEE_PROJECT = "see this billing project"
    LEAVE_PROJECT = "leave this billing project"
    CREATE_WORKSPACE = "create a workspace in it"
    CHANGE_PROJECT = "change its title"
    CHANGE_PROJECT_MEMBERS = "change who belongs to it"
    SEE_ENVIRONMENTS = "see the environments that it pays for"
    END_ENVIRONMENTS = "pause or delete the environments that it pays for"
    TAG_ENVIRONMENTS = "tag the environments and disks that it pays for"

    # in the deployment
    CREATE_PROJECT = "create a billing project"
    RUN_ACCOUNTS = "manage accounts"
    READ_AUDIT = "read what others did"
    RECONCILE = "put right what database, Hub and Docker contradict each other in"
    READ_DECISIONS = "read what was decided about everybody's environments"
    DECIDE_STOPS = "decide which environments are stopped"
    SEE_STORE = "see where buckets are, and what is known of that store"
    READ_METRICS = "read how the deployment does, in numbers"


_G = Grant
_NEEDS: Mapping[Action, frozenset[Grant]] = {
    Action.ABOUT_ONESELF: frozenset({_G.ACCOUNT}),
    Action.SEE: frozenset({_G.READER}),
    Action.SEE_MEMBERS: frozenset({_G.READER}),
    Action.LEAVE: frozenset({_G.READER}),
    Action.READ_NOTEBOOKS: frozenset({_G.READER}),
    Action.WRITE_NOTEBOOKS: frozenset({_G.WRITER}),
    Action.TAKE_LEASES: frozenset({_G.OWNER}),
    Action.READ_BUCKET: frozenset({_G.READER}),
    Action.WRITE_BUCKET: frozenset({_G.WRITER}),
    Action.USE_ENVIRONMENT: frozenset({_G.COMPUTE}),
    Action.END_OWN_ENVIRONMENT: frozenset({_G.READER}),  # it costs money, with compute or without
    Action.CHANGE_WORKSPACE: frozenset({_G.OWNER}),
    Action.CHANGE_MEMBERS: frozenset({_G.OWNER}),
    Action.DELETE_WORKSPACE: frozenset({_G.OWNER}),
    Action.SEE_PROJECT: frozenset({_G.PROJECT_MEMBER}),
    Action.LEAVE_PROJECT: frozenset({_G.PROJECT_MEMBER}),
    Action.CREATE_WORKSPACE: frozenset({_G.PROJECT_MEMBER}),
    Action.CHANGE_PROJECT: frozenset({_G.PROJECT_OWNER}),
    Action.CHANGE_PROJECT_MEMBERS: frozenset({_G.PROJECT_OWNER}),
    Action.SEE_ENVIRONMENTS: frozenset({_G.PROJECT_OWNER, _G.OPERATOR}),
    Action.END_ENVIRONMENTS: frozenset({_G.PROJECT_OWNER, _G.OPERATOR}),
    Action.TAG_ENVIRONMENTS: frozenset({_G.PROJECT_OWNER, _G.OPERATOR}),  # who pays sorts the costs
    Action.CREATE_PROJECT: frozenset({_G.PROJECT_FOUNDER, _G.OPERATOR}),
    Action.RUN_ACCOUNTS: frozenset({_G.OPERATOR}),
    Action.READ_AUDIT: frozenset({_G.OPERATOR}),
    Action.RECONCILE: frozenset({_G.OPERATOR}),
    Action.READ_DECISIONS: frozenset({_G.OPERATOR, _G.CULLER}),
    Action.DECIDE_STOPS: frozenset({_G.CULLER}),
    Action.SEE_STORE: frozenset({_G.OPERATOR}),
    Action.READ_METRICS: frozenset({_G.OPERATOR, _G.MONITOR}),
}
"""Any one of these is enough."""

_OF_ROLE: Mapping[Role, frozenset[Grant]] = {
    Role.READER: frozenset({_G.READER}),
    Role.WRITER: frozenset({_G.READER, _G.WRITER}),
    Role.OWNER: frozenset({_G.READER, _G.WRITER, _G.OWNER}),
}
_OF_PROJECT_ROLE: Mapping[ProjectRole, frozenset[Grant]] = {
    ProjectRole.MEMBER: frozenset({_G.PROJECT_MEMBER}),
    ProjectRole.OWNER: frozenset({_G.PROJECT_MEMBER, _G.PROJECT_OWNER}),
}
_RANK: Mapping[Role | ProjectRole, int] = {
    Role.READER: 0,
    Role.WRITER: 1,
    Role.OWNER: 2,
    ProjectRole.MEMBER: 0,
    ProjectRole.OWNER: 1,
}

_OF_PROJECTS = frozenset(
    {
        Action.SEE_PROJECT,
        Action.LEAVE_PROJECT,
        Action.CREATE_WORKSPACE,
        Action.CHANGE_PROJECT,
        Action.CHANGE_PROJECT_MEMBERS,
        Action.SEE_ENVIRONMENTS,
        Action.END_ENVIRONMENTS,
        Action.TAG_ENVIRONMENTS,
    }
)
_OF_THE_DEPLOYMENT = frozenset(
    {
        Action.ABOUT_ONESELF,
        Action.CREATE_PROJECT,
        Action.RUN_ACCOUNTS,
        Action.READ_AUDIT,
        Action.RECONCILE,
        Action.READ_DECISIONS,
        Action.DECIDE_STOPS,
        Action.SEE_STORE,
        Action.READ_METRICS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a person holds: in one workspace, in one billing project, in the deployment. As made: an account alone."""

    role: Role | None = None
    may_compute: bool = False
    project_role: ProjectRole | None = None
    is_project_founder: bool = False
    is_operator: bool = False

    @property
    def grants(self) -> frozenset[Grant]:
        """Compute without a role is nothing."""
        held = {Grant.ACCOUNT}
        if self.role:
            held |= _OF_ROLE[self.role] | ({Grant.COMPUTE} if self.may_compute else set())
        if self.project_role:
            held |= _OF_PROJECT_ROLE[self.project_role]
        if self.is_project_founder:
            held.add(Grant.PROJECT_FOUNDER)
        return frozenset(held | ({Grant.OPERATOR} if self.is_operator else set()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """An answer with its reason; true when granted. `needed` are those of which one would be enough."""

    is_granted: bool
    reason: str
    needed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.is_granted


def permits(standing: Standing, action: Action) -> Permission:
    """Whether `standing` may do `action`, and who could."""
    needed = _NEEDS[action]
    who = _who(standing, action)
    if needed & standing.grants:
        return Permission(is_granted=True, reason=f"{who} may {action}")
    able = [grant.value for grant in Grant if grant in needed]
    others = " or ".join(_a(name) for name in able)
    return Permission(is_granted=False, reason=f"{who} may not {action}; {others} may", needed=tuple(able))


def hides(standing: Standing, action: Action) -> bool:
    """Whether what `action` is done to does not exist for `standing`: one that may do it sees it in any case."""
    if permits(standing, action) or action in _OF_THE_DEPLOYMENT:
        return False
    return not permits(standing, Action.SEE_PROJECT if action in _OF_PROJECTS else Action.SEE)


def computes_by_default(role: Role) -> bool:
    """Whether a member of this role may have an environment where nobody said so."""
    return role is not Role.READER


def highest(roles: Iterable[ARole]) -> ARole:
    """The one that counts where a person has several: by name and by groups. Raises `ValueError` without any."""
    return max(roles, key=_RANK.__getitem__)


def _who(standing: Standing, action: Action) -> str:
    if action in _OF_THE_DEPLOYMENT:
        return "an operator" if standing.is_operator else "a person with an account"
    if action in _OF_PROJECTS:
        if standing.project_role:
            return f"{_a(standing.project_role)} of the billing project"
        return "an operator" if standing.is_operator else "somebody outside the billing project"
    if not standing.role:
        return "somebody outside the workspace"
    without = action is Action.USE_ENVIRONMENT and not standing.may_compute
    return _a(standing.role) + (" without compute" if without else "")


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
