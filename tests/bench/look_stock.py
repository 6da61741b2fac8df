"""One look of jupyterhub-idle-culler at everything: ``python -m tests.bench.look_stock <Hub's API> <seconds idle>``,
with its token in ``BENCH_TOKEN``."""

from __future__ import annotations

import logging
import os
import sys

from jupyterhub_idle_culler import cull_idle

from tests.bench.processes import tell


async def look(api_url: str, limit: int) -> int:
    """As its own program calls it, with its own settings. What it asks is counted by the Hub."""
    await cull_idle(
        url=api_url, api_token=os.environ["BENCH_TOKEN"], inactive_limit=limit, logger=logging.getLogger("idle-culler")
    )
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    tell(look(sys.argv[1], int(sys.argv[2])))
