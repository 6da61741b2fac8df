"""Names: what is taken, what is refused and with which words, and the slug."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyterhub.slugs import is_valid_safe_slug

from terraspawner.domain import names
from terraspawner.errors import NameRefused

VALIDATORS: list[Callable[[str], object]] = [
    names.workspace_name,
    names.namespace,
    names.display_name,
    names.notebook_path,
    names.notebook_path_of_title,
    names.split_at_notebook,
]
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
TRICKY = st.text(
    alphabet=st.one_of(
        st.sampled_from("aZ09-_./ .()',~\\%\0\n\u202e\u200d\u0301\ufe0f\u00e9e😀日𝒳\ud800"), st.characters()
    ),
    max_size=80,
)
FIXED = settings(derandomize=True, database=None)


def message_of(refusal: pytest.ExceptionInfo[NameRefused]) -> str:
    return refusal.value.message


# Workspaces


@pytest.mark.parametrize("name", ["a", "9", "Genome-2024", "a_b", "x" * 50, "data2", "my-data", "COM10", "a-", "a--b"])
def test_a_workspace_may_be_called(name: str) -> None:
    assert names.workspace_name(name) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        ("x" * 51, "is 51 characters long"),
        ("-a", "begins with '-'"),
        ("_a", "begins with '_'"),
        ("a b", "contains a space"),
        (" a", "contains a space"),
        ("a ", "contains a space"),
        ("../x", "contains '.'"),
        ("..", "contains '.'"),
        ("a/b", "contains '/'"),
        ("a\\b", r"contains '\'"),
        ("a.b", "contains '.'"),
        ("a%2fb", "contains '%'"),
        ("a\0b", "contains a control character (U+0000)"),
        ("a\nb", "contains a control character (U+000A)"),
        ("a\n", "contains a control character (U+000A)"),
        ("a\x7f", "contains a control character (U+007F)"),
        ("a😀", "contains a symbol or emoji '😀' (U+1F600)"),
        ("é", "contains the character 'é' (U+00E9)"),
        ("\uff21", "contains the character '\uff21' (U+FF21)"),
        ("a\u0301", "contains an invisible character (U+0301)"),
        ("a\u202eb", "contains an invisible format character (U+202E)"),
        ("a\u00a0b", "contains an unusual space (U+00A0)"),
        ("a\ud800", "contains half of a character (U+D800)"),
        ("\u0663", "contains the character '\u0663' (U+0663)"),
        ("packages", "reserved word 'packages'"),
        ("Packages", "reserved word 'Packages'"),
        ("drive", "reserved word"),
        ("edit", "reserved word"),
        ("playground", "reserved word"),
        ("bucket", "reserved word"),
        ("notebooks", "reserved word"),
        ("DATA", "reserved word"),
        ("new", "reserved word"),
        ("api", "reserved word"),
        ("lost+found", "contains '+'"),
        ("CON", "reserved word"),
        ("nul", "reserved word"),
        ("Com1", "reserved word"),
        ("LPT9", "reserved word"),
    ],
)
def test_a_workspace_may_not_be_called(name: str, words: str) -> None:
    with pytest.raises(NameRefused) as refusal:
        names.workspace_name(name)
    assert message_of(refusal).startswith(f"The workspace's name {words}" if "reserved" not in words else "The work")
    assert words in message_of(refusal)
    assert refusal.value.code == "name-invalid"


# Projects


@pytest.mark.parametrize("name", ["a", "0", "ana", "lab-7", "a" * 40, "a-", "a--b"])
def test_a_project_may_be_called(name: str) -> None:
    assert names.namespace(name) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        ("a" * 41, "is 41 characters long"),
        ("-a", "begins with '-'"),
        ("Ana", "contains 'A'"),
        ("a_b", "contains '_'"),
        ("a.b", "contains '.'"),
        ("a\n", "contains a control character (U+000A)"),
        ("é", "contains the character 'é' (U+00E9)"),
        ("\u0661", "contains the character '\u0661' (U+0661)"),
    ],
)
def test_a_project_may_not_be_called(name: str, words: str) -> None:
    with pytest.raises(NameRefused) as refusal:
        names.namespace(name)
    assert message_of(refusal).startswith(f"The project's name {words}; use 1 to 40 small letters")


# Titles


@pytest.mark.parametrize("title", ["a", "Genome of the mouse: part 2 / 3", "日本語", "😀 👩\u200d🔬", "<b>", "x" * 120])
def test_a_title_may_be(title: str) -> None:
    assert names.display_name(title) == title


@pytest.mark.parametrize(
    "title", ["", " ", " a", "a ", "a\tb", "a\nb", "a\u2028b", "a\u202eb", "\u200d", "a\u00a0b", "\ue000", "x" * 121]
)
def test_a_title_may_not_be(title: str) -> None:
    with pytest.raises(NameRefused, match=r"^The title "):
        names.display_name(title)


# Notebooks


@pytest.mark.parametrize(
    "path",
    [
        "a.ipynb",
        "first look.ipynb",
        "Untitled-Copy1.ipynb",
        "2024-05-01 (draft), Ana's_try.v2.ipynb",
        "folder/sub folder/a.ipynb",
        "Größe.ipynb",
        "日本語/ノート.ipynb",
        "हिन्दी.ipynb",
        "العربية.ipynb",
        "½ of it.ipynb",
        "-.ipynb",
        "(a).ipynb",
        "x" * 194 + ".ipynb",
        "/".join(["x" * 200] * 4 + ["y" * 90 + ".ipynb"]),
        "a.ipynb.ipynb",
        "a  b.ipynb",
        "con.ipynb",
    ],
)
def test_a_notebook_may_be_called(path: str) -> None:
    assert names.notebook_path(path) == path
    assert names.notebook_path_of_title(path) == path
    assert names.split_at_notebook(path) == (path, "")
    assert names.split_at_notebook(f"{path}/rename") == (path, "rename")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "name is empty"),
        ("a", "does not end in .ipynb"),
        ("a.py", "does not end in .ipynb"),
        ("a.IPYNB", "does not end in .ipynb (in small letters)"),
        (".ipynb", "begins with '.'"),
        (".hidden.ipynb", "begins with '.'"),
        (" .ipynb", "begins with a space"),
        (" a.ipynb", "begins with a space"),
        ("a .ipynb", "has a space before .ipynb"),
        ("a..ipynb", "has '.' before .ipynb"),
        ("a.ipynb ", "ends with a space"),
        ("a.ipynb.", "ends with '.'"),
        ("/a.ipynb", "empty part"),
        ("a//b.ipynb", "empty part"),
        ("a/", "empty part"),
        ("a.ipynb/", "has a folder 'a.ipynb'"),
        ("../a.ipynb", "contains the part '..'"),
        ("a/../b.ipynb", "contains the part '..'"),
        ("./a.ipynb", "contains the part '.'"),
        (".terra/a.ipynb", "begins with '.'"),
        (".ipynb_checkpoints/a.ipynb", "begins with '.'"),
        ("a /b.ipynb", "ends with a space"),
        ("a./b.ipynb", "ends with '.'"),
        ("a.ipynb/b.ipynb", "has a folder 'a.ipynb'"),
        ("a.IPYNB/b.ipynb", "has a folder 'a.IPYNB'"),
        ("a\\b.ipynb", r"contains '\'"),
        ("a:b.ipynb", "contains ':'"),
        ("a%2fb.ipynb", "contains '%'"),
        ("a?b.ipynb", "contains '?'"),
        ("a#b.ipynb", "contains '#'"),
        ("a&b.ipynb", "contains '&'"),
        ("a+b.ipynb", "contains '+'"),
        ("<b>.ipynb", "contains '<'"),
        ('a".ipynb', "contains '\"'"),
        ("~a.ipynb", "contains '~'"),
        ("$HOME.ipynb", "contains '$'"),
        ("a\0.ipynb", "contains a control character (U+0000)"),
        ("a\r\n.ipynb", "contains a control character (U+000D)"),
        ("a\x85.ipynb", "contains a control character (U+0085)"),
        ("a\t.ipynb", "contains a control character (U+0009)"),
        ("😀.ipynb", "contains a symbol or emoji '😀' (U+1F600)"),
        ("\u2600.ipynb", "contains a symbol or emoji '☀' (U+2600)"),
        ("1\ufe0f\u20e3.ipynb", "contains an invisible character (U+FE0F)"),
        ("1\u20e3.ipynb", "contains an enclosing mark (U+20E3)"),
        ("a\u202ebpyni.ipynb", "contains an invisible format character (U+202E)"),
        ("a\u200bb.ipynb", "contains an invisible format character (U+200B)"),
        ("\ufeffa.ipynb", "contains an invisible format character (U+FEFF)"),
        ("a\u2066b.ipynb", "contains an invisible format character (U+2066)"),
        ("a\u3164b.ipynb", "contains an invisible character (U+3164)"),
        ("a\u034fb.ipynb", "contains an invisible character (U+034F)"),
        ("\u0301a.ipynb", "begins with an invisible character (U+0301)"),
        ("a\u00a0b.ipynb", "contains an unusual space (U+00A0)"),
        ("a\u2028b.ipynb", "contains a line break (U+2028)"),
        ("a\u2044b.ipynb", "contains a mathematical sign '\u2044' (U+2044)"),
        ("a\uff0fb.ipynb", "contains the character '\uff0f' (U+FF0F)"),
        ("a\ud800.ipynb", "contains half of a character (U+D800)"),
        ("a\ue000.ipynb", "contains a private-use character (U+E000)"),
        ("a€.ipynb", "contains a currency sign '€' (U+20AC)"),
        ("x" * 195 + ".ipynb", "has a part of 201 bytes"),
        ("é" * 98 + ".ipynb", "has a part of 202 bytes"),
        ("x/" * 448 + "a.ipynb", "is 903 bytes long"),
    ],
)
def test_a_notebook_may_not_be_called(path: str, words: str) -> None:
    with pytest.raises(NameRefused) as refusal:
        names.notebook_path(path)
    assert words in message_of(refusal)
    thing = "The notebook's path" if "/" in path else "The notebook's name"
    assert message_of(refusal).startswith(thing)


def test_a_notebook_name_is_normalised() -> None:
    assert names.notebook_path("e\u0301.ipynb") == "\u00e9.ipynb"


@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("a", "a.ipynb"),
        ("a.ipynb", "a.ipynb"),
        ("a.IPYNB", "a.ipynb"),
        ("v1.0", "v1.0.ipynb"),
        ("x/first look", "x/first look.ipynb"),
    ],
)
def test_a_title_becomes_a_path(title: str, path: str) -> None:
    assert names.notebook_path_of_title(title) == path


def test_a_title_that_is_only_a_folder_asks_for_the_name() -> None:
    with pytest.raises(NameRefused, match="ends with '/'; put the notebook's name after it"):
        names.notebook_path_of_title("a/")


@pytest.mark.parametrize("title", ["", ".ipynb", ".IPYNB", "a.", "a ", "a/", "../a", "a.ipynb/b"])
def test_a_title_that_makes_no_path_is_refused(title: str) -> None:
    with pytest.raises(NameRefused, match=r"^The notebook's (name|path) "):
        names.notebook_path_of_title(title)


@pytest.mark.parametrize(
    ("tail", "parts"),
    [
        ("a/b.ipynb/versions/3/restore", ("a/b.ipynb", "versions/3/restore")),
        ("b.ipynb/c.ipynb", ("b.ipynb", "c.ipynb")),
    ],
)
def test_an_address_is_parted_at_the_notebook(tail: str, parts: tuple[str, str]) -> None:
    assert names.split_at_notebook(tail) == parts


@pytest.mark.parametrize("tail", ["", "a", "../a.ipynb/rename", "a.IPYNB/rename", "a.ipynb/", "a.ipynb/versions/"])
def test_an_address_without_a_notebook_is_refused(tail: str) -> None:
    with pytest.raises(NameRefused):
        names.split_at_notebook(tail)


# What holds for all names


@pytest.mark.parametrize("validate", VALIDATORS, ids=lambda each: each.__name__)
@given(text=TRICKY)
@FIXED
def test_nothing_but_a_refusal_is_raised_and_it_is_one_clean_sentence(
    validate: Callable[[str], object], text: str
) -> None:
    try:
        validate(text)
    except NameRefused as refusal:
        message, details = refusal.message, refusal.details
    else:
        return
    assert message.isprintable()
    assert message.endswith(".")
    assert len(message) < 300
    assert all(str(value).isprintable() for value in details.values())


@pytest.mark.parametrize("validate", [*VALIDATORS[:4], names.notebook_path_of_title], ids=lambda each: each.__name__)
@given(text=TRICKY)
@FIXED
def test_a_name_that_was_taken_is_taken_again_unchanged(validate: Callable[[str], str], text: str) -> None:
    try:
        name = validate(text)
    except NameRefused:
        return
    assert validate(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert not set(name) & set(BIDI)
    assert all(unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") for char in name)


NOTEBOOK_TEXT = st.lists(
    st.text(st.one_of(st.sampled_from("aé日 -_.()',"), st.characters(categories=["L", "M", "N"])), min_size=1),
    min_size=1,
).map(lambda parts: "/".join(parts) + ".ipynb")


@given(text=NOTEBOOK_TEXT)
@FIXED
def test_a_notebook_path_stays_below_its_folder(text: str) -> None:
    try:
        path = names.notebook_path(text)
    except NameRefused:
        return
    assert names.notebook_path(path) == path
    *folders, file = path.split("/")
    assert file.endswith(".ipynb")
    assert len(path.encode()) <= 900
    for segment in (*folders, file):
        assert segment not in ("", ".", "..")
        assert segment[0] not in ". "
        assert segment[-1] not in ". "
        assert not set(segment) & set("/\\:\0")
    assert not any(folder.endswith(".ipynb") for folder in folders)


@pytest.mark.slow
def test_every_single_character_of_unicode_is_decided_the_same_way_twice() -> None:
    """Normalisation may turn a character into another; that one must be allowed as well."""
    for number in range(sys.maxunicode + 1):
        if names._is_for_notebooks(chr(number)):
            after = unicodedata.normalize("NFC", chr(number))
            assert all(names._is_for_notebooks(char) for char in after), hex(number)
            assert not set(after) & set(BIDI + "/\\")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Genome", "GENOME"),
        ("Größe.ipynb", "GRÖSSE.IPYNB"),
        ("ﬁle", "FILE"),
        ("e\u0301", "É"),
        ("\uff21", "a"),
        ("\u017f", "S"),
    ],
)
def test_names_that_differ_in_case_only_are_the_same(one: str, other: str) -> None:
    assert names.comparable(one) == names.comparable(other)


@given(text=st.text())
@FIXED
def test_the_comparable_form_of_a_form_is_itself(text: str) -> None:
    assert names.comparable(text.upper().lower()) == names.comparable(names.comparable(text.upper().lower()))


# Slugs


def nothing_taken(slug: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("namespace", "name", "slug"),
    [
        ("ana", "genome", "ana-genome"),
        ("ana", "Genome_2024", "ana-genome-2024"),
        ("ana-", "-x--y-", "ana-x-y"),
        ("7lab", "x", "w-7lab-x"),
        ("", "", "w"),
        ("é", "日本", "w"),
        ("a" * 40, "b", "a" * 30),
        ("a" * 29, "b", "a" * 29),
        ("0" * 40, "b", "w-" + "0" * 28),
    ],
)
def test_a_slug_is_made_of_project_and_name(namespace: str, name: str, slug: str) -> None:
    assert names.slug_for(namespace, name, nothing_taken) == slug


def test_a_taken_slug_gets_a_counter() -> None:
    taken = {"ana-genome", "ana-genome-2"}
    assert names.slug_for("ana", "genome", taken.__contains__) == "ana-genome-3"
    assert names.slug_for("a" * 40, "b", {"a" * 30}.__contains__) == "a" * 28 + "-2"
    assert names.slug_for("a" * 27 + "-b", "c", {"a" * 27 + "-b"}.__contains__) == "a" * 27 + "-2"


def test_the_same_name_in_two_projects_has_two_slugs() -> None:
    assert names.slug_for("ana", "x", nothing_taken) != names.slug_for("ben", "x", nothing_taken)


def test_a_slug_that_is_never_free_is_refused() -> None:
    with pytest.raises(NameRefused):
        names.slug_for("ana", "x", lambda slug: True)


@given(pairs=st.lists(st.tuples(TRICKY, TRICKY), max_size=30))
@FIXED
def test_slugs_are_valid_and_unique(pairs: list[tuple[str, str]]) -> None:
    taken: set[str] = set()
    for namespace, name in [*pairs, *pairs]:
        slug = names.slug_for(namespace, name, taken.__contains__)
        assert is_valid_safe_slug(slug)
        assert slug not in taken
        taken.add(slug)
