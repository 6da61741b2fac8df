"""The three-way compare, whole: which texts meet, and what opening a notebook then does."""

from __future__ import annotations

from itertools import product

import pytest

from terraspawner_environment.compare import Base, Present, Remote, Step, decide

OLD, MINE, THEIRS, MINE_BEFORE = "old", "mine", "theirs", "mine before"
BASE = Base(version="v1", sha256=OLD)
UNCHANGED = Present(version="v1", sha256=OLD)
CHANGED = Present(version="v2", sha256=THEIRS)


@pytest.mark.parametrize(
    ("local", "base", "remote", "step"),
    [
        (None, None, CHANGED, Step.TAKE_THEIRS),
        (None, BASE, UNCHANGED, Step.TAKE_THEIRS),
        (None, None, Remote.ABSENT, Step.NOT_THERE),
        (None, BASE, Remote.ABSENT, Step.NOT_THERE),
        (None, None, Remote.UNKNOWN, Step.CANNOT_TELL),
        (None, BASE, Remote.UNKNOWN, Step.CANNOT_TELL),
        (OLD, BASE, UNCHANGED, Step.ADOPT),
        (OLD, BASE, CHANGED, Step.TAKE_THEIRS),
        (OLD, BASE, Remote.ABSENT, Step.SET_ASIDE),
        (OLD, BASE, Remote.UNKNOWN, Step.OPEN_LOCAL),
        (MINE, BASE, UNCHANGED, Step.SEND),
        (MINE, BASE, CHANGED, Step.KEEP_COPY),
        (MINE, BASE, Present(version="v2", sha256=MINE), Step.ADOPT),
        (MINE, BASE, Present(version="v3", sha256=OLD), Step.SEND),
        (MINE, BASE, Remote.ABSENT, Step.KEEP_COPY),
        (MINE, BASE, Remote.UNKNOWN, Step.OPEN_LOCAL),
        (MINE, None, CHANGED, Step.KEEP_COPY),
        (MINE, None, Present(version="v2", sha256=MINE), Step.ADOPT),
        (MINE, None, Remote.ABSENT, Step.SEND),
        (MINE, None, Remote.UNKNOWN, Step.OPEN_LOCAL),
    ],
)
def test_each_meeting_of_texts_has_one_answer(
    local: str | None, base: Base | None, remote: Present | Remote, step: Step
) -> None:
    decision = decide(local=local, base=base, remote=remote)
    assert decision.step is step
    assert decision.because


def test_a_save_of_ours_whose_answer_was_lost_is_no_conflict() -> None:
    remote = Present(version="v2", sha256=MINE_BEFORE)
    assert decide(local=MINE, base=BASE, remote=remote).step is Step.KEEP_COPY
    assert decide(local=MINE, base=BASE, remote=remote, sent=[MINE_BEFORE]).step is Step.SEND


def test_no_text_that_exists_only_here_is_ever_overwritten() -> None:
    locals_ = [None, OLD, MINE, MINE_BEFORE]
    bases = [None, BASE, Base(version="v2", sha256=MINE_BEFORE)]
    remotes = [Remote.ABSENT, Remote.UNKNOWN, UNCHANGED, CHANGED, Present(version="v3", sha256=MINE)]
    for local, base, remote, sent in product(locals_, bases, remotes, [(), (MINE_BEFORE,), (THEIRS,)]):
        step = decide(local=local, base=base, remote=remote, sent=sent).step
        if step in (Step.TAKE_THEIRS, Step.SET_ASIDE):
            assert local is None or (base is not None and local == base.sha256)
        if step is Step.ADOPT:
            assert isinstance(remote, Present)
            assert local == remote.sha256


def test_an_unreachable_workspace_never_changes_the_disk() -> None:
    for local, base in product([None, OLD, MINE], [None, BASE]):
        step = decide(local=local, base=base, remote=Remote.UNKNOWN).step
        assert step in (Step.OPEN_LOCAL, Step.CANNOT_TELL)
