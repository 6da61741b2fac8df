"""Disks and the trash as REST tells them; see `schemas` for the units."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from terraspawner.domain import price
from terraspawner.domain.disk import Disk, DiskKind, DiskState, Fullness, notice
from terraspawner.domain.trash import ItemState, Kind
from terraspawner.domain.workspace import Workspace
from terraspawner.operations.disks import HeldDisk
from terraspawner.operations.trash import Trashed
from terraspawner.web.schemas import In, TagsIn, Text, WorkspaceRef


class FolderOut(BaseModel):
    path: str = Field(description="below the home folder, or below `/data`")
    size: int


class DiskWarningOut(BaseModel):
    level: Fullness
    percent: int
    message: str


class DiskOut(BaseModel):
    """A disk of the caller's."""

    id: str
    kind: DiskKind = Field(description="`home` is the home folder; `data` is mounted at `/data`")
    size: int = Field(description="what is paid for")
    has_limit: bool = Field(
        description="no more than `size` can be written to it; else use beyond it is warned of and not prevented"
    )
    used: int | None = Field(description="null before it was measured")
    measured_at: datetime | None
    folders: list[FolderOut] = Field(description="its largest folders when it was measured, the largest first")
    warning: DiskWarningOut | None = Field(description="from 80, 90 and 95 % of its size on")
    state: DiskState
    price_per_month: float
    last_used_at: datetime | None
    workspace: WorkspaceRef

    @classmethod
    def of(cls, disk: Disk, at: Workspace, prices: price.Prices) -> DiskOut:
        return cls(
            id=disk.id,
            kind=disk.kind,
            size=disk.size,
            has_limit=disk.has_limit,
            used=disk.used,
            measured_at=disk.measured_at,
            folders=[FolderOut(path=folder.path, size=folder.size) for folder in disk.folders],
            warning=_warning(disk),
            state=disk.state,
            price_per_month=float(price.disk_per_month(prices, disk.size)),
            last_used_at=disk.last_used_at,
            workspace=WorkspaceRef.of(at),
        )


class HeldDiskOut(DiskOut):
    """The same in the list of all disks, with what stands around it."""

    user: str
    environment: str | None = Field(description="id of the environment that it is attached to")
    tags: dict[str, str] = Field(description="those that were set")
    is_in_use: bool = Field(description="its environment runs, so its last use is now")
    outbox_pending: int = Field(description="notebooks whose last changes are on this disk and not in the workspace")
    trash_id: str | None = Field(description="where it is in the trash")
    purge_at: datetime | None = Field(description="when it goes for good, where it is in the trash or its workspace is")

    @classmethod
    def held(cls, held: HeldDisk, *, is_own: bool = True) -> HeldDiskOut:
        """Who pays for another's sees how large it is and how full, and not what is on it."""
        told = DiskOut.of(held.disk, held.workspace, held.prices).model_dump()
        return cls(
            **(told if is_own else told | {"folders": []}),
            user=held.disk.user,
            environment=held.environment.id if held.environment else None,
            tags=dict(held.tags),
            is_in_use=held.is_in_use,
            outbox_pending=held.outbox_pending,
            trash_id=held.item.id if held.item and held.item.kind is Kind.DISK and is_own else None,
            purge_at=held.item.purge_at if held.item else None,
        )


class DataDiskIn(In):
    """A new data disk, or one that is kept."""

    size: int | None = Field(default=None, ge=0, le=2**53, description="bytes, of a new one; 1 GiB at least")
    disk: str | None = Field(
        default=None, pattern="^[0-9a-f]{16}$", description="the id of a data disk that is kept in this workspace"
    )

    @model_validator(mode="after")
    def _says_one(self) -> DataDiskIn:
        if (self.size is None) == (self.disk is None):
            raise ValueError("give `size` for a new data disk, or the `disk` that is kept")
        return self


class DiskChangeIn(In):
    """What a disk shall be."""

    size: int | None = Field(default=None, ge=0, le=2**53, description="bytes; not less than it has")
    tags: TagsIn | None = None

    @model_validator(mode="after")
    def _says_something(self) -> DiskChangeIn:
        if self.size is None and self.tags is None:
            raise ValueError("give `size`, `tags` or both")
        return self


class EnlargedOut(HeldDiskOut):
    """It has the new size from now on."""

    price_per_month_before: float


class RestoreIn(In):
    name: Text | None = Field(
        default=None, description="of a notebook, a workspace or a library, where its own is taken by now"
    )


class TrashOut(BaseModel):
    """Something in the caller's trash."""

    id: str
    kind: Kind
    name: str
    subject: str = Field(
        description="of a notebook, a file or a folder its path, of an environment, a disk, a workspace or a library"
        " its id"
    )
    workspace: WorkspaceRef
    size: int | None
    state: ItemState
    trashed_at: datetime
    trashed_by: str
    purge_at: datetime = Field(description="when it is gone for good, unless it is restored before")
    price_per_month: float = Field(description="what it costs until then")
    price_per_hour: float = Field(
        description="of an environment: what its stopped container costs, as if it was paused"
    )
    disk: DiskState | None = Field(description="of an environment: of its disk; `trashed` comes back along with it")
    obstacle: str = Field(
        description="of an environment: why it cannot be restored now, and what to do; empty if it can"
    )
    reason: str = Field(
        description="of an environment: why it was put there by itself, and what it had not sent to the workspace"
    )
    image: str | None = Field(description="of an environment: its name in the catalogue")
    created_at: datetime | None = Field(description="of an environment")
    along: list[str] = Field(description="of a disk: what in the trash is purged with it, environments that have it")
    actions: list[Literal["restore", "purge"]]

    @classmethod
    def of(cls, found: Trashed) -> TrashOut:
        item = found.item
        return cls(
            id=item.id,
            kind=item.kind,
            name=item.name,
            subject=item.subject,
            workspace=WorkspaceRef.of(found.workspace),
            size=item.size,
            state=item.state,
            trashed_at=item.trashed_at,
            trashed_by=item.trashed_by,
            purge_at=item.purge_at,
            price_per_month=float(found.price_per_month),
            price_per_hour=float(found.price_per_hour),
            disk=found.disk,
            obstacle=found.obstacle,
            reason=found.environment.reason if found.environment else "",
            image=found.environment.image_name if found.environment else None,
            created_at=found.environment.created_at if found.environment else None,
            along=list(found.along),
            actions=_actions(found),
        )


def _actions(found: Trashed) -> list[Literal["restore", "purge"]]:
    if found.item.state is not ItemState.HELD:
        return []
    return ["purge"] if found.obstacle else ["restore", "purge"]


def _warning(disk: Disk) -> DiskWarningOut | None:
    found = notice(disk.used, disk.size)
    return DiskWarningOut(level=found.level, percent=found.percent, message=found.message) if found else None
