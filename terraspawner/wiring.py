"""The only place that picks implementations: which database, which bucket, which clock, which hash."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache

import argon2

from terraspawner.db.engine import Database
from terraspawner.operations.catalogues import catalogue_of
from terraspawner.operations.context import Context
from terraspawner.operations.passwords import Passwords
from terraspawner.settings import Settings
from terraspawner.storage import create_bucket, open_bucket, remove_bucket


def settings_from_environ() -> Settings:
    return Settings.from_environ(os.environ)


def build_context(settings: Settings) -> Context:
    """What the deeds need, for a process that runs with these settings."""
    return Context(
        database=Database(settings.database_url),
        settings=settings,
        now=lambda: datetime.now(UTC),
        bucket=lambda workspace_id: open_bucket(settings.buckets, workspace_id),
        remove_bucket=lambda workspace_id: remove_bucket(settings.buckets, workspace_id),
        make_bucket=lambda workspace_id: create_bucket(settings.buckets, workspace_id),
        passwords=Passwords(argon2.PasswordHasher()),  # the library's own strength, which follows the times
        catalogue=catalogue_of(settings),
    )


@cache
def deployment_context() -> Context:
    """The one context of this process: for classes that the Hub builds by itself."""
    return build_context(settings_from_environ())
