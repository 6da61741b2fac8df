"""When a person last did something here: Lab says it a moment after each key and click, see `src/human.ts`.

A claim, as all that comes from inside: forged beats keep an environment until its maximum age, which no beat moves.
"""

from collections.abc import Callable

LONGEST_AGO = 3600.0


class HumanBeats:
    """`clock` gives seconds that only rise, also while the environment stands still."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: float | None = None

    def beat(self, ago: float) -> None:
        """Somebody typed or clicked `ago` seconds ago. Beats of several tabs come in any order."""
        at = self._clock() - ago
        self._last = at if self._last is None else max(self._last, at)

    @property
    def seconds(self) -> int | None:
        """Since the last one; None where there was none since this server started."""
        return None if self._last is None else max(0, int(self._clock() - self._last))
