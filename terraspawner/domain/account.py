"""Accounts: one per person; what one may be called, and the one-time links with which people set passwords."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from terraspawner.errors import NameRefused, Refused

NAME_LIMIT = 62
EMAIL_LIMIT = 254

_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")
_EXTERNAL_LETTERS = _NAME_LETTERS | frozenset("_@+")
EXTERNAL_NAME_LIMIT = 200
"""Names from outside are often e-mail addresses; the Hub and our tables stop at 255."""
_EMAIL = re.compile(r"[^\s@<>\"',;:\\()\[\]]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)


class LinkState(StrEnum):
    """Only an open link sets a password."""

    OPEN = "open"
    USED = "used"
    REPLACED = "replaced"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link, without its secret: that was told once, to the operator who made it."""

    id: str
    account: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    replaced_at: datetime | None = None
    seen_at: datetime | None = None

    def state(self, now: datetime) -> LinkState:
        """A link ends at its use, when a newer one is made or the account disabled, and when its time is over."""
        if self.used_at:
            return LinkState.USED
        if self.replaced_at:
            return LinkState.REPLACED
        return LinkState.EXPIRED if now >= self.expires_at else LinkState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who can sign in. `email` is empty where none is known.

    `sessions_epoch` counts how often everything that was signed in has ended: a new password, a disabling. `unseen`
    are links that were made for this account and that the person has not been told of yet. `subject` is the identity
    provider and its number for the person; empty where the person signs in with a password of ours. `is_let_go` until
    that provider says again that the person may come in.
    """

    name: str
    email: str = ""
    is_operator: bool = False
    is_disabled: bool = False
    may_create_projects: bool = False
    sessions_epoch: int = 0
    unseen: tuple[Link, ...] = ()
    subject: str = ""
    is_let_go: bool = False

    @property
    def is_out(self) -> bool:
        """Whether nothing is done in this name: disabled here, or let go by the identity provider."""
        return self.is_disabled or self.is_let_go

    @property
    def is_external(self) -> bool:
        """Whether an identity provider signs the person in."""
        return bool(self.subject)

    @property
    def address(self) -> str:
        """What ``OWNER_EMAIL`` says: the e-mail, or the user name where there is none (API.md)."""
        return self.email or self.name


def account_name(text: str, *, thing: str = "The account's name") -> str:
    """The name of an account, or of another `thing` that is named like one: small ASCII letters, as the Hub folds what
    is typed into its form, so that no two names look the same. Raises `NameRefused`."""
    return _checked(text, _NAME_LETTERS, "'.' and '-'", NAME_LIMIT, thing)


def external_name(text: str) -> str:
    """The name of an account from what an identity provider calls the person, an e-mail address perhaps: in small
    letters, as the Hub folds it. Raises `NameRefused`; nothing is cut off or replaced, or two would be one."""
    others = "'.', '-', '_', '+' and '@'"
    folded = text.lower() if text.isascii() else text
    return _checked(folded, _EXTERNAL_LETTERS, others, EXTERNAL_NAME_LIMIT, "The account's name")


def _checked(text: str, letters: frozenset[str], others: str, limit: int, thing: str) -> str:
    rule = f"Use 1 to {limit} small letters a-z, digits, {others}, with a letter or digit at both ends"
    if not text:
        raise NameRefused(f"{thing} is empty. {rule}.")
    for char in text:
        if char not in letters:
            raise NameRefused(f"{thing} cannot be used: it contains {_shown(char)}. {rule}.")
    if text == "all":
        raise NameRefused(f"{thing} cannot be 'all': that is everybody, where something is shared. {rule}.")
    if len(text) > limit:
        raise NameRefused(f"{thing} cannot be used: it is {len(text)} characters long. {rule}.")
    for char in (text[0], text[-1]):
        if not char.isalnum():
            raise NameRefused(f"{thing} cannot be used: it begins or ends with {_shown(char)}. {rule}.")
    return text


def email_address(text: str) -> str:
    """An e-mail address, or nothing. It becomes a variable in environments. Raises `Refused`."""
    if text and (len(text) > EMAIL_LIMIT or not _EMAIL.fullmatch(text) or not text.isprintable()):
        raise Refused("This is no e-mail address. Write one such as eva@example.org, or leave it empty.")
    return text


def _shown(char: str) -> str:
    """A character as a sentence can show it; what looks like another letter is told by its own name."""
    if char == " ":
        return "a space"
    if char.isascii() and char.isprintable():
        return f"'{char}'"
    name = unicodedata.name(char, "a character without a name").lower()
    return f"{name} (U+{ord(char):04X})"
