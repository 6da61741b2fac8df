"""Before a stop or a freeze: what is unsaved is saved and sent, while the environment's address still answers.

Open tabs save over that address, and the Hub takes it away first of all when it stops a server, whoever asks (a page,
REST, the Hub's own pages, a rule). So that is where this begins: `Proxy` is the Hub's own, which has the environment
settle before it lets go of the address. A signal to the container was no choice: the tabs could not save any more, and
nothing would come back of what could not be done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import docker
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.utils import url_path_join

from terraspawner.containers.pooled import PooledDockerSpawner
from terraspawner.containers.settle import Left, settled
from terraspawner.domain.unsaved import in_tabs
from terraspawner.operations import endings
from terraspawner.operations.context import Context

NOTHING = Left()


class Settles(PooledDockerSpawner):
    """The part of `TerraSpawner` that has an environment settle. `left` is what could not be done in the stop that is
    under way."""

    environment_id: str
    start_number: int
    context: Context
    deed: Callable[..., Any]
    get_ip_and_port: Callable[[], Awaitable[tuple[str, int]]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = NOTHING

    async def settle(self) -> None:
        """Have it save and send, in a bounded time. Nothing to do where it does not run: what was paused past us is
        no pause of ours."""
        self.left = NOTHING
        if not (self.environment_id and self.api_token and await self._is_running()):
            return
        ending = await self.deed(endings.begin, self.environment_id, self.start_number)
        if ending is None:
            return
        self.left = await settled(
            await self._settle_url(),
            token=self.api_token,
            seconds=self.context.settings.settle_timeout,
            is_end=ending is endings.Ending.PAUSE,
        )
        if self.left.unsent is not None:
            await self.deed(endings.note_unsent, self.environment_id, self.start_number, self.left.unsent)

    def unsaved_words(self) -> str:
        """What open tabs could not save, as a sentence; empty where there is nothing."""
        return in_tabs(self.left.unsaved, silent_tabs=self.left.silent_tabs, is_silent=self.left.is_silent)

    async def _is_running(self) -> bool:
        try:
            state = await self.inspected()
        except docker.errors.NotFound:
            return False
        return bool(state["Running"]) and not state["Paused"]

    async def _settle_url(self) -> str:
        ip, port = await self.get_ip_and_port()
        return url_path_join(f"http://{ip}:{port}", self.server.base_url, "terraspawner/api/settle")


class Proxy(ConfigurableHTTPProxy):
    """The Hub's own, for which the end of an address begins with what is behind it."""

    async def delete_user(self, user: Any, server_name: str = "") -> None:
        spawner = user.spawners.get(server_name)
        if isinstance(spawner, Settles):
            try:
                await spawner.settle()
            except Exception:  # whatever it is, a stop that was asked for must come
                self.log.exception("Before the stop of %s/%s nothing more was saved", user.name, server_name)
        await super().delete_user(user, server_name)
