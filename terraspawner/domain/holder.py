"""Who a role can be given to: a person, or the people of a group."""

from __future__ import annotations

from dataclasses import dataclass

_GROUP_PREFIX = "group:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A person or a group, by name."""

    name: str
    is_group: bool

    @property
    def address(self) -> str:
        """As it stands in addresses; no account can have a colon in its name."""
        return f"{_GROUP_PREFIX}{self.name}" if self.is_group else self.name


def holder(address: str) -> Holder:
    """Who an address means: ``eva``, or ``group:lab``."""
    is_group = address.startswith(_GROUP_PREFIX)
    return Holder(name=address.removeprefix(_GROUP_PREFIX), is_group=is_group)
