"""From the previous schema, with rows in it, to the present one: nothing is lost, nobody gains or loses a right."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from terraspawner.db import account_records, activity_records, disk_records, member_records, project_records, records
from terraspawner.db.engine import Database
from terraspawner.db.schema import metadata
from terraspawner.domain.access import Action, ProjectRole, Role, permits
from terraspawner.domain.environment import State

BEFORE_ACCESS = "0006"
AT = "2026-11-01 10:00:00.000000"
ROWS = [
    *(
        "INSERT INTO account (name, email, password_hash, is_operator, is_disabled, created_at)"
        f" VALUES ('{name}', '', 'x', false, {is_disabled}, '{AT}')"
        for name, is_disabled in (("ana", "false"), ("ben", "false"), ("cleo", "true"))
    ),
    *(
        "INSERT INTO project (namespace, owner, is_personal, created_at)"
        f" VALUES ('{namespace}', '{owner}', {is_personal}, '{AT}')"
        for namespace, owner, is_personal in (("ana", "ana", "true"), ("lab", "ana", "false"), ("ben", "ben", "true"))
    ),
    (
        "INSERT INTO workspace (id, namespace, name, comparable, slug, storage, created_by, created_at)"
        f" VALUES ('w1', 'ana', 'Alpha', 'alpha', 'ana-alpha', 'bucket', 'ana', '{AT}')"
    ),
    *(
        f"INSERT INTO workspace_member (workspace_id, \"user\", role) VALUES ('w1', '{user}', '{role}')"
        for user, role in (("ana", "owner"), ("ben", "reader"), ("cleo", "writer"))
    ),
    (
        'INSERT INTO disk (id, workspace_id, "user", size, state, created_at)'
        f" VALUES ('d1', 'w1', 'ana', 1, 'attached', '{AT}'), ('d2', 'w1', 'ana', 1, 'detached', '{AT}'),"
        f" ('d3', 'w1', 'ana', 1, 'deleting', '{AT}')"
    ),
    (
        'INSERT INTO environment (id, workspace_id, "user", state, since, start_number, cpu, memory, image, disk_id,'
        " deletes_disk, kernels, created_at)"
        f" VALUES ('e1', 'w1', 'ana', 'paused', '{AT}', 3, 1, 1, 'i', 'd1', false, '[]', '{AT}')"
    ),
]


@pytest.fixture
def database(empty_database: Database) -> Database:
    """As a deployment left it that knew no members of projects."""
    return _with_rows(empty_database, BEFORE_ACCESS)


def _with_rows(made: Database, revision: str) -> Database:
    made.migrate(revision)
    with made.write() as connection:
        for row in ROWS:
            connection.exec_driver_sql(row)
    return made


@pytest.mark.feature("B1")
def test_who_owned_a_project_owns_it_still(database: Database) -> None:
    database.migrate()
    with database.read() as connection:
        for user, namespaces in (("ana", ["ana", "lab"]), ("ben", ["ben"]), ("cleo", [])):
            found = project_records.projects_of(connection, user)
            assert [(each.project.namespace, each.role) for each in found] == [
                (namespace, ProjectRole.OWNER) for namespace in namespaces
            ]
        personal = project_records.named(connection, "ana")
        assert personal is not None
        assert personal.is_personal


@pytest.mark.feature("G1")
def test_what_is_paused_since_long_ago_is_looked_at_and_nobody_was_told_of_its_end(database: Database) -> None:
    database.migrate()
    with database.read() as connection:
        ((here, kept),) = activity_records.watched(connection, due_at=datetime.now(UTC), after="", limit=9)
    assert (here.id, here.state, kept.alarmed, kept.next_look_at) == ("e1", State.PAUSED, {}, here.since)


@pytest.mark.feature("B3")
def test_members_may_do_what_they_could(database: Database) -> None:
    database.migrate()
    with database.read() as connection:
        for user, has_environment in (("ana", True), ("ben", False), ("cleo", True)):
            found = member_records.membership_by_name(connection, user, "ana", "Alpha")
            assert found is not None
            assert bool(permits(found.standing, Action.USE_ENVIRONMENT)) == has_environment


def test_environments_and_accounts_are_what_they_were(database: Database) -> None:
    database.migrate()
    with database.read() as connection:
        here = records.environment_by_id(connection, "e1")
        account = account_records.account_named(connection, "ana")
        assert here is not None
        assert account is not None
        assert (here.start_number, here.writes_bucket, account.may_create_projects) == (3, True, False)


def test_disks_are_kept_that_were_and_go_that_were_going(database: Database) -> None:
    database.migrate()
    with database.read() as connection:
        found = {disk.id: str(disk.state) for disk in disk_records.disks_of_workspace(connection, "w1")}
    assert found == {"d1": "attached", "d2": "kept", "d3": "deleting"}


def test_the_first_release_s_rows_are_what_they_were(empty_database: Database) -> None:
    database = _with_rows(empty_database, "0001")
    before = _everything(database)
    database.migrate()
    after = _everything(database)
    with database.read() as connection:
        environments = records.environments_of(connection, "ana")
        member = member_records.membership_by_name(connection, "ben", "ana", "Alpha")
    assert {name: len(rows) for name, rows in before.items() if name != "alembic_version"}.items() <= {
        name: len(rows) for name, rows in after.items()
    }.items()
    assert [(each.id, each.state, each.disk_id) for each in environments] == [("e1", State.PAUSED, "d1")]
    assert member is not None
    assert member.role is Role.READER


@pytest.mark.feature("K5")
@pytest.mark.parametrize("first", ["0001", "head"])
def test_what_the_migrations_make_is_what_the_tables_say(empty_database: Database, first: str) -> None:
    empty_database.migrate(first)
    empty_database.migrate()
    with empty_database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.migrate()
    before = _everything(database)
    database.migrate()
    assert _everything(database) == before


def _everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.text(f'SELECT * FROM "{name}"'))), key=repr)
            for name in sa.inspect(connection).get_table_names()
        }


def test_what_runs_at_the_update_is_taken_as_if_its_person_had_just_come(empty_database: Database) -> None:
    database = _with_rows(empty_database, "0020")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE environment SET state = 'running' WHERE id = 'e1'")
    database.migrate()
    with database.read() as connection:
        clocks = activity_records.kept(connection, ["e1"])["e1"].clocks
        since = records.environment_by_id(connection, "e1")
    assert since is not None
    assert clocks.started_at == clocks.human_at > since.since
    assert (clocks.reported_at, clocks.busy_since, clocks.work) == (None, None, ())
