"""All that a report is judged by, in one query, and what comes of it: each environment sends one every 30 seconds.

The statements are built once: that takes several times as long as the database's answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from terraspawner.db import activity_records, lease_tables, policy_records, records
from terraspawner.db import activity_tables as a
from terraspawner.db import tables as t
from terraspawner.db.activity_records import Kept
from terraspawner.db.policy_records import Said
from terraspawner.domain.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Of one environment, and of its culler. `kept` is None where nothing is written of what it does; `moments` are
    those of the processes that were asked for, by name, None where there is none."""

    environment: Environment
    kept: Kept | None
    said: Said
    moments: Mapping[str, datetime | None]


def _moment(name: str) -> Any:
    """The column `name` of a query: when that was noted last."""
    beat = lease_tables.heartbeat
    return sa.select(beat.c.at).where(beat.c.name == sa.bindparam(name)).scalar_subquery().label(name)


_HELD = a.keep_alive
_KNOWN = (
    policy_records.with_rules(
        t.environment, a.activity, *activity_records.kept_by(_HELD), _moment("first"), _moment("second")
    )
    .outerjoin(a.activity, a.activity.c.environment_id == t.environment.c.id)
    .outerjoin(_HELD, _HELD.c.environment_id == t.environment.c.id)
    .where(t.environment.c.id == sa.bindparam("at"))
)
_NOTE = sa.update(t.environment).where(t.environment.c.id == sa.bindparam("at"))
_DID = sa.update(a.activity).where(a.activity.c.environment_id == sa.bindparam("at"))


def known(connection: sa.Connection, environment_id: str, moments: tuple[str, str]) -> Known | None:
    asked = {"at": environment_id, **dict(zip(("first", "second"), moments, strict=True))}
    row = connection.execute(_KNOWN, asked).mappings().one_or_none()
    if row is None:
        return None
    return Known(
        environment=records.environment_of(row),
        kept=activity_records.kept_of(row) if row["environment_id"] else None,
        said=policy_records.said_of(row),
        moments=dict(zip(moments, (row["first"], row["second"]), strict=True)),
    )


def note(connection: sa.Connection, environment_id: str, values: Mapping[str, Any]) -> None:
    """Write columns of its row."""
    connection.execute(_NOTE, {"at": environment_id, **values})


def note_done(connection: sa.Connection, environment_id: str, after: Kept) -> None:
    """Write what it does over what was written."""
    alarmed = {name: at.isoformat() for name, at in after.alarmed.items()}
    values = {"revision": after.revision, "next_look_at": after.next_look_at, "alarmed": alarmed}
    connection.execute(_DID, {"at": environment_id, **activity_records.values_of(after.clocks), **values})
