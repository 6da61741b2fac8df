"""A kernel of an environment that is kept over several cells: what it holds shows whether its process lives."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass

import aiohttp

from deployment import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """One kernel, spoken to through the proxy as Jupyter's clients do."""

    workspace: Workspace
    id: str

    @classmethod
    def started(cls, workspace: Workspace) -> Kernel:
        owner = workspace.owner
        answer = owner.browser_session.post(
            f"{workspace.server_url}api/kernels", headers={"Authorization": f"token {owner.token}"}, json={}
        )
        assert answer.status_code == 201, answer.text
        return cls(workspace=workspace, id=answer.json()["id"])

    def run(self, code: str) -> str:
        """What `code` prints."""
        return asyncio.run(self._run(code, {"execute_reply", "idle"}))

    def begin(self, code: str) -> None:
        """Have it run `code`, and go away once it does."""
        asyncio.run(self._run(code, {"execute_input"}))

    async def _run(self, code: str, awaited: set[str]) -> str:
        owner = self.workspace.owner
        url = f"{owner.deployment.url}{self.workspace.server_url}api/kernels/{self.id}/channels"
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3",
                  "username": owner.name, "session": uuid.uuid4().hex}  # fmt: skip
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}  # fmt: skip
        request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        text = ""
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"token {owner.token}"}) as session,
            session.ws_connect(url) as channel,
            asyncio.timeout(60),
        ):
            await channel.send_json(request)
            async for message in channel:
                got = json.loads(message.data)
                if got["parent_header"].get("msg_id") == header["msg_id"]:
                    text += got["content"].get("text", "")
                    awaited = awaited - {got["msg_type"], got["content"].get("execution_state", "")}
                if not awaited:
                    break
        return text.strip()


def measured(workspace: Workspace, kernel: Kernel, code: str) -> tuple[float, str]:
    """Seconds from the wish to wake to what `code` prints, and what it prints."""
    begin = time.perf_counter()
    answer = workspace.owner.api.post(f"{workspace.path}/environment/start", json={})
    assert answer.status_code in (200, 202), answer.text
    if answer.status_code == 202:  # a machine that is busy with other things
        workspace.wait_for("running")
    printed = kernel.run(code)
    return time.perf_counter() - begin, printed
