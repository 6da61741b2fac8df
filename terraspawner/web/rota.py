"""A rota: of many that are asked after again and again, so many at a time, each after all the others."""

from __future__ import annotations

from collections.abc import Iterable


class Rota:
    """Goes round by id; who comes or goes meanwhile puts nobody off for a second round."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._last = ""

    def next(self, ids: Iterable[str]) -> frozenset[str]:
        """Whose turn it is."""
        waiting = sorted(set(ids))
        behind = [each for each in waiting if each > self._last]
        found = [*behind, *waiting[: len(waiting) - len(behind)]][: self._at_once]
        self._last = found[-1] if found else ""
        return frozenset(found)
