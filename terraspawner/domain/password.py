"""What a password must be: long, and nothing that stands in the account or on everybody's list.

No rule on kinds of characters: they make passwords that are hard to keep and no harder to guess (NIST SP 800-63B,
section 3.1.1.2).
"""

from __future__ import annotations

import unicodedata

from terraspawner.errors_accounts import PasswordRefused

SHORTEST = 10
LONGEST = 500
FEWEST_DIFFERENT = 5
_TOO_COMMON = frozenset(
    {"password", "passwort", "qwerty", "qwertyuiop", "qwertz", "letmein", "iloveyou", "welcome", "admin", "changeme"}
    | {"administrator", "jupyter", "jupyterhub", "terraspawner", "secret", "abcdefghij", "1q2w3e4r5t", "trustno1"}
)


def normal(password: str) -> str:
    """The form in which a password is kept: keyboards write the same letter in several ways (RFC 8265)."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str, name: str) -> str:
    """A password that the person `name` may have, in its normal form. Raises `PasswordRefused` with the reason."""
    text = normal(password)
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise PasswordRefused("The password contains a character that no keyboard writes. Leave it out.")
    if len(text) < SHORTEST:
        raise PasswordRefused(f"The password is {len(text)} characters long. Use {SHORTEST} or more: a few words do.")
    if len(text) > LONGEST:
        raise PasswordRefused(f"The password is {len(text)} characters long. Use at most {LONGEST}.")
    folded = text.casefold()
    if len(set(folded)) < FEWEST_DIFFERENT:
        raise PasswordRefused(f"The password repeats itself. Use {FEWEST_DIFFERENT} different characters or more.")
    rest = folded.replace(name, "").replace(name[::-1], "")
    if rest != folded and len(rest) < SHORTEST - 2:
        raise PasswordRefused("The password is little more than your user name. Choose another one.")
    if _is_common(folded):
        raise PasswordRefused("This password is one of the first that are guessed. Choose another one.")
    return text


def _is_common(folded: str) -> bool:
    """A word from the list with digits and signs around it, or digits that count up or down."""
    core = "".join(char for char in folded if char.isalpha())
    run = "01234567890123456789"
    return folded in _TOO_COMMON or core in _TOO_COMMON or folded in run or folded in run[::-1]
