"""What goes in and out of REST, as OpenAPI shows it. Times RFC 3339 UTC, durations seconds, sizes bytes, dollars."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from terraspawner.domain.access import Role
from terraspawner.domain.notebook_list import Folder
from terraspawner.domain.workspace import Membership, Workspace
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.web.schemas_leases import LeaseOut

T = TypeVar("T")
Text = Annotated[str, StringConstraints(max_length=2000)]
TagsIn = Annotated[
    dict[Annotated[str, StringConstraints(max_length=200)], Annotated[str, StringConstraints(max_length=200)]],
    Field(
        max_length=50,
        description="instead of all those that it has; keys of small letters, digits, hyphens and underscores, values"
        " of letters, digits, blanks and `_ . : / = + - @`, or empty; 63 characters each, 20 tags at most",
        examples=[{"name": "Deep model", "course": "biology-1"}],
    ),
]


class In(BaseModel):
    """What callers send: an unknown field is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid")


class ErrorOut(BaseModel):
    code: str = Field(description="stable, for programs", examples=["name-taken"])
    message: str = Field(description="a sentence for people: what, to which thing, what to do next")
    details: dict[str, Any]


class ErrorBody(BaseModel):
    """The one shape of every error."""

    error: ErrorOut


class ListOut(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = Field(default=None, description="cursor of the next page; null at the end")


class WorkspaceIn(In):
    namespace: Text = Field(description="the billing project that pays for it")
    name: Text
    storage: Text = "bucket"


class WorkspaceOut(BaseModel):
    namespace: str
    name: str
    slug: str = Field(description="the Hub's server name of its environments; never changes")
    storage: str
    title: str = Field(description="what people call it; empty where nobody has said")
    role: Role = Field(description="the caller's: the highest of those by name and by groups")
    compute: bool = Field(description="the caller may have an environment in it")
    created_at: datetime

    @classmethod
    def of(cls, member: Membership) -> WorkspaceOut:
        at = member.workspace
        return cls(
            namespace=at.namespace,
            name=at.name,
            slug=at.slug,
            storage=at.storage,
            title=at.title,
            role=member.role,
            compute=member.may_compute,
            created_at=at.created_at,
        )


class WorkspaceRef(BaseModel):
    namespace: str
    name: str
    slug: str

    @classmethod
    def of(cls, at: Workspace) -> WorkspaceRef:
        return cls(namespace=at.namespace, name=at.name, slug=at.slug)


class NotebookIn(In):
    name: Text = Field(description="what people call it; `.ipynb` may be left out", examples=["first look"])
    kernel: Text = "python3"


class RenameIn(In):
    to: Text = Field(description="the new path; `.ipynb` may be left out")


class CopyIn(In):
    to: Text = Field(description="the path of the copy; `.ipynb` may be left out")
    workspace: Text | None = Field(
        default=None, description="`namespace/name`; left out, the same one", examples=["lab/brain-atlas"]
    )


class OpenEnvironmentIn(In):
    """What may be wished for of the environment that a notebook opens in, as at `POST …/environment/start`."""

    size: Text | None = None
    image: Text | None = Field(
        default=None, description="left out, the first image for the notebook's kernel, or that of what is there"
    )


class OpenIn(In):
    mode: Text = Field(default="edit", description="`edit`, or `playground`: a copy that is never saved here")
    environment: OpenEnvironmentIn = OpenEnvironmentIn()


class NotebookOut(BaseModel):
    path: str
    kernel: str = Field(description="empty where the notebook does not say")
    language: str
    size: int
    modified: datetime
    version: str = Field(description="opaque; also the ETag")
    library: str = Field(
        default="", description="in the list of a drive workspace: the id of its library, whatever that is called"
    )
    lease: LeaseOut | None = Field(default=None, description="in the list: who edits it; null where nobody does")

    @classmethod
    def of(cls, info: NotebookInfo, lease: LeaseOut | None = None) -> NotebookOut:
        return cls(
            path=info.path,
            kernel=info.kernel,
            language=info.language,
            size=info.size,
            modified=info.modified,
            version=info.version,
            library=info.library,
            lease=lease,
        )


class FolderOut(BaseModel):
    """A folder is what paths have in front; it comes and goes with its notebooks."""

    path: str
    name: str
    count: int = Field(description="notebooks in it and below")
    modified: datetime = Field(description="of the one that was changed last")

    @classmethod
    def of(cls, folder: Folder) -> FolderOut:
        return cls(path=folder.path, name=folder.name, count=folder.count, modified=folder.modified)


class NotebookListOut(ListOut[NotebookOut]):
    total: int = Field(description="on all pages")
    folders: list[FolderOut] = Field(description="below the folder that was asked for; on the first page")


class SavedOut(BaseModel):
    path: str
    version: str
    size: int
    modified: datetime

    @classmethod
    def of(cls, info: NotebookInfo) -> SavedOut:
        return cls(path=info.path, version=info.version, size=info.size, modified=info.modified)


class FindingOut(BaseModel):
    check: str
    ok: bool
    message: str


class PartOut(BaseModel):
    ok: bool
    message: str


class FrozenOut(BaseModel):
    """What stands still and keeps memory meanwhile, which nobody else can have."""

    environments: int
    memory: int = Field(description="as the Engine counted it when they were frozen")


class HealthOut(BaseModel):
    """Alive is that it answers; ready is that an environment could be started now."""

    ready: bool
    version: str
    parts: dict[str, PartOut]
    network: list[FindingOut]
    frozen: FrozenOut | None = Field(description="null while our database does not answer")
