"""Saving, renaming and deleting a notebook under a lease: the holder may, and nobody past them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import builders
from lease_scene import BODY, editor, held, laid_out, place, state
from terraspawner.domain.lease import LEASE, Claim
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import LeaseHeld, LeaseLost, NotebookMovedOn
from terraspawner.operations import leases, notebooks
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.storage.base import Bucket
from terraspawner.storage.errors import BucketUnavailable


@pytest.fixture
def version(context: Context, workspace: Workspace) -> str:
    """Of ana's notebook; ben is a writer."""
    return laid_out(context)


@pytest.mark.feature("F3")
def test_a_save_by_the_holder_renews_and_any_other_claim_is_refused(
    context: Context, clock: builders.Clock, version: str
) -> None:
    mine = held(context)
    builders.pass_time(context, clock, 80)
    saved = notebooks.save_notebook(context, place(), BODY, version, mine)
    builders.pass_time(context, clock, 80)
    assert state(context) == "held"
    for claim, error in (
        (Claim(editor=mine.editor, fence=0), LeaseLost),
        (Claim(editor=editor("ben"), fence=1), LeaseLost),
        (Claim(editor=editor("ben")), LeaseHeld),
        (None, LeaseHeld),
    ):
        with pytest.raises(error):
            notebooks.save_notebook(context, place("ben"), BODY + b"\n", saved.version, claim)
    assert notebooks.read_notebook(context, place())[1].version == saved.version


@pytest.mark.feature("F3")
def test_who_slept_past_the_lease_overwrites_nothing(context: Context, clock: builders.Clock, version: str) -> None:
    mine = held(context)
    builders.pass_time(context, clock, 90)
    bens = held(context, "ben")
    with pytest.raises(LeaseLost, match="ben"):
        notebooks.save_notebook(context, place(), BODY, version, mine)
    saved = notebooks.save_notebook(context, place("ben"), BODY, version, bens)
    leases.release(context, place("ben"), bens)
    with pytest.raises(LeaseLost):  # also where nobody holds it by now
        notebooks.save_notebook(context, place(), BODY + b"\n", saved.version, mine)
    again = held(context)
    with pytest.raises(NotebookMovedOn):  # a new lease is no leave to overwrite
        notebooks.save_notebook(context, place(), BODY + b"\n", version, again)


class BucketThatBreaks:
    """Writes no notebook, as where the service ends between its decision and the bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def carry_out(key: str, *arguments: object) -> object:
            if verb == "write" and key.startswith(FOLDER):
                raise BucketUnavailable
            found: object = getattr(self._bucket, verb)(key, *arguments)
            return found

        return carry_out


@pytest.mark.feature("F3")
def test_who_is_granted_it_reads_what_the_last_holder_had_saved_half_way(
    context: Context, clock: builders.Clock, version: str
) -> None:
    mine = held(context)
    breaking = replace(context, bucket=lambda workspace_id: BucketThatBreaks(context.bucket(workspace_id)))
    with pytest.raises(BucketUnavailable):
        notebooks.save_notebook(breaking, place(), BODY, version, mine)
    builders.pass_time(context, clock, LEASE.total_seconds())
    bens = held(context, "ben")
    body, info = notebooks.read_notebook(context, place("ben"))
    assert body == BODY
    saved = notebooks.save_notebook(context, place("ben"), BODY + b"\n", info.version, bens)
    for claim in (mine, replace(mine, fence=bens.fence)):
        with pytest.raises(LeaseLost):
            notebooks.save_notebook(context, place(), BODY, saved.version, claim)
    assert notebooks.read_notebook(context, place())[0] == BODY + b"\n"


def test_a_rename_by_the_holder_takes_the_lease_along(context: Context, version: str) -> None:
    notebooks.create_notebook(context, place(path="b.ipynb"), "python3")
    for number in range(3):
        leases.acquire(context, place(path="b.ipynb"), editor(session=f"s{number}"))
        leases.release(context, place(path="b.ipynb"), Claim(editor=editor(session=f"s{number}"), fence=number + 1))
    b_version = notebooks.read_notebook(context, place(path="b.ipynb"))[1].version
    notebooks.delete_notebook(context, place(path="b.ipynb"), b_version)
    mine = held(context)
    with pytest.raises(LeaseHeld):
        notebooks.rename_notebook(context, place("ben"), "b", version)
    with pytest.raises(LeaseLost):
        notebooks.rename_notebook(context, place(), "b", version, Claim(editor=mine.editor, fence=7))
    notebooks.rename_notebook(context, place(), "b", version, mine)
    there = leases.look(context, place(path="b.ipynb")).lease
    assert (there.holder, there.fence) == (mine.editor, 4)
    version = notebooks.read_notebook(context, place(path="b.ipynb"))[1].version
    notebooks.rename_notebook(context, place(path="b.ipynb"), "a", version)
    assert state(context) == "free"  # nobody else held it, and whose tab it was does not know the new name
    assert held(context).fence == 2


def test_a_deletion_ends_the_lease_and_the_fence_goes_on(context: Context, version: str) -> None:
    mine = held(context, "ben")
    with pytest.raises(LeaseHeld):
        notebooks.delete_notebook(context, place(), version)
    notebooks.delete_notebook(context, place("ben"), version)
    notebooks.create_notebook(context, place(), "python3")
    assert state(context) == "free"
    assert held(context).fence == mine.fence + 1
