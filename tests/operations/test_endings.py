"""The end of an environment, begun before it saves: its key opens what it sends, and what it could not send is told."""

from __future__ import annotations

import pytest

import builders
from terraspawner.domain.environment import Environment, State
from terraspawner.operations import accounts, deletions, endings, environments, freezing, identities, views
from terraspawner.operations.context import Context

UNSENT = ["a.ipynb", "b.ipynb"]


@pytest.fixture
def running(context: Context) -> environments.Ticket:
    builders.workspace(context)
    ticket = environments.admit(context, user="ana", slug="ana-alpha")
    environments.started(context, ticket.environment.id, 1, "c1")
    return ticket


def row(context: Context) -> Environment:
    here = views.describe(context, user="ana", namespace="ana", name="alpha").environment
    assert here
    return here


@pytest.mark.feature("F9")
def test_its_key_goes_on_until_it_has_stopped_and_the_row_says_what_goes_on(
    context: Context, running: environments.Ticket
) -> None:
    assert endings.begin(context, running.environment.id, 1) is endings.Ending.PAUSE
    assert row(context).state is State.PAUSING
    assert endings.begin(context, running.environment.id, 1) is endings.Ending.PAUSE
    assert identities.identify(context, running.key)
    endings.note_unsent(context, running.environment.id, 1, UNSENT)
    assert row(context).unsent_words == ""
    environments.stopped(context, running.environment.id, 1, unsaved="A tab did not answer.")
    assert identities.identify(context, running.key) is None
    assert row(context).reason == "A tab did not answer."
    assert row(context).unsent_words.startswith("2 notebooks are on the disk and not in the workspace yet: a.ipynb")


@pytest.mark.feature("F9")
def test_a_freeze_is_one_and_says_it_too(context: Context, running: environments.Ticket) -> None:
    freezing.begin(context, running.environment.id)
    assert endings.begin(context, running.environment.id, 1) is endings.Ending.FREEZE
    assert row(context).state is State.FREEZING
    endings.note_unsent(context, running.environment.id, 1, UNSENT[:1])
    freezing.frozen(context, running.environment.id, 1, 1, "A tab did not answer.")
    assert (row(context).reason, row(context).outbox_pending) == ("A tab did not answer.", 1)
    assert row(context).unsent_words == (
        "1 notebook is on the disk and not in the workspace yet: a.ipynb. It is sent at the next start."
    )


@pytest.mark.feature("F9", "A3")
def test_who_may_not_have_it_any_more_is_not_waited_for(context: Context, running: environments.Ticket) -> None:
    """While it saves its address answers, and its person would go on."""
    accounts.disable(context, name="ana", actor="operator")
    assert endings.begin(context, running.environment.id, 1) is None
    accounts.enable(context, name="ana", actor="operator")
    assert endings.begin(context, running.environment.id, 1) is endings.Ending.PAUSE


def test_what_does_not_run_or_runs_since_is_left_alone(context: Context, running: environments.Ticket) -> None:
    assert endings.begin(context, running.environment.id, 2) is None
    endings.note_unsent(context, running.environment.id, 2, UNSENT)
    assert (row(context).state, row(context).outbox_pending) == (State.RUNNING, 0)
    environments.stopped(context, running.environment.id, 1)
    assert endings.begin(context, running.environment.id, 1) is None
    assert row(context).state is State.PAUSED
    environments.admit(context, user="ana", slug="ana-alpha")
    assert endings.begin(context, running.environment.id, 2) is None
    assert row(context).state is State.STARTING


def test_one_that_is_being_deleted_saves_as_well(context: Context, running: environments.Ticket) -> None:
    deletions.mark_deleting(context, running.environment.id)
    assert endings.begin(context, running.environment.id, 1) is endings.Ending.PAUSE
    assert row(context).state is State.DELETING


def test_a_reason_that_was_there_is_kept_beside_what_was_not_saved(
    context: Context, running: environments.Ticket
) -> None:
    environments.begin_pause(context, running.environment.id)
    environments.stopped(context, running.environment.id, 1, "It could not be frozen.", unsaved="A tab is silent.")
    assert row(context).reason == "It could not be frozen. A tab is silent."
