"""From the model Lab sends to the bytes to store."""

import base64
import binascii
from pathlib import Path
from typing import Any

import nbformat
from tornado.web import HTTPError

from terraspawner_environment.lease import TAB


def session_of(model: dict[str, Any]) -> str | None:
    """Return the session that saves, None where none is named; raises HTTPError 400."""
    session = model.get("terra_session")
    if session is not None and not (isinstance(session, str) and TAB.fullmatch(session)):
        raise HTTPError(400, "terra_session must be the name of a tab's session.")
    return session


def notebook_of(model: dict[str, Any], path: str) -> Any:
    """Return the notebook in a model; raises HTTPError 400 where there is none."""
    content = model["content"]
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise HTTPError(400, f"“{path}” was not saved: it is no notebook (the field nbformat is missing).")
    return nbformat.from_dict(content)


def serialise(notebook: Any, path: str) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes Jupyter itself would write, and nbformat's findings; raises HTTPError 400."""
    remark: dict[str, Any] = {}
    try:
        text = nbformat.writes(notebook, version=nbformat.NO_CONVERT, capture_validation_error=remark)
    except Exception as error:  # nbformat raises what it likes; the text stays in the browser either way
        raise HTTPError(400, f"“{path}” was not saved: it is no valid notebook ({error}).") from error
    return (text if text.endswith("\n") else f"{text}\n").encode(), remark


def bytes_of_file(model: dict[str, Any], path: str) -> bytes:
    """Return what a model of type `file` carries; raises HTTPError 400."""
    if model.get("format") not in ("text", "base64"):
        raise HTTPError(400, "A file is saved with the format text or base64.")
    try:
        return model["content"].encode() if model["format"] == "text" else base64.b64decode(model["content"])
    except (ValueError, binascii.Error) as error:
        raise HTTPError(400, f"“{path}” was not saved: its content cannot be decoded ({error}).") from error


def gather(target: Path, chunk: int, part: bytes) -> bytes | None:
    """Take one piece of an upload (the last one is number -1) and return the whole once it is complete.

    Pieces are gathered beside the name, so that nobody reads, or sends, half a notebook.
    """
    gathered = gathered_at(target)
    with gathered.open("wb" if chunk == 1 else "ab") as file:
        file.write(part)
    if chunk != -1:
        return None
    content = gathered.read_bytes()
    gathered.unlink()
    return content


def gathered_at(target: Path) -> Path:
    return target.with_name(f".{target.name}.upload")
