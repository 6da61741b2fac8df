"""Programs from npm that tests run beside ours, fetched once as their lock file pins them."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

FETCHED = Path(__file__).parents[1] / ".venv"


def node_modules(source: Path) -> Path:
    """What the `package-lock.json` in the folder `source` pins."""
    assert shutil.which("npm"), f"npm is not there: it fetches what tests/{source.name} names"
    mark = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = FETCHED / f"{source.name}-{mark}"
    FETCHED.mkdir(exist_ok=True)
    with (FETCHED / f"{source.name}.lock").open("w") as lock:  # the run's other worker may want it, too
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / name, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
            (folder / "done").touch()
    return folder / "node_modules"
