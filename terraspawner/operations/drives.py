"""Drives: what of the libraries the drive of an environment shows. Whoever mounts it makes the view exactly that."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import group_records, library_records, records
from terraspawner.domain.environment import Environment
from terraspawner.domain.library import Shown, shown
from terraspawner.operations.context import Context


def view_of(context: Context, environment: Environment) -> tuple[Shown, ...]:
    """What the drive of `environment` shows now, by folder and name; nothing where its workspace has no drive."""
    with context.database.read() as connection:
        if not records.workspace_by_id(connection, environment.workspace_id).has_drive:
            return ()
        return on_drive_of(connection, environment.user)


def on_drive_of(connection: sa.Connection, user: str) -> tuple[Shown, ...]:
    """What the drives of `user` show."""
    groups = frozenset(group_records.groups_of(connection, user))
    return shown(library_records.libraries_of(connection, user), user, groups)
