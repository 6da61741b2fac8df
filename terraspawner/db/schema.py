"""All tables together, for who needs every one of them: migrations, and tests that empty or compare the database."""

from __future__ import annotations

from terraspawner.db import (  # noqa: F401 - they add theirs
    activity_tables,
    lease_tables,
    library_tables,
    notebook_tables,
    policy_tables,
    sign_in_tables,
    upload_tables,
)
from terraspawner.db.tables import metadata

__all__ = ["metadata"]
