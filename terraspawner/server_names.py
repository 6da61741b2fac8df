"""Which named servers the Hub may make a row for: those that belong to a workspace, and no others.

The Hub writes its row before it asks the spawner, so each refused name would leave one behind, and anybody could
fill its database. Its limit on named servers is asked before that, and may be a function.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.web import HTTPError

from terraspawner import wiring
from terraspawner.operations import admission

NO_LIMIT = 0


async def refuse_names_of_no_workspace(handler: Any) -> int:
    """For ``JupyterHub.named_server_limit_per_user``: raises `HTTPError` where the address names no workspace's server.

    Asked also by pages that name none, and there it only says that there is no other limit.
    """
    arguments: list[str] = list(handler.path_args or [])
    if len(arguments) == 2 and all(arguments):
        context = wiring.deployment_context()
        reason = await asyncio.to_thread(admission.why_no_server, context, user=arguments[0], slug=arguments[1])
        if reason:
            raise HTTPError(404, reason.replace("%", "%%"))
    return NO_LIMIT
