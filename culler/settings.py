"""What the culler's process is told: where the service is, its own token, how often it looks.

Of its own, and few, so that nothing of the deployment's other secrets is asked for here. The names stand in the table
of `terraspawner.settings` as well, which the README is made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from terraspawner.errors import SettingsWrong

SERVICE_URL = "http://workspaces:8010"
SERVICE_PREFIX = "/services/workspaces/"
SECONDS = 30
MOST_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`seconds` between two sweeps; `at_once`: environments that are acted on at the same time; `patience`: seconds
    after which one that does not answer is given up until the next sweep. `state` is a file that says how the last
    sweep went, for a health check; None writes none."""

    token: str = field(repr=False)
    api_url: str
    seconds: float = SECONDS
    at_once: int = 16
    patience: float = 120
    state: Path | None = None


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Raises `SettingsWrong`."""
    token = environ.get("TERRA_CULLER_TOKEN", "")
    if not token:
        raise SettingsWrong("TERRA_CULLER_TOKEN is empty: it is the culler's token at the Hub; `make up` makes one.")
    service = environ.get("TERRA_CULLER_SERVICE_URL") or SERVICE_URL
    prefix = environ.get("TERRA_SERVICE_PREFIX") or SERVICE_PREFIX
    state = environ.get("TERRA_CULLER_STATE", "")
    return Settings(
        token=token,
        api_url=f"{service.rstrip('/')}/{prefix.strip('/')}/api/v1",
        seconds=_seconds(environ.get("TERRA_CULLER_SECONDS") or str(SECONDS)),
        state=Path(state) if state else None,
    )


def _seconds(said: str) -> float:
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0  # refused below
    if not 1 <= seconds <= MOST_SECONDS:
        raise SettingsWrong(f"TERRA_CULLER_SECONDS is {said!r}: choose from 1 to {MOST_SECONDS} seconds.")
    return seconds
