"""A service's process as far as buckets matter: ``<database url> <folder> <buckets url> <endpoint> <credentials>``.

It reads lines: ``look`` looks at the store as the service does at its start, ``write <word>`` writes an object,
``read`` reads it. For each it prints one: what was found, or what went wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import builders
from terraspawner import wiring
from terraspawner.errors import TerraError
from terraspawner.operations import stores
from terraspawner.operations.context import Context
from terraspawner.storage import ANYTHING

BUCKET, KEY = "0123456789abcdef", "notebooks/a.ipynb"


def look(context: Context) -> str:
    return stores.look(context).message


def write(context: Context, word: str) -> str:
    context.make_bucket(BUCKET).write(KEY, word.encode(), ANYTHING)
    return "written"


def read(context: Context) -> str:
    return context.bucket(BUCKET).read(KEY)[0].decode()


ACTS: dict[str, Callable[..., str]] = {"look": look, "write": write, "read": read}


def main() -> None:
    url, folder, buckets, endpoint, credentials = sys.argv[1:]
    store = {"buckets": buckets, "buckets_endpoint": endpoint, "buckets_region": "us-east-1"}
    keys = {"buckets_credentials": credentials}
    context = wiring.build_context(builders.settings(Path(folder), database_url=url, **store, **keys))
    for line in sys.stdin:
        act, *words = line.split()
        try:
            said = ACTS[act](context, *words)
        except TerraError as error:
            said = error.message
        print(said, flush=True)


if __name__ == "__main__":
    main()
