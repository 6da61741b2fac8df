"""The contents manager of an environment, which writes what cells have put out while no tab showed their notebook."""

from http import HTTPStatus
from typing import Any

from anyio.to_thread import run_sync
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import Any as AnyValue

from terraspawner_environment.contents import TerraContentsManager
from terraspawner_environment.incoming import notebook_of, serialise
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

    async def write_outputs(self, path: str, runs: list[Run], *, is_end: bool = False) -> None:
        """Into the text on the disk, past the question whether the workspace has a newer one: a tab's save would be
        based on it just so. `is_end`: this server ends, so what somebody else holds by now goes into a copy, where a
        cell ran while it was held here. Raises HTTPError, OSError."""
        # Jupyter's own reading; ours opens a notebook, and would ask for what is owed
        model = await AsyncLargeFileManager.get(self, path, content=True, type="notebook")
        if await run_sync(insert, model["content"], runs, path):
            saved = {"type": "notebook", "format": "json", "content": model["content"]}
            try:
                await super().save(saved | self._holder(path), path)
            except HTTPError as error:
                is_ours = is_end and any(run.was_ours for run in runs)
                if error.status_code != HTTPStatus.LOCKED or not is_ours:
                    raise
                await self._set_aside(path, model)

    def holds(self, path: str) -> bool:
        """Whether a session of this environment may save it, as far as is known."""
        notebook = self._notebook(path)
        return bool(self.workspace and notebook and self.workspace.leases.present(notebook))

    async def _set_aside(self, path: str, model: dict[str, Any]) -> None:
        notebook = self._notebook(path)
        if self.workspace is not None and notebook is not None:
            text, _ = await run_sync(serialise, notebook_of(model, path), path)
            await self.workspace.changes.set_aside(notebook, text)

    def _holder(self, path: str) -> dict[str, str]:
        """The session by whose lease it is saved: that of the tab that was closed, while its kernel was busy."""
        notebook = self._notebook(path)
        held = self.workspace.leases.present(notebook) if self.workspace and notebook else None
        return {"terra_session": held.session} if held and TAB.fullmatch(held.session) else {}
