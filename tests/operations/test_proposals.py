"""What was changed in a copy is proposed for the notebook: by who may read it, to who may change it."""

from __future__ import annotations

import pytest

import builders
from saving_process import text_of
from terraspawner.domain import proposal as rules
from terraspawner.domain.access import Role
from terraspawner.domain.proposal import Proposal, ProposalState
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import NotAllowed, NotebookMissing, ProposalMissing, Refused, VersionMissing, WorkspaceMissing
from terraspawner.operations import audit, histories, members, notebooks, proposals, trash, unused_versions
from terraspawner.operations.context import Context
from terraspawner.storage.blobs import HISTORY


@pytest.fixture(autouse=True)
def workspace(context: Context) -> Workspace:
    at = builders.workspace(context)
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.READER)
    notebooks.save_notebook(context, place("ana"), text_of("one"), None)
    return at


def place(user: str = "ben", path: str = "a.ipynb") -> notebooks.Place:
    return notebooks.Place(user=user, namespace="ana", name="alpha", path=path)


def proposed(
    context: Context, word: str = "mine", user: str = "ben", path: str = "a.ipynb", note: str = ""
) -> Proposal:
    return proposals.propose(context, place(user, path), text_of(word), base="1", note=note)


def states(context: Context, user: str) -> list[ProposalState]:
    return [each.state for each in proposals.list_proposals(context, place(user)).proposals]


@pytest.mark.feature("F13")
def test_a_reader_proposes_and_a_writer_declines_with_a_word(context: Context) -> None:
    made = proposed(context, note=" a\nbetter \x00 plot ")
    assert (made.proposer, made.base, made.note, made.state) == ("ben", 1, "a better plot", ProposalState.OPEN)
    offers = proposals.list_proposals(context, place("ana"))
    assert (offers.open, offers.may_decide) == ([made], True)
    assert not proposals.list_proposals(context, place("ben")).may_decide
    assert proposals.read_proposal(context, place("ana"), made.id)[0] == text_of("mine")
    closed = proposals.close(context, place("ana"), made.id, "not now")
    assert (closed.state, closed.closed_by, closed.word) == (ProposalState.DECLINED, "ana", "not now")
    assert proposals.list_proposals(context, place("ben")).proposals == [closed]
    for act in (proposals.read_proposal, proposals.close):
        with pytest.raises(ProposalMissing):
            act(context, place("ana"), made.id)
    noted = [(each.actor, each.action) for each in audit.entries(context, user="ana", is_operator=False)]
    assert [each for each in noted if "propos" in each[1]] == [
        ("ana", "proposal-declined"),
        ("ben", "notebook-proposed"),
    ]


def test_who_may_not_change_the_notebook_decides_about_the_own_alone(context: Context) -> None:
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="operator", role=Role.READER)
    made = proposed(context)
    with pytest.raises(NotAllowed):
        proposals.close(context, place("operator"), made.id)
    assert proposals.close(context, place("ben"), made.id).state is ProposalState.WITHDRAWN
    assert states(context, "operator") == []  # what became of ben's is ben's
    for act in (lambda: proposed(context, user="eva"), lambda: proposals.list_proposals(context, place("eva"))):
        with pytest.raises(WorkspaceMissing):
            act()


def test_the_next_one_of_a_person_takes_the_place_of_the_one_before(context: Context) -> None:
    first, second = proposed(context, "first"), proposed(context, "second")
    assert [each.id for each in proposals.list_proposals(context, place("ben")).proposals] == [second.id]
    with pytest.raises(ProposalMissing):
        proposals.read_proposal(context, place("ana"), first.id)


@pytest.mark.parametrize("word", ["one", "two"])
def test_what_changes_nothing_is_no_proposal(context: Context, word: str) -> None:
    present = notebooks.read_notebook(context, place("ana"))[1]
    notebooks.save_notebook(context, place("ana"), text_of("two"), present.version)
    with pytest.raises(Refused, match="nothing was changed"):
        proposed(context, word)


def test_a_proposal_for_nothing_or_from_nowhere_or_of_no_notebook_is_refused(context: Context) -> None:
    with pytest.raises(NotebookMissing):
        proposed(context, path="b.ipynb")
    with pytest.raises(VersionMissing):
        proposals.propose(context, place(), text_of("mine"), base="9")
    with pytest.raises(Refused):
        proposals.propose(context, place(), b"[]", base="1")
    with pytest.raises(Refused, match="Say it shorter"):
        proposed(context, note="x" * (rules.LONGEST_NOTE + 1))
    assert states(context, "ana") == []


def test_there_is_an_end_to_what_readers_can_fill(context: Context) -> None:
    for number in range(rules.MOST_OF_ONE):
        path = f"{number}.ipynb"
        notebooks.save_notebook(context, place("ana", path), text_of("one"), None)
        proposed(context, path=path)
    with pytest.raises(Refused, match="open proposals in this workspace"):
        proposed(context)
    proposed(context, "again", path="0.ipynb")  # in place of the one there
    assert rules.refusal(others_open=rules.MOST_OPEN, own_elsewhere=0, own_today=0) is not None
    assert rules.refusal(others_open=0, own_elsewhere=0, own_today=rules.MOST_A_DAY) is not None
    assert rules.refusal(others_open=0, own_elsewhere=0, own_today=rules.MOST_A_DAY - 1) is None


def test_its_bytes_and_the_version_it_came_from_are_kept_while_it_is_open(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    for word in ("two", "three"):
        present = notebooks.read_notebook(context, place("ana"))[1]
        notebooks.save_notebook(context, place("ana"), text_of(word), present.version)
    made = proposals.propose(context, place(), text_of("mine"), base="2")
    clock.move(days=40)
    present = notebooks.read_notebook(context, place("ana"))[1]
    notebooks.save_notebook(context, place("ana"), text_of("four"), present.version)
    clock.move(days=2)
    histories.thin(context, workspace.id)
    unused_versions.forget_blobs(context, workspace.id)
    numbers = [each.number for each in histories.list_versions(context, place("ana")).versions]
    assert 2 in numbers
    assert proposals.read_proposal(context, place("ana"), made.id)[0] == text_of("mine")
    proposals.close(context, place("ana"), made.id)
    before = len(list(context.bucket(workspace.id).list(HISTORY)))
    histories.thin(context, workspace.id)
    assert unused_versions.forget_blobs(context, workspace.id) > 0
    assert len(list(context.bucket(workspace.id).list(HISTORY))) < before


def test_proposals_follow_a_rename_wait_in_the_trash_and_go_with_the_notebook(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    made = proposed(context)
    version = notebooks.read_notebook(context, place("ana"))[1].version
    notebooks.rename_notebook(context, place("ana"), "b.ipynb", version)
    assert proposals.list_proposals(context, place("ana", "b.ipynb")).open == [made]
    version = notebooks.read_notebook(context, place("ana", "b.ipynb"))[1].version
    item = notebooks.delete_notebook(context, place("ana", "b.ipynb"), version)
    with pytest.raises(NotebookMissing):
        proposals.list_proposals(context, place("ana", "b.ipynb"))
    trash.restore(context, user="ana", item_id=item.id)
    assert proposals.list_proposals(context, place("ana", "b.ipynb")).open == [made]
