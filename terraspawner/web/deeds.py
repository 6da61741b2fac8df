"""Deeds are synchronous; here they get a thread and a time-out, so that none ever runs on the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from terraspawner.errors import Unavailable
from terraspawner.operations.context import Context
from terraspawner.web import origin

P = ParamSpec("P")
R = TypeVar("R")


class Deeds:
    """Calls ``deed(context, ...)`` on a small pool. A deed that takes longer than `patience` seconds is given up on."""

    def __init__(self, context: Context, *, threads: int = 8, patience: float = 20.0) -> None:
        self.context = context
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="deed")
        self._patience = patience

    async def __call__(self, deed: Callable[Concatenate[Context, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the deed returns, or what it raises. Raises `Unavailable` when it does not end in time."""
        call = partial(deed, replace(self.context, origin=origin.present()), *args, **kwargs)
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except TimeoutError as error:
            raise Unavailable(
                f"This did not finish within {self._patience:g} seconds. It may still be carried out:"
                " look again in a minute before you repeat it."
            ) from error

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
