"""Stops as the culler decides them: decided again here from what is known now, written down, and handed on.

What is to be done is decided twice by one rule over one set of facts. Where they have changed in between, nothing is
done, and the culler hears what holds now; so two cullers do nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from culler.deadlines import TELLS_ONLY, Act, Name
from culler.decision import Decision
from culler.dormancy import due_notice
from culler.facts import Facts
from terraspawner.db import activity_records, decision_records, records
from terraspawner.db.decision_records import Record
from terraspawner.domain.access import Action
from terraspawner.domain.environment import Event, State
from terraspawner.errors import FactsMovedOn
from terraspawner.operations import audit, deletions, ledger, stops, workspaces
from terraspawner.operations.context import Context

RULES = "(culler)"
"""The actor of what the rules do."""
_TOLD_AS = {Act.ALARM: "environment-alarm-{}", Act.NOTICE: "environment-{}"}
SHOWN = 50
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is to be asked of the Hub: `act` on the server `slug` of `user`. `is_up`: its processes are there."""

    environment_id: str
    user: str
    slug: str
    decision: Decision
    is_up: bool = True


def take(context: Context, *, environment_id: str, revision: int, given: Decision, who: str) -> Taken:
    """Write it down, and that it is on its way. A freeze is begun in the row, which the Hub's stop reads, and so is the
    way into the trash, from where the worker goes on. What is destroyed is stopped first, as if it were paused, so that
    all is saved that can be; then, when it is paused, it is decided again by what is in its outbox.

    Raises `EnvironmentMissing`, `FactsMovedOn` with the decision that holds now.
    """
    with context.database.write() as connection:
        facts = stops.one(context, connection, environment_id)
        holds = stops.decided(facts)
        is_same = (holds.act, holds.name) == (given.act, given.name) and facts.revision == revision
        if not is_same or holds.act is Act.KEEP:
            raise FactsMovedOn(
                f"The facts about environment {environment_id!r} have changed, so nothing was done. Decide again.",
                revision=facts.revision, decision=holds.as_json(),
            )  # fmt: skip
        now = context.now()
        told, decision = facts.as_json(), holds.as_json()
        decision_records.insert(connection, environment_id=facts.id, at=now, facts=told, decision=decision, who=who)
        if holds.act in TELLS_ONLY:
            _tell(context, connection, facts, holds, now)
        elif _ends(facts, holds):
            here, destroys = ledger.load(connection, facts.id), holds.act is Act.DESTROY
            deletions.begin_by_rule(context, connection, here, by=RULES, why=holds.why, destroys=destroys)
        else:
            _begin(context, connection, facts, holds, now)
    return Taken(
        environment_id=facts.id, user=facts.user, slug=facts.workspace.slug, decision=holds,
        is_up=facts.state != State.PAUSED,
    )  # fmt: skip


def _ends(facts: Facts, holds: Decision) -> bool:
    return holds.act is Act.TRASH or (holds.act is Act.DESTROY and facts.state == State.PAUSED)


def _tell(context: Context, connection: sa.Connection, facts: Facts, holds: Decision, now: datetime) -> None:
    """An alarm, or a notice: once, which is kept under its name."""
    name = str(holds.name or Name.UNREACHABLE)
    key = due_notice(facts, facts.policy, now) if holds.act is Act.NOTICE else name
    alarmed = {each: at.isoformat() for each, at in {**facts.alarmed, key: now}.items()}
    activity_records.note(connection, facts.id, alarmed=alarmed, revision=facts.revision + 1, next_look_at=now)
    audit.note(
        context, connection, actor=RULES, action=_TOLD_AS[holds.act].format(name), subject=f"environment:{facts.id}",
        reason=holds.why,
    )  # fmt: skip


def _begin(context: Context, connection: sa.Connection, facts: Facts, holds: Decision, now: datetime) -> None:
    """Nothing else is decided while it is on its way; where nothing comes of it, it is decided again."""
    asked = ledger.asked_by(context, RULES, holds.why)
    if holds.act is Act.FREEZE:
        here = ledger.load(connection, facts.id)
        ledger.move(context, connection, here, Event.FREEZE, frozen_memory=0, reason=holds.why, asked=asked)
    else:
        records.update_environment(connection, facts.id, reason=holds.why, asked=asked)
    values = {"decided_at": now, "revision": facts.revision + 2, "next_look_at": now + stops.ON_ITS_WAY}
    activity_records.note(connection, facts.id, **values)


# --- afterwards ---


def of_environment(context: Context, *, user: str, namespace: str, name: str) -> list[Record]:
    """What was decided about the environment of `user` there, the newest first. Raises `WorkspaceMissing`."""
    with context.database.read() as connection:
        at = workspaces.within(connection, user=user, namespace=namespace, name=name, action=Action.SEE)
        here = records.environment_for(connection, at.workspace.id, user)
        return decision_records.of_environment(connection, here.id, SHOWN) if here else []


def between(
    context: Context, *, first: datetime | None, last: datetime | None, after: int = 0, limit: int = PAGE
) -> list[Record]:
    """What was decided about everybody's from `first` on and before `last`, the oldest first; for replays."""
    with context.database.read() as connection:
        return decision_records.between(connection, first=first, last=last, after=after, limit=limit)


def why_stopped(connection: sa.Connection, environment_id: str, state: State) -> str:
    """Why the rules froze it, where they did and it still stands still: its row says so of a pause alone."""
    if state is not State.FROZEN:
        return ""
    last = decision_records.of_environment(connection, environment_id, 1)
    return str(last[0].decision["why"]) if last and last[0].act == Act.FREEZE else ""
