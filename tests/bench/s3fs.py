"""s3fs, the file system that many sites mount S3 by, as Debian packages it; on this machine, beside our own mounts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from terraspawner.deploy import machine
from terraspawner.deploy.commands import SetupStopped
from waiting import until

OPTIONS = ("use_path_request_style", "endpoint=us-east-1", "allow_other", "uid=1000", "gid=1000", "umask=0022")
"""As a site would give it to the environments' user; all else is s3fs's own choice."""


def ensure() -> str:
    """Why it cannot be had; empty where it is there, or is now."""
    if shutil.which("s3fs"):
        return ""
    if not machine.is_root():
        return "not here: s3fs is mounted by root"
    try:
        machine.apt_install("s3fs", otherwise="The bench of mounts takes the package s3fs.")
    except SetupStopped as error:
        return f"not here: {str(error).splitlines()[0]}"
    return ""


def version() -> str:
    """As it names itself."""
    said = subprocess.run(["s3fs", "--version"], capture_output=True, text=True, check=True).stdout
    return said.splitlines()[0].removeprefix("Amazon Simple Storage Service File System ").split(" ")[0]


@contextmanager
def mounted(bucket: str, url: str, key: str) -> Iterator[Path]:
    """A folder of this machine with the bucket in it. `key` is name and secret with a colon between."""
    with TemporaryDirectory(prefix="tsp-bench-") as name:
        keys, point = Path(name) / "keys", Path(name) / "point"
        keys.touch(mode=0o600)
        keys.write_text(key)
        point.mkdir()
        options = [*OPTIONS, f"url={url}", f"passwd_file={keys}"]
        process = subprocess.Popen(["s3fs", bucket, str(point), "-f", *(f"-o{each}" for each in options)])
        try:
            until(lambda: process.poll() is not None or os.path.ismount(point), "s3fs has mounted")
            assert process.poll() is None, "s3fs ended"
            yield point
        finally:
            process.terminate()
            process.wait(30)
            subprocess.run(["umount", "--lazy", str(point)], capture_output=True, check=False)
