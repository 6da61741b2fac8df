"""Tags of environments and disks: set by the person whose the thing is and by who pays for it (C22).

Who pays is an owner of the billing project or an operator: they sort costs, by course or grant, of things that are not
theirs. There is one map for both, the last word counts, and the audit says whose it was. A tag moves no bill, since it
does not say which project pays. Other members of the project or the workspace see neither the thing nor its tags.

Tags belong to the thing and not to its place: the next environment in a workspace begins without any, and a kept disk
has its own still. They stay with the row of what is deleted, for the reports of what it cost.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from terraspawner.db import disk_records, records, tag_records
from terraspawner.domain import tags as rules
from terraspawner.domain.access import Action, permits
from terraspawner.domain.disk import HOLDS_VOLUME, Disk
from terraspawner.domain.environment import LIVE, Environment
from terraspawner.domain.tags import Tagged, Tags
from terraspawner.errors import DiskMissing
from terraspawner.operations import audit, oversight
from terraspawner.operations.context import Context


def tag_environment(context: Context, *, actor: str, environment_id: str, tags: Tags) -> Mapping[str, str]:
    """Give it these tags instead of those that it has; answers them as they are kept.

    Raises `TagRefused`, and `EnvironmentMissing` to everybody whose it is not to see.
    """
    wanted = rules.checked(tags, Tagged.ENVIRONMENT)
    with context.database.write() as connection:
        here = records.environment_by_id(connection, environment_id)
        if here is None or here.state not in LIVE or not _may_tag(connection, actor, here):
            raise oversight.missing()
        return _replace(context, connection, actor, Tagged.ENVIRONMENT, here.id, wanted)


def tag_disk(context: Context, *, actor: str, disk_id: str, tags: Tags) -> Mapping[str, str]:
    """As `tag_environment`, of a disk, in the trash too: it costs there. Raises `TagRefused`, `DiskMissing`."""
    wanted = rules.checked(tags, Tagged.DISK)
    with context.database.write() as connection:
        disk = disk_records.disk_by_id(connection, disk_id)
        if disk is None or disk.state not in HOLDS_VOLUME or not _may_tag(connection, actor, disk):
            raise DiskMissing("There is no disk with this id that you may tag. It may have been deleted.")
        return _replace(context, connection, actor, Tagged.DISK, disk.id, wanted)


def _may_tag(connection: sa.Connection, actor: str, thing: Environment | Disk) -> bool:
    if thing.user == actor:
        return True
    workspace = records.workspace_by_id(connection, thing.workspace_id)
    return bool(permits(oversight.standing_in(connection, actor, workspace.namespace), Action.TAG_ENVIRONMENTS))


def _replace(
    context: Context, connection: sa.Connection, actor: str, kind: Tagged, subject: str, wanted: Mapping[str, str]
) -> Mapping[str, str]:
    before = tag_records.tags_of(connection, kind, [subject]).get(subject, {})
    if before != wanted:
        tag_records.replace_tags(connection, kind, subject, wanted)
        audit.note(
            context, connection, actor=actor, action=f"{kind}-tagged", subject=f"{kind}:{subject}", before=before,
            after=dict(wanted),
        )  # fmt: skip
    return wanted
