"""The credentials of the buckets' store, as far as `make up` can look at them. They go to `workspaces` and `mounts`,
and to nobody else."""

from __future__ import annotations

from pathlib import Path

from terraspawner.deploy.commands import SetupStopped
from terraspawner.settings import Settings

LIMIT = 100_000
"""They travel in one variable, and Linux takes 128 KiB."""


def credentials(settings: Settings) -> str:
    """The text of the file that the settings name, or what they say themselves. Raises `SetupStopped`."""
    path = settings.buckets_credentials_file
    if not path:
        return settings.buckets_credentials
    try:
        text = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupStopped(f"TERRA_BUCKETS_CREDENTIALS_FILE names {path}, which cannot be read: {error}.") from error
    if not text or len(text) > LIMIT:
        raise SetupStopped(
            f"TERRA_BUCKETS_CREDENTIALS_FILE names {path}, which is {'too long' if text else 'empty'}; put lines such "
            "as AWS_ACCESS_KEY_ID=... and AWS_SECRET_ACCESS_KEY=... there, or a Google service account's JSON alone."
        )
    return text
