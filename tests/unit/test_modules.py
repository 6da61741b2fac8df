"""Every module can be loaded and says what it is: of classes of the Hub's own kind mypy sees a part."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import culler
import terraspawner

OURS = [
    found.name
    for package in (terraspawner, culler)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not found.name.endswith("__main__") and ".migrations" not in found.name
]


@pytest.mark.parametrize("name", OURS)
def test_it_has_all_that_it_asks_of_others(name: str) -> None:
    assert importlib.import_module(name).__doc__
