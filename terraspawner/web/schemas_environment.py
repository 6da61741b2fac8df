"""Environments and disks as REST tells them; see `schemas` for the units."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from terraspawner.domain import price
from terraspawner.domain.bucket_mount import MountState, Standing
from terraspawner.domain.catalogue import Catalogue
from terraspawner.domain.environment import Event, State, allowed_events
from terraspawner.domain.mount_words import OF_BUCKET
from terraspawner.domain.notebook import Mode
from terraspawner.domain.start import Step, StepName
from terraspawner.domain.unsaved import joined
from terraspawner.operations.views import View
from terraspawner.settings import Settings
from terraspawner.web.schemas import In, TagsIn, Text, WorkspaceRef
from terraspawner.web.schemas_catalogue import ImageOut, SizeOut
from terraspawner.web.schemas_disks import DataDiskIn, DiskOut
from terraspawner.web.schemas_leases import LeaseOut
from terraspawner.web.schemas_policy import OutlookOut, PolicyIn, PolicyOut
from terraspawner.web.schemas_stops import NextStopOut


class PricesOut(BaseModel):
    """Dollars."""

    running_per_hour: float
    frozen_per_hour: float
    paused_per_hour: float
    disk_per_month: float
    now_per_hour: float = Field(description="in the present state, without the disk")


class KernelOut(BaseModel):
    """As the environment itself says; a claim, for people to look at."""

    id: str
    path: str
    state: str
    last_activity: str


class KillOut(BaseModel):
    """One end for want of memory."""

    at: datetime
    what: Literal["kernel", "process"]
    path: str | None = Field(description="the notebook as Lab names it, where it was the kernel of one")


class MemoryOut(BaseModel):
    """As the environment itself last said; a claim, for people to look at. `used` is without file caches."""

    limit: int
    used: int
    kills: int = Field(description="processes that were ended for want of memory since the start")
    last_kill: KillOut | None


class BucketMountOut(BaseModel):
    """How files of the workspace's bucket are there in an environment, where the bucket is in an object store."""

    state: MountState
    since: datetime
    reason: str = Field(description="why it is slow or gone; empty where it is mounted")
    waiting: int = Field(
        description="files that were written and are not in the store yet; they are sent by themselves"
    )
    waiting_since: datetime | None = Field(description="since when some have been waiting all the time")

    @classmethod
    def of(cls, standing: Standing) -> BucketMountOut:
        return cls.model_validate(standing.as_json())

    @property
    def is_on_its_way(self) -> bool:
        """Whether it is not there yet, and that is no trouble. For pages."""
        return self.reason == OF_BUCKET.being_made


class StepOut(BaseModel):
    """One step of the last start."""

    name: StepName
    message: str
    started_at: datetime
    ended_at: datetime | None = Field(description="null while it lasts")

    @classmethod
    def of(cls, step: Step) -> StepOut:
        return cls(name=step.name, message=step.message, started_at=step.started_at, ended_at=step.ended_at)


class EnvironmentOut(BaseModel):
    """My environment in a workspace. State `none` before there is one."""

    id: str | None
    workspace: WorkspaceRef
    state: State
    is_start_requested: bool = Field(description="the Hub was asked for a start and has not answered yet")
    since: datetime | None
    reason: str = Field(description="why it is in this state; empty where there is nothing to say")
    log: list[str] = Field(description="last lines of the container after a failed start")
    steps: list[StepOut] = Field(description="of the last start, in their order")
    startup_script: str = Field(description="what runs once in each new container, as root; empty where nothing does")
    size: SizeOut
    image: ImageOut
    disk: DiskOut | None = Field(description="before there is an environment: the kept one that it would get")
    data_disk: DiskOut | None = Field(description="the one that its next start has; mounted at `/data`")
    prices: PricesOut
    kernels: list[KernelOut]
    memory: MemoryOut | None = Field(description="null where it has said nothing")
    bucket_mount: BucketMountOut | None = Field(
        description="null where nothing runs, or the bucket is a folder of the machine that is always there"
    )
    frozen_memory: int | None = Field(
        description="memory that it keeps while it is frozen, as the Engine counts it; null in other states"
    )
    outbox_pending: int = Field(description="notebooks whose last changes are on the disk and not in the workspace")
    actions: list[Literal["start", "cancel", "freeze", "pause", "delete"]] = Field(
        description="what may be asked for in this state; `start` resumes what is paused and wakes what is frozen"
    )
    policy: PolicyOut
    schedule: OutlookOut
    next_stop: NextStopOut | None = Field(
        description="what will stop it by itself, or put it into the trash, and when; null before that is known"
    )
    started_by_rule: str = Field(description="what started it, where that was not its person; else empty")
    url: str = Field(description="path of its Jupyter server; it answers while the state is `running`")
    tags: dict[str, str] = Field(description="those that were set")


class PauseIn(BaseModel):
    """How to pause."""

    model_config = ConfigDict(extra="forbid")

    freeze: bool = Field(default=False, description="keep the memory and all that runs, at a standstill")


