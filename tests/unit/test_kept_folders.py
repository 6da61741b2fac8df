"""Pages of a folder that its store lists whole: one listing for all of them, and never one that is known to be old."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from terraspawner.storage.kept_folders import LASTS, Item, KeptFolders

pytestmark = pytest.mark.feature("H1")

FOLDER = "b1/data/x/"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class FolderThatCounts:
    """How often it was read; `meanwhile` happens as it is."""

    def __init__(self, names: str) -> None:
        self.names = names
        self.read = 0
        self.meanwhile = lambda: None

    def __call__(self) -> Sequence[Item]:
        self.read += 1
        found = [f"{FOLDER}{name}/" for name in reversed(self.names)]
        self.meanwhile()
        return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> KeptFolders:
    return KeptFolders(clock=clock)


def page(kept: KeptFolders, folder: FolderThatCounts, after: str = "") -> str:
    """Two names behind a name."""
    found = kept.behind(f"{FOLDER}{after}/" if after else "", FOLDER, folder)
    return "".join(str(item).removeprefix(FOLDER)[:-1] for item in itertools.islice(found, 2))


def test_pages_are_of_the_listing_that_the_first_was_made_of(kept: KeptFolders) -> None:
    folder = FolderThatCounts("abcde")
    assert [page(kept, folder), page(kept, folder, "b"), page(kept, folder, "d"), page(kept, folder, "e")] == [
        "ab", "cd", "e", "",
    ]  # fmt: skip
    assert folder.read == 1


def test_a_page_goes_on_behind_a_name_that_is_not_there(kept: KeptFolders) -> None:
    folder = FolderThatCounts("acd")
    assert (page(kept, folder, "b"), page(kept, folder, "b")) == ("cd", "cd")
    assert folder.read == 1


def test_whoever_begins_anew_sees_what_is_there_now(kept: KeptFolders) -> None:
    folder = FolderThatCounts("b")
    page(kept, folder)
    folder.names = "ab"
    assert page(kept, folder) == "ab"


@pytest.mark.parametrize(
    ("written", "is_seen"),
    [
        (f"{FOLDER}c", True),
        (f"{FOLDER}c/deep/down", True),
        ("b1/data/y/c", False),
        ("b1/data/x", False),
    ],
)
def test_what_is_written_there_or_below_is_on_the_next_page(kept: KeptFolders, written: str, is_seen: bool) -> None:
    folder = FolderThatCounts("ab")
    page(kept, folder)
    folder.names = "abc"
    kept.forget(written)
    assert page(kept, folder, "b") == ("c" if is_seen else "")


def test_what_is_written_while_the_folder_is_read_is_on_the_next_page(kept: KeptFolders) -> None:
    folder = FolderThatCounts("ab")
    folder.meanwhile = lambda: kept.forget(f"{FOLDER}c")
    page(kept, folder)
    folder.names = "abc"
    assert page(kept, folder, "b") == "c"


def test_an_old_listing_is_not_gone_on_with(kept: KeptFolders, clock: Clock) -> None:
    folder = FolderThatCounts("ab")
    page(kept, folder)
    folder.names = "abc"
    clock.now = LASTS
    assert page(kept, folder, "b") == ""
    clock.now = LASTS + 0.1
    assert page(kept, folder, "b") == "c"


def test_of_two_readers_at_once_the_one_who_began_later_is_gone_on_with(kept: KeptFolders) -> None:
    folder, later = FolderThatCounts("ab"), FolderThatCounts("abc")
    folder.meanwhile = lambda: page(kept, later) and None
    page(kept, folder)
    assert page(kept, folder, "b") == "c"


def test_no_more_is_kept_than_there_is_room_for() -> None:
    kept = KeptFolders(most=3)
    small, large = FolderThatCounts("ab"), FolderThatCounts("abcd")
    page(kept, large)
    page(kept, large, "b")
    assert large.read == 2
    page(kept, small)
    page(kept, small, "b")
    assert small.read == 1
