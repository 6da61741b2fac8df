"""A process of its own that does something to a disk, and is killed at a step: ``<folder> <act> <step>``.

`act` is one of `mount`, `enlarge`, `unmount`, `remove`; `step` is the call to the machine that it does not come back
from, by its name, `before` or `after` it was carried out: ``before:mount``; ``never:`` ends well.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from terraspawner.host.mounter.disks import Disks
from terraspawner.host.mounter.real_machine import RealMachine

ID = "0123456789abcdef"
SIZE, LARGER = 320 * 1024**2, 400 * 1024**2


class MachineThatEndsTheProcess:
    """The real one, until the step."""

    def __init__(self, when: str, step: str) -> None:
        self._machine = RealMachine()
        self._when, self._step = when, step

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def carry_out(*arguments: object) -> object:
            if (self._when, self._step) == ("before", name):
                os.kill(os.getpid(), signal.SIGKILL)
            found = getattr(self._machine, name)(*arguments)
            if (self._when, self._step) == ("after", name):
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return carry_out


def main(folder: Path, act: str, step: str) -> None:
    disks = Disks(folder, MachineThatEndsTheProcess(*step.split(":")), kept_free=0)  # type: ignore[arg-type]
    if act == "mount":
        disks.mount(ID, SIZE, is_new=True)
    elif act == "enlarge":
        disks.enlarge(ID, LARGER)
    elif act == "unmount":
        disks.unmount(ID)
    else:
        disks.remove(ID)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
