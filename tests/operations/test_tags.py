"""Tags of environments and disks on a real database: who sets them, what lists and the bill do with them (C22)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

import builders
from terraspawner.db import tag_records
from terraspawner.domain import tags as rules
from terraspawner.domain.access import ProjectRole, Role
from terraspawner.domain.account import Account
from terraspawner.domain.tags import UNTAGGED, Tagged
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import DiskMissing, EnvironmentMissing, TagRefused, TerraError
from terraspawner.operations import (
    accounts,
    audit,
    deletions,
    disks,
    environments,
    members,
    oversight,
    projects,
    tagging,
    trash,
    usage,
    views,
)
from terraspawner.operations.context import Context

pytestmark = pytest.mark.feature("C22")

BIO, OTHER = {"course": "biology-1", "name": "Deep model"}, {"course": "Biology-1", "keep": ""}


def made(context: Context, at: Workspace, user: str) -> tuple[str, str]:
    """The ids of an environment that ran for an hour, and of its disk."""
    if user != at.namespace:
        members.put_member(
            context, actor=at.namespace, namespace=at.namespace, name=at.name, who=user, role=Role.WRITER
        )
    here = environments.admit(context, user=user, slug=at.slug).environment
    environments.started(context, here.id, 1, "c1")
    context.now.move(hours=1)  # type: ignore[attr-defined]
    environments.stopped(context, here.id, 1)
    return here.id, here.disk_id


def tagged(context: Context, actor: str, thing: tuple[Tagged, str], tags: Mapping[str, str]) -> Mapping[str, str]:
    kind, subject = thing
    if kind is Tagged.DISK:
        return tagging.tag_disk(context, actor=actor, disk_id=subject, tags=tags)
    return tagging.tag_environment(context, actor=actor, environment_id=subject, tags=tags)


def kept(context: Context, thing: tuple[Tagged, str]) -> dict[str, str]:
    with context.database.read() as connection:
        return tag_records.tags_of(connection, thing[0], [thing[1]]).get(thing[1], {})


def notes(context: Context, thing: tuple[Tagged, str]) -> list[tuple[str, object]]:
    found = audit.entries(context, user="operator", is_operator=True)
    said = [each for each in found if each.subject == f"{thing[0]}:{thing[1]}" and each.action == f"{thing[0]}-tagged"]
    assert {(each.project, each.person) for each in said} <= {("ana", "ben")}
    return [(each.actor, dict(each.details)) for each in reversed(said)]


@pytest.fixture(params=[Tagged.ENVIRONMENT, Tagged.DISK])
def thing(request: pytest.FixtureRequest, context: Context, workspace: Workspace) -> tuple[Tagged, str]:
    """Ben's, in a workspace that ana's project pays for."""
    environment_id, disk_id = made(context, workspace, "ben")
    return request.param, environment_id if request.param is Tagged.ENVIRONMENT else disk_id


def test_its_person_who_pays_and_operators_tag_it_and_each_change_is_in_the_audit(
    context: Context, thing: tuple[Tagged, str]
) -> None:
    for actor, said in (("ben", BIO), ("ana", OTHER), ("operator", {}), ("operator", {}), ("ben", BIO)):
        assert tagged(context, actor, thing, said) == said
        assert kept(context, thing) == said
    assert notes(context, thing) == [
        ("ben", {"before": {}, "after": BIO}),
        ("ana", {"before": BIO, "after": OTHER}),
        ("operator", {"before": OTHER, "after": {}}),
        ("ben", {"before": {}, "after": BIO}),
    ]


def test_to_others_it_is_not_there(context: Context, thing: tuple[Tagged, str]) -> None:
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.OWNER)
    accounts.ensure_account(context, Account(name="cleo", email=""), "cleo-secret")
    projects.put_member(context, actor="ana", namespace="ana", who="cleo", role=ProjectRole.MEMBER)
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who="cleo", role=Role.OWNER)
    for actor in ("cleo", "nobody"):
        with pytest.raises((EnvironmentMissing, DiskMissing)):
            tagged(context, actor, thing, BIO)
    with pytest.raises((EnvironmentMissing, DiskMissing)):
        tagged(context, "ben", (thing[0], "f" * 16), BIO)
    assert (kept(context, thing), notes(context, thing)) == ({}, [])
    projects.put_member(context, actor="ana", namespace="ana", who="cleo", role=ProjectRole.OWNER)
    assert tagged(context, "cleo", thing, BIO) == BIO


@pytest.mark.parametrize("said", [{"owner": "ana"}, {"a": "<b>"}, {"1": "x"}])
def test_what_is_refused_changes_nothing(context: Context, thing: tuple[Tagged, str], said: dict[str, str]) -> None:
    tagged(context, "ben", thing, BIO)
    with pytest.raises(TagRefused):
        tagged(context, "ben", thing, said)
    assert kept(context, thing) == BIO


def test_two_at_once_leave_one_of_both_whole(context: Context, thing: tuple[Tagged, str]) -> None:
    maps = [{f"{who}{number}": who for number in range(5)} for who in "abcd"]
    done = builders.at_once(*(lambda said=said: tagged(context, "ben", thing, said) for said in maps))  # type: ignore[misc]
    assert not [each for each in done if isinstance(each, TerraError)]
    assert kept(context, thing) in maps
    assert len(notes(context, thing)) == len(maps)


def test_a_person_who_left_still_tags_what_is_the_own(context: Context, thing: tuple[Tagged, str]) -> None:
    members.remove_member(context, actor="ana", namespace="ana", name="alpha", who="ben")
    assert tagged(context, "ben", thing, BIO) == BIO


FILTERS = [
    ("", {"e1", "e2", "e3"}),
    ("course", {"e1", "e2"}),
    ("course:biology-1", {"e1"}),
    ("course:Biology-1", {"e2"}),
    ("course:BIOLOGY-1", set()),
    ("keep", {"e2"}),
    ("keep:", {"e2"}),
    ("course:", set()),
    ("course,keep", {"e2"}),
    ("course:biology-1,keep", set()),
    ("name:Deep model", {"e1"}),
    ("owner:ben", {"e2", "e3"}),
    ("owner", {"e1", "e2", "e3"}),
    ("project:ana", {"e1", "e2"}),
    ("workspace:ben/beta", {"e3"}),
    ("kind:environment", {"e1", "e2", "e3"}),
    ("kind:disk", set()),
    ("owner:ben,course", {"e2"}),
    ("course:%", set()),
    ("course:' or '1'='1", set()),
]


@pytest.fixture
def three(context: Context, workspace: Workspace) -> dict[str, tuple[str, str]]:
    """Ana's and ben's in ana's workspace, ben's in ben's; environments and disks tagged alike."""
    beta = builders.workspace(context, "ben", "beta")
    found = {
        "e1": made(context, workspace, "ana"),
        "e2": made(context, workspace, "ben"),
        "e3": made(context, beta, "ben"),
    }
    for name, said in (("e1", BIO), ("e2", OTHER)):
        tagged(context, "operator", (Tagged.ENVIRONMENT, found[name][0]), said)
        tagged(context, "operator", (Tagged.DISK, found[name][1]), said)
    return found


