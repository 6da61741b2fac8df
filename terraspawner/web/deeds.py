"""Deeds are synchronous; here they get a thread and a time-out, so that none ever runs on the loop.

Those that are about what lies in buckets have threads of their own: where the store is slow they may all wait for it,
and leases, pages and whatever else needs the database alone go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from terraspawner.errors import Unavailable
from terraspawner.operations import (
    copies,
    files,
    histories,
    leases,
    libraries,
    library_room,
    notebook_lists,
    notebooks,
    noticing,
    outside,
    previews,
    proposals,
    settling,
    shelves,
    stores,
    trash,
    trashed_folders,
    trashed_workspaces,
    unused_versions,
    uploads,
    workspaces,
)
from terraspawner.operations.context import Context
from terraspawner.web import origin

DATABASE_THREADS, BUCKET_THREADS = "deed", "deed-at-buckets"
"""How they are called, with a number behind."""

_BUCKETS = (
    copies, files, histories, library_room, notebook_lists, notebooks, noticing, previews, proposals, settling,
    shelves, stores, trashed_folders, unused_versions, uploads,
)  # fmt: skip
_AT_BUCKETS = frozenset(module.__name__ for module in _BUCKETS)
_ALSO_AT_BUCKETS: frozenset[Callable[..., object]] = frozenset(
    (
        leases.acquire, leases.look, leases.refuse_if_held, leases.reserve, leases.take_over,
        libraries.create_library, outside.connect, trash.purge_kept, trash.restore,
        trashed_workspaces.finish_purge, workspaces.create_workspace,
    )
)  # fmt: skip
"""Of modules whose other deeds need the database alone."""

P = ParamSpec("P")
R = TypeVar("R")


class Deeds:
    """Calls ``deed(context, ...)`` on a small pool, or on another such one where it is about buckets. A deed that takes
    longer than `patience` seconds is given up on."""

    def __init__(self, context: Context, *, threads: int = 8, patience: float = 20.0) -> None:
        self.context = context
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=DATABASE_THREADS)
        self._at_buckets = ThreadPoolExecutor(threads, thread_name_prefix=BUCKET_THREADS)
        self._patience = patience

    async def __call__(self, deed: Callable[Concatenate[Context, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the deed returns, or what it raises. Raises `Unavailable` when it does not end in time."""
        call = partial(deed, replace(self.context, origin=origin.present()), *args, **kwargs)
        pool = self._at_buckets if deed in _ALSO_AT_BUCKETS or deed.__module__ in _AT_BUCKETS else self._pool
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.get_running_loop().run_in_executor(pool, call)
        except TimeoutError as error:
            raise Unavailable(
                f"This did not finish within {self._patience:g} seconds. It may still be carried out:"
                " look again in a minute before you repeat it."
            ) from error

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._at_buckets.shutdown(wait=False, cancel_futures=True)
