"""What rclone keeps on this machine's disk: files that were written and are not in the store yet, and some that are.

Beside each file it keeps facts, JSON in a file of the same path. Those it writes in place: killed in that moment, it
leaves facts that nobody can read, and its next run throws the file away with them (seen in one of three kills right
after a write). So facts are mended before each start: what is whole and was never noted as sent is sent.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from terraspawner.host.asked import IDENTIFIER

FILES, FACTS = "vfs", "vfsMeta"
"""rclone's folders."""

log = logging.getLogger(__name__)


def with_unsent(cache: Path) -> frozenset[str]:
    """The workspaces that have files here which the store does not."""
    folders = (folder for folder in cache.iterdir() if IDENTIFIER.fullmatch(folder.name)) if cache.is_dir() else ()
    return frozenset(folder.name for folder in folders if any(_is_unsent(facts) for _, facts in _kept(folder)))


def mend(folder: Path) -> None:
    """Of one bucket, before its rclone starts. What has holes was being read and not written whole: it is left alone,
    since the store would get the holes."""
    for file, facts in _kept(folder):
        if _read(facts) is None:
            if _is_whole(file):
                _write(folder, facts, file.stat().st_size)
                log.warning("a file that was being written as rclone ended is sent all the same")
            else:
                log.warning("a file that was being read or begun as rclone ended is as the store has it")


def forget(cache: Path, workspace_id: str) -> None:
    """Throw away what is kept of this workspace's bucket. Done already is done."""
    shutil.rmtree(cache / workspace_id, ignore_errors=True)


def _kept(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Each file with the place of its facts."""
    files = folder / FILES
    found = (path for path in files.rglob("*") if path.is_file() and not path.is_symlink())
    return ((path, folder / FACTS / path.relative_to(files)) for path in found)


def _is_unsent(facts: Path) -> bool:
    read = _read(facts)
    return read is None or bool(read.get("Dirty"))


def _read(facts: Path) -> Mapping[str, Any] | None:
    """None where they are not there, or cannot be read as what they should be."""
    try:
        found = json.loads(facts.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _is_whole(file: Path) -> bool:
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        return size > 0 and os.lseek(opened.fileno(), 0, os.SEEK_HOLE) == size


def _write(folder: Path, facts: Path, size: int) -> None:
    """As rclone has them for a file that it has not sent."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    text = {
        "ModTime": now,
        "ATime": now,
        "Size": size,
        "Rs": [{"Pos": 0, "Size": size}],
        "Fingerprint": "",
        "Dirty": True,
    }
    facts.parent.mkdir(parents=True, exist_ok=True)
    new = folder / ".facts"
    new.write_text(json.dumps(text))
    new.replace(facts)
