"""What goes in and out of the routes on drives from outside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from terraspawner.domain.bucket_mount import MountState, Standing
from terraspawner.domain.library import Library
from terraspawner.domain.outside import DriveKind, OfferedDrive
from terraspawner.web.schemas import In

Word = Annotated[str, StringConstraints(max_length=1000)]
Password = Annotated[SecretStr, Field(max_length=1000, description="an app password; kept sealed and never told again")]


class OfferedDriveOut(BaseModel):
    name: str = Field(description="what `drive` is to be when a library is made", examples=["lab-cloud"])
    title: str
    kind: DriveKind
    about: str = Field(description="what its operator says of it; empty for nothing")
    has_libraries: bool = Field(description="whether `library` has to be given: which of its own libraries")

    @classmethod
    def of(cls, drive: OfferedDrive) -> OfferedDriveOut:
        return cls(
            name=drive.name, title=drive.title, kind=drive.kind, about=drive.about, has_libraries=drive.has_libraries
        )


class ConnectionIn(In):
    drive: Word = Field(description="one of `GET /drives`", examples=["lab-cloud"])
    user: Word = Field(description="the name that one has there")
    password: Password
    path: Word = Field(default="", description="a folder there; empty for all of it", examples=["Projects/Survey"])
    library: Word = Field(default="", description="which of its libraries, for a drive that has some")


class PasswordIn(In):
    password: Password
    user: Word = Field(default="", description="the name that one has there; empty for that of before")


class OutsideOut(BaseModel):
    """Where the files of a library lie that is on a drive from outside, and how that stands."""

    drive: str
    title: str
    path: str
    library: str
    user: str | None = Field(description="by whose account there; told to its owner alone")
    state: MountState = Field(description="`gone`: its files cannot be read or written now")
    since: datetime
    why: str = Field(description="a sentence; empty where all is well")
    waiting: int = Field(description="files that were written here and are not there yet")

    @classmethod
    def of(cls, library: Library, standing: Standing | None, title: str, *, is_own: bool) -> OutsideOut | None:
        where = library.outside
        if where is None or standing is None:
            return None
        return cls(
            drive=where.drive,
            title=title,
            path=where.path,
            library=where.library,
            user=where.user if is_own else None,
            state=standing.state,
            since=standing.since,
            why=standing.reason,
            waiting=standing.waiting,
        )
