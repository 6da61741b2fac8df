"""How a startup script is handed to a container and run there once, as root (FEATURES.md C11, TRAPS.md 15).

The spawner puts three files beside the start file, into a folder that root alone may enter; `host`, which is told the
environment's id and nothing else, runs the first of them. The server waits until that file is gone. All of it leaves
the layer when the script has run, and the container is thrown away when it has not: so no layer that is kept holds one.
"""

from __future__ import annotations

import io
import shlex
import tarfile
from collections.abc import Mapping

FOLDER = "startup"
"""Below `start_file.START_FOLDER`."""
RUNNER = "/run/terra/startup/run"
COMMAND = ("/bin/sh", RUNNER)
"""What `host` runs as root: a path of ours, never anybody's words."""

MOST_LOG_BYTES = 64 * 1024
"""The end of what a script says is kept, this much of it."""

_RUN = """\
#!/bin/sh
# Runs the startup script once, as root. The server starts when this file is gone.
cd /run/terra/startup || exit 125
[ -f script ] || { echo "There is no startup script here, or it has run already."; exit 125; }
mv script running
. ./environment
cd /root 2>/dev/null || cd /
if [ "$(head -c 2 /run/terra/startup/running)" = "#!" ]; then
    chmod 700 /run/terra/startup/running
    /run/terra/startup/running < /dev/null 2>&1
else
    /bin/bash /run/terra/startup/running < /dev/null 2>&1
fi
status=$?
[ $status -eq 0 ] && rm -r /run/terra/startup
exit $status
"""
_NEVER_TOLD = ("TERRA_ENVIRONMENT_KEY", "JUPYTERHUB_", "JPY_")


def startup_files(script: str, variables: Mapping[str, str]) -> dict[str, bytes]:
    """Names below the start folder and contents. Of `variables` no token and no key is passed on."""
    told = {name: value for name, value in variables.items() if not name.startswith(_NEVER_TOLD)}
    told |= {"HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(told.items()))
    return {
        f"{FOLDER}/run": _RUN.encode(),
        f"{FOLDER}/environment": exports.encode(),
        f"{FOLDER}/script": script.encode(),
    }


def add_files(archive: tarfile.TarFile, files: Mapping[str, bytes]) -> None:
    """Put `files` and their folder into `archive`: root's, and nobody else may look."""
    folder = tarfile.TarInfo(FOLDER)
    folder.type, folder.mode = tarfile.DIRTYPE, 0o700
    archive.addfile(folder)
    for name, body in files.items():
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(body), 0o400
        archive.addfile(member, io.BytesIO(body))
