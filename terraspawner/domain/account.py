"""Accounts: one per person."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who can sign in. `email` is empty where none is known."""

    name: str
    email: str = ""
    is_operator: bool = False
    is_disabled: bool = False

    @property
    def address(self) -> str:
        """What ``OWNER_EMAIL`` says: the e-mail, or the user name where there is none (API.md)."""
        return self.email or self.name
