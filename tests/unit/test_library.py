"""What of the libraries a person's drive shows: where, with which right, under which name."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from terraspawner.domain import names
from terraspawner.domain.access import Role
from terraspawner.domain.library import SHOWN_LIMIT, Access, Folder, Held, Library, held, shown
from terraspawner.errors import NameRefused

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
READ, WRITE = Access.READ, Access.WRITE


def a_library(**changes: object) -> Library:
    ok = Library(id="00000000000000aa", name="Survey", owner="ada", created_at=AT)
    return replace(ok, **changes)  # type: ignore[arg-type]


WAYS: dict[str, tuple[dict[str, object], Held | None]] = {
    "nothing": ({}, None),
    "the owner": ({"owner": "eva"}, Held(folder=Folder.MINE, role=Role.OWNER)),
    "the owner, with whom it is shared too": (
        {"owner": "eva", "people": {"eva": READ}, "for_all": READ},
        Held(folder=Folder.MINE, role=Role.OWNER),
    ),
    "read by name": ({"people": {"eva": READ}}, Held(folder=Folder.ME, role=Role.READER)),
    "write by name": ({"people": {"eva": WRITE}}, Held(folder=Folder.ME, role=Role.WRITER)),
    "another's share": ({"people": {"bob": WRITE}}, None),
    "read by a group": ({"groups": {"lab": READ}}, Held(folder=Folder.GROUPS, role=Role.READER)),
    "write by a second group": (
        {"groups": {"lab": READ, "field": WRITE}},
        Held(folder=Folder.GROUPS, role=Role.WRITER),
    ),
    "a group of others": ({"groups": {"board": WRITE}}, None),
    "a group called like the person": ({"groups": {"eva": WRITE}}, None),
    "all": ({"for_all": READ}, Held(folder=Folder.ALL, role=Role.READER)),
    "all may write": ({"for_all": WRITE}, Held(folder=Folder.ALL, role=Role.WRITER)),
    "read by name, write by all": (
        {"people": {"eva": READ}, "for_all": WRITE},
        Held(folder=Folder.ME, role=Role.WRITER),
    ),
    "read by a group, write by name": (
        {"people": {"eva": WRITE}, "groups": {"lab": READ}},
        Held(folder=Folder.ME, role=Role.WRITER),
    ),
    "write by a group, read by all": (
        {"groups": {"lab": WRITE}, "for_all": READ},
        Held(folder=Folder.GROUPS, role=Role.WRITER),
    ),
}  # fmt: skip


@pytest.mark.feature("H3")
@pytest.mark.parametrize("way", WAYS)
def test_the_most_personal_way_says_the_folder_and_the_highest_right_counts(way: str) -> None:
    changes, wanted = WAYS[way]
    library = a_library(**changes)
    assert held(library, "eva", {"lab", "field"}) == wanted
    told = shown([library], "eva", {"lab", "field"})
    assert [(one.folder, one.is_read_only) for one in told] == (
        [(wanted.folder, wanted.role is Role.READER)] if wanted else []
    )


@pytest.mark.feature("H3")
def test_the_folders_are_called_so() -> None:
    assert [folder.label for folder in Folder] == [
        "My Libraries",
        "Shared with me",
        "Shared with groups",
        "Shared with all",
    ]


def test_ones_own_has_its_name_and_anothers_bears_its_owners_too() -> None:
    mine, theirs = a_library(id="1", owner="eva"), a_library(id="2", people={"eva": READ})
    assert {one.id: one.name for one in shown([mine, theirs], "eva", ())} == {"1": "Survey", "2": "Survey (ada)"}


def test_what_others_share_later_changes_no_name() -> None:
    """A path in somebody's code must not lead to another's files."""
    first = a_library(id="1", people={"eva": READ})
    later = [
        a_library(id="2", owner="mallory", for_all=READ, created_at=AT - timedelta(days=9)),
        a_library(id="3", owner="mallory", name="Survey (ada)", for_all=READ, created_at=AT - timedelta(days=9)),
    ]
    (alone,) = shown([first], "eva", ())
    among = {one.id: one for one in shown([first, *later], "eva", ())}
    assert among["1"] == alone
    assert among["2"].name == "Survey (mallory)"
    assert among["3"].name == "Survey (ada) (mallory)"


def test_an_own_library_called_like_a_shared_one_keeps_its_name() -> None:
    mine = a_library(id="1", owner="eva", name="Survey (ada)", created_at=AT + timedelta(days=9))
    theirs = a_library(id="2", people={"eva": READ})
    assert {one.id: one.name for one in shown([mine, theirs], "eva", ())} == {
        "1": "Survey (ada)",
        "2": "Survey (ada) 2",
    }


def test_they_come_by_folder_and_name() -> None:
    told = shown(
        [
            a_library(id="1", for_all=READ),
            a_library(id="2", owner="eva", name="beta"),
            a_library(id="3", owner="eva", name="Alpha"),
            a_library(id="4", people={"eva": READ}),
        ],
        "eva",
        (),
    )
    assert [one.id for one in told] == ["3", "2", "4", "1"]


_libraries = some.lists(
    some.builds(
        a_library,
        name=some.sampled_from(["Survey", "SURVEY", "Survey (ada)", "Survey 2", "\u00fc" * 50]),
        owner=some.sampled_from(["eva", "ada", "a" * 200]),
        for_all=some.just(READ),
        created_at=some.sampled_from([AT, AT + timedelta(days=1)]),
    ),
    max_size=8,
).map(lambda found: [replace(one, id=f"{number:016x}") for number, one in enumerate(found)])


@given(_libraries, some.randoms(use_true_random=False))
def test_names_are_one_segment_each_unique_and_the_same_in_any_order(
    found: list[Library], chance: random.Random
) -> None:
    told = shown(found, "eva", ())
    shuffled = found.copy()
    chance.shuffle(shuffled)
    assert shown(shuffled, "eva", ()) == told
    assert len({names.comparable(one.name) for one in told}) == len(found)
    assert all(len(one.name.encode()) <= SHOWN_LIMIT and "/" not in one.name for one in told)


@pytest.mark.parametrize("name", ["Survey 2026", "\u00dcbersicht", "a" * 100, "Survey (ada)"])
def test_such_names_a_library_may_have(name: str) -> None:
    assert names.library_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", ".hidden", " a", "a ", "-rf", "a\nb", "\u202egpj", "a" * 101, "x.ipynb", "\ud800", "a;b"],
)
def test_such_names_it_may_not(name: str) -> None:
    with pytest.raises(NameRefused, match="The library's name"):
        names.library_name(name)
