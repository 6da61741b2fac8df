"""What an object store can do, by trying: a store that does not know conditional writes answers 200 and overwrites.

Of ten servers tried four do that, and Ceph's wants the ETag without its quotes, and ignores conditions altogether once
its bucket keeps versions (``research/storage.md`` section 2). So nothing is taken from documentation.
"""

from __future__ import annotations

import contextlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from terraspawner.storage.errors import BucketUnavailable
from terraspawner.storage.remote import Client, Conditions, Refused, Remote

_RIVALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What was found."""

    conditions: Conditions
    keeps_versions: bool
    """Whether the store itself keeps what is written over and deleted."""

    @property
    def is_guarded(self) -> bool:
        """Whether a write can be made to depend on what is there. If not, one process alone may write."""
        return self.conditions is not Conditions.NONE


def probe(client: Client, prefix: str) -> Capability:
    """Try it out below `prefix`; some ten requests, and nothing is left. Raises ``BucketUnavailable``."""
    path = f"{prefix}.terra/probe-{secrets.token_hex(8)}"
    try:
        first = client.put(path, b"first", "", None, Conditions.QUOTED)
        keeps = first.generation not in (None, "", "null") and not client.has_generations
        found = Capability(conditions=_conditions(client, path), keeps_versions=keeps)
    except BucketUnavailable:
        with contextlib.suppress(BucketUnavailable):  # what went wrong first is what there is to tell
            client.delete(path)
        raise
    client.delete(path)
    return found


def _conditions(client: Client, path: str) -> Conditions:
    if _passes(client, path, None, Conditions.QUOTED):
        return Conditions.NONE  # it made what was there
    for form in (Conditions.QUOTED, Conditions.UNQUOTED):
        before = client.head(path)
        if before is None or not _passes(client, path, before, form):
            continue
        is_honest = not _passes(client, path, before, form) and _winners(client, path, form) == 1
        return form if is_honest else Conditions.NONE
    return Conditions.NONE


def _winners(client: Client, path: str, form: Conditions) -> int:
    """How many of some writers at once, all with the right condition, are told that they wrote."""
    before = client.head(path)
    with ThreadPoolExecutor(_RIVALS) as pool:
        return sum(pool.map(lambda _: _passes(client, path, before, form), range(_RIVALS)))


def _passes(client: Client, path: str, over: Remote | None, form: Conditions) -> bool:
    """Whether the store takes a write; each has bytes of its own, so that each has another ETag."""
    try:
        client.put(path, secrets.token_bytes(8), "", over, form)
    except Refused:
        return False
    return True
