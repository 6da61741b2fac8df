"""The reconciler's tables: each case, and what must hold for every combination there is (K1)."""

from __future__ import annotations

import itertools

import pytest

from terraspawner.domain.disk import DiskState
from terraspawner.domain.environment import State
from terraspawner.domain.reconcile import (
    CASES,
    DISK_CASES,
    Act,
    Container,
    Server,
    judge,
    judge_disk,
    needs_hub,
    states_to_ask,
)

S, H, C = State, Server, Container
OURS, HALF = False, True
ALL = list(itertools.product([*State, None], Server, Container, (OURS, HALF)))

JUDGED = [
    # state, Hub, container, half-made -> act
    (S.DELETING, H.UNKNOWN, C.UNKNOWN, OURS, Act.FINISH_DELETION),
    (S.DELETING, H.STOPPED, C.NONE, OURS, Act.FINISH_DELETION),
    (S.CREATING, H.STOPPED, C.NONE, HALF, Act.STOP),
    (S.CREATING, H.BUSY, C.STOPPED, HALF, None),
    (S.STARTING, H.STOPPED, C.UNKNOWN, OURS, Act.STOP),
    (S.RUNNING, H.READY, C.RUNNING, OURS, None),
    (S.RUNNING, H.READY, C.NONE, OURS, None),
    (S.RUNNING, H.STOPPED, C.RUNNING, OURS, Act.STOP),
    (S.RUNNING, H.STOPPED, C.UNKNOWN, OURS, Act.STOP),
    (S.RUNNING, H.UNKNOWN, C.NONE, OURS, None),
    (S.PAUSING, H.BUSY, C.RUNNING, OURS, None),
    (S.PAUSING, H.READY, C.RUNNING, OURS, Act.STOP),
    (S.PAUSING, H.STOPPED, C.STOPPED, OURS, Act.STOP),
    (S.FREEZING, H.READY, C.RUNNING, OURS, Act.FREEZE),
    (S.FREEZING, H.STOPPED, C.FROZEN, OURS, Act.NOTE_FROZEN),
    (S.FREEZING, H.STOPPED, C.NONE, OURS, Act.STOP),
    (S.FREEZING, H.STOPPED, C.UNKNOWN, OURS, None),
    (S.FROZEN, H.STOPPED, C.FROZEN, OURS, None),
    (S.FROZEN, H.STOPPED, C.RUNNING, OURS, Act.STOP),
    (S.FROZEN, H.STOPPED, C.NONE, OURS, Act.STOP),
    (S.FROZEN, H.READY, C.FROZEN, OURS, Act.STOP),
    (S.FROZEN, H.STOPPED, C.UNKNOWN, OURS, None),
    (S.PAUSED, H.STOPPED, C.STOPPED, OURS, None),
    (S.PAUSED, H.STOPPED, C.RUNNING, OURS, Act.STOP_CONTAINER),
    (S.PAUSED, H.STOPPED, C.FROZEN, OURS, Act.STOP_CONTAINER),
    (S.PAUSED, H.READY, C.RUNNING, OURS, Act.STOP),
    (S.PAUSED, H.BUSY, C.RUNNING, OURS, None),
    (S.PAUSED, H.STOPPED, C.NONE, OURS, Act.NOTE_GONE),
    (S.PAUSED, H.STOPPED, C.NONE, HALF, None),
    (S.PAUSED, H.STOPPED, C.STOPPED, HALF, Act.REMOVE_CONTAINER),
    (S.PAUSED, H.STOPPED, C.RUNNING, HALF, Act.REMOVE_CONTAINER),
    (S.PAUSED, H.BUSY, C.STOPPED, HALF, None),
    (S.PAUSED, H.UNKNOWN, C.NONE, OURS, None),
    (S.TRASHED, H.UNKNOWN, C.STOPPED, OURS, None),
    (S.TRASHED, H.READY, C.STOPPED, OURS, None),  # a newer one runs under the same name
    (S.TRASHED, H.UNKNOWN, C.UNKNOWN, OURS, None),
    (S.TRASHED, H.READY, C.RUNNING, OURS, Act.STOP_CONTAINER),
    (S.TRASHED, H.UNKNOWN, C.FROZEN, OURS, Act.STOP_CONTAINER),
    (S.TRASHED, H.UNKNOWN, C.NONE, OURS, Act.PURGE),
    (S.TRASHED, H.UNKNOWN, C.STOPPED, HALF, Act.PURGE),
    (S.PURGING, H.READY, C.STOPPED, OURS, Act.FINISH_DELETION),
    (S.PURGING, H.UNKNOWN, C.NONE, OURS, Act.FINISH_DELETION),
    (S.NONE, H.UNKNOWN, C.STOPPED, OURS, Act.REMOVE_CONTAINER),
    (S.NONE, H.UNKNOWN, C.RUNNING, OURS, Act.REMOVE_CONTAINER),
    (None, H.UNKNOWN, C.RUNNING, OURS, Act.STOP_CONTAINER),
    (None, H.UNKNOWN, C.STOPPED, OURS, Act.REPORT),
]


