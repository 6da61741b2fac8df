"""What a person is told that was not saved or not sent as an environment ended."""

import pytest

from terraspawner.containers.settle import LONGEST_NAME, MOST_NAMED, Left, understood
from terraspawner.domain.unsaved import in_tabs, joined, on_disk, unsent


@pytest.mark.feature("F9")
def test_what_is_on_the_disk_alone_is_counted_named_and_promised() -> None:
    assert on_disk(0, []) == ""
    assert on_disk(1, ["a.ipynb"]) == (
        "1 notebook is on the disk and not in the workspace yet: a.ipynb. It is sent at the next start."
    )
    assert on_disk(2, ["a.ipynb", "b.ipynb"]) == (
        "2 notebooks are on the disk and not in the workspace yet: a.ipynb, b.ipynb. They are sent at the next start."
    )
    assert ": a, b, c and 4 more." in on_disk(7, ["a", "b", "c", "d"])
    assert "yet. They are sent" in on_disk(7, [])


@pytest.mark.feature("F9")
def test_of_what_was_deleted_it_is_said_that_its_disk_has_it() -> None:
    assert unsent(0, []) == ""
    assert unsent(1, ["a.ipynb"]) == (
        "1 notebook is on the disk and not in the workspace yet: a.ipynb. It is sent when an environment starts with"
        " that disk."
    )
    assert unsent(2, []).endswith("yet. They are sent when an environment starts with that disk.")


def test_what_is_in_a_tab_alone_is_said_with_what_to_do() -> None:
    assert in_tabs((), silent_tabs=0, is_silent=False) == ""
    words = in_tabs(("study/notes.txt",), silent_tabs=2, is_silent=True)
    for part in ("notes.txt could not be saved", "Leave it open", "2 open tabs", "The environment did not answer"):
        assert part in words
    assert joined("It ended.", "", words) == f"It ended. {words}"


def test_what_an_environment_answers_is_bounded_and_believed_only_in_form() -> None:
    assert understood(b'{"unsaved": ["a\\u0000b\\n"], "unsent": ["c"], "silent_tabs": 1}') == Left(
        unsaved=("ab",), unsent=("c",), silent_tabs=1
    )
    many = understood(b'{"unsaved": [' + b'"' + b"x" * 2000 + b'",' + b'"y",' * 5000 + b'"z"]}')
    assert (len(many.unsaved), len(many.unsaved[0]), many.unsent) == (MOST_NAMED, LONGEST_NAME, ())


@pytest.mark.parametrize(
    "body",
    [b"", b"no", b"[]", b'{"unsaved": "x"}', b'{"unsent": [1]}', b'{"silent_tabs": -1}', b'{"silent_tabs": "1"}',
     b'{"silent_tabs": 100000}'],
)  # fmt: skip
def test_an_answer_that_means_nothing_is_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        understood(body)
