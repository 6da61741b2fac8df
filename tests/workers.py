"""What the two workers of one run share out between them.

Attacks and kills, and all else that needs the deployment, are two units of about the same length, one for each worker:
each has a deployment of its own, which is made once, and the tests of a unit meet each other in the order in which they
stand. What is left is shared out by file. (`--dist loadgroup` would say the same by marks; xdist 3.8 and pytest 9.2 do
not agree on it.)
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

UNITS = {"attack": "hostile", "chaos": "hostile", "browser": "deployment", "host": "deployment", "hub": "deployment"}
"""Folder of tests -> the unit that all of it belongs to."""


class LoadByScene(LoadFileScheduling):
    """Units in the order in which they are collected: so the two long ones come first."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        _, folder, *_ = nodeid.split("/")
        return UNITS.get(folder) or str(super()._split_scope(nodeid))
