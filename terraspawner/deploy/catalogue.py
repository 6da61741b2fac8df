"""Files that settings name and processes read: sizes and images, and drives from outside. `make up` hands over copies.

They are looked into before: our image reads them, which has a newer Python.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from terraspawner.deploy import images
from terraspawner.deploy.commands import SetupStopped, run
from terraspawner.deploy.progress import step
from terraspawner.settings import Settings

CHECK_SECONDS = 60
NAMED = {"catalogue": "catalogue.toml", "outside_drives": "outside-drives.toml"}
"""By the name of the setting: what the copy is called."""


def text_of(settings: Settings, name: str) -> str:
    """What is in the file that this setting names; empty where it names none. Raises `SetupStopped`."""
    path = getattr(settings, name)
    if not path:
        return ""
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupStopped(f"TERRA_{name.upper()} names {path}, which cannot be read: {error}.") from error


def check_readable(settings: Settings) -> None:
    """Raises `SetupStopped`."""
    for name in NAMED:
        text_of(settings, name)


def check(settings: Settings) -> None:
    """Raises `SetupStopped` with the sentence that says what is wrong in one. The hub's image must be there."""
    for name in NAMED:
        if getattr(settings, name):
            _check(settings, name)


def _check(settings: Settings, name: str) -> None:
    with step(name.replace("_", " ")) as line:
        options = ["--rm", "--interactive", "--network", "none", "--cap-drop", "ALL", "--user", "2001:2000"]
        words = ["python", "-m", "terraspawner", name.replace("_", "-"), getattr(settings, name)]
        try:
            said = run(
                ["docker", "run", *options, images.HUB, *words],
                doing=name,
                text=text_of(settings, name),
                timeout=CHECK_SECONDS,
            )
        except SetupStopped as stopped:
            # the sentence of the command itself, without ours about it
            raise SetupStopped(textwrap.dedent(stopped.message.partition("\n")[2]) or stopped.message) from None
        line.result = said.strip()
