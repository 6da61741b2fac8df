"""What the README tells operators to type for a backup and a restore, typed: labels, versions and rights come back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import papers
from terraspawner.deploy import engine
from terraspawner.storage import DirectoryBucket, make_folders
from terraspawner.storage.base import ABSENT

pytestmark = pytest.mark.docker

NAME = f"tsp-backup-{os.environ.get('TERRASPAWNER_TEST_SITE', '0')}"
BUCKETS, DISK = f"{NAME}-buckets", f"{NAME}-disk-0123456789abcdef"
LABELS = {BUCKETS: {"com.docker.compose.project": NAME}, DISK: {"terraspawner.kind": "disk"}}


@pytest.fixture
def volumes() -> Iterator[None]:
    for name, labels in LABELS.items():
        words = [f"--label={key}={value}" for key, value in ({"terraspawner.deployment": NAME} | labels).items()]
        engine.docker("volume", "create", *words, name, doing="Making a volume")
    yield
    engine.docker("volume", "rm", "--force", *LABELS, doing="Removing the volumes")


def typed(part: str, checkout: Path, backup: Path) -> None:
    """The lines of the README, with our names for theirs and without `make`, which is for a whole deployment."""
    lines = (papers.part_in(papers.README.read_text(), part) or "").splitlines()[1:-1]
    script = "\n".join(line for line in lines if not line.startswith("make "))
    assert "name=terraspawner " in script
    script = script.replace("name=terraspawner ", f"name={NAME} ").replace("=/backup", f"={backup}")
    subprocess.run(["sh", "-eu", "-c", script], cwd=checkout, check=True)


def folder_of(volume: str) -> Path:
    found = engine.inspect("volume", volume)
    assert found
    return Path(found["Mountpoint"])


def test_a_deployment_is_backed_up_and_restored_as_the_readme_says(volumes: None, tmp_path: Path) -> None:
    backup, old, new = tmp_path / "backup", tmp_path / "old", tmp_path / "new"
    for folder in (backup, old / ".terraspawner" / NAME, new):
        folder.mkdir(parents=True)
    (old / ".terraspawner" / NAME / "secrets.json").write_text("{}")
    saved = DirectoryBucket(make_folders(folder_of(BUCKETS), "w")).write("notebooks/a.ipynb", b"{}", ABSENT)
    data = (folder_of(BUCKETS) / "w" / "data").stat()
    (folder_of(DISK) / "work").write_text("mine")
    os.chown(folder_of(DISK) / "work", 1000, 1000)
    typed("backup", old, backup)
    engine.docker("volume", "rm", *LABELS, doing="Losing the volumes")
    typed("restore", new, backup)
    assert (new / ".terraspawner" / NAME / "secrets.json").exists()
    for name, labels in LABELS.items():
        assert (engine.inspect("volume", name) or {})["Labels"] == {"terraspawner.deployment": NAME} | labels
    bucket = folder_of(BUCKETS) / "w"
    found = DirectoryBucket(bucket).stat("notebooks/a.ipynb")
    assert found
    assert (found.version, found.is_external) == (saved.version, False)
    assert ((bucket / "data").stat().st_mode, (bucket / "data").stat().st_gid) == (data.st_mode, data.st_gid)
    assert "system.posix_acl_default" in os.listxattr(bucket / "data")
    work = folder_of(DISK) / "work"
    assert (work.read_text(), work.stat().st_uid) == ("mine", 1000)
