"""Proposals for a notebook: made by who may read it, merged or declined by who may change it (F13).

Their bytes lie beside those of versions, under their hash, and are kept while a proposal is open (`unused_versions`);
so is the version that it came from. They belong to the notebook's id: a rename takes them along, the trash keeps them,
and they go with it for good. Merging is done outside (`web.proposals`): it is a save like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from terraspawner.db import notebook_records, proposal_records
from terraspawner.domain import proposal as rules
from terraspawner.domain.access import Action, permits
from terraspawner.domain.history import Notebook, NotebookState, NotebookVersion
from terraspawner.domain.proposal import Proposal, ProposalState
from terraspawner.domain.workspace import Membership
from terraspawner.errors import NotAllowed, ProposalMissing, Refused
from terraspawner.operations import audit, histories, notebooks, workspaces
from terraspawner.operations.context import Context, new_id
from terraspawner.operations.notebooks import Place
from terraspawner.storage import blobs
from terraspawner.storage.errors import ObjectMissing

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The proposals for one notebook, the newest first; `may_decide` whether the person may merge and decline them."""

    notebook: Notebook
    proposals: Sequence[Proposal]
    may_decide: bool

    @property
    def open(self) -> list[Proposal]:
        return [each for each in self.proposals if each.is_open]


def list_proposals(context: Context, place: Place) -> Offers:
    """The open ones; of the closed ones the person's own, for who may decide all. Raises `NotebookMissing`."""
    at, present = histories.live_notebook(context, place)
    with context.database.read() as connection:
        every = proposal_records.of_notebook(connection, present.id)
    decides = bool(permits(at.standing, Action.WRITE_NOTEBOOKS))
    seen = [each for each in every if each.is_open or decides or each.proposer == place.user]
    told = [each for each in seen if each.state is not ProposalState.REPLACED]
    return Offers(notebook=present, proposals=told, may_decide=decides)


def propose(context: Context, place: Place, body: bytes, *, base: str, note: str = "") -> Proposal:
    """Offer `body`, which came from version `base` (its number or opaque name; empty for the present one), in place of
    what the person offered before.

    Raises `NotebookMissing`, `VersionMissing`, `NotebookTooLarge`, `NotebookInvalid`, `Refused` where there are too
    many or nothing is changed.
    """
    at, present = histories.live_notebook(context, place)
    said = rules.note_of(note)
    notebooks.check_body(context, present.path, body)
    _may_propose(context, place, at, present, base)  # before the bytes are kept; it is asked again below
    sha256 = blobs.keep(context.bucket(at.workspace.id), body)
    with context.database.write() as connection:
        workspaces.within(
            connection, user=place.user, namespace=place.namespace, name=place.name, action=Action.READ_NOTEBOOKS
        )
        came_from, replaced = _admitted(context, connection, place, at, present, base)
        if sha256 in (came_from.sha256, present.sha256):
            raise Refused(f"That is {present.path!r} as it is: nothing was changed, so there is nothing to propose.")
        if replaced is not None:
            now = context.now()
            proposal_records.close(connection, replaced.id, ProposalState.REPLACED, by=place.user, at=now)
        made = Proposal(
            id=new_id(),
            notebook_id=present.id,
            proposer=place.user,
            base=came_from.number,
            sha256=sha256,
            size=len(body),
            note=said,
            at=context.now(),
        )
        proposal_records.insert(connection, made)
        _note(context, connection, place, present, made, "notebook-proposed")
    return made


def read_proposal(context: Context, place: Place, proposal_id: str) -> tuple[bytes, Proposal, Notebook]:
    """The bytes of an open one. Raises `NotebookMissing`, `ProposalMissing`."""
    at, present = histories.live_notebook(context, place)
    with context.database.read() as connection:
        found = _open(connection, present, proposal_id)
    try:
        return blobs.read(context.bucket(at.workspace.id), found.sha256), found, present
    except ObjectMissing as error:  # closed in this moment
        raise _missing(present) from error


