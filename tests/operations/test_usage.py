"""What was used, from the ledger of a real database: whose it is to see, and how it is narrowed (J2)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

import builders
from terraspawner.domain.access import ProjectRole, Role
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import Refused
from terraspawner.operations import environments, members, projects, usage
from terraspawner.operations.context import Context
from terraspawner.operations.usage import Used


@pytest.fixture
def used_by_both(context: Context, clock: builders.Clock, workspace: Workspace) -> Context:
    """Ana ran two hours and ben one, in a workspace that ana's project pays for."""
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
    for user, hours in (("ana", 2), ("ben", 1)):
        here = environments.admit(context, user=user, slug=workspace.slug).environment
        environments.started(context, here.id, 1, "c1")
        clock.move(hours=hours)
        environments.stopped(context, here.id, 1)
    return context


def used(context: Context, user: str, **wanted: object) -> Used:
    return usage.used(context, user=user, is_operator=user == "operator", **wanted)  # type: ignore[arg-type]


def hours_run(found: Used) -> dict[str, Decimal]:
    return {account.user: amount.hours for account, amount in found.lines.items() if account.state == "running"}


@pytest.mark.feature("J2")
def test_everybody_sees_the_own_who_pays_all_that_is_paid_operators_everything(used_by_both: Context) -> None:
    assert hours_run(used(used_by_both, "ben")) == {"ben": Decimal(1)}
    assert hours_run(used(used_by_both, "ana")) == {"ana": Decimal(2), "ben": Decimal(1)}
    assert hours_run(used(used_by_both, "operator")) == {"ana": Decimal(2), "ben": Decimal(1)}
    projects.put_member(used_by_both, actor="ana", namespace="ana", who="ben", role=ProjectRole.MEMBER)
    assert hours_run(used(used_by_both, "ben")) == {"ben": Decimal(1)}
    projects.put_member(used_by_both, actor="ana", namespace="ana", who="ben", role=ProjectRole.OWNER)
    assert hours_run(used(used_by_both, "ben")) == {"ana": Decimal(2), "ben": Decimal(1)}


@pytest.mark.feature("J2")
def test_it_is_narrowed_to_project_workspace_person_and_span(used_by_both: Context) -> None:
    for wanted, whose in (
        ({"project": "ana"}, {"ana", "ben"}),
        ({"project": "ben"}, set()),
        ({"workspace": "ana/alpha", "of": "ben"}, {"ben"}),
        ({"workspace": "ana/beta"}, set()),
        ({"begin": builders.NOON + timedelta(hours=2)}, {"ben"}),
        ({"begin": builders.NOON, "end": builders.NOON + timedelta(hours=2)}, {"ana"}),
    ):
        assert set(hours_run(used(used_by_both, "operator", **wanted))) == whose, wanted


@pytest.mark.feature("J2")
def test_the_sum_is_hours_times_price_with_the_disks(used_by_both: Context) -> None:
    found = used(used_by_both, "operator")
    disks = (3 + 1) * Decimal("0.002740")  # ana's for three hours, ben's for one
    assert found.total.dollars == (3 * Decimal("0.06") + disks).quantize(Decimal("0.0001"))
    assert found.end == used_by_both.now()


@pytest.mark.parametrize(
    ("begin", "end"), [(timedelta(1), None), (timedelta(-500), None), (timedelta(0), timedelta(-1))]
)
def test_a_span_without_length_or_too_long_is_refused(
    context: Context, begin: timedelta, end: timedelta | None
) -> None:
    with pytest.raises(Refused):
        used(context, "ana", begin=context.now() + begin, end=None if end is None else context.now() + end)
