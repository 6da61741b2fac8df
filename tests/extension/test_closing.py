"""An environment asks for its own pause, once the workspace has everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from extension.conftest import MakeEnvironment, save
from extension.services import WorkspaceThatAnswers, WorkspaceThatIsDown

pytest.importorskip("jupyter_server")

PAUSE = "/services/workspaces/api/v1/environments/self/pause"


async def test_it_asks_with_its_key(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        manager = await environment_of(service).start()
        assert manager.workspace is not None
        await manager.workspace.service.pause()
        assert service.asked[PAUSE] == 1


async def test_a_service_that_is_away_is_told_in_a_sentence(environment_of: MakeEnvironment) -> None:
    from terraspawner_environment.service import NotReached  # noqa: PLC0415 - pure tests run without it

    async with WorkspaceThatIsDown() as service:
        manager = await environment_of(service).start()
        assert manager.workspace is not None
        with pytest.raises(NotReached, match="cannot be reached"):
            await manager.workspace.service.pause()
        await save(manager, "a.ipynb", "on its way")
        assert not await manager.workspace.courier.flush(seconds=0.05)
        assert [entry.notebook for entry in manager.workspace.desk.outbox.pending()] == ["a.ipynb"]


def test_where_the_page_finds_the_service() -> None:
    from terraspawner_environment.settings import EnvironmentSettings  # noqa: PLC0415 - pure tests run without it

    settings = EnvironmentSettings(
        home=Path("/home/jupyter"),
        namespace="ana",
        workspace="a b",
        user="ana",
        service_url="http://10.0.0.4:8010/services/workspaces/api/v1",
        key="k",
    )
    assert settings.page == "/services/workspaces/workspaces/ana/a%20b"
    assert settings.environment == "/services/workspaces/api/v1/workspaces/ana/a%20b/environment"
