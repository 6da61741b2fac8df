"""Files that settings name and processes read: sizes and images, and drives from outside. `make up` hands over copies.

The first is looked into as far as `make up` can: our image reads it, which has a newer Python.
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
    """Raises `SetupStopped` with the sentence that says what is wrong in it. The hub's image must be there."""
    if not settings.catalogue:
        return
    with step("catalogue") as line:
        options = ["--rm", "--interactive", "--network", "none", "--cap-drop", "ALL", "--user", "2001:2000"]
        words = ["python", "-m", "terraspawner", "catalogue", settings.catalogue]
        try:
            said = run(
                ["docker", "run", *options, images.HUB, *words],
                doing="catalogue",
                text=text_of(settings, "catalogue"),
                timeout=CHECK_SECONDS,
            )
        except SetupStopped as stopped:
            # the sentence of the command itself, without ours about it
            raise SetupStopped(textwrap.dedent(stopped.message.partition("\n")[2]) or stopped.message) from None
        line.result = said.strip()
