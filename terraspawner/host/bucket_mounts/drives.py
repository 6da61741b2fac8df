"""Drives from outside as remotes: which are to be mounted, and how each is got at.

All of that is said anew every few seconds by the service, which alone keeps passwords; here they are in memory and in
rclone's configuration there. So after a restart nothing is mounted until it speaks, and what waits to be sent to a
drive is sent from then on. One that is said no more is kept until all is sent, by what was said of it last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from terraspawner.domain import mount_words
from terraspawner.domain.bucket_mount import MountState, Standing
from terraspawner.host.bucket_mounts import cache, drive_arguments
from terraspawner.host.bucket_mounts.keeper import Keeper, Remote
from terraspawner.host.bucket_mounts.places import OutsidePlace
from terraspawner.host.bucket_mounts.rclone import Rclone
from terraspawner.host.bucket_mounts.site import Site
from terraspawner.host.bucket_mounts.supervisor import Supervisor
from terraspawner.mounts_client import OutsideDrive

SELDOM = 3
"""So many times more seldom than a store is a server asked that is well: the question is the list of a whole folder."""


class Drives:
    """What `put` says, and no others. Blocking work is done in threads by the supervisor."""

    def __init__(self, site: Site) -> None:
        self._site = replace(site, pace=replace(site.pace, question=SELDOM * site.pace.question))
        self._kept = site.cache / "outside"
        self._said: dict[str, OutsideDrive] = {}
        self._refused: dict[str, Standing] = {}
        self._purged: set[str] = set()
        """Those that are being purged at this moment."""
        self._supervisor = Supervisor(self._keeper, self)

    @property
    def standings(self) -> Mapping[str, Standing]:
        """By the library's id."""
        return {**self._supervisor.standings, **self._refused}

    def put(self, drives: Sequence[OutsideDrive]) -> None:
        """Mount these and no others. What rclone cannot be told of is not mounted, and is no trouble of the others. A
        list from before a purge that is under way brings nothing back."""
        drives = [drive for drive in drives if drive.id not in self._purged]
        why = {drive.id: drive_arguments.why_not(drive) for drive in drives}
        self._refuse({library_id: reason for library_id, reason in why.items() if reason})
        wanted = {drive.id: drive for drive in drives if not why[drive.id]}
        kept = self._supervisor.kept
        changed = [each for each, drive in wanted.items() if each in kept and self._said[each] != drive]
        self._say({each: self._said[each] for each in kept} | wanted)
        for library_id in changed:
            kept[library_id].renew(self._remote(library_id))
        self._supervisor.want(wanted)

    async def drop(self, library_id: str) -> None:
        """The library is purged: what waits to be sent is not sent any more."""
        self._refused.pop(library_id, None)
        self._purged.add(library_id)
        try:
            await self._supervisor.forget(library_id)
        finally:
            self._purged.discard(library_id)
        self._say({each: drive for each, drive in self._said.items() if each != library_id})

    async def close(self) -> None:
        await self._supervisor.close()

    def prepare(self, library_id: str) -> None:
        """Nothing has to be there before it is mounted: no container has its folder as its own."""

    def forget(self, library_id: str) -> None:
        self._place(library_id).remove()
        cache.forget(self._kept, library_id)

    def _say(self, said: dict[str, OutsideDrive]) -> None:
        for library_id in self._said.keys() - said.keys():
            self._site.remove_configuration(library_id)
        self._said = said

    def _refuse(self, reasons: Mapping[str, str]) -> None:
        now, before = datetime.now(UTC), self._refused
        self._refused = {
            library_id: before[library_id]
            if library_id in before and before[library_id].reason == reason
            else Standing(state=MountState.GONE, since=now, reason=reason)
            for library_id, reason in reasons.items()
        }

    def _keeper(self, library_id: str) -> Keeper:
        return self._site.keeper(f"drive {library_id}", self._remote(library_id))

    def _remote(self, library_id: str) -> Remote:
        drive, place = self._said[library_id], self._place(library_id)
        return Remote(
            start=lambda: self._started(drive),
            places=place,
            mounts=(drive_arguments.request(drive, place.point, self._site.cache_bytes),),
            question=drive_arguments.question(drive),
            data=drive_arguments.file_system(drive),
            words=mount_words.OF_DRIVE,
        )

    def _place(self, library_id: str) -> OutsidePlace:
        return OutsidePlace(self._site.shared, self._site.points, library_id)

    async def _started(self, drive: OutsideDrive) -> Rclone:
        self._site.write_configuration(drive.id, drive_arguments.configuration(drive))
        secrets = drive_arguments.secrets_of(drive)
        return await self._site.started(drive.id, self._kept / drive.id, drive.id, secrets)
