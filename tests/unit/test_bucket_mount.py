"""How a mount stands by what was seen of it."""

from datetime import timedelta

import pytest

from builders import NOON
from terraspawner.domain import bucket_mount
from terraspawner.domain.bucket_mount import Answer, Look, MountState, Standing

pytestmark = pytest.mark.feature("H2")

FIRST = Standing(state=MountState.GONE, since=NOON, reason=bucket_mount.BEING_MADE)
MINUTE = timedelta(minutes=1)


def looked(answer: Answer = Answer.WELL, took: float = 0.1, waiting: int = 0, *, is_full: bool = False) -> Look:
    return Look(answer=answer, took=timedelta(seconds=took), waiting=waiting, is_full=is_full)


@pytest.mark.parametrize(
    ("look", "state", "word"),
    [
        (looked(), MountState.MOUNTED, ""),
        (looked(took=2.0), MountState.MOUNTED, ""),
        (looked(took=2.1), MountState.SLOW, "more than two seconds"),
        (looked(is_full=True), MountState.SLOW, "no room left"),
        (looked(Answer.NONE, took=16), MountState.GONE, "does not answer"),
        (looked(Answer.REFUSED), MountState.GONE, "credentials"),
        (looked(Answer.NONE, is_full=True), MountState.GONE, "does not answer"),
        (looked(waiting=9), MountState.MOUNTED, ""),
    ],
)
def test_a_look_is_judged(look: Look, state: MountState, word: str) -> None:
    seen = bucket_mount.seen(FIRST, look, NOON)
    assert (seen.state, word in seen.reason, bool(seen.reason)) == (state, True, bool(word))


def test_since_when_is_kept_while_the_state_is() -> None:
    seen = bucket_mount.seen(FIRST, looked(Answer.NONE), NOON + MINUTE)
    assert (seen.state, seen.since) == (MountState.GONE, NOON)
    later = bucket_mount.seen(seen, looked(), NOON + 2 * MINUTE)
    assert (later.state, later.since) == (MountState.MOUNTED, NOON + 2 * MINUTE)
    assert bucket_mount.seen(later, looked(), NOON + 3 * MINUTE) == later


def test_since_when_files_wait_is_known_until_none_does() -> None:
    one = bucket_mount.seen(FIRST, looked(waiting=1), NOON)
    two = bucket_mount.seen(one, looked(waiting=7), NOON + MINUTE)
    assert (two.waiting, two.waiting_since) == (7, NOON)
    gone = bucket_mount.lost(two, bucket_mount.ENDED, NOON + 2 * MINUTE)
    assert (gone.state, gone.waiting, gone.waiting_since) == (MountState.GONE, 7, NOON)
    assert bucket_mount.seen(gone, looked(), NOON + 3 * MINUTE).waiting_since is None


def test_a_standing_travels_as_json() -> None:
    for standing in (FIRST, bucket_mount.seen(FIRST, looked(waiting=2), NOON)):
        assert Standing.from_json(standing.as_json()) == standing


def test_it_is_tried_soon_and_then_more_seldom() -> None:
    pauses = [bucket_mount.pause_before(tries) for tries in range(20)]
    assert pauses == sorted(pauses)
    assert (pauses[0] < 1, pauses[-1] <= 10) == (True, True)


def test_readers_and_writers_have_folders_of_their_own() -> None:
    assert bucket_mount.shown_folder("a" * 16, writes=True) == f"buckets/{'a' * 16}/writer"
    assert bucket_mount.shown_folder("a" * 16, writes=False) == f"buckets/{'a' * 16}/reader"
