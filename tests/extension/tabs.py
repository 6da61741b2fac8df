"""A tab of Lab as the leases know it: what it shows, and what it was told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError

from extension.conftest import Environment, lab, read, until
from extension.services import WorkspaceThatAnswers, notebook_bytes, notebook_model

if TYPE_CHECKING:
    from terraspawner_environment.assembly import Workspace
    from terraspawner_environment.contents import TerraContentsManager
    from terraspawner_environment.lease_acts import LeaseActs

A = "a.ipynb"
COPY = "a (conflict ana 2026-11-20 14.05.33).ipynb"


class Tab:
    """Speaks to the parts behind the websocket."""

    def __init__(self, manager: TerraContentsManager, name: str = "tab-a") -> None:
        self.manager = manager
        self.name = name
        self.heard: list[dict[str, Any]] = []
        self.there.leases.listen(name, self.heard.append)

    @property
    def there(self) -> Workspace:
        assert self.manager.workspace is not None
        return self.manager.workspace

    @property
    def states(self) -> list[str]:
        return [said["state"] for said in self.heard]

    async def open(self, notebook: str = "a.ipynb") -> dict[str, Any]:
        """Show it; returns what was told then."""
        before = len(self.heard)
        self.there.leases.show(self.name, notebook)
        await until(lambda: len(self.heard) > before)
        return self.heard[-1]

    async def hears(self, state: str) -> dict[str, Any]:
        await until(lambda: bool(self.heard) and self.heard[-1]["state"] == state)
        return self.heard[-1]

    async def save(self, text: str, notebook: str = "a.ipynb") -> dict[str, Any]:
        model = {**notebook_model(text), "terra_session": self.name}
        saved: dict[str, Any] = await self.manager.save(model, lab(notebook))
        return saved

    def asks_again(self, notebook: str = "a.ipynb") -> None:
        """What the next renewal will bring, now."""
        self.there.leases.posts.note(notebook, lambda post, _: replace(post, due=0.0))
        self.there.leases.hurry(notebook)

    def close(self, notebook: str | None = None) -> None:
        self.there.leases.leave(self.name, notebook)


def holder(service: WorkspaceThatAnswers) -> str | None:
    return service.leases.holder(A)


async def refused(manager: TerraContentsManager, text: str, session: str | None = None) -> str:
    """A save that is refused; returns why."""
    model = notebook_model(text) | ({"terra_session": session} if session else {})
    with pytest.raises(HTTPError) as trouble:
        await manager.save(model, lab(A))
    assert trouble.value.status_code == 423
    return str(trouble.value.log_message)


async def opened(environment: Environment, name: str = "tab-a") -> Tab:
    """A tab that shows the notebook and holds it."""
    environment.service.put(A, notebook_bytes("1"))
    tab = Tab(await environment.start(), name)
    assert (await tab.open())["state"] == "held"
    await read(tab.manager, A)
    return tab


def acts_of(tab: Tab) -> LeaseActs:
    from terraspawner_environment.lease_acts import LeaseActs  # noqa: PLC0415 - pure tests run without it

    flush = tab.there.courier.flush
    return LeaseActs(tab.there.leases, lambda notebook, seconds: flush(notebook, seconds=seconds), user="ana")
