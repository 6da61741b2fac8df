"""Jupyter's models of files that are not on the disk (yet)."""

from datetime import UTC, datetime
from typing import Any

from terraspawner_environment.service import Listed


def file_facts(path: str, size: int) -> dict[str, Any]:
    """The fields of a model whose file is not there."""
    now = datetime.now(UTC)
    return {
        "name": path.rpartition("/")[2], "path": path, "type": "file", "size": size, "writable": True,
        "last_modified": now, "created": now, "content": None, "format": None, "mimetype": None,
    }  # fmt: skip


def listed_model(path: str, item: Listed) -> dict[str, Any]:
    """A notebook that only the workspace has, at its `path` in Lab."""
    return {
        **file_facts(path, item.size),
        "type": "notebook",
        "last_modified": item.modified,
        "created": item.modified,
    }
