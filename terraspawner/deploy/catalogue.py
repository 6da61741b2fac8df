"""The file with sizes and images, as far as `make up` can look at it: our image reads it, which has a newer Python."""

from __future__ import annotations

import textwrap
from pathlib import Path

from terraspawner.deploy import images
from terraspawner.deploy.commands import SetupStopped, run
from terraspawner.deploy.progress import step
from terraspawner.settings import Settings

CHECK_SECONDS = 60


def text_of(settings: Settings) -> str:
    """What is in the file that TERRA_CATALOGUE names; empty where none is named. Raises `SetupStopped`."""
    if not settings.catalogue:
        return ""
    try:
        return Path(settings.catalogue).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupStopped(f"TERRA_CATALOGUE names {settings.catalogue}, which cannot be read: {error}.") from error


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
                text=text_of(settings),
                timeout=CHECK_SECONDS,
            )
        except SetupStopped as stopped:
            # the sentence of the command itself, without ours about it
            raise SetupStopped(textwrap.dedent(stopped.message.partition("\n")[2]) or stopped.message) from None
        line.result = said.strip()
