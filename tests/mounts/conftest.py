"""Real mounts: a shared folder of this machine, as `make up` makes it, and libraries beside it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from object_store import ObjectStore, object_store
from terraspawner.host.mounter.removal import remove_all
from terraspawner.host.mounter.sources import Sources
from terraspawner.host.mounter.views import Views


@pytest.fixture(scope="session", autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    """One that speaks S3."""
    with object_store() as made:
        yield made


@pytest.fixture
def mounts(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a shared mount."""
    folder = tmp_path / "mounts of ours"
    folder.mkdir()
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "--make-rshared", folder], check=True)
    yield folder
    remove_all(folder)
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def libraries(tmp_path: Path) -> Path:
    folder = tmp_path / "libraries"
    folder.mkdir()
    return folder


@pytest.fixture
def views(mounts: Path, libraries: Path) -> Views:
    return Views(mounts / "views", Sources(libraries, mounts / "outside"))
