"""Environments that report, and a culler that looks, while time goes by."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import builders
from culler.decision import Decision
from culler.facts import Facts
from culler.policy import Policy
from terraspawner.db import records
from terraspawner.db.decision_records import Record
from terraspawner.domain.activity import Claim, Kind, Report
from terraspawner.domain.environment import Environment
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import (
    decisions,
    environments,
    identities,
    stops,
)
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket

TRAIN = Report(work=(Claim(kind=Kind.KERNEL, what="edit/train.ipynb"),))
SHELL = Report(work=(Claim(kind=Kind.TERMINAL, what="python train.py", pid=7),))
IDLE = Report()
ANAS = {"user": "ana", "namespace": "ana", "name": "alpha"}


def up(context: Context, workspace: Workspace) -> Ticket:
    ticket = environments.admit(context, user="ana", slug=workspace.slug)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c" * 64)
    return ticket


def say(context: Context, ticket: Ticket, report: Report) -> tuple[Decision, Policy] | None:
    identity = identities.identify(context, ticket.key)
    assert identity is not None
    return identities.note_activity(context, identity, [], report=report)


def live(context: Context, clock: builders.Clock, ticket: Ticket, report: Report, **time: float) -> None:
    """Let time go by in which the environment reports and the culler looks."""
    end = clock.now + timedelta(**time)
    while clock.now < end:
        clock.move(seconds=min(80, (end - clock.now).total_seconds()))
        say(context, ticket, report)
        stops.watched(context, due=True)


def look_on(context: Context, clock: builders.Clock, *, minutes: int) -> None:
    """Let time go by in which the culler alone does something."""
    for _ in range(minutes):
        clock.move(minutes=1)
        stops.watched(context, due=True)


def with_cap(context: Context, hours: int) -> Context:
    """A deployment that lets nothing be busy for longer."""
    return replace(context, settings=replace(context.settings, busy_cap=hours * 3600))


def known(context: Context, ticket: Ticket) -> Facts:
    with context.database.read() as connection:
        return stops.one(context, connection, ticket.environment.id)


def due(context: Context) -> list[tuple[Facts, Decision]]:
    found, _ = stops.watched(context, due=True)
    return found


def take(context: Context, facts: Facts, decision: Decision, who: str = "culler") -> decisions.Taken:
    return decisions.take(context, environment_id=facts.id, revision=facts.revision, given=decision, who=who)


def row(context: Context, ticket: Ticket) -> Environment:
    with context.database.read() as connection:
        found = records.environment_by_id(connection, ticket.environment.id)
    assert found is not None
    return found


def recorded(context: Context) -> list[Record]:
    return decisions.between(context, first=None, last=None)
