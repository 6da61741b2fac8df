"""``make culler``: what the culler would do now, and why; or what another policy would have done so far."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from terraspawner.deploy import engine, images
from terraspawner.deploy.commands import SetupStopped, run
from terraspawner.deploy.deployment import Site

SECONDS = 300
USER = "2004:2004"


def ask(root: Path, environ: Mapping[str, str], words: list[str]) -> str:
    """Run ``python -m culler <words>`` beside the deployment's own; returns what it said. Raises `SetupStopped`."""
    here = Site.of(root, environ)
    deployment, folder = here.settings.deployment, here.state.folder
    if words and words[0] != "replay":
        raise SetupStopped('Ask with `make culler`, or `make culler ARGS="replay --policy other.toml"`.')
    if engine.inspect("network", f"{deployment}-core") is None:
        raise SetupStopped(f"The deployment {deployment} does not run. Run `make up` first.")
    mounts, inside = _policies(words or ["--dry-run"])
    options = ["--rm", "--log-driver", "none", "--user", USER, "--network", f"{deployment}-core", "--read-only"]
    options += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--env-file", str(here.state.services_env)]
    options += ["--volume", f"{folder}/secrets/culler.env:/run/secrets/terraspawner.env:ro"]
    command = ["docker", "run", *options, *mounts, images.HUB, "python", "-m", "culler", *inside]
    return run(command, doing="culler", timeout=SECONDS)


def _policies(words: list[str]) -> tuple[list[str], list[str]]:
    """Mounts for the files that `words` name as policies, and the words with their places inside.

    A copy of each is not made: a container without powers reads what everybody here may read.
    """
    mounts: list[str] = []
    inside: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        if before != "--policy":
            inside.append(word)
            continue
        path = Path(word).resolve()
        if not path.is_file():
            raise SetupStopped(f"There is no file {path}. A policy is a TOML file, such as: idle = 3600")
        place = f"/policies/{len(mounts)}/{path.name}"
        mounts += ["--volume", f"{path}:{place}:ro"]
        inside.append(place)
    return mounts, inside
