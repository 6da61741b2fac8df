"""What goes in and out of the routes on libraries."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field, model_validator

from terraspawner.domain.access import Role
from terraspawner.domain.holder import Holder
from terraspawner.domain.library import Access, Folder, Library
from terraspawner.operations.libraries import ALL, Seen
from terraspawner.web.outside_drives import OutsideDrives
from terraspawner.web.schemas import In, Text
from terraspawner.web.schemas_outside import ConnectionIn, OutsideOut


class LibraryIn(In):
    name: Text = Field(
        description="a folder on the drives of all who have it: letters, digits, spaces and - _ . ( ) ' ,",
        examples=["Survey 2026"],
    )
    outside: ConnectionIn | None = Field(
        default=None, description="the drive from outside that its files shall lie on; null for this machine"
    )


class LibraryChangeIn(In):
    """What a library shall be."""

    name: Text | None = None
    size_limit: int | None = Field(default=None, ge=0, le=2**53, description="bytes, 1 MiB at least; null for none")

    @model_validator(mode="after")
    def _says_something(self) -> LibraryChangeIn:
        if not self.model_fields_set & {"name", "size_limit"} or (
            self.name is None and "name" in self.model_fields_set
        ):
            raise ValueError("give `name`, `size_limit` or both")
        return self


class ShareIn(In):
    access: Access


class TransferIn(In):
    to: Text = Field(description="the user who shall own it", examples=["eva"])


class TransferredOut(BaseModel):
    """Whose it is now."""

    id: str
    name: str
    owner: str


class ShareOut(BaseModel):
    member: str = Field(description="a user, `group:` and a group, or `all`", examples=["eva", "group:lab", "all"])
    access: Access


class LibraryOut(BaseModel):
    """A library, and what the caller has of it."""

    id: str = Field(description="its notebooks are at `/workspaces/library/{id}/notebooks`")
    name: str
    owner: str
    role: Role = Field(description="the caller's: `owner`, `writer` or `reader`, the highest of all ways")
    folder: Folder = Field(description="of the caller's drive: the most personal way that it is shared by")
    drive_path: str = Field(description="below `~/drive`", examples=["Shared with me/Survey 2026 (ada)"])
    created_at: datetime
    size_limit: int | None = Field(description="null for none; what programs write in environments is watched alone")
    used: int | None = Field(description="as it was measured last, every ten minutes; null before that")
    shares: list[ShareOut] | None = Field(description="told to its owner alone; else null")
    outside: OutsideOut | None = Field(description="null where its files lie on this machine")

    @classmethod
    def of(cls, seen: Seen, drives: OutsideDrives) -> LibraryOut:
        library, on_drive = seen.library, seen.on_drive
        return cls(
            id=library.id,
            name=library.name,
            owner=library.owner,
            role=seen.here.role,
            folder=on_drive.folder,
            drive_path=f"{on_drive.folder.label}/{on_drive.name}",
            created_at=library.created_at,
            size_limit=library.size_limit,
            used=library.used,
            shares=shares_of(library) if seen.is_own else None,
            outside=OutsideOut.of(library, drives.standing(library), drives.title(library), is_own=seen.is_own),
        )


def shares_of(library: Library) -> list[ShareOut]:
    """People first, then groups, by name; all at the end."""
    people = [ShareOut(member=name, access=access) for name, access in sorted(library.people.items())]
    groups = [
        ShareOut(member=Holder(name=name, is_group=True).address, access=access)
        for name, access in sorted(library.groups.items())
    ]
    return [*people, *groups, *([ShareOut(member=ALL, access=library.for_all)] if library.for_all else [])]
