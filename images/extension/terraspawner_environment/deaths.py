"""Hears of kernels that die, from Jupyter's own restarter, and looks at the memory now and then."""

import asyncio
from typing import Any

from terraspawner_environment.kills import GRACE_SECONDS, Kills

EVERY_SECONDS = 30.0
KERNEL_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"


class DeathWatch:
    """Listens to every kernel of `server` (a `ServerApp`) from its start on."""

    def __init__(self, server: Any, kills: Kills) -> None:
        self._server = server
        self._kills = kills
        self._tasks: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Run until cancelled."""
        self._server.event_logger.add_listener(schema_id=KERNEL_ACTIONS, listener=self._on_kernel_action)
        while True:
            self._kills.sweep()
            await asyncio.sleep(GRACE_SECONDS if self._kills.is_unexplained else EVERY_SECONDS)

    async def _on_kernel_action(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002
        if data.get("action") != "start" or data.get("status") != "success":
            return
        kernel_id = data["kernel_id"]
        self._server.kernel_manager.add_restart_callback(kernel_id, lambda: self._on_death(kernel_id), "restart")

    def _on_death(self, kernel_id: str) -> None:
        """Called by the restarter, before it starts the kernel anew: its process still knows how it ended."""
        task = asyncio.create_task(self._tell(kernel_id, _exit_status(self._server.kernel_manager, kernel_id)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, kernel_id: str, status: int | None) -> None:
        self._kills.kernel_died(await _notebook_of(self._server, kernel_id), status)


def _exit_status(kernels: Any, kernel_id: str) -> int | None:
    try:
        process = kernels.get_kernel(kernel_id).provisioner.process
    except (AttributeError, KeyError):
        return None
    return None if process is None else process.returncode


async def _notebook_of(server: Any, kernel_id: str) -> str | None:
    for session in await server.session_manager.list_sessions():
        if session["kernel"]["id"] == kernel_id and session["type"] == "notebook":
            return str(session["path"])
    return None
