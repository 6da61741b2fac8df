"""What goes in and out of REST about data files."""

from __future__ import annotations

import enum
from datetime import datetime

from pydantic import BaseModel, Field

from terraspawner.operations.files import FileInfo


class EntryKind(enum.StrEnum):
    FILE = "file"
    FOLDER = "folder"


class FileOut(BaseModel):
    path: str
    size: int
    modified: datetime
    version: str = Field(description="opaque; also the ETag")

    @classmethod
    def of(cls, info: FileInfo) -> FileOut:
        return cls(path=info.path, size=info.size, modified=info.modified, version=info.version)


class EntryOut(BaseModel):
    """A file, or a folder; of a folder the path alone is known."""

    kind: EntryKind
    path: str = Field(description="of a folder it ends with `/`")
    size: int | None = None
    modified: datetime | None = None
    version: str | None = None

    @classmethod
    def of(cls, entry: FileInfo | str) -> EntryOut:
        if isinstance(entry, str):
            return cls(kind=EntryKind.FOLDER, path=entry)
        return cls(
            kind=EntryKind.FILE, path=entry.path, size=entry.size, modified=entry.modified, version=entry.version
        )
