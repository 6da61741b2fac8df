"""Tables as SQLAlchemy Core. Identifiers are never used again; rows of what is gone are kept for the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC in Python, naive UTC in the database. A naive value is refused."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive time cannot be stored: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)

account = sa.Table(
    "account",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("email", sa.String(320), nullable=False, server_default=""),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("is_operator", sa.Boolean, nullable=False),
    sa.Column("is_disabled", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("sessions_epoch", sa.Integer, nullable=False, server_default="0"),
    sa.Column("signed_in_at", UtcDateTime, nullable=True),
    sa.Column("password_set_at", UtcDateTime, nullable=True),
    sa.Column("may_create_projects", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("subject", sa.String(600), nullable=True),
    sa.Column("is_let_go", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("uq_account_subject", "subject", unique=True),
)
"""`password_hash` is empty and `password_set_at` null until the person has set one; of an account that the set-up
made, `password_set_at` alone is null. `subject` is null unless an identity provider signs the person in;
`is_let_go` says that it did not allow the person in when it was asked last."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.String(255), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False, index=True),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("old_state", sa.String(10), nullable=False, server_default=""),
    sa.Column("new_state", sa.String(10), nullable=False, server_default=""),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("request", sa.String(32), nullable=False, server_default=""),
    sa.Column("person", sa.String(255), nullable=False, server_default="", index=True),
    sa.Column("project", sa.String(40), nullable=False, server_default="", index=True),
    sa.Column("workspace", sa.String(100), nullable=False, server_default="", index=True),
)
"""Append-only: triggers refuse to change or delete a row. `person` is whose it is that `subject` names, `workspace` its
project, a slash, its name; empty where there is none."""

