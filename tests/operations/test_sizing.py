"""Sizes of environments: chosen at the start, changed later, and priced as they were when they were chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

import builders
from terraspawner.db import interval_records, records
from terraspawner.domain.catalogue import Catalogue
from terraspawner.domain.environment import Environment
from terraspawner.domain.size import Size
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import OtherImage, Refused, WrongState
from terraspawner.operations import audit, environments, sizing, views
from terraspawner.operations.context import Context

GIB = 1024**3


def running(context: Context, at: Workspace, **wishes: str) -> Environment:
    here = environments.admit(context, user="ana", slug=at.slug, **wishes).environment  # type: ignore[arg-type]
    environments.started(context, here.id, here.start_number, "c1")
    return now(context, here)


def paused(context: Context, at: Workspace, **wishes: str) -> Environment:
    here = running(context, at, **wishes)
    environments.begin_pause(context, here.id)
    environments.stopped(context, here.id, here.start_number)
    return now(context, here)


def now(context: Context, here: Environment) -> Environment:
    with context.database.read() as connection:
        found = records.environment_by_id(connection, here.id)
    assert found is not None
    return found


def size(context: Context, name: str) -> Size:
    return context.catalogue.size_named(name).size


@pytest.mark.feature("C9", "J1")
@pytest.mark.parametrize(("name", "running_per_hour"), [(None, "0.06"), ("standard", "0.06"), ("large", "0.12")])
def test_an_environment_has_the_size_that_was_chosen_and_its_price(
    context: Context, workspace: Workspace, name: str | None, running_per_hour: str
) -> None:
    here = environments.admit(context, user="ana", slug=workspace.slug, size=name).environment
    assert here.size == context.catalogue.size_named(name).size
    view = views.describe(context, user="ana", namespace="ana", name=workspace.name)
    assert (view.prices.running, view.now_per_hour) == (Decimal(running_per_hour), Decimal(running_per_hour))


@pytest.mark.feature("C9", "J2")
def test_a_change_is_priced_from_that_moment_on(context: Context, clock: builders.Clock, workspace: Workspace) -> None:
    here = running(context, workspace)
    clock.move(hours=2)
    sizing.take(context, here.id, size(context, "large"), user="ana", given_to=here.start_number)
    clock.move(hours=1)
    environments.begin_pause(context, here.id)
    with context.database.read() as connection:
        rows = interval_records.intervals_of(connection, here.id)
    told = [(row["state"], row["cpu"], row["memory"], row["price_per_hour"]) for row in rows[1:]]
    assert told == [
        ("running", 1, 2 * GIB, Decimal("0.06")),
        ("running", 2, 4 * GIB, Decimal("0.12")),
        ("pausing", 2, 4 * GIB, Decimal("0.12")),
    ]
    assert [row["ended_at"] - row["started_at"] for row in rows[1:3]] == [timedelta(hours=2), timedelta(hours=1)]


@pytest.mark.feature("C9")
def test_what_is_paused_takes_its_size_at_the_next_start(context: Context, workspace: Workspace) -> None:
    here = paused(context, workspace)
    sizing.take(context, here.id, size(context, "large"), user="ana")
    started = environments.admit(context, user="ana", slug=workspace.slug).environment
    assert (started.id, started.size, started.container_id) == (here.id, size(context, "large"), "c1")


@pytest.mark.feature("C9")
def test_a_resume_can_choose_another_size(context: Context, workspace: Workspace) -> None:
    here = paused(context, workspace)
    started = environments.admit(context, user="ana", slug=workspace.slug, size="large").environment
    assert (started.id, started.size.name) == (here.id, "large")


@pytest.mark.feature("C9")
def test_a_new_price_list_changes_no_price_that_was_agreed(context: Context, workspace: Workspace) -> None:
    here = paused(context, workspace, size="large")
    dearer = replace(
        context,
        catalogue=Catalogue(
            sizes=tuple(
                replace(each, memory=8 * GIB, rates=replace(each.rates, running=Decimal(7)))
                for each in context.catalogue.sizes
            ),
            images=context.catalogue.images,
        ),
    )
    again = environments.admit(dearer, user="ana", slug=workspace.slug).environment
    assert again.size == here.size
    environments.started(dearer, here.id, again.start_number, "c1")
    assert views.describe(dearer, user="ana", namespace="ana", name=workspace.name).now_per_hour == Decimal("0.12")
    sizing.take(dearer, here.id, size(dearer, "large"), user="ana", given_to=again.start_number)
    assert now(dearer, here).size == size(dearer, "large")


def test_a_row_from_before_sizes_had_prices_has_those_of_the_default_size(
    context: Context, workspace: Workspace
) -> None:
    here = running(context, workspace)
    with context.database.write() as connection:
        records.set_size(connection, here.id, Size(cpu=1, memory=GIB))
    assert now(context, here).size.rates is None
    assert views.describe(context, user="ana", namespace="ana", name=workspace.name).now_per_hour == Decimal("0.06")


def test_a_start_that_began_meanwhile_has_the_size_that_was(context: Context, workspace: Workspace) -> None:
    here = paused(context, workspace)
    environments.admit(context, user="ana", slug=workspace.slug)
    with pytest.raises(WrongState, match="is starting"):
        sizing.take(context, here.id, size(context, "large"), user="ana")
    environments.started(context, here.id, here.start_number + 1, "c1")
    with pytest.raises(WrongState, match="is running meanwhile"):
        sizing.take(context, here.id, size(context, "large"), user="ana")
    assert now(context, here).size.name == "standard"


@pytest.mark.parametrize("wish", [{"size": "huge"}, {"size": ""}, {"image": "debian"}, {"image": "../r"}])
def test_what_the_catalogue_does_not_have_makes_nothing(
    context: Context, workspace: Workspace, wish: dict[str, str]
) -> None:
    with pytest.raises(Refused, match="Choose one of"):
        environments.admit(context, user="ana", slug=workspace.slug, **wish)  # type: ignore[arg-type]
    view = views.describe(context, user="ana", namespace="ana", name=workspace.name)
    assert (view.environment, view.disk) == (None, None)


def test_an_image_that_the_catalogue_no_longer_has_goes_on(context: Context, workspace: Workspace) -> None:
    here = paused(context, workspace, image="r")
    fewer = replace(context, catalogue=Catalogue(sizes=context.catalogue.sizes, images=context.catalogue.images[:1]))
    again = environments.admit(fewer, user="ana", slug=workspace.slug, image="r").environment
    assert (again.image, again.image_name) == (here.image, "r")
    with pytest.raises(OtherImage, match="made from the r image"):
        environments.admit(fewer, user="ana", slug=workspace.slug, image="python")


@pytest.mark.feature("B7")
def test_a_change_is_in_the_audit(context: Context, workspace: Workspace) -> None:
    here = paused(context, workspace)
    sizing.take(context, here.id, size(context, "large"), user="ana")
    (entry,) = [each for each in audit.entries(context, user="ana", is_operator=False) if "size" in each.action]
    assert (entry.actor, entry.subject, entry.details) == (
        "ana",
        f"environment:{here.id}",
        {"before": "standard", "after": "large"},
    )
