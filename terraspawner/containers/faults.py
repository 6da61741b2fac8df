"""What went wrong at a start, as a sentence for the person who asked for it."""

from __future__ import annotations

import asyncio

import docker

from terraspawner.errors import TerraError


def sentence(error: BaseException) -> str:
    """The message of an error of ours; else what the Engine or Python said, in words."""
    if isinstance(error, TerraError):
        return error.message
    if isinstance(error, asyncio.CancelledError):
        return "The start was cancelled."
    if isinstance(error, docker.errors.ImageNotFound):
        return f"The image is not on this machine: {error.explanation}. Ask the operator to build it."
    if isinstance(error, docker.errors.APIError):
        return f"The Docker Engine refused: {error.explanation or error}"
    return f"{type(error).__name__}: {error}"
