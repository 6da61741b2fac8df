"""What would be lost: the table of acts and sorts, and what is said where a part could not tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from terraspawner.domain.environment import Environment, Size, State
from terraspawner.domain.layer import Found, Layer
from terraspawner.domain.losses import CLAIMS, LOST, TRASHED, Act, Sort, losses_of

START = datetime(2026, 1, 1, tzinfo=UTC)
LAYER = Layer(
    apt=Found(names=("tree",)),
    pip=Found(names=("my-tool 1.2",)),
    r=Found(names=("jsonlite",)),
    files=Found(more=3),
    scratch=Found(names=("/scratch",)),
)


def ok(**changes: Any) -> Environment:
    """One that runs, with some of everything."""
    made = Environment(
        id="e" * 16,
        workspace_id="w" * 16,
        user="ana",
        state=State.RUNNING,
        since=START,
        reason="",
        log="",
        start_number=1,
        size=Size(cpu=1, memory=1),
        image="python",
        disk_id="d" * 16,
        container_id="c",
        deletes_disk=False,
        outbox_pending=2,
        kernels=({"path": "alpha/edit/a.ipynb", "state": "busy"}, {"path": "", "state": "idle"}),
        created_at=START,
        unsent=("a.ipynb",),
        terminals=1,
        trees=({"path": "~/code", "changed": 2, "unpushed": 0}, {"path": "~/lib", "changed": 0, "unpushed": 1}),
    )
    return replace(made, **changes)


def lost(act: Act, here: Environment | None, layer: Layer | None = LAYER, *, known: bool = True) -> dict[str, Found]:
    return {str(each.sort): each.found for each in losses_of(act, here, layer, is_layer_known=known).lost}


RUNNING = ["kernels", "terminals", "scratch"]
INSTALLED = ["apt", "pip", "r", "files"]
ON_DISK = ["unsent", "trees", "home"]


@pytest.mark.feature("C7")
@pytest.mark.parametrize(
    ("act", "sorts"),
    [
        (Act.PAUSE, RUNNING),
        (Act.UPDATE, RUNNING + INSTALLED),
        (Act.DELETE, RUNNING + INSTALLED),
        (Act.DELETE_DISK, RUNNING + INSTALLED + ON_DISK),
    ],
)
def test_each_act_ends_what_the_table_says(act: Act, sorts: list[str]) -> None:
    assert list(lost(act, ok())) == sorts
    assert {str(sort) for sort in LOST[act]} == set(sorts)
    paused = [sort for sort in sorts if sort not in RUNNING]
    assert list(lost(act, ok(state=State.PAUSED))) == paused
    assert list(lost(act, ok(state=State.FROZEN))) == sorts
    assert losses_of(act, ok(), LAYER, is_layer_known=True).unknown == ()


@pytest.mark.feature("C7", "C17")
@pytest.mark.parametrize(
    ("act", "sorts"),
    [
        (Act.PAUSE, []),
        (Act.UPDATE, []),
        (Act.DELETE, INSTALLED),
        (Act.DELETE_DISK, INSTALLED + ON_DISK),
    ],
)
def test_what_goes_into_the_trash_is_told_apart(act: Act, sorts: list[str]) -> None:
    def waiting(here: Environment | None) -> list[str]:
        return [str(each.sort) for each in losses_of(act, here, LAYER, is_layer_known=True).lost if each.is_trashed]

    assert waiting(ok()) == sorts
    assert all(TRASHED[each] <= LOST[each] for each in Act)
    # a container that never came up is kept by nobody
    assert waiting(ok(container_id="")) == [sort for sort in sorts if sort not in INSTALLED]
    assert waiting(None) == [sort for sort in sorts if sort == "home"]


@pytest.mark.feature("C7")
def test_things_are_named() -> None:
    found = lost(Act.DELETE_DISK, ok())
    assert found["kernels"].names == ("alpha/edit/a.ipynb (busy)", "a kernel without a notebook")
    assert found["terminals"] == Found(more=1)
    assert found["unsent"] == Found(names=("a.ipynb",), more=1)
    assert found["trees"].names == ("~/code (2 changed)", "~/lib (1 not pushed)")
    assert found["pip"].names == ("my-tool 1.2",)
    assert found["files"].count == 3


@pytest.mark.feature("C7")
def test_where_nothing_is_there_nothing_but_the_disk_is_lost() -> None:
    quiet = ok(outbox_pending=0, unsent=(), kernels=(), terminals=0, trees=())
    assert lost(Act.DELETE, quiet, Layer()) == {}
    assert lost(Act.PAUSE, None, None) == {}
    assert list(lost(Act.DELETE_DISK, None, None)) == ["home"]
    assert list(lost(Act.DELETE_DISK, quiet, None)) == ["home"]


@pytest.mark.feature("C7")
@pytest.mark.parametrize(
    ("act", "changes", "known", "said"),
    [
        (Act.PAUSE, {"terminals": None}, False, ["kernels and terminals", "what is in /scratch"]),
        (Act.PAUSE, {}, True, []),
        (Act.PAUSE, {"terminals": None, "state": State.PAUSED}, False, []),
        (Act.DELETE, {}, False, ["what is in /scratch", "packages and files"]),
        (Act.DELETE, {"state": State.PAUSED}, False, ["packages and files"]),
        (
            Act.UPDATE,
            {"terminals": None},
            False,
            ["kernels and terminals", "what is in /scratch", "packages and files"],
        ),
        (Act.DELETE_DISK, {"trees": None}, True, ["changes in git folders"]),
        (Act.DELETE, {"trees": None}, True, []),
    ],
)
def test_what_no_part_could_tell_is_said(act: Act, changes: dict[str, Any], known: bool, said: list[str]) -> None:
    found = losses_of(act, ok(**changes), None, is_layer_known=known)
    assert [sentence.partition(":")[0].removesuffix(" outside the home folder") for sentence in found.unknown] == said


@pytest.mark.feature("C7")
def test_what_the_environment_says_is_a_claim_and_the_engines_word_is_none() -> None:
    found = losses_of(Act.DELETE_DISK, ok(), LAYER, is_layer_known=True)
    assert {each.sort for each in found.lost if each.is_claim} == CLAIMS
    assert not CLAIMS & {Sort.APT, Sort.PIP, Sort.R, Sort.FILES}
