"""The life of a disk as a table, cell by cell; which disk a new environment gets; how full is too full."""

from datetime import timedelta

import pytest

from builders import NOON
from terraspawner.domain import trash
from terraspawner.domain.disk import (
    HOLDS_VOLUME,
    NEW,
    TRANSITIONS,
    WARNINGS,
    Disk,
    DiskEvent,
    DiskState,
    chosen,
    enlarged,
    is_measured_anew,
    next_state,
    notice,
    wanted_disk,
)
from terraspawner.domain.trash import ItemEvent, ItemState
from terraspawner.errors import DiskMissing, DiskSizeRefused, Refused, WrongState

GIB = 1024**3
S, E = DiskState, DiskEvent
CELLS = {
    (S.ATTACHED, E.DETACH): S.KEPT,
    (S.KEPT, E.ATTACH): S.ATTACHED,
    (S.KEPT, E.DISCARD): S.TRASHED,
    (S.TRASHED, E.RESTORE): S.KEPT,
    (S.TRASHED, E.PURGE): S.DELETING,
    (S.DELETING, E.PURGED): S.DELETED,
}


def disk(name: str = "a", **changes: object) -> Disk:
    values: dict[str, object] = {
        "id": name * 16,
        "workspace_id": "w",
        "user": "ana",
        "size": 50 * GIB,
        "state": S.KEPT,
        "created_at": NOON,
    }
    return Disk(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.feature("D5", "C17")
@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("event", E)
def test_each_cell_of_the_table(state: S, event: E) -> None:
    if (state, event) in CELLS:
        assert next_state(state, event) is CELLS[state, event]
        return
    with pytest.raises(WrongState, match=f"The disk is {state}") as refused:
        next_state(state, event)
    assert refused.value.details == {"state": str(state)}


def test_only_the_trash_leads_to_an_end() -> None:
    assert {state for state, row in TRANSITIONS.items() if row.get(E.PURGE)} == {S.TRASHED}
    assert {state for state in S if state not in HOLDS_VOLUME} == {S.DELETED}


@pytest.mark.parametrize(
    ("state", "event", "after"),
    [
        (ItemState.HELD, ItemEvent.RESTORE, ItemState.RESTORED),
        (ItemState.HELD, ItemEvent.PURGE, ItemState.PURGING),
        (ItemState.PURGING, ItemEvent.PURGED, ItemState.PURGED),
    ],
)
def test_what_is_in_the_trash_comes_back_or_goes(state: ItemState, event: ItemEvent, after: ItemState) -> None:
    assert trash.next_state(state, event) is after


@pytest.mark.parametrize(
    ("state", "event"),
    [(state, event) for state in ItemState for event in ItemEvent if event not in trash.TRANSITIONS[state]],
)
def test_what_is_over_is_over(state: ItemState, event: ItemEvent) -> None:
    with pytest.raises(WrongState):
        trash.next_state(state, event)


@pytest.mark.feature("D2")
def test_without_a_wish_a_new_environment_gets_the_disk_that_was_used_last() -> None:
    old, used, younger = disk("a"), disk("b", last_used_at=NOON + timedelta(days=3)), disk("c", created_at=NOON)
    assert chosen([], None) is None
    assert chosen([old, used, younger], None) is used
    assert chosen([old, used], NEW) is None
    assert chosen([old, used], old.id) is old
    with pytest.raises(DiskMissing, match="GET /disks"):
        chosen([old], used.id)


@pytest.mark.parametrize("text", ["", "NEW", "../x", "a" * 15, "a" * 17, "A" * 16, "a" * 16 + "\n", 7, ["new"]])
def test_what_can_be_no_disk_is_refused(text: object) -> None:
    with pytest.raises(Refused, match="16 hexadecimal digits"):
        wanted_disk(text)


@pytest.mark.parametrize("text", [None, NEW, "0123456789abcdef"])
def test_a_wish_is_an_id_or_new(text: str | None) -> None:
    assert wanted_disk(text) == text


def test_a_disk_grows_up_to_the_limit_and_never_shrinks() -> None:
    assert enlarged(50 * GIB, 50 * GIB, 100 * GIB) == 50 * GIB
    assert enlarged(50 * GIB, 100 * GIB, 100 * GIB) == 100 * GIB
    for wanted, says in ((50 * GIB - 1, "never made smaller"), (100 * GIB + 1, "100 GB at most")):
        with pytest.raises(DiskSizeRefused, match=says) as refused:
            enlarged(50 * GIB, wanted, 100 * GIB)
        assert refused.value.details == {"least": 50 * GIB, "most": 100 * GIB}
    # the operator has lowered the limit since: what is there stays as it is
    assert enlarged(200 * GIB, 200 * GIB, 100 * GIB) == 200 * GIB


@pytest.mark.parametrize(
    ("used", "says"),
    [
        (None, None),
        (0, None),
        (79.9, None),
        (80, "high"),
        (89.9, "high"),
        (90, "nearly-full"),
        (95, "full"),
        (130, "full"),
    ],
)
def test_a_disk_that_fills_up_is_told_of_in_time(used: float | None, says: str | None) -> None:
    found = notice(None if used is None else int(used * GIB), 100 * GIB)
    assert (found and str(found.level)) == says
    if found:
        assert f"{int(used or 0)} %" in found.message
        assert found.message.endswith(next(advice for _, level, advice in WARNINGS if level == found.level))


EVERY = timedelta(minutes=10)
LATER = NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "is_in_use", "now", "is_due"),
    [
        ({}, True, NOON + EVERY, True),
        ({}, True, NOON + EVERY / 2, False),
        ({}, False, NOON + EVERY, True),  # never measured
        ({"measured_at": LATER}, True, LATER + EVERY, True),
        ({"measured_at": LATER}, True, LATER + EVERY / 2, False),
        ({"measured_at": LATER, "last_used_at": LATER + EVERY / 2}, False, LATER + EVERY, True),
        ({"measured_at": LATER, "last_used_at": LATER - EVERY}, False, LATER + EVERY, False),
        ({"measured_at": LATER}, False, LATER + EVERY, False),
        ({"state": S.TRASHED}, False, LATER, False),
        ({"state": S.DELETING}, False, LATER, False),
    ],
)
def test_a_disk_is_measured_now_and_then_while_used_and_once_afterwards(
    changes: dict[str, object], is_in_use: bool, now: object, is_due: bool
) -> None:
    measured = is_measured_anew(disk(**changes), is_in_use=is_in_use, every=EVERY, now=now)  # type: ignore[arg-type]
    assert measured == is_due
