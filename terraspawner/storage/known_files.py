"""What is known of files on a drive from outside, which tells little itself: by records beside the library.

A record speaks of a file as long as its size and time are the same. Times are whole seconds there: two states of one
second, of one size, cannot be told apart by them. So a record made while the file was that young is asked again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

from terraspawner.storage import file_facts, private, tree
from terraspawner.storage.base import ObjectInfo, Version
from terraspawner.storage.beneath import open_beneath
from terraspawner.storage.directory import DirectoryBucket
from terraspawner.storage.records import RECORDS

_YOUNG = 3_000_000_000
"""Nanoseconds: a whole second, and what two clocks may differ by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A state of a file; `sha256` is empty for one that is not read. `looked_at` is when that was known, in nanoseconds
    since 1970."""

    generation: int
    sha256: str
    is_external: bool
    mtime_ns: int
    size: int
    looked_at: int

    def speaks_of(self, facts: os.stat_result) -> bool:
        return (self.mtime_ns, self.size) == (facts.st_mtime_ns, facts.st_size)

    @property
    def is_certain(self) -> bool:
        return self.looked_at - self.mtime_ns > _YOUNG


class KnownFiles:
    """Of one library, in the private corner of the bucket ``own``. ``is_hashed`` says of a key whether its version is
    told by its bytes, where they are no more than ``largest``. ``clock`` gives nanoseconds since 1970."""

    def __init__(
        self,
        own: DirectoryBucket,
        *,
        is_hashed: Callable[[str], bool],
        largest: int,
        clock: Callable[[], int],
    ) -> None:
        self._own, self._is_hashed, self._largest, self._clock = own, is_hashed, largest, clock

    def look(self, root: int, key: str, slot: private.Slot | None = None) -> ObjectInfo | None:
        """The file as it is now. `slot` where its lock is held already."""
        with tree.opened_object(root, key) as descriptor:
            if descriptor is None:
                return None
            facts = os.fstat(descriptor)
            known = self._last(key)
            if not (self._is_hashed(key) and facts.st_size <= self._largest):
                return _plain(key, facts, known)
            if known is not None and known.sha256 and known.speaks_of(facts) and known.is_certain:
                return _info(key, known)
            with contextlib.nullcontext(slot) if slot else self.held(key) as own:
                return _info(key, self._hashed(key, descriptor, own))

    def ours(self, root: int, key: str, slot: private.Slot, digest: str) -> ObjectInfo:
        """What is known of a file that we have just put in its place."""
        generation = max(slot.highest() + 1, self._clock() // 1000)
        slot.raise_to(generation)
        with tree.opened_object(root, key) as descriptor:
            if descriptor is None:
                raise FileNotFoundError
            facts = os.fstat(descriptor)
        is_hashed = self._is_hashed(key) and facts.st_size <= self._largest
        known = self._kept(key, facts, generation, digest if is_hashed else "", is_external=False)
        info = _info(key, known) if known.sha256 else _plain(key, facts, known)
        return replace(info, sha256=digest or None)

    @contextlib.contextmanager
    def held(self, key: str) -> Iterator[private.Slot]:
        """What the drive refuses meanwhile is not told as if our own corner had refused it."""
        with contextlib.ExitStack() as kept:
            with self._own.opened() as own:
                slot = kept.enter_context(private.hold(own, key))
            yield slot

    @contextlib.contextmanager
    def held_two(self, one: str, other: str) -> Iterator[tuple[private.Slot, private.Slot]]:
        """As `held`."""
        with contextlib.ExitStack() as kept:
            with self._own.opened() as own:
                slots = kept.enter_context(private.hold_two(own, one, other))
            yield slots

    def forget(self, key: str) -> None:
        with self._own.opened() as own, contextlib.suppress(FileNotFoundError):
            os.unlink(_path(key), dir_fd=own)

    def _hashed(self, key: str, descriptor: int, slot: private.Slot) -> Known:
        """The file's bytes are what it is: equal ones are the same version, whatever its time is."""
        digest, facts = file_facts.hash_steadily(key, descriptor)
        last = self._last(key)
        if last is not None and last.sha256 == digest:
            return self._kept(key, facts, last.generation, digest, is_external=last.is_external)
        generation = max(slot.highest() + 1, self._clock() // 1000)
        slot.raise_to(generation)
        return self._kept(key, facts, generation, digest, is_external=True)

    def _kept(self, key: str, facts: os.stat_result, generation: int, digest: str, *, is_external: bool) -> Known:
        known = Known(
            generation=generation,
            sha256=digest,
            is_external=is_external,
            mtime_ns=facts.st_mtime_ns,
            size=facts.st_size,
            looked_at=self._clock(),
        )
        with self._own.opened() as own:
            private.replace(own, _path(key), json.dumps(asdict(known)).encode())
        return known

    def _last(self, key: str) -> Known | None:
        with self._own.opened() as own:
            try:
                descriptor = open_beneath(own, _path(key), os.O_RDONLY)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as file, contextlib.suppress(ValueError, TypeError):
                return Known(**json.loads(file.read()))
        return None


def _path(key: str) -> str:
    return f"{RECORDS}/{hashlib.sha256(key.encode()).hexdigest()}"


def _info(key: str, known: Known) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size=known.size,
        modified=file_facts.moment(known.mtime_ns),
        version=Version(f"{known.generation}-{known.sha256}"),
        sha256=known.sha256,
        is_external=known.is_external,
    )


def _plain(key: str, facts: os.stat_result, known: Known | None) -> ObjectInfo:
    generation = known.generation if known is not None and known.speaks_of(facts) else 0
    return ObjectInfo(
        key=key,
        size=facts.st_size,
        modified=file_facts.moment(facts.st_mtime_ns),
        version=Version(f"{generation:x}.{facts.st_mtime_ns:x}.{facts.st_size:x}"),
        sha256=None,
    )
