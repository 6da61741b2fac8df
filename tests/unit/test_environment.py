"""The life cycle: the table is complete, a story runs through it, and an illegal step changes nothing."""

import pytest

from terraspawner.domain.environment import (
    IN_TRANSITION,
    LIVE,
    TRANSITIONS,
    Event,
    State,
    allowed_events,
    is_possible,
    mermaid,
    next_state,
)
from terraspawner.errors import WrongState


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.feature("C1", "C3", "C6")
def test_the_story_of_an_environment() -> None:
    story = [
        (Event.START, State.CREATING),
        (Event.READY, State.RUNNING),
        (Event.PAUSE, State.PAUSING),
        (Event.STOPPED, State.PAUSED),
        (Event.START, State.STARTING),
        (Event.READY, State.RUNNING),
        (Event.DELETE, State.DELETING),
        (Event.DELETED, State.NONE),
    ]
    state = State.NONE
    for event, expected in story:
        state = next_state(state, event)
        assert state is expected


@pytest.mark.feature("C17")
def test_the_story_of_a_deleted_one() -> None:
    story = [
        (State.DELETING, Event.TRASHED, State.TRASHED),
        (State.TRASHED, Event.RESTORE, State.PAUSED),
        (State.TRASHED, Event.PURGE, State.PURGING),
        (State.PURGING, Event.DELETED, State.NONE),
    ]
    assert [next_state(state, event) for state, event, _ in story] == [following for _, _, following in story]


@pytest.mark.feature("C17")
def test_in_the_trash_it_is_nobodys_and_nothing_leads_there_or_away_but_a_deletion_a_restore_and_a_purge() -> None:
    assert set(State) - LIVE == {State.NONE, State.TRASHED, State.PURGING}
    before = {state for state, row in TRANSITIONS.items() if State.TRASHED in row.values()}
    assert before == {State.DELETING}
    assert set(TRANSITIONS[State.TRASHED].values()) == {State.PAUSED, State.PURGING}
    assert {state for state, row in TRANSITIONS.items() if State.PURGING in row.values()} == {State.TRASHED}
    assert not set(TRANSITIONS[State.PURGING].values()) & LIVE


@pytest.mark.feature("C13")
@pytest.mark.parametrize("state", [State.CREATING, State.STARTING])
def test_a_failed_start_returns_to_paused(state: State) -> None:
    assert next_state(state, Event.FAIL) is State.PAUSED


@pytest.mark.feature("C8")
def test_the_story_of_a_frozen_one() -> None:
    story = [
        (State.RUNNING, Event.FREEZE, State.FREEZING),
        (State.FREEZING, Event.FROZEN, State.FROZEN),
        (State.FROZEN, Event.WAKE, State.STARTING),
        (State.STARTING, Event.FROZEN, State.FROZEN),
        (State.FROZEN, Event.PAUSE, State.PAUSING),
    ]
    assert [next_state(state, event) for state, event, _ in story] == [following for _, _, following in story]


@pytest.mark.parametrize(
    "state", [State.CREATING, State.STARTING, State.RUNNING, State.FREEZING, State.FROZEN, State.PAUSING]
)
def test_what_stops_by_itself_is_paused(state: State) -> None:
    assert next_state(state, Event.STOPPED) is State.PAUSED


@pytest.mark.parametrize(
    ("state", "event"),
    [(state, event) for state in State for event in Event if event not in TRANSITIONS[state]],
)
def test_an_illegal_step_is_refused_with_the_state_and_what_is_possible(state: State, event: Event) -> None:
    assert not is_possible(state, event)
    with pytest.raises(WrongState) as refusal:
        next_state(state, event)
    assert f"is {state}" in refusal.value.message
    assert refusal.value.details == {"state": str(state)}


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (State.NONE, {Event.START}),
        (State.CREATING, {Event.PAUSE, Event.DELETE}),
        (State.STARTING, {Event.PAUSE, Event.DELETE}),
        (State.RUNNING, {Event.FREEZE, Event.PAUSE, Event.DELETE}),
        (State.FREEZING, {Event.DELETE}),
        (State.FROZEN, {Event.START, Event.PAUSE, Event.DELETE}),
        (State.PAUSING, {Event.DELETE}),
        (State.PAUSED, {Event.START, Event.DELETE}),
        (State.DELETING, set()),
        (State.TRASHED, set()),
        (State.PURGING, set()),
    ],
)
def test_the_buttons_follow_from_the_table(state: State, buttons: set[Event]) -> None:
    assert allowed_events(state) == buttons


def test_every_state_on_its_way_has_an_end() -> None:
    for state in IN_TRANSITION:
        assert set(TRANSITIONS[state].values()) - IN_TRANSITION


def test_the_diagram_names_every_transition() -> None:
    drawn = mermaid()
    assert drawn.startswith("stateDiagram-v2")
    assert drawn.count("-->") == sum(len(row) for row in TRANSITIONS.values())