def close(context: Context, place: Place, proposal_id: str, word: str = "") -> Proposal:
    """Withdraw one's own, or decline somebody's with a word to them. Raises `ProposalMissing`, `NotAllowed`."""
    at, present = histories.live_notebook(context, place)
    said = rules.note_of(word)
    with context.database.write() as connection:
        found = _open(connection, present, proposal_id)
        is_own = found.proposer == place.user
        if not is_own and not permits(at.standing, Action.WRITE_NOTEBOOKS):
            raise NotAllowed(
                "Only who made a proposal withdraws it, and who may change the notebook declines it.",
                needed=("writer",),
            )
        state = ProposalState.WITHDRAWN if is_own else ProposalState.DECLINED
        return _closed(context, connection, place, present, found, state, said)


def close_merged(context: Context, place: Place, proposal_id: str) -> Proposal:
    """It is in the notebook now. One that was closed meanwhile stays as it is: the save is done."""
    _, present = histories.live_notebook(context, place)
    with context.database.write() as connection:
        found = proposal_records.by_id(connection, present.id, proposal_id)
        if found is None:
            raise _missing(present)
        return _closed(context, connection, place, present, found, ProposalState.MERGED, "")


def count_open(context: Context, *, user: str, namespace: str, name: str) -> dict[str, int]:
    """How many are open, by the path of the notebook, where any are: for pages. Raises `WorkspaceMissing`."""
    with context.database.read() as connection:
        at = workspaces.within(connection, user=user, namespace=namespace, name=name, action=Action.READ_NOTEBOOKS)
        return proposal_records.open_counts(connection, at.workspace.id)


def _may_propose(context: Context, place: Place, at: Membership, present: Notebook, base: str) -> None:
    with context.database.read() as connection:
        _admitted(context, connection, place, at, present, base)


def _admitted(
    context: Context, connection: sa.Connection, place: Place, at: Membership, present: Notebook, base: str
) -> tuple[NotebookVersion, Proposal | None]:
    """The version that it came from, and the open proposal that it replaces. Raises as `propose`."""
    now = notebook_records.notebook_by_id(connection, present.id)
    if now is None or now.state is not NotebookState.LIVE:
        raise notebooks.missing(present.path)
    came_from = histories.find_version(connection, now, base)
    if came_from is None:
        raise histories.missing_version(now, base)
    there = [each for each in proposal_records.of_notebook(connection, present.id) if each.is_open]
    own = proposal_records.made_by(connection, at.workspace.id, place.user)
    refused = rules.refusal(
        others_open=sum(each.proposer != place.user for each in there),
        own_elsewhere=sum(each.is_open and each.notebook_id != present.id for each in own),
        own_today=sum(each.at > context.now() - _DAY for each in own),
    )
    if refused:
        raise refused
    return came_from, next((each for each in there if each.proposer == place.user), None)


def _closed(
    context: Context,
    connection: sa.Connection,
    place: Place,
    present: Notebook,
    found: Proposal,
    state: ProposalState,
    word: str,
) -> Proposal:
    if proposal_records.close(connection, found.id, state, by=place.user, at=context.now(), word=word):
        _note(context, connection, place, present, found, f"proposal-{state}")
    _forget_old(context, connection, present)
    closed = proposal_records.by_id(connection, present.id, found.id)
    return closed if closed is not None else found


def _forget_old(context: Context, connection: sa.Connection, present: Notebook) -> None:
    """Those of the last day are counted by a rule (`MOST_A_DAY`)."""
    closed = [each for each in proposal_records.of_notebook(connection, present.id) if not each.is_open]
    old = [each.id for each in closed[rules.MOST_CLOSED :] if each.at <= context.now() - _DAY]
    proposal_records.delete(connection, old)


def _open(connection: sa.Connection, present: Notebook, proposal_id: str) -> Proposal:
    found = proposal_records.by_id(connection, present.id, proposal_id)
    if found is None or not found.is_open:
        raise _missing(present)
    return found


def _note(
    context: Context, connection: sa.Connection, place: Place, present: Notebook, about: Proposal, action: str
) -> None:
    audit.note(
        context,
        connection,
        actor=place.user,
        action=action,
        subject=f"workspace:{place.namespace}/{place.name}",
        notebook=present.path,
        proposal=about.id,
        proposer=about.proposer,
    )


def _missing(present: Notebook) -> ProposalMissing:
    return ProposalMissing(
        f"There is no such open proposal for {present.path!r}: it was merged, declined, withdrawn or replaced by a"
        " newer one. Look which ones there are."
    )
