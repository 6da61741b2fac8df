"""What a start finds or makes: a new environment's row, or the one that is there, with what is wished of it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from terraspawner.db import records
from terraspawner.domain.account import Account
from terraspawner.domain.environment import Environment, Event, State, is_possible, next_state
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import WrongState
from terraspawner.operations import data_disks, disks, images, ledger
from terraspawner.operations.context import Context, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What `person` asks of a start. None leaves what is there, or takes what the deployment offers first.

    `language` is what an image beside the catalogue was found to be for.
    """

    person: Account
    size: str | None
    image: str | None
    language: str | None
    startup_script: str | None
    disk: str | None
    data_disk: str | None = None


def make(context: Context, connection: sa.Connection, workspace: Workspace, wish: Wish) -> Environment:
    """A new environment, being created, with its disk attached. Raises `Refused`, `DiskMissing`, `OtherDisk`."""
    user = wish.person.name
    disk = disks.attach(context, connection, workspace=workspace, user=user, wanted=wish.disk)
    data = wish.data_disk and data_disks.attach_kept(context, connection, workspace, user, wish.data_disk)
    image = images.looked_into(context, wish.person, wish.image, wish.language)
    now = context.now()
    environment = Environment(
        id=new_id(),
        workspace_id=workspace.id,
        user=user,
        state=next_state(State.NONE, Event.START),
        since=now,
        reason="",
        log="",
        start_number=0,
        size=context.catalogue.size_named(wish.size).size,
        image=image.reference,
        image_name=image.name,
        language=image.language,
        disk_id=disk.id,
        data_disk_id=data.id if data else None,
        container_id="",
        deletes_disk=False,
        outbox_pending=disk.outbox_pending,
        kernels=(),
        created_at=now,
        startup_script=wish.startup_script or "",
    )
    records.insert_environment(connection, environment)
    ledger.note_interval(context, connection, environment)
    ledger.note_change(context, connection, None, environment, Event.START)
    return environment


def begin_again(
    context: Context, connection: sa.Connection, environment: Environment, workspace: Workspace, wish: Wish
) -> Environment:
    """The environment that is there, starting, of the size and with the script wished for.

    What was believed to run is counted as stopped. Raises `OtherImage`, `OtherDisk`, `Refused`, `WrongState`.
    """
    images.refuse_other_image(
        context.catalogue, environment, workspace, wish.image, is_operator=wish.person.is_operator
    )
    disks.refuse_other_disk(environment, workspace, wish.disk)
    data_disks.refuse_other(environment, workspace, wish.data_disk)
    if wish.size is not None:
        records.set_size(connection, environment.id, context.catalogue.size_named(wish.size).size)
    if wish.startup_script is not None:
        check_script_wish(environment, wish.startup_script)
        records.update_environment(connection, environment.id, startup_script=wish.startup_script)
    if is_possible(environment.state, Event.STOPPED):
        environment = ledger.move(context, connection, environment, Event.STOPPED)
    return ledger.move(context, connection, environment, Event.START)


def check_script_wish(environment: Environment, script: str) -> None:
    """Raises `WrongState` unless `script` may be the startup script: it runs at creation, not later."""
    if script == environment.startup_script or environment.never_came_up:
        return
    raise WrongState(
        f"The environment is {environment.state}: its startup script ran when it was created, and another one cannot be"
        " given now. Delete the environment, keep its disk, and create it again with the new script.",
        state=str(environment.state),
    )
