"""One sweep of our culler: ``python -m tests.bench.look_ours <service's API>``, with its token in ``BENCH_TOKEN``.
Counts its requests."""

from __future__ import annotations

import logging
import os
import sys

from culler.client import Service
from culler.settings import Settings
from culler.sweep import Sweeper
from tests.bench.processes import tell


class _Counting(logging.Handler):
    """httpx tells of each request that was answered."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


async def look(api_url: str) -> int:
    """As its own program does it, with its own settings, until nothing is under way any more."""
    usual, counting, httpx = Settings(token=os.environ["BENCH_TOKEN"], api_url=api_url), _Counting(), "httpx"
    logging.getLogger(httpx).setLevel(logging.INFO)
    logging.getLogger(httpx).addHandler(counting)
    service = Service(usual.api_url, usual.token, usual.patience)
    try:
        sweeper = Sweeper(service, at_once=usual.at_once, patience=usual.patience)
        await sweeper.sweep()
        await sweeper.settle()
    finally:
        await service.close()
    return counting.count


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    tell(look(sys.argv[1]))