def test_every_list_is_narrowed_alike(context: Context, three: dict[str, tuple[str, str]]) -> None:
    for text, names in FILTERS:
        check_environments(context, three, text, names)
        is_of_kind = text.startswith("kind:")
        check_disks_and_bill(context, three, text, {"e1", "e2", "e3"} - names if is_of_kind else names)


def check_environments(context: Context, three: dict[str, tuple[str, str]], text: str, names: set[str]) -> None:
    asked = rules.wanted([text])
    ids = {three[name][0] for name in names}
    everybody = oversight.list_environments(context, actor="operator", wanted=asked).items
    assert {each.environment.id for each in everybody} == ids
    paid = oversight.list_environments(context, actor="ana", namespace="ana", wanted=asked).items
    assert {each.environment.id for each in paid} == ids & {three["e1"][0], three["e2"][0]}
    own = views.views_of(context, "ben", asked)
    assert {each.environment.id for each in own if each.environment} == ids & {three["e2"][0], three["e3"][0]}
    for each in everybody:  # the pure rule says the same
        at = f"{each.workspace.namespace}/{each.workspace.name}"
        known = rules.of_place(
            "environment", project=each.workspace.namespace, workspace=at, owner=each.environment.user
        )
        assert rules.has_all({**each.tags, **known}, asked)


