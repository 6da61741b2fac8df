"""Each store against a dictionary, under sequences that hypothesis invents."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from terraspawner.storage import ABSENT, ANYTHING, Absent, Anything, Bucket, ObjectChanged, Version, find
from terraspawner.storage.errors import KeyRefused, ObjectMissing
from tests.contracts.stores import BY_NETWORK, KEEPS_FOLDERS, STORES, ClockThatStands

KEYS = st.sampled_from(["notebooks/a", "notebooks/a/b", "notebooks/c d/é", "data/x", "data/y/z"])
BODIES = st.sampled_from([b"", b"one", b"two"])


class StoreAndDictionary(RuleBasedStateMachine):
    make: Callable[[Path, ClockThatStands], Bucket]
    keeps_folders: bool

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.bucket = type(self).make(self.folder, ClockThatStands())
        self.bodies: dict[str, bytes] = {}
        self.versions: dict[str, Version] = {}
        self.given: list[tuple[str, Version]] = []  # not sorted: what a store's versions begin with is chance
        self.folders: set[str] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def is_expected(self, key: str, expected: Absent | Version | Anything) -> bool:
        if expected is ABSENT:
            return key not in self.bodies
        return expected is ANYTHING or self.versions.get(key) == expected

    def clashes(self, key: str) -> bool:
        if key in self.folders:
            return True
        return any(other.startswith(f"{key}/") or key.startswith(f"{other}/") for other in self.bodies)

    def write(self, key: str, body: bytes, expected: Absent | Version | Anything) -> None:
        try:
            info = self.bucket.write(key, body, expected)
        except ObjectChanged as refusal:
            current = refusal.current
            assert not self.is_expected(key, expected)
            assert (current and current.version) == self.versions.get(key)
        except KeyRefused:
            assert self.clashes(key)
        else:
            assert self.is_expected(key, expected)
            assert not self.clashes(key)
            assert (key, info.version) not in self.given
            self.given.append((key, info.version))
            if self.keeps_folders:
                self.folders |= {key[:end] for end, char in enumerate(key) if char == "/"}
            self.bodies[key], self.versions[key] = body, info.version

    @rule(key=KEYS, body=BODIES, expected=st.sampled_from([ABSENT, ANYTHING]))
    def write_by_presence(self, key: str, body: bytes, expected: Absent | Anything) -> None:
        self.write(key, body, expected)

    @precondition(lambda self: self.given)
    @rule(data=st.data(), body=BODIES)
    def write_with_a_version_seen(self, data: st.DataObject, body: bytes) -> None:
        key, version = data.draw(st.sampled_from(self.given))
        self.write(key, body, version)

    @precondition(lambda self: self.given)
    @rule(data=st.data(), is_blind=st.booleans())
    def delete(self, data: st.DataObject, is_blind: bool) -> None:
        key, version = data.draw(st.sampled_from(self.given))
        expected: Version | Anything = ANYTHING if is_blind else version
        try:
            self.bucket.delete(key, expected)
        except ObjectMissing:
            assert is_blind
            assert key not in self.bodies
        except ObjectChanged:
            assert not self.is_expected(key, expected)
        else:
            assert self.is_expected(key, expected)
            del self.bodies[key], self.versions[key]

    @rule(key=KEYS)
    def look(self, key: str) -> None:
        info = find(self.bucket, key)
        assert (info and info.version) == self.versions.get(key)

    @invariant()
    def the_store_is_the_dictionary(self) -> None:
        listed = list(self.bucket.list())
        assert [info.key for info in listed] == sorted(self.bodies)
        assert {info.key: info.version for info in listed} == self.versions
        assert {key: self.bucket.read(key)[0] for key in self.bodies} == self.bodies


@pytest.mark.parametrize("make", STORES, ids=lambda make: make.__name__)
def test_a_store_behaves_as_a_dictionary_with_versions(make: Callable[[Path, ClockThatStands], Bucket]) -> None:
    machine = type(
        "Machine", (StoreAndDictionary,), {"make": staticmethod(make), "keeps_folders": make in KEEPS_FOLDERS}
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=settings().max_examples // (20 if make in BY_NETWORK else 4),
            stateful_step_count=25,
            derandomize=True,
            database=None,
            print_blob=False,
        ),
    )
