"""What a lease means for saving, renaming and deleting: the rules that are asked before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from terraspawner.domain.access import Action, Standing, permits
from terraspawner.domain.lease import Claim, Editor, Lease, LeaseState, as_of, is_held_by, is_live, state_of
from terraspawner.domain.lease_refusals import held, lost, needed
from terraspawner.errors import LeaseHeld, LeaseLost, LeaseNeeded

SAVES_NEED_A_LEASE = True
"""Whether an environment's save that names no lease is refused although nobody else holds one. What creates a notebook
needs none: there is none before it. A person's program needs none either: where nobody has the notebook, the very
transaction that asks for that makes the save, so there is no time in which a lease would keep others out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a save may go on; true when it may, else `refusal` says why not."""

    refusal: LeaseHeld | LeaseLost | LeaseNeeded | None = None

    def __bool__(self) -> bool:
        return self.refusal is None


def may_save(
    lease: Lease, claim: Claim, now: datetime, *, creates: bool = False, needs_lease: bool = SAVES_NEED_A_LEASE
) -> Verdict:
    """The rule of the save road; `creates`: the notebook shall not be there yet. The version that a save is based on is
    checked besides.

    A claim with a fence must be the holder's, with the present one; a lease that ran out and was not taken is good
    enough, as its fence says that nobody was granted it since. A claim without a fence is refused while somebody else
    holds the lease, or has it reserved; somebody else is also the same person in another place.
    """
    lease = as_of(lease, now)
    if claim.fence is not None:
        return Verdict() if is_held_by(lease, claim) else Verdict(refusal=lost(lease, now))
    state = state_of(lease, now)
    holder = lease.holder if state is LeaseState.HELD else None
    if holder and (holder.user, holder.environment) != (claim.editor.user, claim.editor.environment):
        return Verdict(refusal=held(lease, claim.editor.user, now))
    if lease.reservation and lease.reservation.user != claim.editor.user:
        return Verdict(refusal=held(lease, claim.editor.user, now))
    is_program = not claim.editor.environment
    return Verdict(refusal=needed(lease)) if needs_lease and not (creates or is_program) else Verdict()


def may_change(lease: Lease, claim: Claim, now: datetime) -> Verdict:
    """The rule for renaming and deleting a notebook: who names a lease holds it, and else nobody but themselves does.

    Who has it open in another tab may.
    """
    lease = as_of(lease, now)
    if claim.fence is not None:
        return Verdict() if is_held_by(lease, claim) else Verdict(refusal=lost(lease, now))
    live = lease.holder if is_live(lease, now) else None
    having = {live.user} if live else {lease.reservation.user} if lease.reservation else set()
    is_anothers = bool(having - {claim.editor.user})
    return Verdict(refusal=held(lease, claim.editor.user, now)) if is_anothers else Verdict()


def may_hold(editor: Editor, standing: Standing) -> bool:
    """Whether `editor`, who is this in the workspace now, may have a lease there. Who may not any more has none."""
    needed = {Action.WRITE_NOTEBOOKS} | ({Action.USE_ENVIRONMENT} if editor.environment else set())
    return all(permits(standing, action) for action in needed)
