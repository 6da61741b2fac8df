"""What a password must be."""

import pytest

from terraspawner.domain import password
from terraspawner.errors_accounts import PasswordRefused


@pytest.mark.parametrize(
    "text",
    [
        "a garden of words",
        "ana and the whale",
        "\u0440\u0443\u0447\u043a\u0430 \u0438 \u0431\u0443\u043c\u0430\u0433\u0430",
        "x" * 20 + "abcd",
        "4711-0815-1234-99",
        " with spaces ",
    ],
)
def test_a_long_password_is_taken_whatever_is_in_it(text: str) -> None:
    assert password.check_password(text, "ana") == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0 characters"),
        ("ninechars", "9 characters"),
        ("x" * 501 + "abcd", "505 characters"),
        ("aaaaaaaaaaaa", "repeats itself"),
        ("abababababab", "repeats itself"),
        ("eva.lindgren", "user name"),
        ("EVA.Lindgren1", "user name"),
        ("nergdnil.ave", "user name"),
        ("eva.lindgreneva.lindgren", "user name"),
        ("password2026!", "first that are guessed"),
        ("Password123", "first that are guessed"),
        ("1234567890", "first that are guessed"),
        ("0987654321", "first that are guessed"),
        ("QWERTYUIOP", "first that are guessed"),
        ("a garden\0of words", "no keyboard"),
        ("a garden of words\n", "no keyboard"),
        ("a garden of \ud800", "no keyboard"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(text: str, says: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        password.check_password(text, "eva.lindgren")
    assert says in refused.value.message
    assert refused.value.message.endswith((".", "do."))
    assert text == "" or text not in refused.value.message


def test_the_same_letters_from_another_keyboard_are_the_same_password() -> None:
    assert password.normal("gru\u0308n") == password.normal("gr\u00fcn")


def test_a_name_of_one_letter_leaves_room_for_passwords() -> None:
    assert password.check_password("a garden of words", "a")
