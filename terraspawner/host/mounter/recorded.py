"""Views where mounts do not reach running environments: the Engine mounts the libraries as the container is made.

So nothing can come or go while it runs. The folders are made here that the Engine mounts into, and what was shown as
the environment started is written down: where something of that goes, the environment may have it open, and is told of
as one whose library was in use as it went.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from terraspawner.host.asked import IDENTIFIER
from terraspawner.host.mounter.views import FOLDERS, OPEN, Library, View, checked, library_of

GIVEN = ".given"


class RecordedViews:
    """As `Views`, without a mount."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def put(self, environment_id: str, wanted: Iterable[Library]) -> View:
        """The first after a `delete` is what the environment starts with. Raises `NameRefused`."""
        wanted = checked(wanted)
        with self._lock:
            given = self._given(environment_id)
            if given is None:
                self._give(environment_id, wanted)
            elif not set(given) <= set(wanted):
                _made(self._folder / OPEN).joinpath(environment_id).touch()
            return self._seen(environment_id)

    def delete(self, environment_id: str) -> None:
        """For an environment that does not run. Done already is done. The folders were made here, and are empty."""
        with self._lock:
            for kind in (GIVEN, OPEN):
                (self._folder / kind / environment_id).unlink(missing_ok=True)
            for label in FOLDERS.values():
                for child in (self._folder / environment_id / label).glob("*"):
                    child.rmdir()
            shutil.rmtree(self._folder / environment_id, ignore_errors=True)

    def all(self) -> dict[str, View]:
        """Every view, by the environment's id."""
        ids = [each.name for each in (self._folder / GIVEN).glob("*") if IDENTIFIER.fullmatch(each.name)]
        return {each: self._seen(each) for each in ids}

    def _give(self, environment_id: str, wanted: tuple[Library, ...]) -> None:
        for place in [(label,) for label in FOLDERS.values()] + [library.place for library in wanted]:
            self._folder.joinpath(environment_id, *place).mkdir(parents=True, exist_ok=True)
        record = _made(self._folder / GIVEN) / environment_id
        unfinished = record.with_suffix(".new")
        unfinished.write_text(json.dumps([asdict(library) for library in wanted]))
        unfinished.replace(record)

    def _given(self, environment_id: str) -> tuple[Library, ...] | None:
        try:
            said = json.loads((self._folder / GIVEN / environment_id).read_text())
        except FileNotFoundError:
            return None
        return tuple(library_of(each) for each in said)

    def _seen(self, environment_id: str) -> View:
        was_open = (self._folder / OPEN / environment_id).exists()
        return View(libraries=self._given(environment_id) or (), was_open=was_open)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
