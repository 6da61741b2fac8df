"""What goes in and out of REST about data files."""

from __future__ import annotations

import enum
from datetime import datetime

from pydantic import BaseModel, Field

from terraspawner.domain.trash import Item
from terraspawner.operations.files import FileInfo
from terraspawner.operations.trashed_folders import Weight
from terraspawner.web.schemas import ListOut


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


class FolderGoneOut(BaseModel):
    """A folder on its way into the trash: its files go one after the other."""

    path: str
    trash_id: str
    files: int = Field(description="how many there are, counted up to 10000")
    size: int = Field(description="bytes of those")
    is_more: bool = Field(description="whether there are more than were counted")

    @classmethod
    def of(cls, item: Item, weight: Weight) -> FolderGoneOut:
        return cls(
            path=f"{item.subject}/", trash_id=item.id, files=weight.files, size=weight.size, is_more=weight.is_more
        )


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


class FileListOut(ListOut[EntryOut]):
    hidden: int = Field(
        description="files and folders there that no list has: their names are not UTF-8 in form NFC, too long, or have"
        " control characters. Rename them in a terminal"
    )