def check_disks_and_bill(context: Context, three: dict[str, tuple[str, str]], text: str, names: set[str]) -> None:
    asked = rules.wanted([text])
    ids = {three[name][1] for name in names}
    assert {each.disk.id for each in disks.list_all(context, actor="operator", wanted=asked)} == ids
    mine = {three["e2"][1], three["e3"][1]}
    assert {each.disk.id for each in disks.list_own(context, "ben", asked)} == ids & mine
    found = usage.used(context, user="operator", is_operator=True, tags=asked)
    place = {"e1": ("ana/alpha", "ana"), "e2": ("ana/alpha", "ben"), "e3": ("ben/beta", "ben")}
    whose = {(each.workspace, each.user) for each in found.lines if each.kind == "disk"}
    assert whose == {place[name] for name in names}


def test_pages_of_a_list_are_full_whatever_it_is_narrowed_to(context: Context, workspace: Workspace) -> None:
    ids = []
    for number in range(6):
        environment_id, _ = made(context, builders.workspace(context, "ana", f"w{number}"), "ana")
        ids.append(environment_id)
        if number % 2:
            tagged(context, "ana", (Tagged.ENVIRONMENT, environment_id), BIO)
    asked = rules.wanted(["course"])
    first = oversight.list_environments(context, actor="operator", limit=2, wanted=asked)
    second = oversight.list_environments(context, actor="operator", limit=2, after=first.next or "", wanted=asked)
    assert [each.environment.id for each in (*first.items, *second.items)] == ids[1::2]
    assert second.next is None


def test_the_bill_is_grouped_by_a_tags_value_and_what_lacks_it_stands_apart(
    context: Context, three: dict[str, tuple[str, str]]
) -> None:
    whole = usage.used(context, user="operator", is_operator=True)
    by_course = usage.used(context, user="operator", is_operator=True, by="course")
    assert list(by_course.groups) == ["Biology-1", "biology-1", UNTAGGED]
    assert by_course.total == whole.total
    assert sum((part.weighted for part in by_course.groups.values()), Decimal(0)) == whole.total.weighted
    for key, values in (("owner", ["ana", "ben"]), ("kind", ["disk", "environment"]), ("keep", ["", UNTAGGED])):
        found = usage.used(context, user="operator", is_operator=True, by=key)
        assert (list(found.groups), found.total) == (values, whole.total)
    only = usage.used(context, user="operator", is_operator=True, by="course", tags=rules.wanted(["course:biology-1"]))
    assert only.groups == {"biology-1": by_course.groups["biology-1"]}
    assert {each.tags for each in only.lines} == {"course:biology-1; name:Deep model"}


def test_the_past_is_reported_under_the_tags_of_today(context: Context, workspace: Workspace) -> None:
    environment_id, disk_id = made(context, workspace, "ana")
    before = usage.used(context, user="ana", is_operator=False, by="course")
    assert list(before.groups) == [UNTAGGED]
    for each in ((Tagged.ENVIRONMENT, environment_id), (Tagged.DISK, disk_id)):
        tagged(context, "ana", each, BIO)
    after = usage.used(context, user="ana", is_operator=False, by="course")
    assert after.groups == {"biology-1": before.groups[UNTAGGED]}


def test_what_is_deleted_keeps_its_tags_in_the_bill_and_hands_none_on(context: Context, workspace: Workspace) -> None:
    environment_id, disk_id = made(context, workspace, "ana")
    tagged(context, "ana", (Tagged.ENVIRONMENT, environment_id), BIO)
    tagged(context, "ana", (Tagged.DISK, disk_id), OTHER)
    deletions.mark_deleting(context, environment_id)
    deletions.finish_delete(context, environment_id)
    found = usage.used(context, user="ana", is_operator=False, by="course")
    assert list(found.groups) == ["Biology-1", "biology-1"]
    following, same_disk = made(context, workspace, "ana")
    assert same_disk == disk_id
    assert kept(context, (Tagged.ENVIRONMENT, following)) == {}
    (held,) = disks.list_own(context, "ana")
    assert held.tags == OTHER


def test_a_disk_in_the_trash_is_tagged_and_comes_back_with_its_tags(context: Context, workspace: Workspace) -> None:
    environment_id, disk_id = made(context, workspace, "ana")
    deletions.mark_deleting(context, environment_id, deletes_disk=True)
    deletions.finish_delete(context, environment_id)
    tagged(context, "ana", (Tagged.DISK, disk_id), BIO)
    (item,) = [each.item for each in trash.list_trash(context, "ana") if each.item.subject == disk_id]
    trash.restore(context, user="ana", item_id=item.id, name=None)
    assert disks.get_own(context, user="ana", disk_id=disk_id).tags == BIO
