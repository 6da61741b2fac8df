"""What was used and what it cost, for those who used it, who pay for it, and operators (J2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from terraspawner.db import project_records, usage_records
from terraspawner.db.usage_records import Wanted
from terraspawner.domain import usage
from terraspawner.domain.access import ProjectRole
from terraspawner.domain.tags import Wanted as Tag
from terraspawner.domain.usage import Account, Amount
from terraspawner.errors import Refused
from terraspawner.operations.context import Context

LONGEST = timedelta(days=400)
"""More at once would take the database too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """`end` is where the sums stop: not later than now."""

    begin: datetime
    end: datetime
    lines: Mapping[Account, Amount]

    @property
    def groups(self) -> Mapping[str, Amount]:
        return usage.groups(self.lines)

    @property
    def total(self) -> Amount:
        return usage.total(self.lines.values())


def used(
    context: Context,
    *,
    user: str,
    is_operator: bool,
    begin: datetime | None = None,
    end: datetime | None = None,
    project: str = "",
    workspace: str = "",
    of: str = "",
    tags: Collection[Tag] = (),
    by: str = "",
) -> Used:
    """What `user` may see: all for operators; else the own, and what billing projects pay that `user` owns.

    Without `begin` from the first of the present month on, without `end` until now. `tags` are those that a thing must
    have now, `by` is the key of one by whose values the lines are grouped. Raises `Refused` for a span that has no
    length, or too much.
    """
    now = context.now()
    end = min(end or now, now)
    begin = begin or usage.month_of(end)
    if begin > end:
        raise Refused(f"There is nothing to sum up from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC.")
    if end - begin > LONGEST:
        raise Refused(f"At most {LONGEST.days} days are summed up at once. Ask for less, or several times.")
    wanted = Wanted(begin=begin, end=end, project=project, workspace=workspace, user=of, tags=tags)
    with context.database.read() as connection:
        owned = [
            each.project.namespace
            for each in project_records.projects_of(connection, user)
            if each.role is ProjectRole.OWNER
        ]
        found = usage_records.intervals(connection, wanted, of=None if is_operator else user, or_of=owned)
        lines = usage.sums(found, begin, end, now, by=by)
    return Used(begin=begin, end=end, lines=lines)
