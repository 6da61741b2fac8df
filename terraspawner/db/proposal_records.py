"""Rows of proposals, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import notebook_tables as t
from terraspawner.domain.history import NotebookState
from terraspawner.domain.proposal import Proposal, ProposalState

_COLUMNS = tuple(column.name for column in t.notebook_proposal.columns)
_p = t.notebook_proposal.c
_IS_OPEN = _p.state == str(ProposalState.OPEN)


def insert(connection: sa.Connection, proposal: Proposal) -> None:
    values = {name: getattr(proposal, name) for name in _COLUMNS} | {"state": str(proposal.state)}
    connection.execute(sa.insert(t.notebook_proposal).values(**values))


def of_notebook(connection: sa.Connection, notebook_id: str) -> list[Proposal]:
    """All, the newest first."""
    query = sa.select(t.notebook_proposal).where(_p.notebook_id == notebook_id).order_by(_p.at.desc(), _p.id)
    return [_proposal(row) for row in connection.execute(query).mappings()]


def by_id(connection: sa.Connection, notebook_id: str, proposal_id: str) -> Proposal | None:
    query = sa.select(t.notebook_proposal).where(_p.notebook_id == notebook_id, _p.id == proposal_id)
    row = connection.execute(query).mappings().one_or_none()
    return _proposal(row) if row else None


def made_by(connection: sa.Connection, workspace_id: str, proposer: str) -> list[Proposal]:
    """All that somebody made in a workspace."""
    query = (
        sa.select(t.notebook_proposal)
        .join(t.notebook, t.notebook.c.id == _p.notebook_id)
        .where(t.notebook.c.workspace_id == workspace_id, _p.proposer == proposer)
    )
    return [_proposal(row) for row in connection.execute(query).mappings()]


def close(
    connection: sa.Connection, proposal_id: str, state: ProposalState, *, by: str, at: datetime, word: str = ""
) -> bool:
    """False where it was closed before."""
    done = connection.execute(
        sa.update(t.notebook_proposal)
        .where(_p.id == proposal_id, _IS_OPEN)
        .values(state=str(state), closed_by=by, closed_at=at, word=word)
    )
    return done.rowcount == 1


def delete(connection: sa.Connection, ids: Iterable[str]) -> None:
    connection.execute(sa.delete(t.notebook_proposal).where(_p.id.in_(list(ids))))


def open_digests(connection: sa.Connection, workspace_id: str) -> set[str]:
    """The hashes of the bytes of all that are open in a workspace."""
    query = (
        sa.select(_p.sha256)
        .join(t.notebook, t.notebook.c.id == _p.notebook_id)
        .where(t.notebook.c.workspace_id == workspace_id, _IS_OPEN)
    )
    return {digest for (digest,) in connection.execute(query.distinct())}


def open_counts(connection: sa.Connection, workspace_id: str) -> dict[str, int]:
    """How many are open, by the path of the notebook, where any are."""
    query = (
        sa.select(t.notebook.c.path, sa.func.count())
        .join(t.notebook, t.notebook.c.id == _p.notebook_id)
        .where(t.notebook.c.workspace_id == workspace_id, t.notebook.c.state == str(NotebookState.LIVE), _IS_OPEN)
        .group_by(t.notebook.c.path)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def open_bases(connection: sa.Connection, notebook_id: str) -> set[int]:
    """The numbers of the versions that open ones came from."""
    query = sa.select(_p.base).where(_p.notebook_id == notebook_id, _IS_OPEN)
    return {number for (number,) in connection.execute(query.distinct())}


def _proposal(row: sa.RowMapping) -> Proposal:
    return Proposal(**{**{name: row[name] for name in _COLUMNS}, "state": ProposalState(row["state"])})
