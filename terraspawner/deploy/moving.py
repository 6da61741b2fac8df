"""``make move``: all buckets from this machine's folder into the object store that the settings name, then `make up`.

A first round copies beside people at work; a second one, when everything stands still, what changed since. Each
object is read back and compared (`terraspawner.storage.moving`). Until the last step the deployment is as it was, so
that the same command goes on after whatever interrupted it; the folder is kept afterwards, too. Whatever ends it
while all stands still (a store that fails, Ctrl-C, a closed terminal), the deployment comes up again on the folder.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from terraspawner.deploy import bucket_store, commands, deployment, ending, engine, images
from terraspawner.deploy.commands import SetupStopped
from terraspawner.deploy.deployment import Site
from terraspawner.deploy.progress import say
from terraspawner.errors import TerraError
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
    carry_out(
        Acts(
            copy=lambda: _round(before, text),
            down=lambda: ending.down(root, old),
            up_there=lambda: deployment.up(root, environ),
            up_here=lambda: deployment.up(root, old),
        )
    )
    say(f"The buckets are in {here.settings.buckets}. The old ones are kept in the volume {_volume(before)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What a move is made of: a round of copying, the end of everything, and its beginning on the store or, as it was,
    on the folder."""

    copy: Callable[[], None]
    down: Callable[[], None]
    up_there: Callable[[], None]
    up_here: Callable[[], None]


class Ended(BaseException):
    """Somebody ended this command."""


def carry_out(acts: Acts) -> None:
    """Raises `SetupStopped` with what went wrong, and which buckets the deployment has."""
    say("Copying, while people work:")
    acts.copy()
    say("Stopping everything, for what changed since:")
    with _signals(_end):
        try:
            acts.down()
            acts.copy()
            acts.up_there()
        except BaseException as error:
            cause = error.message if isinstance(error, TerraError) else f"The move was ended ({type(error).__name__})."
            with _signals(_pass):
                _come_back(acts, cause)
            raise SetupStopped(
                f"{cause}\nThe deployment runs on the folder again, as before; nothing in it was changed. The same"
                " command goes on from here."
            ) from error


def _come_back(acts: Acts, cause: str) -> None:
    say(f"{cause}\nEverything comes up again on the folder:")
    try:
        acts.down()  # it may have come up on the store in part
        acts.up_here()
    except TerraError as error:
        raise SetupStopped(
            f"{cause}\nAnd the deployment did not come up again on the folder: {error.message}\nNothing in the folder"
            " was changed. Run `make up` without the settings of the store (TERRA_BUCKETS…); `make move` goes on later."
        ) from error


Handler = Callable[[int, FrameType | None], None]


@contextmanager
def _signals(handler: Handler) -> Iterator[None]:
    """Those that would end this process in the middle are told to `handler`."""
    before = {each: signal.signal(each, handler) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, was in before.items():
            signal.signal(each, was)


def _end(number: int, _: FrameType | None) -> None:
    if number == signal.SIGHUP:
        _speak_to_nobody()
    raise Ended


def _pass(number: int, _: FrameType | None) -> None:
    """It is on its way back already."""
    if number == signal.SIGHUP:
        _speak_to_nobody()


def _speak_to_nobody() -> None:
    """The terminal is gone: what is still said must not end this in the middle."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(nowhere, each)
    os.close(nowhere)


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
            "Not all buckets were moved. What is in the folder is as it was; the same command goes on from here."
        )


def _volume(here: Site) -> str:
    return f"{here.settings.deployment}-buckets"
