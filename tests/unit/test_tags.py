"""Tags: what is kept, what is refused and why, how they are written and read, what a filter takes (C22)."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraspawner.domain import tags
from terraspawner.domain.catalogue import OfferedImage
from terraspawner.domain.language import Language
from terraspawner.domain.tags import COMPUTED, LONGEST, MOST, UNTAGGED, Tagged, Wanted
from terraspawner.errors import TagRefused

pytestmark = pytest.mark.feature("C22")

KEYS = st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True).filter(lambda key: key not in COMPUTED[Tagged.DISK])
VALUES = st.text(st.sampled_from(string.ascii_letters + string.digits + " _.:/=+-@äß漢é"), max_size=LONGEST)
MAPS = st.dictionaries(KEYS, VALUES, max_size=MOST)
ANY_MAPS = st.dictionaries(st.text(max_size=70), st.text(max_size=70), max_size=5)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, {}),
        ({"course": "biology-1"}, {"course": "biology-1"}),
        ({"Course": "  Biology   1 "}, {"course": "Biology 1"}),
        ({"keep": ""}, {"keep": ""}),
        ({"name": "Deep model"}, {"name": "Deep model"}),
        ({"who": "ana+lab@example.org"}, {"who": "ana+lab@example.org"}),
        ({"grant": "DFG 12/345:a=b"}, {"grant": "DFG 12/345:a=b"}),
        ({"b": "2", "a": "1"}, {"a": "1", "b": "2"}),
        ({"city": "Z\u00fcrich"}, {"city": "Z\u00fcrich"}),
        ({"city": "Zu\u0308rich"}, {"city": "Z\u00fcrich"}),
        ({"k" * LONGEST: "v" * LONGEST}, {"k" * LONGEST: "v" * LONGEST}),
    ],
)
def test_tags_are_kept_in_one_way_of_writing(said: dict[str, str], kept: dict[str, str]) -> None:
    found = tags.checked(said, Tagged.ENVIRONMENT)
    assert (found, list(found)) == (kept, sorted(kept))


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"": "x"}, "a letter first"),
        ({"1st": "x"}, "a letter first"),
        ({"-a": "x"}, "a letter first"),
        ({"a b": "x"}, "a letter first"),
        ({"aws:a": "x"}, "a letter first"),
        ({"küche": "x"}, "a letter first"),
        ({"k" * (LONGEST + 1): "x"}, "at most 63"),
        ({"a": "v" * (LONGEST + 1)}, "64 characters"),
        ({"a": "x,y"}, "','"),
        ({"a": "x;y"}, "';'"),
        ({"a": "<b>"}, "'<'"),
        ({"a": '"x"'}, "'\"'"),
        ({"a": "x\x00y"}, r"'\x00'"),
        ({"a": "\u202eevil"}, r"'\u202e'"),
        ({"a": "\ud800"}, r"'\ud800'"),
        ({"a": "(untagged)"}, "'('"),
        ({"A": "x", "a": "y"}, "twice"),
        ({f"k{number}": "" for number in range(MOST + 1)}, "at most 20"),
        ({"owner": "ben"}, "known without being set"),
        ({"Project": "other"}, "known without being set"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_reason(said: dict[str, str], word: str) -> None:
    with pytest.raises(TagRefused) as caught:
        tags.checked(said, Tagged.DISK)
    assert word in caught.value.message


@pytest.mark.parametrize("kind", Tagged)
@pytest.mark.parametrize("key", ["name", "project", "owner", "workspace", "kind", "course"])
def test_what_the_platform_knows_is_not_set(kind: Tagged, key: str) -> None:
    if key in COMPUTED[kind]:
        with pytest.raises(TagRefused):
            tags.checked({key: "x"}, kind)
    else:
        assert tags.checked({key: "x"}, kind) == {key: "x"}


@given(MAPS)
def test_what_is_kept_is_kept_again_and_read_as_it_is_written(said: dict[str, str]) -> None:
    kept = tags.checked(said, Tagged.DISK)
    assert tags.checked(kept, Tagged.DISK) == kept
    assert tags.read(tags.written(kept)) == kept
    assert tags.read(tags.lines(kept)) == kept


@given(ANY_MAPS)
def test_whatever_is_said_is_kept_within_the_bounds_or_refused(said: dict[str, str]) -> None:
    try:
        kept = tags.checked(said, Tagged.ENVIRONMENT)
    except TagRefused:
        return
    for key, value in kept.items():
        assert key.isascii()
        assert key == key.lower()
        assert 1 <= len(key) <= LONGEST
        assert len(value) <= LONGEST
        assert value.isprintable()
        assert not set(value) & set(",;<>\"'&()\\|*")
        assert value == value.strip()


@given(MAPS)
def test_no_part_of_a_line_is_a_formula(said: dict[str, str]) -> None:
    line = tags.written(tags.checked(said, Tagged.DISK))
    assert all(part.lstrip()[0] in string.ascii_lowercase for part in line.split(";") if part)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", {}),
        (" \n ; , ", {}),
        ("course: biology-1", {"course": "biology-1"}),
        ("course:biology-1\nkeep", {"course": "biology-1", "keep": ""}),
        ("a:1, b:2; c : x:y\r\n", {"a": "1", "b": "2", "c": "x:y"}),
        (":x", {"": "x"}),
    ],
)
def test_what_a_person_types_is_read(typed: str, found: dict[str, str]) -> None:
    assert tags.read(typed) == found


def test_a_key_that_is_typed_twice_is_refused() -> None:
    with pytest.raises(TagRefused, match="twice"):
        tags.read("a:1\na:2")


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([], ()),
        (["", " , "], ()),
        (["course:bio"], (Wanted(key="course", value="bio"),)),
        (["course"], (Wanted(key="course"),)),
        (["keep:"], (Wanted(key="keep", value=""),)),
        (["Course: a:b "], (Wanted(key="course", value="a:b"),)),
        (["a:1,b", "a:1"], (Wanted(key="a", value="1"), Wanted(key="b"))),
        (["owner:o'neil"], (Wanted(key="owner", value="o'neil"),)),
    ],
)
def test_a_filter_is_read(texts: list[str], found: tuple[Wanted, ...]) -> None:
    assert tags.wanted(texts) == found


@pytest.mark.parametrize(
    "texts",
    [["1"], [":x"], ["a b:c"], ["' or 1=1"], ["a:\x00"], ["a:" + "x" * 301], [f"k{each}" for each in range(21)]],
)
def test_a_filter_that_nothing_can_be_is_refused(texts: list[str]) -> None:
    with pytest.raises(TagRefused):
        tags.wanted(texts)


@given(MAPS, st.data())
def test_a_thing_has_all_of_its_own_tags_and_none_with_another_value(said: dict[str, str], data: st.DataObject) -> None:
    kept = tags.checked(said, Tagged.DISK)
    assert tags.has_all(kept, [Wanted(key=key) for key in kept])
    assert tags.has_all(kept, [Wanted(key=key, value=value) for key, value in kept.items()])
    assert not tags.has_all(kept, [Wanted(key="x" * LONGEST)])
    if kept:
        key = data.draw(st.sampled_from(sorted(kept)))
        assert not tags.has_all(kept, [Wanted(key=key, value=kept[key] + "x")])


def test_a_wanted_tag_is_written_as_it_is_read() -> None:
    for each in (Wanted(key="a"), Wanted(key="a", value=""), Wanted(key="a", value="b:c")):
        assert tags.wanted([str(each)]) == (each,)


def test_groups_are_named_by_key_with_and_without_the_word() -> None:
    assert tags.grouped_by("tag:Course") == tags.grouped_by(" course ") == "course"
    with pytest.raises(TagRefused):
        tags.grouped_by("tag:")


def test_what_is_untagged_is_no_value_that_could_be_set() -> None:
    with pytest.raises(TagRefused):
        tags.checked({"a": UNTAGGED}, Tagged.DISK)


def test_an_image_has_its_name_and_what_the_catalogue_says() -> None:
    image = OfferedImage(
        name="r", title="R", about="", reference="r:1", language=Language.R, tags={"owner": "core", "course": "bio"}
    )
    assert image.all_tags == {"owner": "core", "course": "bio", "name": "r", "kind": "image"}
