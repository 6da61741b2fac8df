"""Proposals: what somebody changed in a copy of a notebook, offered to those who may change the notebook itself (F13).

A proposal is a whole notebook and the version that it came from, so that it can be merged however far the notebook has
gone on since. Who may read may propose; so what a reader can fill is bounded.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from terraspawner.errors import Refused

MOST_OPEN = 20
"""Open ones of one notebook. One person has one there: the next takes its place."""
MOST_OF_ONE = 20
"""Open ones of one person in a workspace."""
MOST_A_DAY = 100
"""Made by one person in a workspace within a day, those that were replaced included: their bytes go a day later."""
MOST_CLOSED = 50
"""Closed ones of one notebook that are remembered, so that their makers learn what became of them."""
LONGEST_NOTE = 500


class ProposalState(enum.StrEnum):
    """`withdrawn` by who made it, `declined` by who might have merged it."""

    OPEN = "open"
    MERGED = "merged"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`base` is the number of the version that it came from; `note` says what it is about, `word` why it was declined.
    `closed_by` is empty while it is open."""

    id: str
    notebook_id: str
    proposer: str
    base: int
    sha256: str
    size: int
    note: str
    at: datetime
    state: ProposalState = ProposalState.OPEN
    closed_by: str = ""
    closed_at: datetime | None = None
    word: str = ""

    @property
    def is_open(self) -> bool:
        return self.state is ProposalState.OPEN


def refusal(*, others_open: int, own_elsewhere: int, own_today: int) -> Refused | None:
    """Why there can be no further one: `others_open` are those of others for the same notebook, `own_elsewhere` the
    person's own for other notebooks of the workspace, `own_today` all that the person made there within a day."""
    if others_open >= MOST_OPEN:
        return Refused(
            f"{others_open} proposals for this notebook are open already, and no more are taken. Ask its writers to"
            " merge or decline some, or save your notebook as a copy."
        )
    if own_elsewhere >= MOST_OF_ONE:
        return Refused(
            f"You have {own_elsewhere} open proposals in this workspace, and no more are taken. Withdraw one that you"
            " no longer need, or wait until some are merged."
        )
    if own_today >= MOST_A_DAY:
        return Refused(
            f"You have made {own_today} proposals in this workspace within a day. Make the next one tomorrow."
        )
    return None


def note_of(text: str) -> str:
    """What somebody wrote to a proposal, on one line. Raises `Refused` where it is too long."""
    told = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(told) > LONGEST_NOTE:
        raise Refused(f"That is {len(told)} characters long; {LONGEST_NOTE} are taken. Say it shorter.")
    return told
