"""Jupyter's contents manager for an environment: notebooks under `<workspace>/edit/` are the workspace's.

Everything else (`playground/`, files, other folders) is Jupyter's own behaviour, except that every file is written
whole or not at all. Hooks were no choice: they run synchronously after the write, swallow errors and miss rename
and delete (`ARCHITECTURE.md`, Notebooks). This file translates between Jupyter's models and `desk`, `opening`,
`changes`; it decides nothing about texts.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from anyio.to_thread import run_sync
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import Instance, default

from terraspawner_environment import incoming, refusals
from terraspawner_environment.assembly import Workspace, assemble
from terraspawner_environment.checkpoints import CheckpointsApart
from terraspawner_environment.files import writing_whole
from terraspawner_environment.models import file_facts, listed_model
from terraspawner_environment.paths import NOTEBOOK_ENDING, normal
from terraspawner_environment.refusals import told_when_full, told_when_not_done, told_when_not_open
from terraspawner_environment.settings import EnvironmentSettings


class TerraContentsManager(AsyncLargeFileManager):
    """See the module."""

    workspace = Instance(Workspace, allow_none=True, help="None outside a workspace: then all files are plain files.")

    @default("workspace")
    def _default_workspace(self) -> Workspace | None:
        settings = EnvironmentSettings.from_environ(os.environ)
        return assemble(settings) if settings is not None else None

    @default("checkpoints_class")
    def _checkpoints_class_default(self) -> type[AsyncFileCheckpoints]:
        return CheckpointsApart

    # ---- reading --------------------------------------------------------------------------------------------------

    async def get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,  # noqa: A002 - Jupyter's signature
        format: str | None = None,  # noqa: A002 - Jupyter's signature
        require_hash: bool = False,
    ) -> dict[str, Any]:
        """Return a model; asking for a workspace notebook's text fetches it, or compares it with the workspace."""
        path = normal(path)
        notebook = self._notebook(path)
        if notebook is not None and type != "directory" and (content or not self._is_here(path)):
            await self._open(notebook)
        folder = self.workspace.paths.folder_of(path) if self.workspace else None
        if folder is not None and content:
            await self._there.listing.items()
            await self._there.shelf_moves.follow()
        if folder:
            await self._make_folder_of_the_list(path, folder)
        with told_when_full(path):
            model: dict[str, Any] = await super().get(path, content, type, format, require_hash)
        if folder is not None and content and model["type"] == "directory":
            await self._add_what_is_only_there(model, folder)
        return model

    async def file_exists(self, path: str) -> bool:
        notebook = self._notebook(path)
        return await super().file_exists(path) or (
            notebook is not None and self.workspace is not None and await self.workspace.listing.has(notebook)
        )

    async def dir_exists(self, path: str) -> bool:
        folder = self.workspace.paths.folder_of(path) if self.workspace else None
        return await super().dir_exists(path) or (
            bool(folder) and self.workspace is not None and await self.workspace.listing.has_folder(folder)
        )

    async def increment_filename(self, filename: str, path: str = "", insert: str = "") -> str:
        """Like Jupyter's, but a name the workspace has and the disk has not is taken too."""
        wanted, number = PurePosixPath(filename), 0
        while True:
            name = f"{wanted.stem}{f'{insert}{number}' if number else ''}{wanted.suffix}"
            there = f"{normal(path)}/{name}"
            if not (await self.file_exists(there) or await self.dir_exists(there)):
                return name
            number += 1

    # ---- writing --------------------------------------------------------------------------------------------------

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        """Save: whole or not at all; a workspace notebook then goes to the workspace by itself.

        `terra_session` in the model is the session that saves (`sessions.py`). One that does not hold the notebook is
        refused with 423 before the disk is touched.
        """
        path = normal(path)
        notebook = self._notebook(path)
        with told_when_full(path):
            if notebook is None or model.get("type") == "directory":
                saved: dict[str, Any] = await super().save(model, path)
                return saved
            return await self._save_notebook_text(model, path, notebook)

    @contextmanager
    def atomic_writing(self, os_path: str, **kwargs: Any) -> Iterator[Any]:
        """Jupyter's own writes of files and notebooks, whole or not at all (its stock way tears files when killed)."""
        text = kwargs.pop("text", True)
        kwargs.pop("log", None)
        options = {"encoding": kwargs.get("encoding", "utf-8"), "newline": "\n"} if text else {}
        target = Path(os.path.realpath(os_path))
        with self.perm_to_403(os_path), writing_whole(target, "w" if text else "wb", **options) as file:
            yield file

    async def rename_file(self, old_path: str, new_path: str) -> None:
        old_path, new_path = normal(old_path), normal(new_path)
        self._refuse_fixed(old_path)
        old, new = self._notebook(old_path), self._notebook(new_path)
        if old_path == new_path:
            return
        if old is not None:
            await self._rename_notebook(old, new)
        elif new is not None and await super().file_exists(old_path):
            await self._move_in(old_path, new)
        else:
            self._refuse_with_notebooks(old_path, "moved")
            await super().rename_file(old_path, new_path)

    async def delete_file(self, path: str) -> None:
        path = normal(path)
        self._refuse_fixed(path)
        notebook = self._notebook(path)
        if notebook is None:
            self._refuse_with_notebooks(path, "deleted")
            await super().delete_file(path)
            return
        with told_when_not_done():
            if not await self._there.changes.may_delete(notebook):
                raise refusals.belongs_there(notebook)
        await super().delete_file(path)
        await self._there.changes.forget(notebook)

    async def restore_checkpoint(self, checkpoint_id: str, path: str) -> None:
        """A restored text of a workspace notebook is a save like any other: disk, outbox, workspace."""
        notebook = self._notebook(path)
        if notebook is None:
            await super().restore_checkpoint(checkpoint_id, path)
            return
        source = Path(self.checkpoints.checkpoint_path(checkpoint_id, normal(path)))
        try:
            content = await run_sync(source.read_bytes)
        except FileNotFoundError:
            raise HTTPError(404, f"There is no checkpoint {checkpoint_id} of “{notebook}”.") from None
        held = self._there.leases.present(notebook)
        with told_when_full(path):
            await self._store(notebook, content, held.session if held else None)

    async def create_checkpoint(self, path: str) -> dict[str, Any]:
        with told_when_full(path):
            made: dict[str, Any] = await super().create_checkpoint(path)
            return made

    # ---- workspace notebooks --------------------------------------------------------------------------------------

    def _get_os_path(self, path: str) -> str:
        """Jupyter's, with one way to write a path: “..” could name a workspace notebook past what is done for those."""
        if ".." in path.split("/"):
            raise HTTPError(400, f"“{path}” is not a plain path: it contains “..”.")
        os_path: str = super()._get_os_path(path)
        return os_path

    def _is_here(self, path: str) -> bool:
        return Path(self._get_os_path(path)).exists()

    def _make_folder(self, path: str) -> None:
        Path(self._get_os_path(path)).mkdir(parents=True, exist_ok=True)

    @property
    def _there(self) -> Workspace:
        """The workspace, for what is only asked where there is one."""
        if self.workspace is None:
            raise HTTPError(500, "This server belongs to no workspace.")
        return self.workspace

    def _notebook(self, path: str) -> str | None:
        return self.workspace.paths.notebook_of(path) if self.workspace else None

    async def _open(self, notebook: str) -> None:
        with told_when_full(notebook), told_when_not_open():
            await self._there.opener.open(notebook)

    async def _save_notebook_text(self, model: dict[str, Any], path: str, notebook: str) -> dict[str, Any]:
        if "type" not in model or "content" not in model:
            raise HTTPError(400, "A save needs the fields type and content.")
        if model.get("chunk") in (None, 1):
            self.run_pre_save_hooks(model=model, path=path)
        session = incoming.session_of(model)
        content, message = await self._content_of(model, path)
        if content is not None:
            if await self._is_new(notebook):
                with told_when_not_done():
                    await self._there.changes.create(notebook, content)
            else:
                await self._store(notebook, content, session)
            await self._first_checkpoint(path)
        saved = await self._model_after_save(path, content)
        if message:
            saved["message"] = message
        self.run_post_save_hooks(model=saved, os_path=self._get_os_path(path))
        self.emit(data={"action": "save", "path": path})
        return saved

    async def _store(self, notebook: str, content: bytes, session: str | None) -> None:
        with told_when_not_done():
            await self._there.changes.store(notebook, content, session)

    async def _is_new(self, notebook: str) -> bool:
        desk = self._there.desk
        return desk.ledger.of(notebook).base is None and not desk.file_of(notebook).exists() and (
            desk.outbox.newest(notebook) is None
        )  # fmt: skip

    async def _content_of(self, model: dict[str, Any], path: str) -> tuple[bytes | None, str | None]:
        """Return the bytes to store (None: more chunks are to come) and nbformat's remark on them."""
        if model["type"] != "notebook":
            part = incoming.bytes_of_file(model, path)
            if model.get("chunk") is None:
                return part, None
            return await run_sync(incoming.gather, Path(self._get_os_path(path)), model["chunk"], part), None
        notebook = incoming.notebook_of(model, path)
        self.check_and_sign(notebook, path)  # its database belongs to this thread
        written, remark = await run_sync(incoming.serialise, notebook, path)
        self.validate_notebook_model(model, validation_error=remark)
        return written, model.get("message")

    async def _model_after_save(self, path: str, content: bytes | None) -> dict[str, Any]:
        if content is None:
            size = incoming.gathered_at(Path(self._get_os_path(path))).stat().st_size
            return file_facts(path, size)
        saved: dict[str, Any] = await super().get(path, content=False)
        # of what was saved, not of what the disk has by now: Lab compares its own text by it (`src/drive.ts`)
        return saved | await run_sync(self._get_hash, content)

    async def _first_checkpoint(self, path: str) -> None:
        """One checkpoint should always exist, as in Jupyter; the save itself does not hang on it."""
        try:
            if not await self.checkpoints.list_checkpoints(path):
                await self.create_checkpoint(path)
        except (OSError, HTTPError) as error:
            self.log.warning("No checkpoint of %s: %s", path, error)

    async def _rename_notebook(self, old: str, new: str | None) -> None:
        if new is None:
            raise refusals.not_moved_out(old)
        with told_when_not_done(), told_when_full(new):
            await self._there.changes.rename(old, new)

    async def _move_in(self, old_path: str, new: str) -> None:
        """A file from elsewhere becomes a workspace notebook: created there first, then gone from its old place."""
        source = Path(self._get_os_path(old_path))
        if self._there.desk.file_of(new).exists():
            raise HTTPError(409, f"“{new}” exists already. Choose another name.")
        content = await run_sync(source.read_bytes)
        with told_when_not_done(), told_when_full(new):
            await self._there.changes.create(new, content)
        await run_sync(source.unlink)

    def _refuse_fixed(self, path: str) -> None:
        if self.workspace is not None and self.workspace.paths.is_fixed(path):
            raise refusals.stays(path)

    def _refuse_with_notebooks(self, path: str, verb: str) -> None:
        """A folder below `edit` goes only without notebooks in it."""
        if self.workspace is None or not self.workspace.paths.is_in_edit(path):
            return
        folder = Path(self._get_os_path(path))
        if folder.is_dir() and any(folder.rglob(f"*{NOTEBOOK_ENDING}")):
            raise refusals.has_notebooks(folder.name, verb)

    # ---- what the workspace has and the disk has not ----------------------------------------------------------------

    async def _make_folder_of_the_list(self, path: str, folder: str) -> None:
        if not self._is_here(path) and await self._there.listing.has_folder(folder):
            self._make_folder(path)

    async def _add_what_is_only_there(self, model: dict[str, Any], folder: str) -> None:
        here = {entry["name"] for entry in model["content"]}
        for item in await self._there.listing.notebooks_in(folder):
            if item.path.rpartition("/")[2] not in here:
                model["content"].append(listed_model(self._there.paths.lab_path(item.path), item))
        for name in sorted(await self._there.listing.folders_in(folder) - here):
            path = f"{model['path']}/{name}"
            self._make_folder(path)
            model["content"].append(await super().get(path, content=False))