@pytest.mark.feature("K1")
@pytest.mark.parametrize(("state", "server", "container", "half_made", "act"), JUDGED)
def test_the_table(state: State | None, server: Server, container: Container, half_made: bool, act: Act | None) -> None:
    case = judge(state, server, container, half_made=half_made)
    assert (case.act if case else None) is act


def test_every_case_is_the_first_that_fits_somewhere() -> None:
    met = {id(judge(state, server, container, half_made=half)) for state, server, container, half in ALL}
    assert [case.why for case in CASES if id(case) not in met] == []


@pytest.mark.feature("K1")
def test_nothing_follows_from_silence_or_from_what_is_under_way() -> None:
    for state, server, container, half_made in ALL:
        case = judge(state, server, container, half_made=half_made)
        is_told = case is not None and case.act is not Act.FINISH_DELETION
        if is_told and state not in (None, S.NONE, S.TRASHED):
            assert server not in (H.UNKNOWN, H.BUSY)
        if is_told and container is C.UNKNOWN:
            assert case is not None
            assert case.act is Act.STOP
            assert state is not S.TRASHED
            assert state not in (S.PAUSED, S.FROZEN, S.FREEZING)


@pytest.mark.feature("K1")
def test_nothing_that_a_person_could_resume_is_removed() -> None:
    for state, server, container, half_made in ALL:
        case = judge(state, server, container, half_made=half_made)
        if case and case.act is Act.REMOVE_CONTAINER:
            assert state is S.NONE or (state is S.PAUSED and half_made)


@pytest.mark.feature("C17", "K1")
def test_nothing_that_a_person_could_restore_is_purged_and_of_the_trash_the_hub_is_not_asked() -> None:
    for state, server, container, half_made in ALL:
        case = judge(state, server, container, half_made=half_made)
        if case and case.act is Act.PURGE:
            assert state is S.TRASHED
            assert container is C.NONE or half_made
        if state in (S.TRASHED, S.PURGING):
            assert not needs_hub(state, container, half_made=half_made)
            assert case == judge(state, H.UNKNOWN, container, half_made=half_made)


def test_the_hub_is_asked_where_its_answer_matters() -> None:
    for state, container, half_made in itertools.product([*State, None], Container, (OURS, HALF)):
        answers = {judge(state, server, container, half_made=half_made) for server in Server}
        assert needs_hub(state, container, half_made=half_made) or len(answers) == 1
    assert {state for state in State if needs_hub(state, C.UNKNOWN, half_made=OURS)} <= states_to_ask()


@pytest.mark.feature("K1")
@pytest.mark.parametrize(
    ("state", "has_volume", "was_used", "act"),
    [
        (DiskState.ATTACHED, True, True, None),
        (DiskState.ATTACHED, False, False, None),
        (DiskState.ATTACHED, False, True, Act.REPORT),
        (DiskState.KEPT, False, True, Act.REPORT),
        (DiskState.KEPT, True, True, None),
        (DiskState.DELETING, True, True, Act.FINISH_DELETION),
        (DiskState.DELETING, False, True, Act.FINISH_DELETION),
        (DiskState.DELETED, True, True, Act.REMOVE_VOLUME),
        (DiskState.DELETED, False, True, None),
        (None, True, False, Act.REPORT),
    ],
)
def test_the_table_of_disks(state: DiskState | None, has_volume: bool, was_used: bool, act: Act | None) -> None:
    case = judge_disk(state, has_volume=has_volume, was_used=was_used)
    assert (case.act if case else None) is act


@pytest.mark.feature("K1")
def test_no_volume_is_removed_but_one_whose_disk_a_person_deleted() -> None:
    assert {state for case in DISK_CASES if case.act is Act.REMOVE_VOLUME for state in case.states} == {
        DiskState.DELETED
    }
