"""The kinds of callers that `auth` tells apart, and a browser on its way to be one."""

from __future__ import annotations

from dataclasses import dataclass

from terraspawner.domain.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is signed in. `id` is ours, made at the sign-in."""

    id: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person with an account; `session` is None for a caller with a token."""

    account: Account
    session: Session | None

    @property
    def name(self) -> str:
        return self.account.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Culler:
    """The Hub service that sees what each environment does, and decides which are stopped. It opens nothing else."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """Who has a token with the Hub's scope for metrics. It opens nothing else."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A browser on its way to the Hub: where to, and the cookie that it brings back."""

    url: str
    cookie: str
    sealed: str
