"""The table of libraries, beside those of `tables`: what a library is more than the workspace that its row there is."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db.tables import metadata

library = sa.Table(
    "library",
    metadata,
    sa.Column("id", sa.ForeignKey("workspace.id"), primary_key=True),
    sa.Column("owner", sa.ForeignKey("account.name"), nullable=False),
    sa.Column("comparable", sa.String(200), nullable=False),
    sa.Column("for_all", sa.String(10), nullable=True, index=True),
    sa.Column("size_limit", sa.BigInteger, nullable=True),
    sa.Column("used", sa.BigInteger, nullable=True),
    sa.UniqueConstraint("owner", "comparable"),
)
"""Its name is the workspace's title. While it is in the trash, `comparable` holds its id, so that its name is free.
`for_all` is what everybody with an account may do there: null, read or write."""

library_outside = sa.Table(
    "library_outside",
    metadata,
    sa.Column("id", sa.ForeignKey("library.id"), primary_key=True),
    sa.Column("drive", sa.String(40), nullable=False),
    sa.Column("user", sa.String(200), nullable=False),
    sa.Column("path", sa.String(1000), nullable=False),
    sa.Column("library", sa.String(200), nullable=False),
    sa.Column("sealed_password", sa.Text, nullable=False),
)
"""Where the files of a library lie that is on a drive from outside. The password is sealed with a key that is not in
the database; the row goes when the library is purged."""
