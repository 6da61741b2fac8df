"""Environments: admission, the steps of a start and a pause. Each step is one transaction.

The spawner and the service report what happened; the row decides what is shown and what a start may do.
A step that belongs to an earlier start is void.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import reconcile_records, records
from terraspawner.domain.access import Action, Role, permits
from terraspawner.domain.account import Account
from terraspawner.domain.disk import Disk, DiskForm
from terraspawner.domain.environment import (
    CANCELLABLE,
    Environment,
    Event,
    State,
    is_possible,
)
from terraspawner.domain.library import Shown
from terraspawner.domain.start import Steps, ended
from terraspawner.domain.unsaved import joined
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import admission, disks, drives, ledger, starts
from terraspawner.operations.context import Context
from terraspawner.operations.identities import hash_of
from terraspawner.operations.starts import Wish

LOG_CHARACTERS = 8000
SCRIPT_LOG_CHARACTERS = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Leave to start: what the spawner needs to know. `key` is told once and stored as a hash; `disks` are all that the
    environment has, `drive` is what the drive shows, where its workspace has one."""

    environment: Environment
    disks: tuple[Disk, ...]
    workspace: Workspace
    role: Role
    account: Account
    key: str
    drive: tuple[Shown, ...] = ()


# --- finding ---


def by_slug(context: Context, *, user: str, slug: str) -> Environment | None:
    """The environment behind a named server of the Hub, if there is one; also of somebody who is no member any more:
    what runs must be found to be ended."""
    with context.database.read() as connection:
        workspace = records.workspace_by_slug(connection, slug)
        return records.environment_for(connection, workspace.id, user) if workspace else None


def environments_in(context: Context, states: frozenset[State]) -> list[tuple[Environment, Workspace]]:
    """Every environment in one of `states`, for those that put things right."""
    with context.database.read() as connection:
        return reconcile_records.environments_with_workspace(connection, states)


# --- starting ---


def admit(
    context: Context,
    *,
    user: str,
    slug: str,
    steps: Steps = (),
    size: str | None = None,
    image: str | None = None,
    language: str | None = None,
    startup_script: str | None = None,
    disk: str | None = None,
    data_disk: str | None = None,
) -> Ticket:
    """Check that `user` may start the environment of the workspace with this slug, and mint its key.

    `steps` are those that this start has behind it. `startup_script` None leaves the one that is there. `language` is
    what an image beside the catalogue was found to be for.

    Makes the environment where there is none, with the `size` and from the `image` that the catalogue has under these
    names, and gives it the kept `disk` that is named, the one used last, or a new one (`domain.disk.chosen`), and the
    kept `data_disk` that is named, or none. Of one that is there another size is taken from here on, another image is
    not. An earlier key is dead. What was believed to run is counted as stopped: the Hub asks for a start only when
    nothing runs.
    Raises `WorkspaceMissing`, `NotAllowed`, `Refused`, `OtherImage`, `OtherDisk`, `DiskMissing`, `WrongState` while it
    is being deleted, or one of its disks converted, or where it is too late for another script.
    """
    key = secrets.token_urlsafe(32)
    with context.database.write() as connection:
        account, member = admission.check(connection, user=user, slug=slug)
        environment = records.environment_for(connection, member.workspace.id, user)
        wish = Wish(
            person=account, size=size, image=image, language=language, startup_script=startup_script, disk=disk,
            data_disk=data_disk,
        )  # fmt: skip
        if environment is None:
            environment = starts.make(context, connection, member.workspace, wish)
        else:
            environment = starts.begin_again(context, connection, environment, member.workspace, wish)
        may_write = bool(permits(member.standing, Action.WRITE_BUCKET))
        _count_start(connection, environment, key, steps, context.now(), may_write=may_write)
        environment = ledger.load(connection, environment.id)
        drive = drives.on_drive_of(connection, user) if member.workspace.has_drive else ()
        attached = disks.of_environment(connection, environment)
        for each in attached:
            each.formed(DiskForm(context.settings.disks))
    return Ticket(
        environment=environment,
        disks=attached,
        workspace=member.workspace,
        role=member.role,
        account=account,
        key=key,
        drive=drive,
    )


