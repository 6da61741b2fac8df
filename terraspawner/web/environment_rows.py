"""Environments as the page that lists them shows them: one's own, and those of others for who pays.

Of another's a row tells what `schemas_oversight` tells: whose, where, in which state, at what cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from terraspawner.domain import price
from terraspawner.domain.environment import IN_TRANSITION, Environment, State
from terraspawner.domain.size import Size
from terraspawner.domain.tags import Tags, Wanted
from terraspawner.domain.unsaved import joined
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import images, oversight, views
from terraspawner.operations.views import View
from terraspawner.web.addresses import lab_url
from terraspawner.web.endings import Ending, is_of_use
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.stop_lines import Coming, coming_of

WORDS: Mapping[State, str] = {
    State.NONE: "not created",
    State.CREATING: "being created",
    State.STARTING: "starting",
    State.RUNNING: "running",
    State.FREEZING: "being frozen",
    State.FROZEN: "frozen",
    State.PAUSING: "pausing",
    State.PAUSED: "paused",
    State.DELETING: "being deleted",
    State.TRASHED: "in the trash",
    State.PURGING: "being deleted for good",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One environment. `page` and `lab` are addresses, empty where there is no way for who looks; `last_used` is None
    where it has never run, or runs. `goes_at`: it is paused, and will soon go to the trash, or `goes_for_good`."""

    id: str
    user: str
    workspace: Workspace
    page: str
    lab: str
    state: State
    word: str
    since: datetime
    reason: str
    size: Size
    image: str
    disk_size: int
    now_per_hour: Decimal
    per_month: Decimal
    last_used: datetime | None
    tags: Tags
    goes_at: datetime | None = None
    goes_for_good: bool = False

    @property
    def name(self) -> str:
        """What it is called where several are named."""
        return f"{self.workspace.namespace}/{self.workspace.name}"

    @property
    def is_moving(self) -> bool:
        return self.state in IN_TRANSITION

    @property
    def endings(self) -> list[str]:
        """What may be asked for."""
        return [str(ending) for ending in Ending if is_of_use(ending, self.state)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The rows of one page; `next` asks for the next page."""

    rows: tuple[Row, ...]
    next: str | None = None

    @property
    def now_per_hour(self) -> Decimal:
        return sum((row.now_per_hour for row in self.rows), Decimal(0))

    @property
    def per_month(self) -> Decimal:
        return sum((row.per_month for row in self.rows), Decimal(0))


async def own(parts: Parts, user: str, wanted: Iterable[Wanted] = ()) -> Shown:
    """All of `user` that have the tags that are wanted, by project and workspace; those in workspaces that the person
    has left too."""
    found = [view for view in await parts.deeds(views.views_of, user, wanted) if view.environment and view.disk]
    used = await parts.deeds(views.last_used, [view.environment for view in found if view.environment])
    rows = []
    for view in found:
        here, disk, at = view.environment, view.disk, view.workspace
        if here is None or disk is None:
            continue
        is_asked = parts.launches.is_under_way((user, at.slug))
        page = f"{parts.settings.service_prefix}workspaces/{quoted(at.namespace, at.name)}" if view.membership else ""
        rows.append(
            _row(
                here, at, view.disk_bytes, view.prices, used,
                page=page,
                lab=lab_url(parts.settings, user, at) if page and here.state is State.RUNNING else "",
                word="being started" if is_asked and here.state in (State.PAUSED, State.FROZEN) else WORDS[here.state],
                reason="" if here.state is State.RUNNING else joined(here.reason, here.unsent_words),
                image=images.title_of(parts.catalogue, here),
                tags=view.tags,
                going=_going(view),
            )
        )  # fmt: skip
    return Shown(rows=tuple(sorted(rows, key=lambda row: (row.workspace.namespace, row.workspace.name))))


async def paid(parts: Parts, actor: str, namespace: str | None, after: str, wanted: Iterable[Wanted] = ()) -> Shown:
    """What a project pays for, with None everybody's. Raises as `oversight.list_environments`."""
    page = await parts.deeds(
        oversight.list_environments, actor=actor, namespace=namespace, after=after, limit=_ON_PAGE, wanted=wanted
    )
    used = await parts.deeds(views.last_used, [each.environment for each in page.items])
    rows = [
        _row(
            each.environment, each.workspace, each.disk_bytes, each.prices, used,
            page="", lab="", word=WORDS[each.environment.state], reason="", image="",
            tags=each.tags,
        )
        for each in page.items
    ]  # fmt: skip
    return Shown(rows=tuple(rows), next=page.next)


_ON_PAGE = 50


def _row(
    here: Environment,
    at: Workspace,
    disk_bytes: int,
    prices: price.Prices,
    used: Mapping[str, datetime],
    *,
    page: str,
    lab: str,
    word: str,
    reason: str,
    image: str,
    tags: Tags,
    going: Coming | None = None,
) -> Row:
    hourly = price.per_hour(prices, here.state, waits_for_turn=here.waits_for_turn)
    return Row(
        id=here.id,
        user=here.user,
        workspace=at,
        page=page,
        lab=lab,
        state=here.state,
        word=word,
        since=here.since,
        reason=reason,
        size=here.size,
        image=image,
        disk_size=disk_bytes,
        now_per_hour=hourly,
        per_month=price.per_month(prices, hourly, disk_bytes),
        last_used=None if here.state is State.RUNNING else used.get(here.id),
        tags=tags,
        goes_at=going.at if going else None,
        goes_for_good=going is not None and going.is_final,
    )


def _going(view: View) -> Coming | None:
    return coming_of(view.stop, view.plan.policy) if view.state is State.PAUSED else None
