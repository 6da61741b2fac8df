"""How a mount stands by what was seen of it."""

from datetime import datetime, timedelta

import pytest

from builders import NOON
from terraspawner.domain import bucket_mount
from terraspawner.domain.bucket_mount import Answer, Look, MountState, Standing
from terraspawner.domain.mount_words import OF_BUCKET, OF_DRIVE, Words

pytestmark = pytest.mark.feature("H2")

FIRST = Standing(state=MountState.GONE, since=NOON, reason=OF_BUCKET.being_made)
MINUTE = timedelta(minutes=1)


def looked(
    answer: Answer = Answer.WELL, took: float = 0.1, waiting: int = 0, not_taken: int = 0, *, is_full: bool = False
) -> Look:
    return Look(answer=answer, took=timedelta(seconds=took), waiting=waiting, not_taken=not_taken, is_full=is_full)


def after(before: Standing, look: Look, now: datetime, words: Words = OF_BUCKET) -> Standing:
    return bucket_mount.seen(before, look, now, words)


@pytest.mark.parametrize(
    ("look", "state", "word"),
    [
        (looked(), MountState.MOUNTED, ""),
        (looked(took=2.0), MountState.MOUNTED, ""),
        (looked(took=2.1), MountState.SLOW, "more than two seconds"),
        (looked(is_full=True), MountState.SLOW, "no room left"),
        (looked(Answer.NONE, took=16), MountState.GONE, "does not answer"),
        (looked(Answer.REFUSED), MountState.GONE, "credentials"),
        (looked(Answer.MISSING), MountState.GONE, "no such bucket"),
        (looked(waiting=2, not_taken=1), MountState.SLOW, "does not take some files"),
        (looked(Answer.NONE, waiting=2, not_taken=1), MountState.GONE, "does not answer"),
        (looked(Answer.NONE, is_full=True), MountState.GONE, "does not answer"),
        (looked(waiting=9), MountState.MOUNTED, ""),
    ],
)
def test_a_look_is_judged(look: Look, state: MountState, word: str) -> None:
    seen = after(FIRST, look, NOON)
    assert (seen.state, word in seen.reason, bool(seen.reason)) == (state, True, bool(word))


def test_since_when_is_kept_while_the_state_is() -> None:
    seen = after(FIRST, looked(Answer.NONE), NOON + MINUTE)
    assert (seen.state, seen.since) == (MountState.GONE, NOON)
    later = after(seen, looked(), NOON + 2 * MINUTE)
    assert (later.state, later.since) == (MountState.MOUNTED, NOON + 2 * MINUTE)
    assert after(later, looked(), NOON + 3 * MINUTE) == later


def test_since_when_files_wait_is_known_until_none_does() -> None:
    one = after(FIRST, looked(waiting=1), NOON)
    two = after(one, looked(waiting=7), NOON + MINUTE)
    assert (two.waiting, two.waiting_since) == (7, NOON)
    gone = bucket_mount.lost(two, OF_BUCKET.ended, NOON + 2 * MINUTE)
    assert (gone.state, gone.waiting, gone.waiting_since) == (MountState.GONE, 7, NOON)
    assert after(gone, looked(), NOON + 3 * MINUTE).waiting_since is None


def test_a_standing_travels_as_json() -> None:
    for standing in (FIRST, after(FIRST, looked(waiting=2), NOON)):
        assert Standing.from_json(standing.as_json()) == standing


def test_it_is_tried_soon_and_then_more_seldom() -> None:
    pauses = [bucket_mount.pause_before(tries) for tries in range(20)]
    assert pauses == sorted(pauses)
    assert (pauses[0] < 1, pauses[-1] <= 10) == (True, True)


def test_readers_and_writers_have_folders_of_their_own() -> None:
    assert bucket_mount.shown_folder("a" * 16, writes=True) == f"buckets/{'a' * 16}/writer"
    assert bucket_mount.shown_folder("a" * 16, writes=False) == f"buckets/{'a' * 16}/reader"


def test_a_folder_of_ours_holds_each_library_from_outside() -> None:
    assert bucket_mount.outside_folder("a" * 16) == f"outside/{'a' * 16}/data"


def test_of_a_drive_people_are_told_what_its_owner_can_do() -> None:
    seen = after(FIRST, looked(Answer.REFUSED), NOON, OF_DRIVE)
    assert (seen.state, "give the password anew" in seen.reason) == (MountState.GONE, True)
    assert not [text for text in (getattr(OF_DRIVE, name) for name in Words.__slots__) if "bucket" in text]
