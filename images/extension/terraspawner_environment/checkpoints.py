"""Checkpoints of Jupyter's own kind in a place of their own."""

from pathlib import Path

from anyio.to_thread import run_sync
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from traitlets import default

from terraspawner_environment.files import write_whole
from terraspawner_environment.paths import normal


class CheckpointsApart(AsyncFileCheckpoints):
    """Stock checkpoints, kept in `~/.terra/checkpoints` instead of a folder beside each notebook."""

    @default("root_dir")
    def _default_root_dir(self) -> str:
        return str(Path(self.parent.root_dir) / ".terra/checkpoints")

    def checkpoint_path(self, checkpoint_id: str, path: str) -> str:
        inside, _, name = normal(path).rpartition("/")
        folder = Path(self.root_dir)
        folder.mkdir(parents=True, exist_ok=True)
        folder = Path(self._get_os_path(inside))
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder / f"{Path(name).stem}-{checkpoint_id}{Path(name).suffix}")

    async def _copy(self, src: str, dest: str) -> None:
        await run_sync(lambda: write_whole(Path(dest), Path(src).read_bytes()))
