"""The audit: every change of state with who, why and in which request; append-only; who may read what (B7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

import builders
from terraspawner.db import records, tables
from terraspawner.db.audit_records import Filter
from terraspawner.domain.access import ProjectRole, Role
from terraspawner.domain.environment import State
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import (
    audit,
    deletions,
    environments,
    freezing,
    ledger,
    members,
    projects,
    withdrawals,
    workspaces,
)
from terraspawner.operations.audit import Entry
from terraspawner.operations.context import HUB, SERVICE, Context, Origin


def by(context: Context, actor: str, request: str = "r1") -> Context:
    return replace(context, origin=Origin(actor=actor, request=request))


def running(context: Context) -> str:
    ticket = environments.admit(context, user="ana", slug="ana-alpha")
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c1")
    return ticket.environment.id


def read(context: Context, user: str = "operator", **wanted: object) -> list[Entry]:
    """The oldest first."""
    found = audit.entries(context, user=user, is_operator=user == "operator", wanted=Filter(**wanted))  # type: ignore[arg-type]
    return found[::-1]


def steps(context: Context, environment_id: str) -> list[tuple[str, str, str, str]]:
    found = read(context, subject=f"environment:{environment_id}")
    return [(entry.actor, entry.action, entry.old_state, entry.new_state) for entry in found]


@pytest.mark.feature("B7")
def test_every_change_of_state_says_who_and_from_what_to_what(context: Context, workspace: Workspace) -> None:
    here = running(context)
    freezing.begin(by(context, "ana"), here)
    freezing.frozen(context, here, 1, 5)
    freezing.wake(context, here, 1, user="ana", slug=workspace.slug)
    environments.started(context, here, 1, "c1")
    ledger.note_asked(by(context, "operator", "r2"), here)
    environments.begin_pause(context, here)
    environments.stopped(context, here, 1)
    deletions.mark_deleting(by(context, "ana"), here)
    deletions.finish_delete(by(context, SERVICE, ""), here)
    assert steps(context, here) == [
        ("ana", "environment-start", "none", "creating"),
        (HUB, "environment-ready", "creating", "running"),
        ("ana", "environment-freeze", "running", "freezing"),
        (HUB, "environment-frozen", "freezing", "frozen"),
        ("ana", "environment-wake", "frozen", "starting"),
        (HUB, "environment-ready", "starting", "running"),
        ("operator", "environment-pause", "running", "pausing"),
        ("operator", "environment-stopped", "pausing", "paused"),
        ("ana", "environment-delete", "paused", "deleting"),
        (SERVICE, "environment-deleted", "deleting", "none"),
    ]
    pause = read(context, action="environment-pause")[0]
    assert (pause.request, pause.person, pause.project, pause.workspace) == ("r2", "ana", "ana", "ana/alpha")


@pytest.mark.feature("B7")
def test_a_disk_s_steps_are_told_too(context: Context, workspace: Workspace) -> None:
    here = running(context)
    deletions.mark_deleting(context, here, deletes_disk=True)
    deletions.finish_delete(context, here)
    told = [(entry.action, entry.old_state, entry.new_state) for entry in read(context) if entry.action[:5] == "disk-"]
    assert [step for step in told if step[2]] == [
        ("disk-detach", "attached", "kept"),
        ("disk-discard", "kept", "trashed"),
    ]


@pytest.mark.feature("B7")
def test_a_withdrawn_role_is_the_actor_of_the_pause_and_its_reason(context: Context, workspace: Workspace) -> None:
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
    ticket = environments.admit(context, user="ben", slug=workspace.slug)
    environments.started(context, ticket.environment.id, 1, "c1")
    members.remove_member(context, actor="ana", namespace="ana", name="alpha", who="ben")
    (found,) = withdrawals.to_be_paused(context)
    withdrawals.note_reason(context, found)
    environments.begin_pause(context, ticket.environment.id)
    (pause,) = read(context, action="environment-pause")
    assert (pause.actor, pause.reason) == (withdrawals.WITHDRAWAL, "You are no longer a member of this workspace.")


@pytest.mark.feature("B7")
def test_who_asked_for_the_last_pause_is_not_who_did_the_next_one(context: Context, workspace: Workspace) -> None:
    here = running(context)
    ledger.note_asked(by(context, "operator"), here)
    environments.stopped(context, here, 1)
    running(context)
    environments.stopped(context, here, 2, "The container is gone.")
    actors = [(entry.actor, entry.reason) for entry in read(context, action="environment-stopped")]
    assert actors == [("operator", ""), (HUB, "The container is gone.")]


def test_a_step_that_is_void_is_not_told(context: Context, workspace: Workspace) -> None:
    here = running(context)
    before = len(read(context))
    environments.stopped(context, here, 7)
    environments.started(context, here, 7, "c7")
    assert len(read(context)) == before


@pytest.mark.feature("B7")
@pytest.mark.parametrize(
    "statement",
    [
        sa.update(tables.audit).values(actor="nobody"),
        sa.update(tables.audit).where(tables.audit.c.id == -1).values(actor="nobody"),
        sa.delete(tables.audit),
    ],
    ids=["change", "change nothing", "delete"],
)
def test_no_line_is_changed_or_deleted(context: Context, workspace: Workspace, statement: sa.Executable) -> None:
    running(context)
    before = read(context)
    changes_something = "-1" not in str(statement.compile(compile_kwargs={"literal_binds": True}))
    if changes_something or context.database.engine.dialect.name == "postgresql":
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), context.database.write() as connection:
            connection.execute(statement)
    assert read(context) == before


@pytest.mark.feature("B7")
def test_each_reads_what_is_theirs_to_know(context: Context, workspace: Workspace) -> None:
    here = running(context)
    workspaces.create_workspace(context, user="ben", namespace="ben", name="beta")
    subject = f"environment:{here}"
    assert read(context, "ben", subject=subject) == []
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
    assert read(context, "ben", subject=subject) == []
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.OWNER)
    assert len(read(context, "ben", subject=subject)) == 2
    members.remove_member(context, actor="ana", namespace="ana", name="alpha", who="ben")
    assert read(context, "ben", subject=subject) == []
    projects.put_member(context, actor="ana", namespace="ana", who="ben", role=ProjectRole.OWNER)
    assert len(read(context, "ben", subject=subject)) == 2
    assert {entry.project for entry in read(context, "ana") if entry.project} == {"ana"}
    assert len(read(context, "operator", subject=subject)) == 2


@pytest.mark.feature("B7")
def test_one_reads_what_others_did_to_the_own_environment_where_one_owns_nothing(
    context: Context, workspace: Workspace
) -> None:
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
    ticket = environments.admit(context, user="ben", slug=workspace.slug)
    ledger.note_asked(by(context, "operator"), ticket.environment.id)
    environments.stopped(context, ticket.environment.id, 1)
    assert [entry.actor for entry in read(context, "ben", action="environment-stopped")] == ["operator"]


@pytest.mark.feature("B7")
def test_the_filters_narrow_and_the_pages_follow_each_other(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    here = running(context)
    noon = clock()
    clock.move(hours=1)
    environments.stopped(context, here, 1)
    for wanted, count in (
        ({"action": "environment-stopped"}, 1),
        ({"actor": "ana", "action": "environment-start"}, 1),
        ({"actor": "ben", "action": "environment-start"}, 0),
        ({"subject": f"environment:{here}", "begin": noon + timedelta(hours=1)}, 1),
        ({"subject": f"environment:{here}", "end": noon + timedelta(hours=1)}, 2),
        ({"subject": f"environment:{here}", "begin": noon, "end": noon}, 0),
        ({"workspace": "ana/alpha", "subject": f"environment:{here}"}, 3),
        ({"project": "ben"}, 0),
    ):
        assert len(read(context, **wanted)) == count, wanted  # type: ignore[arg-type]
    (stopped,) = read(context, action="environment-stopped")
    before = read(context, subject=f"environment:{here}", before=stopped.id)
    assert [entry.new_state for entry in before] == ["creating", "running"]


def test_the_row_forgets_who_asked_when_it_starts_again(context: Context, workspace: Workspace) -> None:
    here = running(context)
    ledger.note_asked(by(context, "operator"), here)
    environments.stopped(context, here, 1)
    running(context)
    with context.database.read() as connection:
        row = records.environment_by_id(connection, here)
    assert row is not None
    assert (row.state, dict(row.asked)) == (State.RUNNING, {})
