"""So many starts at once and no more: a start takes the processors for itself, and twenty at once all time out.

In memory on purpose: the Hub alone starts, and what waited when it was killed is told so by its row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from terraspawner.domain.start import in_turn

LONGEST_SECONDS = 30.0
"""A turn is for the work of a start. One that only waits by now (a server that never answers) holds up nobody."""


@dataclass(eq=False, slots=True, kw_only=True)
class Turn:
    """One start's. `told` hears how many others are before it, each time that this changes."""

    person: str
    told: Callable[[int], None]
    granted: asyncio.Event = field(default_factory=asyncio.Event)
    ahead: int = -1


class Turns:
    """Grants turns fairly. One person never has all of them where there is more than one."""

    def __init__(self, at_once: int, longest: float = LONGEST_SECONDS) -> None:
        self._at_once = at_once
        self._most_each = max(1, at_once - 1)
        self._longest = longest
        self._waiting: list[Turn] = []
        self._held: set[Turn] = set()
        self._served: dict[str, None] = {}  # people in the order of their last turns

    async def take(self, person: str, told: Callable[[int], None]) -> Turn:
        """Wait for a turn; whoever takes one gives it back. `told` is not called where there is no waiting."""
        turn = Turn(person=person, told=told)
        self._waiting.append(turn)
        try:
            self._grant()
            await turn.granted.wait()
        except BaseException:  # cancelled while it waited, above all: its place in the queue must not be lost
            self.give_back(turn)
            raise
        asyncio.get_running_loop().call_later(self._longest, self.give_back, turn)
        return turn

    def give_back(self, turn: Turn) -> None:
        """Once more does no harm."""
        self._held.discard(turn)
        if turn in self._waiting:
            self._waiting.remove(turn)
        self._grant()

    def _grant(self) -> None:
        for turn in self._in_order():
            if len(self._held) >= self._at_once:
                break
            if sum(other.person == turn.person for other in self._held) < self._most_each:
                self._waiting.remove(turn)
                self._held.add(turn)
                self._served.pop(turn.person, None)
                self._served[turn.person] = None
                turn.granted.set()
        if not self._waiting and not self._held:
            self._served.clear()
        for ahead, turn in enumerate(self._in_order()):
            if turn.ahead != ahead:
                turn.ahead = ahead
                turn.told(ahead)

    def _in_order(self) -> list[Turn]:
        waiting, held = ([turn.person for turn in turns] for turns in (self._waiting, self._held))
        order = in_turn(waiting, held, list(self._served))
        return [self._waiting[position] for position in order]
