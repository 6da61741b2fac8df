"""Every route of the Hub's own REST API, found in the installed Hub, with ana's names filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jupyterhub.apihandlers import default_handlers

OF_ANA = {
    "users": ["ana", "SLUG", "x"],
    "groups": ["terraspawner-operators", "ana", "x"],
    "services": ["workspaces"],
    "shares": ["ana", "SLUG"],
    "share-codes": ["ana", "SLUG"],
    "authorizations": ["x"],
}
"""What stands in an address about her, by the address's first word; SLUG is for the name of her server."""
METHODS = ("get", "post", "put", "patch", "delete")
FAULTY = frozenset({"GET /hub/api/authorizations/token", "POST /hub/api/authorizations/token/x"})
"""The Hub answers 500 to these two old addresses, whatever is sent and whoever asks: an error of its own, which no
setting mends (its own handlers come before `extra_handlers`). Nothing is told and nothing changed by it."""
_GROUP = re.compile(r"\(\[\^/\][+*]\)")


def addresses(names: Mapping[str, list[str]]) -> list[str]:
    """``METHOD path`` for each method of each handler. `names` are the values of a path's groups, by its first word."""
    found = []
    for pattern, handler in default_handlers:
        path = pattern.replace("(?:/([^/]+))?", "").removesuffix("?")
        values = iter(names.get(path.split("/")[2], ["x"] * 3))
        path = _GROUP.sub(lambda _, values=values: next(values), path)
        found += [f"{method.upper()} /hub{path}" for method in METHODS if has_own(handler, method)]
    return [route for route in found if route not in FAULTY]


def has_own(handler: type, method: str) -> bool:
    """Whether the Hub's handler answers this method, not only tornado's refusal of all."""
    return any(method in base.__dict__ for base in handler.__mro__ if base.__module__.startswith("jupyterhub."))
