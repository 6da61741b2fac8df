"""What keeps an environment from starting: a branch of the tree in `terraspawner.errors`."""

from __future__ import annotations

from terraspawner.errors import Refused, TerraError, Unavailable


class ScriptRefused(Refused):
    """This startup script cannot be stored."""

    code = "script-invalid"


class NetworkUnsafe(Unavailable):
    """The environments' network is not closed between users, so none starts. Ask the operator to look at /health."""

    code = "network-unsafe"


class StartFailed(TerraError):
    """The environment could not be started. Its disk was not touched."""

    code = "start-failed"


class ScriptFailed(StartFailed):
    """The startup script did not end well, so the environment was not started. Its disk was not touched."""

    code = "script-failed"

    def __init__(self, message: str | None = None, *, log: str = "", **details: object) -> None:
        self.log = log
        super().__init__(message, **details)