def _count_start(
    connection: sa.Connection, environment: Environment, key: str, steps: Steps, now: datetime, *, may_write: bool
) -> None:
    """One start more, with nothing of the last one left but what was asked for this one."""
    records.update_environment(
        connection,
        environment.id,
        key_hash=hash_of(key),
        start_number=environment.start_number + 1,
        reason="",
        asked=environment.asked if environment.asked.get("start") == str(environment.start_number + 1) else {},
        log="",
        kernels=[],
        terminals=None,
        writes_bucket=may_write,
        steps=_told(steps),
        since=now,
    )


def note_steps(context: Context, environment_id: str, start_number: int, steps: Steps) -> None:
    """How far this start has come. Too late, it is void: the end of a start writes all of its steps.

    Where its turn comes, or it begins to wait for it, its price changes, and so another interval begins.
    """
    with context.database.write() as connection:
        before = ledger.load(connection, environment_id)
        records.note_steps(connection, environment_id, start_number, CANCELLABLE, _told(steps))
        after = ledger.load(connection, environment_id)
        if after.waits_for_turn != before.waits_for_turn:
            ledger.note_interval(context, connection, after)


def started(
    context: Context,
    environment_id: str,
    start_number: int,
    container_id: str,
    steps: Steps | None = None,
    startup_log: str | None = None,
) -> None:
    """It answers. `steps` and `startup_log` None leave those that are written."""
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if environment.start_number == start_number and is_possible(environment.state, Event.READY):
            values = {"steps": _told(_closed(context, environment, steps)), **_script_log(startup_log)}
            ledger.move(context, connection, environment, Event.READY, container_id=container_id, **values)


def start_failed(
    context: Context,
    environment_id: str,
    start_number: int,
    reason: str,
    log: str,
    steps: Steps | None = None,
    startup_log: str | None = None,
) -> None:
    """It did not come up: back to paused with the reason and the container's last lines; the key is dead."""
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if environment.start_number == start_number and is_possible(environment.state, Event.FAIL):
            ledger.move(
                context,
                connection,
                environment,
                Event.FAIL,
                reason=reason,
                log=log[-LOG_CHARACTERS:],
                key_hash=None,
                steps=_told(_closed(context, environment, steps)),
                **_script_log(startup_log),
            )


# --- pausing ---


def begin_pause(context: Context, environment_id: str) -> None:
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if is_possible(environment.state, Event.PAUSE):
            ledger.move(context, connection, environment, Event.PAUSE)


def stopped(
    context: Context, environment_id: str, start_number: int, reason: str = "", log: str = "", unsaved: str = ""
) -> None:
    """Nothing runs any more; the key is dead. A reason that is there already (a failed start, a role that was
    withdrawn) is kept; `unsaved` says besides what could not be saved before."""
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if environment.start_number != start_number or not is_possible(environment.state, Event.STOPPED):
            return
        ledger.move(
            context,
            connection,
            environment,
            Event.STOPPED,
            reason=joined(reason or environment.reason, unsaved),
            log=log[-LOG_CHARACTERS:],
            key_hash=None,
            kernels=[],
            terminals=None,
            steps=_told(_closed(context, environment, None)),
        )


# --- steps ---


def _closed(context: Context, environment: Environment, steps: Steps | None) -> Steps:
    return ended(environment.steps if steps is None else steps, context.now())


def _told(steps: Steps) -> list[dict[str, str | None]]:
    return [step.as_json() for step in steps]


def _script_log(text: str | None) -> dict[str, str]:
    return {} if text is None else {"startup_log": text[-SCRIPT_LOG_CHARACTERS:]}
