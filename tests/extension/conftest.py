"""An environment's parts on a temporary disk, connected to a service of `services.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from extension.services import NAMESPACE, WORKSPACE, WorkspaceThatAnswers, notebook_model

if TYPE_CHECKING:
    from extension.workspaces import WorkspaceAsItIs
    from terraspawner_environment.contents import TerraContentsManager

NOW = datetime(2026, 11, 20, 14, 5, 33, tzinfo=UTC)


@dataclass
class Environment:
    """One environment: its contents manager and all behind it. `restart` is a new server on the same disk."""

    home: Path
    service: WorkspaceThatAnswers | WorkspaceAsItIs
    opened: list[TerraContentsManager] = field(default_factory=list)
    patience: float = 5.0
    now: datetime = NOW
    has_drive: bool = False

    async def start(self) -> TerraContentsManager:
        from nbformat.sign import NotebookNotary  # noqa: PLC0415 - pure tests run without it

        from terraspawner_environment.assembly import assemble  # noqa: PLC0415 - pure tests run without it
        from terraspawner_environment.contents import TerraContentsManager  # noqa: PLC0415 - pure tests run without it
        from terraspawner_environment.courier import Courier  # noqa: PLC0415 - pure tests run without it
        from terraspawner_environment.settings import EnvironmentSettings  # noqa: PLC0415 - pure tests run without it

        settings = EnvironmentSettings(
            home=self.home,
            namespace=NAMESPACE,
            workspace=WORKSPACE,
            user="ana",
            service_url=self.service.url,
            key=self.service.key,
            has_drive=self.has_drive,
        )
        workspace = assemble(settings, now=lambda: self.now, patience=self.patience, connect_patience=5.0)
        quick = Courier(workspace.desk, workspace.service, workspace.leases, first_pause=0.01, longest_pause=0.05)
        parts = (
            workspace.opener,
            workspace.changes,
            workspace.changes._aside,
            workspace.choices,
            workspace.outside,
            workspace.offers,
        )
        for part in parts:
            part._courier = quick
        signatures = self.home.parent / f"{self.home.name}-signatures"  # not those of whoever runs the tests
        signatures.mkdir(exist_ok=True)
        manager = TerraContentsManager(
            root_dir=str(self.home),
            workspace=replace(workspace, courier=quick),
            notary=NotebookNotary(data_dir=str(signatures)),
        )
        manager.delete_to_trash = False
        await quick.start()
        self.opened.append(manager)
        return manager

    async def stop(self, manager: TerraContentsManager, *, seconds: float = 0.0) -> None:
        assert manager.workspace is not None
        await manager.workspace.courier.close(seconds=seconds)
        await manager.workspace.leases.close(seconds=seconds)
        await manager.workspace.service.close()
        self.opened.remove(manager)

    async def restart(self, manager: TerraContentsManager) -> TerraContentsManager:
        await self.stop(manager)
        return await self.start()

    def file(self, notebook: str) -> Path:
        return self.home / WORKSPACE / "edit" / notebook

    @property
    def notebooks(self) -> list[str]:
        return sorted(path.name for path in (self.home / WORKSPACE / "edit").glob("*.ipynb"))


MakeEnvironment = Callable[["WorkspaceThatAnswers | WorkspaceAsItIs"], Environment]


@pytest.fixture
async def environment_of(tmp_path: Path) -> AsyncIterator[MakeEnvironment]:
    made: list[Environment] = []

    def make(service: WorkspaceThatAnswers | WorkspaceAsItIs) -> Environment:
        home = tmp_path / f"home{len(made)}"
        home.mkdir()
        made.append(Environment(home=home, service=service))
        return made[-1]

    yield make
    for environment in made:
        for manager in list(environment.opened):
            await environment.stop(manager)


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Any]:
    """Makes Jupyter servers, each with a HOME of its own."""
    from extension.servers import JupyterServer  # noqa: PLC0415 - pure tests run without it

    started: list[JupyterServer] = []

    def make(service: WorkspaceThatAnswers | WorkspaceAsItIs, **options: float) -> JupyterServer:
        started.append(JupyterServer(tmp_path / f"home{len(started)}", service, **options))
        return started[-1]

    yield make
    for server in started:
        if server.process is not None and server.process.returncode is None:
            await server.kill()


def lab(notebook: str) -> str:
    """The notebook's path as Lab knows it."""
    return f"{WORKSPACE}/edit/{notebook}"


async def save(manager: TerraContentsManager, notebook: str, text: str) -> dict[str, Any]:
    saved: dict[str, Any] = await manager.save(notebook_model(text), lab(notebook))
    return saved


async def read(manager: TerraContentsManager, notebook: str) -> str:
    """Open a notebook as Lab does and return the text of its cell."""
    model = await manager.get(lab(notebook), content=True, type="notebook")
    return str(model["content"]["cells"][0]["source"])


async def sent(manager: TerraContentsManager, *, seconds: float = 5.0) -> None:
    """Wait until nothing is on its way."""
    assert manager.workspace is not None
    assert await manager.workspace.courier.flush(seconds=seconds), manager.workspace.desk.outbox.pending()


async def until(condition: Callable[[], bool], *, seconds: float = 5.0) -> None:
    """Wait for what another task brings about; the test fails when it does not come."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is another process's or thread's
            await asyncio.sleep(0.005)


def state_of(manager: TerraContentsManager, notebook: str) -> Any:
    assert manager.workspace is not None
    return manager.workspace.desk.states.of(lab(notebook))


@pytest.fixture(scope="module")
def started() -> Iterator[Any]:
    """A running environment container, shared by a module's tests that change nothing in it."""
    with _container() as environment:
        environment.create()
        environment.start()
        yield environment


@pytest.fixture
def container() -> Iterator[Any]:
    """An environment with a disk of its own and no container yet."""
    with _container() as environment:
        yield environment


@contextmanager
def _container() -> Iterator[Any]:
    import docker  # noqa: PLC0415 - pure tests run without it

    from extension.containers import IMAGE, Environment, services_on_the_bridge  # noqa: PLC0415 - pure tests run without it

    client = docker.from_env()
    try:
        client.images.get(IMAGE)
    except docker.errors.ImageNotFound:
        pytest.skip(f"the image {IMAGE} is not built: make images")
    with services_on_the_bridge(client) as services:
        environment = Environment(client, services)
        try:
            yield environment
        finally:
            environment.remove()
            client.close()
