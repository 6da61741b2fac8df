"""What each handler says of who may call it: the action, in `domain.access`, that it carries out.

Said once, on the handler, under its route. The callers' guards (`callers`) ask the table for that action before the
handler or its body is looked at; the deed asks again in its own transaction. A handler that says nothing lets nobody
in, and `tests/web/test_declared.py` fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request

from terraspawner.domain.access import Action
from terraspawner.errors import NotAllowed

H = TypeVar("H", bound=Callable[..., object])
_ATTRIBUTE = "terra_declared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """All of `actions` are needed; `of_oneself` instead where the address names the caller as the member. No actions:
    anybody may call, signed in or not."""

    actions: tuple[Action, ...] = ()
    of_oneself: Action | None = None


def needs(*actions: Action, of_oneself: Action | None = None) -> Callable[[H], H]:
    """On a handler: who calls it must be permitted to do all of these."""
    return _mark(Declared(actions=actions, of_oneself=of_oneself))


def open_to_anybody(handler: H) -> H:
    """On a handler that asks nobody who he is."""
    return _mark(Declared())(handler)


def declared(handler: object) -> Declared | None:
    """What a handler says."""
    return getattr(handler, _ATTRIBUTE, None)


def actions_of(request: Request, caller: str) -> tuple[Action, ...]:
    """What `caller` must be permitted for this request. Raises `NotAllowed` where the handler does not say."""
    said = declared(request.scope.get("endpoint"))
    if said is None or not said.actions:
        raise NotAllowed("This address does not say who may call it, so nobody may.")
    if said.of_oneself and request.path_params.get("member") == caller:
        return (said.of_oneself,)
    return said.actions


def _mark(said: Declared) -> Callable[[H], H]:
    def mark(handler: H) -> H:
        setattr(handler, _ATTRIBUTE, said)
        return handler

    return mark
