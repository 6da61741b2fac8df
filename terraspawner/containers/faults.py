"""What went wrong at a start, as a sentence for the person who asked for it: what, which thing, what next."""

from __future__ import annotations

import asyncio

import docker
import requests

from terraspawner.errors import TerraError

NO_ANSWER = (docker.errors.DockerException, requests.RequestException)
ENGINE_AWAY = (
    "The Docker Engine did not answer while the environment was started. The disk was not touched."
    " Try again in a minute; if it goes on, ask the operator."
)


def sentence(error: BaseException) -> str:
    """The message of an error of ours; else what the Engine or Python said, in words."""
    if isinstance(error, TerraError):
        return error.message
    if isinstance(error, asyncio.CancelledError):
        return "The start was cancelled."
    if isinstance(error, docker.errors.ImageNotFound):
        return f"The image is not on this machine: {error.explanation}. Ask the operator to build it, then try again."
    if isinstance(error, docker.errors.APIError):
        said = str(error.explanation or error).rstrip(".")
        return f"The Docker Engine refused: {said}. Try again; if it goes on, show this to the operator."
    return ENGINE_AWAY if isinstance(error, NO_ANSWER) else _unforeseen(error)


def _unforeseen(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "A part of the deployment did not answer in time. Try again in a minute."
    return f"{type(error).__name__}: {error}. Try again; if it goes on, show this to the operator."
