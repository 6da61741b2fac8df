"""The contents manager of an environment, which writes what cells have put out while no tab showed their notebook."""

from typing import Any

from anyio.to_thread import run_sync
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets import Any as AnyValue

from terraspawner_environment.contents import TerraContentsManager
from terraspawner_environment.insertion import insert
from terraspawner_environment.lease import TAB
from terraspawner_environment.paths import NOTEBOOK_ENDING, normal
from terraspawner_environment.runs import Run


class RecordedContentsManager(TerraContentsManager):
    """See the module. `recorder` is None until the extension sets it."""

    recorder = AnyValue(None, allow_none=True)

    async def get(self, path: str, content: bool = True, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As ever; a notebook that is opened has all that its cells have put out so far."""
        if content and self.recorder is not None and path.endswith(NOTEBOOK_ENDING):
            await self.recorder.opening(normal(path))
        model: dict[str, Any] = await super().get(path, content, *args, **kwargs)
        return model

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        saved = await super().save(model, path)
        if self.recorder is not None:
            self.recorder.saved(normal(path))
        return saved

    async def write_outputs(self, path: str, runs: list[Run]) -> None:
        """Into the text on the disk, past the question whether the workspace has a newer one: a tab's save would be
        based on it just so. Raises HTTPError, OSError."""
        # Jupyter's own reading; ours opens a notebook, and would ask for what is owed
        model = await AsyncLargeFileManager.get(self, path, content=True, type="notebook")
        if await run_sync(insert, model["content"], runs, path):
            saved = {"type": "notebook", "format": "json", "content": model["content"]}
            await super().save(saved | self._holder(path), path)

    def _holder(self, path: str) -> dict[str, str]:
        """The session by whose lease it is saved: that of the tab that was closed, while its kernel was busy."""
        notebook = self._notebook(path)
        held = self.workspace.leases.present(notebook) if self.workspace and notebook else None
        return {"terra_session": held.session} if held and TAB.fullmatch(held.session) else {}
