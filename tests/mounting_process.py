"""The mounts service as a process that tests can kill: `python tests/mounting_process.py <folder>`.

It is the real one on the real rclone, but for the times between its looks, which are short. Its store is
in its variables; without one it mounts drives from outside alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from terraspawner.host.asked import bound_socket
from terraspawner.host.bucket_mounts.__main__ import serve
from terraspawner.host.bucket_mounts.buckets import Buckets
from terraspawner.host.bucket_mounts.keeper import Pace
from terraspawner.host.bucket_mounts.site import Site
from terraspawner.storage.addresses import parse_address
from terraspawner.storage.options import Options


def main(folder: Path, store: Mapping[str, str]) -> None:
    logging.basicConfig(format="%(name)s %(message)s", level=logging.INFO)
    for name in ("aiohttp.access", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    memory = folder / "memory"
    memory.mkdir(exist_ok=True)
    site = Site(
        shared=folder / "shared",
        cache=folder / "cache",
        memory=memory,
        cache_bytes=2**30,
        surroundings=os.environ,
        pace=Pace(look=0.2, question=0.5, silence=3),
    )
    buckets = store and Buckets(
        site=site,
        address=parse_address(store["address"]),
        options=Options(endpoint=store["endpoint"], region="us-east-1", credentials=store["credentials"]),
    )
    asyncio.run(serve(site, buckets, bound_socket(folder / "mounts.sock")))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(os.environ["STORE"]))
