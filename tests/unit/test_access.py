"""The table of who may do what, every cell of it, and what a refusal says."""

import itertools

import pytest

from terraspawner.domain.access import (
    Action,
    Grant,
    ProjectRole,
    Role,
    Standing,
    computes_by_default,
    hides,
    highest,
    permits,
)

A = Action
ANYBODY = {A.ABOUT_ONESELF}
READER = ANYBODY | {A.SEE, A.SEE_MEMBERS, A.LEAVE, A.READ_NOTEBOOKS, A.READ_BUCKET, A.END_OWN_ENVIRONMENT}
WRITER = READER | {A.WRITE_NOTEBOOKS, A.WRITE_BUCKET}
OWNER = WRITER | {A.TAKE_LEASES, A.CHANGE_WORKSPACE, A.CHANGE_MEMBERS, A.DELETE_WORKSPACE}
PROJECT_MEMBER = ANYBODY | {A.SEE_PROJECT, A.LEAVE_PROJECT, A.CREATE_WORKSPACE}
OF_PAYERS = {A.SEE_ENVIRONMENTS, A.END_ENVIRONMENTS, A.TAG_ENVIRONMENTS}
PROJECT_OWNER = PROJECT_MEMBER | OF_PAYERS | {A.CHANGE_PROJECT, A.CHANGE_PROJECT_MEMBERS}
OF_OPERATORS = {A.RUN_ACCOUNTS, A.READ_AUDIT, A.RECONCILE, A.READ_DECISIONS, A.SEE_STORE, A.READ_METRICS}
TABLE: dict[str, tuple[Standing, set[Action]]] = {
    "nobody in particular": (Standing(), ANYBODY),
    "compute without a role": (Standing(may_compute=True), ANYBODY),
    "reader": (Standing(role=Role.READER), READER),
    "reader with compute": (Standing(role=Role.READER, may_compute=True), READER | {A.USE_ENVIRONMENT}),
    "writer": (Standing(role=Role.WRITER, may_compute=True), WRITER | {A.USE_ENVIRONMENT}),
    "writer without compute": (Standing(role=Role.WRITER), WRITER),
    "owner": (Standing(role=Role.OWNER, may_compute=True), OWNER | {A.USE_ENVIRONMENT}),
    "owner without compute": (Standing(role=Role.OWNER), OWNER),
    "project member": (Standing(project_role=ProjectRole.MEMBER), PROJECT_MEMBER),
    "project owner": (Standing(project_role=ProjectRole.OWNER), PROJECT_OWNER),
    "project founder": (Standing(is_project_founder=True), ANYBODY | {A.CREATE_PROJECT}),
    "operator": (Standing(is_operator=True), ANYBODY | OF_PAYERS | OF_OPERATORS | {A.CREATE_PROJECT}),
}


@pytest.mark.feature("B3")
@pytest.mark.parametrize(("who", "action"), list(itertools.product(TABLE, Action)))
def test_each_may_do_what_the_table_says(who: str, action: Action) -> None:
    standing, allowed = TABLE[who]
    said = permits(standing, action)
    assert bool(said) == (action in allowed)
    assert said.reason.startswith(("a ", "an ", "somebody "))
    assert bool(said.needed) == (not said)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(TABLE, 2)))
def test_what_one_holds_in_several_places_adds_up(one: str, other: str) -> None:
    """A workspace, its project and the deployment do not take from each other, and give nothing of their own."""
    (first, may_first), (second, may_second) = TABLE[one], TABLE[other]
    if (first.role or first.may_compute) and (second.role or second.may_compute):
        return  # two of one place: `highest` says which counts
    if first.project_role and second.project_role:
        return
    both = Standing(
        role=first.role or second.role,
        may_compute=first.may_compute or second.may_compute,
        project_role=first.project_role or second.project_role,
        is_project_founder=first.is_project_founder or second.is_project_founder,
        is_operator=first.is_operator or second.is_operator,
    )
    assert {action for action in Action if permits(both, action)} == may_first | may_second


@pytest.mark.feature("B6")
def test_neither_operators_nor_who_pays_come_into_a_workspace() -> None:
    both = Standing(project_role=ProjectRole.OWNER, is_operator=True, is_project_founder=True)
    inside = set(OWNER | {A.USE_ENVIRONMENT}) - ANYBODY
    assert {action for action in inside if permits(both, action)} == set()


@pytest.mark.feature("B5")
@pytest.mark.parametrize(("who", "action"), list(itertools.product(TABLE, Action)))
def test_what_one_may_not_see_is_hidden_and_what_one_sees_is_refused(who: str, action: Action) -> None:
    standing, allowed = TABLE[who]
    in_deployment = {A.ABOUT_ONESELF, A.CREATE_PROJECT, A.DECIDE_STOPS} | OF_OPERATORS
    sees = standing.project_role if action in PROJECT_OWNER - ANYBODY else standing.role
    assert hides(standing, action) == (action not in allowed | in_deployment and not sees)


@pytest.mark.parametrize(
    ("standing", "action", "sentence", "needed"),
    [
        (
            Standing(role=Role.READER),
            A.WRITE_NOTEBOOKS,
            "a reader may not create or change notebooks; a writer may",
            ("writer",),
        ),
        (
            Standing(role=Role.OWNER),
            A.USE_ENVIRONMENT,
            "an owner without compute may not have an environment in it; a member with compute may",
            ("member with compute",),
        ),
        (
            Standing(project_role=ProjectRole.MEMBER, is_operator=True),
            A.CHANGE_PROJECT,
            "a member of the billing project may not change its title; an owner of the billing project may",
            ("owner of the billing project",),
        ),
        (
            Standing(),
            A.CREATE_PROJECT,
            (
                "a person with an account may not create a billing project;"
                " a person who may create billing projects or an operator may"
            ),
            ("person who may create billing projects", "operator"),
        ),
    ],
)
def test_a_refusal_names_who_may(standing: Standing, action: Action, sentence: str, needed: tuple[str, ...]) -> None:
    said = permits(standing, action)
    assert (said.reason, said.needed) == (sentence, needed)


def test_every_grant_opens_something() -> None:
    assert {
        grant for grant in Grant if any(grant.value in permits(Standing(), action).needed for action in Action)
    } == set(Grant) - {Grant.ACCOUNT}


def test_the_highest_role_counts() -> None:
    assert highest([Role.READER, Role.OWNER, Role.WRITER]) is Role.OWNER
    assert highest([Role.WRITER, Role.READER]) is Role.WRITER
    assert highest([ProjectRole.MEMBER, ProjectRole.OWNER]) is ProjectRole.OWNER
    with pytest.raises(ValueError, match="empty"):
        highest([Role.READER][1:])


def test_readers_have_compute_only_where_it_is_given() -> None:
    assert [role for role in Role if computes_by_default(role)] == [Role.OWNER, Role.WRITER]
