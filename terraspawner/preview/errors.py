"""Why there is no preview."""

from __future__ import annotations

from terraspawner.errors import Refused
from terraspawner.errors_accounts import TooManyTries


class NotebookUnreadable(Refused):
    """The notebook cannot be shown. Download it to look at it."""

    code = "notebook-unreadable"


class TooManyPreviews(TooManyTries):
    """You have several previews under way at once. Wait until one of them is there."""

    code = "too-many"
