"""The tables of links that set a password and of sign-ins that failed, beside those of `tables`."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db.tables import UtcDateTime, metadata

sign_in_link = sa.Table(
    "sign_in_link",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("account", sa.ForeignKey("account.name"), nullable=False, index=True),
    sa.Column("secret_hash", sa.String(64), nullable=False),
    sa.Column("made_by", sa.String(255), nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime, nullable=True),
    sa.Column("replaced_at", UtcDateTime, nullable=True),
    sa.Column("seen_at", UtcDateTime, nullable=True),
)

sign_in_failure = sa.Table(
    "sign_in_failure",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Float, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False, index=True),
)
"""`key` is a keyed hash of what is counted: a password typed into the name field stands nowhere."""
