"""A person's word that an environment shall go on: for some hours, or while a process of it works (G9).

It puts off what waits for people (`culler.decision`), never past the cap. Said with the person's own sign-in it is
human input as well; a page of the environment's server may say it too, where a script could, and there it is none.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from terraspawner.db import activity_records, records
from terraspawner.db.activity_records import KeepAlive
from terraspawner.domain.access import Action
from terraspawner.domain.durations import said
from terraspawner.domain.environment import Environment, State
from terraspawner.errors import EnvironmentMissing, Refused, WrongState
from terraspawner.operations import activity, audit, workspaces
from terraspawner.operations.context import Context

LEAST = 60
"""Seconds."""


def keep(
    context: Context,
    *,
    user: str,
    namespace: str,
    name: str,
    seconds: int | None = None,
    pid: int | None = None,
    by_person: bool = True,
) -> None:
    """Keep it for `seconds` from now on, or while the process `pid`, which works now, does.

    What was said before is replaced. Raises `WorkspaceMissing`, `NotAllowed`, `EnvironmentMissing`, `WrongState` where
    it does not run, `Refused` beyond the bounds and for what does not work.
    """
    with context.database.write() as connection:
        here = _running(connection, user=user, namespace=namespace, name=name)
        if by_person:
            activity.note_human(context, connection, here.id)
        until = None
        if seconds is not None:
            _check(context, seconds)
            until = context.now() + timedelta(seconds=seconds)
        elif pid not in _pids(connection, here):
            raise Refused(
                f"No process {pid} is known to work in this environment. Name one of its work, or a number of seconds.",
                field="pid",
            )
        held = KeepAlive(until=until, pid=pid, by=user)
        activity_records.keep_until(connection, here.id, held, context.now())
        activity_records.look_soon(connection, context.now(), environment_id=here.id)
        audit.note(
            context, connection, actor=user, action="environment-kept-alive", subject=f"environment:{here.id}",
            seconds=seconds, pid=pid,
        )  # fmt: skip


def end(context: Context, *, user: str, namespace: str, name: str) -> None:
    """Take it back. Done already is done. Raises `WorkspaceMissing`, `NotAllowed`, `EnvironmentMissing`."""
    with context.database.write() as connection:
        here = _own(connection, user=user, namespace=namespace, name=name)
        if activity_records.end_keeping(connection, here.id):
            activity_records.look_soon(connection, context.now(), environment_id=here.id)
            audit.note(
                context, connection, actor=user, action="environment-keep-alive-ended",
                subject=f"environment:{here.id}",
            )  # fmt: skip


def _own(connection: sa.Connection, *, user: str, namespace: str, name: str) -> Environment:
    at = workspaces.within(connection, user=user, namespace=namespace, name=name, action=Action.USE_ENVIRONMENT)
    here = records.environment_for(connection, at.workspace.id, user)
    if here is None:
        raise EnvironmentMissing(f"You have no environment in {namespace}/{name}. Start one first.")
    return here


def _running(connection: sa.Connection, *, user: str, namespace: str, name: str) -> Environment:
    here = _own(connection, user=user, namespace=namespace, name=name)
    if here.state is not State.RUNNING:
        raise WrongState(
            f"The environment is {here.state}: there is nothing to keep alive. Start it first.", state=str(here.state)
        )
    return here


def _check(context: Context, seconds: int) -> None:
    most = context.settings.keep_alive_most
    if not most:
        raise Refused("This deployment lets nobody keep an environment alive by hand.", field="seconds", most=0)
    if not LEAST <= seconds <= most:
        raise Refused(
            f"An environment is kept alive for {said(LEAST)} to {said(most)} at a time.",
            field="seconds", least=LEAST, most=most,
        )  # fmt: skip


def _pids(connection: sa.Connection, here: Environment) -> set[int]:
    kept = activity_records.kept(connection, [here.id]).get(here.id)
    return {each.pid for each in kept.clocks.work if each.pid is not None} if kept else set()
