"""The audit tells of every change of state, can be filtered, and cannot be changed any more."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"

_REFUSED = "the audit is append-only"


def upgrade() -> None:
    op.add_column("environment", sa.Column("asked", sa.JSON(), server_default="{}", nullable=False))
    for name, kind in (
        ("old_state", sa.String(length=10)),
        ("new_state", sa.String(length=10)),
        ("reason", sa.Text()),
        ("request", sa.String(length=32)),
        ("person", sa.String(length=255)),
        ("project", sa.String(length=40)),
        ("workspace", sa.String(length=100)),
    ):
        op.add_column("audit", sa.Column(name, kind, server_default="", nullable=False))
    for name in ("person", "project", "workspace"):
        op.create_index(op.f(f"ix_audit_{name}"), "audit", [name])
    _tell_of_what()
    _guard()


def _tell_of_what() -> None:
    """Which project and workspace the acts so far were about, as their subjects say."""
    audit = sa.table("audit", *(sa.column(name) for name in ("id", "subject", "person", "project", "workspace")))
    connection = op.get_bind()
    for number, subject in connection.execute(sa.select(audit.c.id, audit.c.subject)).all():
        kind, _, name = subject.partition(":")
        values = {
            "person": name if kind == "account" else "",
            "project": name.partition("/")[0] if kind in ("project", "workspace") else "",
            "workspace": name if kind == "workspace" else "",
        }
        connection.execute(sa.update(audit).where(audit.c.id == number).values(**values))


def _guard() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_refuses_{act.lower()} BEFORE {act} ON audit"
                f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    )
    for act in ("UPDATE", "DELETE", "TRUNCATE"):
        op.execute(
            f"CREATE TRIGGER audit_refuses_{act.lower()} BEFORE {act} ON audit"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()"
        )
