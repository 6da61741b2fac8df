"""Deleted environments as tests make them: what the worker and the Hub do, with a host that obeys."""

from __future__ import annotations

from terraspawner.db import records
from terraspawner.domain.access import Role
from terraspawner.operations import (
    audit,
    deletions,
    disks,
    environments,
    members,
    trash,
    trashed_disks,
    trashed_environments,
    views,
)
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from terraspawner.operations.trash import Trashed


def running(context: Context, user: str = "ana", disk: str | None = None) -> Ticket:
    ticket = environments.admit(context, user=user, slug="ana-alpha", disk=disk)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, f"c-{ticket.environment.id}")
    return ticket


def delete(context: Context, ticket: Ticket, *, disk: bool = False) -> str:
    """Into the trash, as the worker does it with what the Engine tells; its id."""
    here = ticket.environment.id
    deletions.mark_deleting(context, here, deletes_disk=disk, loses_unsent=True)
    deletions.finish_delete(context, here, f"c-{here}")
    return here


def deleted(context: Context, user: str = "ana", *, disk: bool = False) -> Ticket:
    ticket = running(context, user)
    delete(context, ticket, disk=disk)
    return ticket


def item(context: Context, subject: str, user: str = "ana") -> Trashed:
    (found,) = [each for each in trash.list_trash(context, user) if each.item.subject == subject]
    return found


def restore(context: Context, ticket: Ticket, user: str = "ana") -> Trashed:
    return trash.restore(context, user=user, item_id=item(context, ticket.environment.id, user).item.id)


def purge(context: Context, subject: str, user: str = "ana") -> None:
    trash.purge(context, user=user, item_id=item(context, subject, user).item.id)


def work(context: Context) -> None:
    """What the worker does, with a host that obeys."""
    trash.begin_due(context)
    for environment in trashed_environments.purging(context):
        trashed_environments.finish_purge(context, environment.id)
    for disk in trashed_disks.to_delete(context):
        trashed_disks.finish_delete(context, disk.id)


def view(context: Context, user: str = "ana") -> views.View:
    return views.describe(context, user=user, namespace="ana", name="alpha")


def state(context: Context, ticket: Ticket) -> str:
    with context.database.read() as connection:
        found = records.environment_by_id(connection, ticket.environment.id)
    assert found is not None
    return str(found.state)


def disk_states(context: Context, user: str = "ana") -> dict[str, str]:
    return {held.disk.id: str(held.disk.state) for held in disks.list_own(context, user)}


def share(context: Context, role: Role = Role.WRITER, *, may_compute: bool = True) -> None:
    members.put_member(
        context, actor="ana", namespace="ana", name="alpha", who="ben", role=role, may_compute=may_compute
    )


def entries(context: Context) -> list[audit.Entry]:
    """The oldest first."""
    return audit.entries(context, user="operator", is_operator=True)[::-1]
