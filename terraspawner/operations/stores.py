"""The store in which buckets are, as the service sees it."""

from __future__ import annotations

from terraspawner.operations.context import Context
from terraspawner.storage.facts import StoreFacts


def look(context: Context) -> StoreFacts:
    """Ask it how it is, and the first time what it can do. What is wrong with it stands in the facts."""
    return context.look_at_store()
