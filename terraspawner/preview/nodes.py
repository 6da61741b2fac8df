"""Notebooks as nbdime takes them. It calls programs where it finds any: here it finds none."""

from __future__ import annotations

import warnings
from typing import Any

import nbformat
from nbdime import prettyprint

from terraspawner.preview import document

prettyprint.DefaultConfig.use_git = prettyprint.DefaultConfig.use_diff = False


def node_of(body: bytes) -> Any:
    """The notebook in `body`, in format 4. Raises `document.Unreadable`."""
    document.read(body)  # its refusals are the sentences for people
    with warnings.catch_warnings(action="ignore"):
        node = nbformat.reader.reads(body.decode())  # type: ignore[no-untyped-call]
        return nbformat.convert(node, 4)  # type: ignore[no-untyped-call]