project = sa.Table(
    "project",
    metadata,
    sa.Column("namespace", sa.String(40), primary_key=True),
    sa.Column("owner", sa.ForeignKey("account.name"), nullable=False),
    sa.Column("is_personal", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("title", sa.String(120), nullable=False, server_default=""),
)
"""`owner` made it, or is the person whose personal one it is. Who may do what there stands in `project_member`
and `project_group`."""

sa.Index(
    "uq_project_personal",
    project.c.owner,
    unique=True,
    sqlite_where=project.c.is_personal,
    postgresql_where=project.c.is_personal,
)

project_member = sa.Table(
    "project_member",
    metadata,
    sa.Column("namespace", sa.ForeignKey("project.namespace"), primary_key=True),
    sa.Column("user", sa.ForeignKey("account.name"), primary_key=True, index=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
)

person_group = sa.Table(
    "person_group",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("is_managed", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
"""The members of a managed one are who the sign-in says, at each sign-in anew."""

group_member = sa.Table(
    "group_member",
    metadata,
    sa.Column("group_name", sa.ForeignKey("person_group.name"), primary_key=True),
    sa.Column("user", sa.ForeignKey("account.name"), primary_key=True, index=True),
)

project_group = sa.Table(
    "project_group",
    metadata,
    sa.Column("namespace", sa.ForeignKey("project.namespace"), primary_key=True),
    sa.Column("group_name", sa.ForeignKey("person_group.name"), primary_key=True, index=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
)

workspace = sa.Table(
    "workspace",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("namespace", sa.ForeignKey("project.namespace"), nullable=False),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("comparable", sa.String(50), nullable=False),
    sa.Column("slug", sa.String(30), nullable=False, unique=True),
    sa.Column("storage", sa.String(10), nullable=False),
    sa.Column("created_by", sa.ForeignKey("account.name"), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("title", sa.String(120), nullable=False, server_default=""),
    sa.Column("trashed_at", UtcDateTime, nullable=True),
    sa.UniqueConstraint("namespace", "comparable"),
)
"""While it is in the trash, since `trashed_at`, `comparable` holds its id, so that its name is free."""

workspace_member = sa.Table(
    "workspace_member",
    metadata,
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), primary_key=True),
    sa.Column("user", sa.ForeignKey("account.name"), primary_key=True, index=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("may_compute", sa.Boolean, nullable=False, server_default=sa.true()),
)

workspace_group = sa.Table(
    "workspace_group",
    metadata,
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), primary_key=True),
    sa.Column("group_name", sa.ForeignKey("person_group.name"), primary_key=True, index=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("may_compute", sa.Boolean, nullable=False),
)

disk = sa.Table(
    "disk",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), nullable=False),
    sa.Column("user", sa.ForeignKey("account.name"), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("last_used_at", UtcDateTime, nullable=True),
    sa.Column("outbox_pending", sa.Integer, nullable=False, server_default="0"),
    sa.Column("used", sa.BigInteger, nullable=True),
    sa.Column("measured_at", UtcDateTime, nullable=True),
    sa.Column("folders", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("kind", sa.String(10), nullable=False, server_default="home"),
    sa.Column("form", sa.String(10), nullable=True),
)

environment = sa.Table(
    "environment",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), nullable=False),
    sa.Column("user", sa.ForeignKey("account.name"), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("log", sa.Text, nullable=False, server_default=""),
    sa.Column("start_number", sa.Integer, nullable=False),
    sa.Column("key_hash", sa.String(64), nullable=True, unique=True),
    sa.Column("cpu", sa.Float, nullable=False),
    sa.Column("memory", sa.BigInteger, nullable=False),
    sa.Column("size_name", sa.String(40), nullable=False, server_default=""),
    sa.Column("price_running", sa.Numeric(12, 6), nullable=True),
    sa.Column("price_frozen", sa.Numeric(12, 6), nullable=True),
    sa.Column("price_paused", sa.Numeric(12, 6), nullable=True),
    sa.Column("image", sa.String(255), nullable=False),
    sa.Column("image_name", sa.String(255), nullable=False, server_default=""),
    sa.Column("language", sa.String(10), nullable=False, server_default="python"),
    sa.Column("disk_id", sa.ForeignKey("disk.id"), nullable=False),
    sa.Column("data_disk_id", sa.ForeignKey("disk.id"), nullable=True),
    sa.Column("container_id", sa.String(64), nullable=False, server_default=""),
    sa.Column("deletes_disk", sa.Boolean, nullable=False),
    sa.Column("deletes_data_disk", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("outbox_pending", sa.Integer, nullable=False, server_default="0"),
    sa.Column("kernels", sa.JSON, nullable=False),
    sa.Column("memory_seen", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("steps", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("startup_script", sa.Text, nullable=False, server_default=""),
    sa.Column("startup_log", sa.Text, nullable=False, server_default=""),
    sa.Column("frozen_memory", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("writes_bucket", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("asked", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("unsent", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("terminals", sa.Integer, nullable=True),
    sa.Column("trees", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
_is_live = sa.text("state NOT IN ('none', 'trashed', 'purging')")
sa.Index(
    "uq_environment_live",
    environment.c.workspace_id,
    environment.c.user,
    unique=True,
    sqlite_where=_is_live,
    postgresql_where=_is_live,
)
for _name, _disk in (("disk", environment.c.disk_id), ("data_disk", environment.c.data_disk_id)):
    sa.Index(f"uq_environment_{_name}", _disk, unique=True, sqlite_where=_is_live, postgresql_where=_is_live)

state_interval = sa.Table(
    "state_interval",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("subject", sa.String(16), nullable=False),
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), nullable=False),
    sa.Column("user", sa.ForeignKey("account.name"), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("cpu", sa.Float, nullable=False),
    sa.Column("memory", sa.BigInteger, nullable=False),
    sa.Column("disk_size", sa.BigInteger, nullable=False),
    sa.Column("price_per_hour", sa.Numeric(12, 6), nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=True),
)
sa.Index("ix_state_interval_subject", state_interval.c.subject, state_interval.c.ended_at)

tag = sa.Table(
    "tag",
    metadata,
    sa.Column("kind", sa.String(12), primary_key=True),
    sa.Column("subject", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(63), primary_key=True),
    sa.Column("value", sa.String(63), nullable=False),
)
"""`subject` is the id of an environment or a disk, as `kind` says; rows of both are kept, and so are their tags."""

trash = sa.Table(
    "trash",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("subject", sa.String(1024), nullable=False),
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), nullable=False, index=True),
    sa.Column("user", sa.ForeignKey("account.name"), nullable=False),
    sa.Column("name", sa.String(1024), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("trashed_at", UtcDateTime, nullable=False),
    sa.Column("trashed_by", sa.String(255), nullable=False),
    sa.Column("purge_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=True),
)
sa.Index("ix_trash_state", trash.c.state, trash.c.purge_at)
