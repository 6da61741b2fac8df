"""How the drives from outside stand on which libraries lie, for pages and REST; and which have to be mounted.

The service that mounts is told again and again which are wanted, all of them, and with what is needed to get at them:
it keeps none of that. A library in the trash is not told, so its drive is unmounted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from terraspawner.domain.bucket_mount import MountState, Standing
from terraspawner.domain.library import NAMESPACE, Library
from terraspawner.domain.mount_words import GIVE_ANEW, OF_DRIVE
from terraspawner.domain.outside import OfferedDrive
from terraspawner.errors_mounts import MountsUnavailable
from terraspawner.mounts_client import OutsideDrive
from terraspawner.operations import libraries, outside
from terraspawner.operations.libraries import Seen
from terraspawner.web.deeds import Deeds
from terraspawner.web.worker import Periodic

log = logging.getLogger(__name__)

SAY_SECONDS = 5.0
NO_SERVICE = "The service that mounts drives is not answering. It is started again; else ask the operator."
NOT_MOUNTED_HERE = "On this machine drives are not mounted any more. Ask the operator."
NOT_OFFERED = "The operator does not offer this drive any more, so it is not connected."
NOT_READABLE = f"Its password cannot be read any more. {GIVE_ANEW}"


def is_on_its_way(standing: Standing) -> bool:
    """Whether it is not there yet, and that is no trouble."""
    return standing.reason == OF_DRIVE.being_made


def wants_password(standing: Standing) -> bool:
    """Whether another password may help."""
    return standing.reason.endswith(GIVE_ANEW)


def reason_for_owner(standing: Standing) -> str:
    """Beside the button that takes the password."""
    return standing.reason.removesuffix(GIVE_ANEW).rstrip()


class Mounts(Protocol):
    """What we ask of the mounts service; `terraspawner.mounts_client.MountsClient` is the real one."""

    async def put_outside(self, drives: Sequence[OutsideDrive]) -> Mapping[str, Standing]: ...
    async def forget_outside(self, library_id: str) -> None: ...
    async def close(self) -> None: ...


class OutsideDrives:
    """Of one process. `mounts` is None where no drives are mounted."""

    def __init__(self, deeds: Deeds, mounts: Mounts | None) -> None:
        self._deeds, self._mounts = deeds, mounts
        self._standings: Mapping[str, Standing] = {}
        self._wanted: frozenset[str] | None = None
        self._silent_since: datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def tasks(self) -> tuple[Periodic, ...]:
        return (Periodic(name="drives from outside", every=SAY_SECONDS, act=self.say),) if self._mounts else ()

    @property
    def offered(self) -> Sequence[OfferedDrive]:
        """Those that may be connected here."""
        return self._deeds.context.drives if self._mounts else ()

    async def say(self) -> None:
        """Say once which are wanted, and learn how they stand. Also after each change, so that nobody waits for it.

        One after the other: of two lists the older one may be heard last, and would take away what is new, or try a
        password that was changed."""
        if self._mounts is not None:
            async with self._one_at_a_time:
                await self._say(self._mounts)

    async def _say(self, mounts: Mounts) -> None:
        wish = await self._deeds(outside.wish)
        self._wanted = frozenset(each.id for each in wish)
        try:
            self._standings = await mounts.put_outside(wish)
        except MountsUnavailable as error:
            if self._silent_since is None:
                log.warning("it is not known how drives from outside are mounted: %s", error.message)
                self._silent_since = self._deeds.context.now()
        else:
            self._silent_since = None

    def standing(self, library: Library) -> Standing | None:
        """How the drive of a library stands; None for one that lies here."""
        if library.outside is None:
            return None
        why, since = self._why_unknown(library), self._silent_since or library.created_at
        told = None if why else self._standings.get(library.id)
        return told or Standing(state=MountState.GONE, since=since, reason=why or OF_DRIVE.being_made)

    async def seen(self, user: str, namespace: str, name: str) -> Seen | None:
        """What is at this address, as `user` has it; None but for a library whose files lie on a drive from outside.
        Raises `LibraryMissing`."""
        if namespace != NAMESPACE:
            return None
        found = await self._deeds(libraries.get_library, user=user, library_id=name)
        return found if found.library.outside else None

    def title(self, library: Library) -> str:
        """What the drive is called; its name where it is not offered any more."""
        found = outside.find_drive(self._deeds.context, library.outside.drive) if library.outside else None
        return found.title if found else library.outside.drive if library.outside else ""

    async def forget(self, library_id: str) -> None:
        """It is about to be purged. Raises `MountsUnavailable`: files that wait there would be sent later."""
        if self._mounts is not None and await self._deeds(outside.lies_outside, library_id):
            await self._mounts.forget_outside(library_id)

    async def close(self) -> None:
        if self._mounts is not None:
            await self._mounts.close()

    def _why_unknown(self, library: Library) -> str:
        if self._mounts is None:
            return NOT_MOUNTED_HERE
        if library.outside and outside.find_drive(self._deeds.context, library.outside.drive) is None:
            return NOT_OFFERED
        if self._silent_since is not None:
            return NO_SERVICE
        return NOT_READABLE if self._wanted is not None and library.id not in self._wanted else ""
