"""How often this process looks for garbage.

A list of a thousand environments makes half a million objects that are gone with the answer. By Python's own numbers
they have all of the service's memory, of which nothing is garbage, looked through several times on the way: more than
half of the time that the answer took (`make bench ARGS="lists"`).
"""

from __future__ import annotations

import gc

_OBJECTS, _YOUNG, _MIDDLE = 50_000, 20, 50


def collect_seldom() -> None:
    """From now on, in this process."""
    gc.set_threshold(_OBJECTS, _YOUNG, _MIDDLE)
