"""The trash as tables: what becomes of an item, and with which disk an environment comes back."""

from __future__ import annotations

import pytest

from terraspawner.domain.disk import DiskState, next_state
from terraspawner.domain.trash import DISK_OF_A_RESTORED, TRANSITIONS, ItemEvent, ItemState
from terraspawner.domain.trash import next_state as next_item
from terraspawner.errors import WrongState


@pytest.mark.feature("C17")
@pytest.mark.parametrize(
    ("state", "event", "following"),
    [
        (ItemState.HELD, ItemEvent.RESTORE, ItemState.RESTORED),
        (ItemState.HELD, ItemEvent.PURGE, ItemState.PURGING),
        (ItemState.PURGING, ItemEvent.PURGED, ItemState.PURGED),
    ],
)
def test_an_item_s_steps(state: ItemState, event: ItemEvent, following: ItemState) -> None:
    assert next_item(state, event) is following


@pytest.mark.feature("C17")
@pytest.mark.parametrize(
    ("state", "event"),
    [(state, event) for state in ItemState for event in ItemEvent if event not in TRANSITIONS[state]],
)
def test_what_is_too_late_is_refused_with_what_became_of_it(state: ItemState, event: ItemEvent) -> None:
    with pytest.raises(WrongState) as refusal:
        next_item(state, event)
    assert refusal.value.details == {"state": str(state)}


@pytest.mark.feature("C17")
@pytest.mark.parametrize("state", list(DiskState))
def test_an_environment_comes_back_with_its_disk_attached_or_not_at_all(state: DiskState) -> None:
    events = DISK_OF_A_RESTORED.get(state)
    if events is None:
        assert state in (DiskState.ATTACHED, DiskState.DELETING, DiskState.DELETED)
        return
    for event in events:
        state = next_state(state, event)
    assert state is DiskState.ATTACHED
