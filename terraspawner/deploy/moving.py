"""``make move``: all buckets from this machine's folder into the object store that the settings name, then `make up`.

A first round copies beside people at work; a second one, when everything stands still, what changed since. Each object
is read back and compared (`terraspawner.storage.moving`). Until the last step the deployment is as it was, so that the
same command goes on after whatever interrupted it; the folder is kept afterwards, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from terraspawner.deploy import bucket_store, commands, deployment, ending, engine, images
from terraspawner.deploy.commands import SetupStopped
from terraspawner.deploy.deployment import Site
from terraspawner.deploy.progress import say
from terraspawner.settings import Settings
from terraspawner.settings_checks import OBJECT_STORES

USER, GROUP = "2002:2000", "1000"
"""Those of the service, whose the buckets are."""


def move(root: Path, environ: Mapping[str, str]) -> None:
    """Raises `SetupStopped` where there is nothing to move, or something went wrong."""
    here = Site.of(root, environ)
    old = {name: value for name, value in environ.items() if not name.startswith("TERRA_BUCKETS")}
    before = Site.of(root, old)
    _check(before, here.settings)
    text = _order(before.settings, here.settings)
    say("Copying, while people work:")
    _round(before, text)
    say("Stopping everything, for what changed since:")
    ending.down(root, old)
    _round(before, text)
    deployment.up(root, environ)
    say(f"The buckets are in {here.settings.buckets}. The old ones are kept in the volume {_volume(before)}.")


def _check(before: Site, wanted: Settings) -> None:
    name = before.settings.deployment
    if engine.inspect("volume", _volume(before)) is None:
        raise SetupStopped(f"The deployment {name} has no buckets yet. Run `make up` with these settings.")
    if not before.settings.buckets.startswith("file:"):
        raise SetupStopped(f"The buckets of {name} are in {before.settings.buckets} already; only a folder is moved.")
    if not wanted.buckets.startswith(OBJECT_STORES):
        raise SetupStopped(
            "Say where they shall go: TERRA_BUCKETS=s3://bucket/prefix TERRA_BUCKETS_CREDENTIALS_FILE=... make move"
        )


def _order(before: Settings, wanted: Settings) -> str:
    return json.dumps(
        {
            "from": before.buckets,
            "to": wanted.buckets,
            "endpoint": wanted.buckets_endpoint,
            "region": wanted.buckets_region,
            "credentials": bucket_store.credentials(wanted),
            "seconds": str(wanted.buckets_timeout),
        }
    )


def _round(before: Site, text: str) -> None:
    """One round in a container of its own, which is told credentials by its standard input alone."""
    options = ["--rm", "--interactive", "--log-driver", "none", "--user", USER, "--group-add", GROUP, "--read-only"]
    options += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    options += ["--network", f"{before.settings.deployment}-core", "--volume", f"{_volume(before)}:/srv/terra/buckets"]
    words = ["docker", "run", *options, images.HUB, "python", "-m", "terraspawner", "move-buckets"]
    if commands.show(words, text=text):
        raise SetupStopped(
            "Not all buckets were moved. Everything is where it was; the same command goes on from here."
        )


def _volume(here: Site) -> str:
    return f"{here.settings.deployment}-buckets"
