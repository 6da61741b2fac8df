"""Leases on notebooks: who edits one, until when. Acquire, renew, give back, ask, hand over, take over (F1, F2, F11).

Each deed is one transaction: it looks whether the caller may, asks the rule for the next lease, and writes it by
compare-and-set. Time is the database's, see `Database.now`; callers are told seconds that are left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from terraspawner.db import lease_records
from terraspawner.domain import lease_holding, lease_requests, names
from terraspawner.domain.access import Action
from terraspawner.domain.lease import Claim, Editor, Lease, as_of
from terraspawner.domain.lease_saving import may_change
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import NotebookMissing
from terraspawner.operations import audit, drives, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.lease_endings import keep, mended, void
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.operations.notebooks import Place
from terraspawner.storage.errors import ObjectMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSight:
    """A lease, and the time at which it looked so."""

    lease: Lease
    now: datetime


def look(context: Context, place: Place) -> LeaseSight:
    """The lease of a notebook as it is now. Raises `NotebookMissing`, `WorkspaceMissing`, `NotAllowed`."""
    at, path = _notebook(context, place, Action.READ_NOTEBOOKS)
    with context.database.read() as connection:
        (lease,) = void(connection, [lease_records.lease_at(connection, at.id, path)])
        now = context.database.now(connection)
    return LeaseSight(lease=as_of(lease, now), now=now)


def look_at_all(context: Context, *, user: str, namespace: str, name: str) -> dict[str, LeaseSight]:
    """Path -> lease, of the notebooks of a workspace that somebody has or has reserved. A fixed number of queries, and
    more for each library of a drive workspace."""
    places = drives.shelves(context, user=user, namespace=namespace, name=name, action=Action.READ_NOTEBOOKS)
    with context.database.read() as connection:
        found = [
            (place.begin, lease)
            for place in places
            for lease in void(connection, lease_records.leases_in(connection, place.at.id))
        ]
        now = context.database.now(connection)
    seen = ((begin, LeaseSight(lease=as_of(lease, now), now=now)) for begin, lease in found)
    return {begin + each.lease.path: each for begin, each in seen if each.lease.holder or each.lease.reservation}


def refuse_if_held(context: Context, place: Place) -> LeaseSight:
    """The lease of what `place.user` wants to open to edit it. Raises `LeaseHeld` while another person has it."""
    sight = look(context, place)
    verdict = may_change(sight.lease, Claim(editor=Editor(user=place.user, environment="", session="")), sight.now)
    if verdict.refusal:
        raise verdict.refusal
    return sight


def acquire(context: Context, place: Place, editor: Editor) -> LeaseSight:
    """Let `editor` edit the notebook. Raises `LeaseHeld`, `NotebookMissing`.

    What is read of the notebook after this has all that an earlier holder saved: no save of theirs is decided from now
    on, and a reader carries out what was decided before (`settling`).
    """
    _notebook(context, place, Action.WRITE_NOTEBOOKS)
    return _change(context, place, lambda lease, now: lease_holding.acquire(lease, editor, now))


def renew(context: Context, place: Place, claim: Claim) -> LeaseSight:
    """Let it hold on. Raises `LeaseLost`."""
    return _change(context, place, lambda lease, now: lease_holding.renew(lease, claim, now))


def release(context: Context, place: Place, claim: Claim) -> LeaseSight:
    """Give it back, once more does no harm. Raises `LeaseLost` where somebody else was granted it since."""
    return _change(context, place, lambda lease, now: lease_holding.release(lease, claim, now))


def ask(context: Context, place: Place) -> LeaseSight:
    """Tell the holder that `place.user` would like to have it. Raises `WrongState`, `Refused`."""
    return _change(context, place, lambda lease, now: lease_requests.ask(lease, place.user, now))


def decline(context: Context, place: Place, claim: Claim, user: str) -> LeaseSight:
    """Say no to `user`, who asked. Raises `LeaseLost`, `Refused`."""
    return _change(context, place, lambda lease, now: lease_requests.decline(lease, claim, user, now))


def hand_over(context: Context, place: Place, claim: Claim, user: str) -> LeaseSight:
    """Give it to `user`, who asked: reserved until a session of theirs acquires it. Raises `LeaseLost`, `Refused`."""
    return _change(context, place, lambda lease, now: lease_requests.hand_over(lease, claim, user, now))


def hand_to_session(context: Context, place: Place, claim: Claim, session: str) -> LeaseSight:
    """Give it to another session of the same environment, which has it at once. Raises `LeaseLost`."""
    return _change(context, place, lambda lease, now: lease_requests.hand_to_session(lease, claim, session, now))


def take_over(context: Context, place: Place) -> LeaseSight:
    """Begin the countdown after which an owner of the workspace has it. Raises `NotAllowed`, `WrongState`."""
    _notebook(context, place, Action.TAKE_LEASES)
    return _change(
        context, place, lambda lease, now: lease_requests.take_over(lease, place.user, now),
        action=Action.TAKE_LEASES, noted="lease-takeover",
    )  # fmt: skip


def reserve(context: Context, place: Place, how_long: timedelta) -> LeaseSight:
    """Keep it for `place.user`, whose tab is on its way. Raises `LeaseHeld`."""
    _notebook(context, place, Action.WRITE_NOTEBOOKS)
    return _change(context, place, lambda lease, now: lease_requests.reserve(lease, place.user, now, now + how_long))


def give_way(context: Context, place: Place) -> LeaseSight:
    """No tab is on its way to it any more: what was reserved for `place.user` is free."""
    return _change(context, place, lambda lease, now: lease_requests.give_way(lease, place.user, now))


def _change(
    context: Context,
    place: Place,
    step: Callable[[Lease, datetime], Lease],
    *,
    action: Action = Action.WRITE_NOTEBOOKS,
    noted: str = "",
) -> LeaseSight:
    path = names.notebook_path(place.path)
    with context.database.write() as connection:
        at = workspaces.within(
            connection, user=place.user, namespace=place.namespace, name=place.name, action=action
        ).workspace
        now = mended(context, connection)
        stored = lease_records.lease_at(connection, at.id, path)
        is_own = stored.holder is not None and stored.holder.user == place.user
        (before,) = [stored] if is_own else void(connection, [stored])
        after = step(before, now)
        if after != stored:
            keep(connection, after)
            if noted:
                audit.note(
                    context, connection, actor=place.user, action=noted,
                    subject=f"workspace:{place.namespace}/{place.name}", notebook=path,
                    holder=before.holder.user if before.holder else "",
                )  # fmt: skip
    return LeaseSight(lease=as_of(after, now), now=now)


def _notebook(context: Context, place: Place, action: Action) -> tuple[Workspace, str]:
    """Where the notebook is, which is there: no lease is made for what is not."""
    at = workspaces.enter(context, user=place.user, namespace=place.namespace, name=place.name, action=action)
    path = names.notebook_path(place.path)
    try:
        context.bucket(at.id).stat(FOLDER + path)
    except ObjectMissing as error:
        raise NotebookMissing(
            f"There is no notebook {path!r} in this workspace. It may have been renamed or deleted."
        ) from error
    return at, path
