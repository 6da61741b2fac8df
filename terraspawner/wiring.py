"""The only place that picks implementations: which database, which bucket, which clock, which hash."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import argon2

from terraspawner.db.engine import Database
from terraspawner.domain.bucket_mount import outside_folder
from terraspawner.domain.names import is_notebook_path
from terraspawner.operations.catalogues import catalogue_of, drives_of
from terraspawner.operations.context import Context
from terraspawner.operations.passwords import Passwords
from terraspawner.settings import Settings
from terraspawner.storage import create_bucket, facts, open_bucket, remove_bucket
from terraspawner.storage.base import Bucket
from terraspawner.storage.drive import Libraries
from terraspawner.storage.options import Options


def settings_from_environ() -> Settings:
    return Settings.from_environ(os.environ)


def build_context(settings: Settings) -> Context:
    """What the deeds need, for a process that runs with these settings."""
    database = Database(settings.database_url)
    options = Options(
        endpoint=settings.buckets_endpoint,
        region=settings.buckets_region,
        credentials=settings.buckets_credentials,
        seconds=settings.buckets_timeout,
        is_sole_writer=database.is_sole_writer,
    )
    libraries = Libraries(
        url=settings.libraries,
        is_notebook=is_notebook_path,
        largest=settings.notebook_limit,
        mount_of=lambda library_id: Path(settings.mounts_host_path, outside_folder(library_id)),
    )
    return Context(
        database=database,
        settings=settings,
        now=lambda: datetime.now(UTC),
        bucket=lambda workspace_id: _bucket(settings, libraries, options, workspace_id),
        remove_bucket=lambda workspace_id: _remove(settings, libraries, options, workspace_id),
        make_bucket=lambda workspace_id: create_bucket(settings.buckets, workspace_id, options),
        make_library=libraries.create,
        make_outside=libraries.create_outside,
        passwords=Passwords(argon2.PasswordHasher()),  # the library's own strength, which follows the times
        catalogue=catalogue_of(settings),
        look_at_store=lambda: facts.look(settings.buckets, options),
        drives=drives_of(settings),
    )


def _bucket(settings: Settings, libraries: Libraries, options: Options, workspace_id: str) -> Bucket:
    """Of a workspace or a library: no two have the same id, and a library's folder is made with its row."""
    return libraries.find(workspace_id) or open_bucket(settings.buckets, workspace_id, options)


def _remove(settings: Settings, libraries: Libraries, options: Options, workspace_id: str) -> None:
    libraries.remove(workspace_id)
    remove_bucket(settings.buckets, workspace_id, options)


@cache
def deployment_context() -> Context:
    """The one context of this process: for classes that the Hub builds by itself."""
    return build_context(settings_from_environ())