class StartIn(In):
    """What may be wished for at a start."""

    size: Text | None = Field(
        default=None,
        description="a name of `GET /sizes`, the first where nothing is said; changes that of one that is there",
    )
    image: Text | None = Field(
        default=None, description="of a new environment: a name of `GET /images`, the first where nothing is said"
    )
    startup_script: str | None = Field(
        default=None,
        description="runs once as root when the container is created, at most 64 KiB; an empty one takes it away;"
        " left out, the one that is there stays. Refused (409) once the environment has come up. No secrets: it is"
        " stored as it is, and operators can read it",
    )
    disk: str | None = Field(
        default=None,
        pattern="^(new|[0-9a-f]{16})$",
        description="of a new environment: the id of a disk that is kept in this workspace (`GET /disks`), or `new`;"
        " left out, the kept one that was used last, or a new one where none is kept",
    )
    data_disk: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{16}$",
        description="of a new environment: the id of a data disk that is kept in this workspace; left out, it has none",
    )


class ChangeIn(In):
    """What can be changed of an environment that is there."""

    size: Text | None = Field(default=None, description="a name of `GET /sizes`")
    image: Text | None = Field(default=None, description="a name of `GET /images`, for what is paused")
    policy: PolicyIn | None = Field(default=None, description="when it pauses and starts by itself")
    tags: TagsIn | None = None
    data_disk: DataDiskIn | None = Field(
        default=None, description="what it has at `/data` from its next start on, for what is paused; null detaches"
    )

    @model_validator(mode="after")
    def _says_something(self) -> ChangeIn:
        said = any(each is not None for each in (self.size, self.image, self.policy, self.tags))
        if not said and not self.changes_data_disk:
            raise ValueError("give `size`, `image`, `policy`, `tags`, `data_disk`, or several")
        return self

    @property
    def changes_data_disk(self) -> bool:
        return "data_disk" in self.model_fields_set


class OpenOut(BaseModel):
    url: str = Field(description="path of Lab with the notebook; it answers once the environment runs")
    mode: Mode
    lease: LeaseOut | None = Field(description="reserved for the tab that the url opens; null in the playground")
    environment: EnvironmentOut


class LogOut(BaseModel):
    lines: list[str]


def environment_out(
    view: View,
    settings: Settings,
    catalogue: Catalogue,
    *,
    user_url: str,
    asked: bool,
    fault: str,
    is_cancellable: bool = False,
    mount: Standing | None = None,
) -> EnvironmentOut:
    """A view as REST tells it. `fault` is why the Hub refused the last start, where the row does not know of it."""
    here = view.environment
    return EnvironmentOut(
        id=here.id if here else None,
        workspace=WorkspaceRef.of(view.workspace),
        state=view.state,
        is_start_requested=asked,
        since=here.since if here else None,
        reason=joined(joined(view.why_frozen, here.reason) or fault, here.unsent_words) if here else fault,
        log=here.log.splitlines() if here else [],
        steps=[StepOut.of(step) for step in here.steps] if here else [],
        startup_script=here.startup_script if here else "",
        size=SizeOut.of(here.size if here else catalogue.size_named(None).size, catalogue),
        image=ImageOut.of(here, catalogue),
        disk=DiskOut.of(view.disk, view.workspace, view.prices) if view.disk else None,
        data_disk=DiskOut.of(view.data_disk, view.workspace, view.prices) if view.data_disk else None,
        prices=_prices(view, settings),
        kernels=_kernels(here.kernels if here else ()),
        memory=MemoryOut.model_validate(here.memory_seen) if here and here.memory_seen else None,
        bucket_mount=BucketMountOut.of(mount) if mount else None,
        frozen_memory=here.frozen_memory if here and here.state is State.FROZEN else None,
        outbox_pending=here.outbox_pending if here else 0,
        actions=_actions(view, is_cancellable=is_cancellable),  # type: ignore[arg-type]
        policy=PolicyOut.of(view.plan.policy),
        schedule=OutlookOut.of(view.plan),
        next_stop=NextStopOut.told(view.stop) if view.stop else None,
        started_by_rule=here.why_started if here else "",
        url=user_url,
        tags=dict(view.tags),
    )


def _actions(view: View, *, is_cancellable: bool) -> list[str]:
    """What the person may ask for now."""
    possible = allowed_events(view.state) - (frozenset() if view.may_start else {Event.START})
    return sorted([event.value for event in possible] + ["cancel"] * is_cancellable)


def _prices(view: View, settings: Settings) -> PricesOut:
    disk_size = view.disk.size if view.disk else settings.disk_size
    return PricesOut(
        running_per_hour=float(view.prices.running),
        frozen_per_hour=float(view.prices.frozen),
        paused_per_hour=float(view.prices.paused),
        disk_per_month=float(price.disk_per_month(view.prices, disk_size)),
        now_per_hour=float(view.now_per_hour),
    )


def _kernels(kernels: Sequence[Any]) -> list[KernelOut]:
    fields = ("id", "path", "state", "last_activity")
    return [KernelOut(**{name: str(kernel.get(name) or "") for name in fields}) for kernel in kernels]
