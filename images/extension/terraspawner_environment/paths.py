"""Which paths of Lab are workspace notebooks, and what a kept copy is called. Pure."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

NOTEBOOK_ENDING = ".ipynb"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspacePaths:
    """Translate between Lab's paths (`study/edit/a.ipynb`) and the workspace's (`a.ipynb`)."""

    workspace: str

    @property
    def edit(self) -> str:
        """The folder whose notebooks are the workspace's."""
        return f"{self.workspace}/edit"

    @property
    def playground(self) -> str:
        return f"{self.workspace}/playground"

    def is_fixed(self, path: str) -> bool:
        """Is it one of the folders that must stay where they are?"""
        return normal(path) in (self.workspace, self.edit, self.playground)

    def is_in_edit(self, path: str) -> bool:
        return normal(path).startswith(f"{self.edit}/")

    def notebook_of(self, path: str) -> str | None:
        """Return the notebook's path in the workspace, or None where the path is no workspace notebook."""
        path = normal(path)
        if not (self.is_in_edit(path) and path.endswith(NOTEBOOK_ENDING)):
            return None
        notebook = path.removeprefix(f"{self.edit}/")
        hidden = any(part.startswith(".") for part in PurePosixPath(notebook).parts)
        return None if hidden else notebook

    def folder_of(self, path: str) -> str | None:
        """Return a folder below (or at) `edit` as seen from there, `""` for `edit` itself; None for others."""
        path = normal(path)
        if path == self.edit:
            return ""
        return path.removeprefix(f"{self.edit}/") if self.is_in_edit(path) else None

    def named(self, notebook: str) -> bool:
        """Can a workspace notebook be called so? Plain names and folders below `edit`, and nothing above it."""
        parts = notebook.split("/")
        return (
            all(part and part.isprintable() for part in parts) and self.notebook_of(self.lab_path(notebook)) == notebook
        )

    def lab_path(self, notebook: str) -> str:
        return f"{self.edit}/{notebook}"


def normal(path: str) -> str:
    return path.strip("/")


def copy_name(notebook: str, *, user: str, now: datetime, attempt: int = 0) -> str:
    """Return the name under which text that lost a race is kept, beside the notebook.

    Slashes and control characters in a user's name never reach a path; the time is UTC, to the second.
    """
    path = PurePosixPath(notebook)
    who = "".join("-" if c in '/\\:*?"<>|' or not c.isprintable() else c for c in user)[:40].strip() or "me"
    again = f" {attempt + 1}" if attempt else ""
    name = f"{path.stem[:120]} (conflict {who} {now:%Y-%m-%d %H.%M.%S}{again}){NOTEBOOK_ENDING}"
    return str(path.with_name(name))
