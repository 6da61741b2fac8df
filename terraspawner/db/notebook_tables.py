"""Tables of notebooks, their versions, and what is under way with them. Times as in `tables`."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db.tables import UtcDateTime, metadata

notebook = sa.Table(
    "notebook",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), nullable=False, index=True),
    sa.Column("path", sa.String(1024), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("version", sa.String(255), nullable=False),
    sa.Column("trash_item", sa.String(16), nullable=True, unique=True),
    sa.Column("since", UtcDateTime, nullable=False),
)
"""`number`, `sha256` and `size` are those of its newest version, 0 and empty while the first one is under way."""
_is_in_its_place = notebook.c.state == "live"
sa.Index(
    "uq_notebook_path",
    notebook.c.workspace_id,
    notebook.c.path,
    unique=True,
    sqlite_where=_is_in_its_place,
    postgresql_where=_is_in_its_place,
)

notebook_version = sa.Table(
    "notebook_version",
    metadata,
    sa.Column("notebook_id", sa.ForeignKey("notebook.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("author", sa.String(255), nullable=False),
    sa.Column("environment", sa.String(16), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=True),
    sa.Column("save_id", sa.String(64), nullable=False),
    sa.Column("version", sa.String(255), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.UniqueConstraint("notebook_id", "save_id"),
)
"""Its bytes are the blob `sha256` in the workspace's bucket. Thinning deletes rows; of one only its name changes."""

notebook_intent = sa.Table(
    "notebook_intent",
    metadata,
    sa.Column("notebook_id", sa.ForeignKey("notebook.id"), primary_key=True),
    sa.Column("token", sa.String(16), nullable=False),
    sa.Column("deed", sa.String(10), nullable=False),
    sa.Column("base", sa.String(255), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("author", sa.String(255), nullable=False),
    sa.Column("environment", sa.String(16), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=True),
    sa.Column("save_id", sa.String(64), nullable=False),
    sa.Column("target", sa.String(1024), nullable=False),
    sa.Column("trash_item", sa.String(16), nullable=False),
)
"""What is being done with a notebook; a row that its process left is carried out by whoever finds it."""

notebook_proposal = sa.Table(
    "notebook_proposal",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("notebook_id", sa.ForeignKey("notebook.id"), nullable=False, index=True),
    sa.Column("proposer", sa.String(255), nullable=False, index=True),
    sa.Column("base", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("note", sa.String(500), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("closed_by", sa.String(255), nullable=False),
    sa.Column("closed_at", UtcDateTime, nullable=True),
    sa.Column("word", sa.String(500), nullable=False),
)
"""Its bytes are the blob `sha256` in the workspace's bucket, for as long as it is open."""
_is_open = notebook_proposal.c.state == "open"
sa.Index(
    "uq_notebook_proposal_open",
    notebook_proposal.c.notebook_id,
    notebook_proposal.c.proposer,
    unique=True,
    sqlite_where=_is_open,
    postgresql_where=_is_open,
)
