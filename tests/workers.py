"""What the workers of one run share out between them.

Tests that need the deployment are three units, one for each worker: each has a deployment of its own, which is made
once, and the tests of a unit meet each other in the order in which they stand. They come first, for they are long: the
kills are most of the full run, the other two of `make test`. What is left is shared out by file. Much of it all is
waiting for containers and pages, so that three workers are done sooner than two on two processors. (`--dist loadgroup`
would say the same by marks; xdist 3.8 and pytest 9.2 do not agree on it.)
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

UNITS = {"chaos": "kills", "attack": "people", "browser": "people", "host": "people", "hub": "hub"}
"""Folder of tests -> the unit that all of it belongs to."""
_FIRST = tuple(UNITS)


def units_first(items: list[pytest.Item]) -> None:
    """The order of all workers: the units, then what is left as it was collected."""
    items.sort(key=lambda item: _FIRST.index(folder) if (folder := _folder(item.nodeid)) in UNITS else len(_FIRST))


class LoadByScene(LoadFileScheduling):
    """Units and files in the order in which they are collected."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return UNITS.get(_folder(nodeid)) or str(super()._split_scope(nodeid))


def _folder(nodeid: str) -> str:
    _, folder, *_ = nodeid.split("/")
    return folder
