"""How often this service looks, and how long it waits. One table; tests hand in a faster one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """All in seconds."""

    look: float = 0.5
    """Between two looks at the row behind a live page."""
    keep_alive: float = 15.0
    """A stream says something at least this often."""
    stream: float = 600.0
    """Longest life of a stream; the browser connects again and is asked anew who it is."""
    beat: float = 5.0
    """Between two heartbeats."""
    sweep: float = 5.0
    """Between two sweeps of the worker."""
    doubt: float = 5.0
    """Hub or Docker must contradict a row for this long before anything is done about it."""
    whole: float = 60.0
    """Between two looks of the reconciler at everything."""
    asks: int = 100
    """Of what runs, so many the Hub is asked about in a sweep, in turn. A number."""
    asks_at_once: int = 20
    """Questions about servers that the Hub is asked side by side."""
    back_off: float = 1.0
    """First pause after a failed deletion; doubled each time."""
    back_off_limit: float = 60.0
    ask: float = 1.0
    """How long a request for a start or a pause waits for the Hub's first answer."""
    cancel: float = 5.0
    """How long a request to cancel a start waits for its end before it answers "on its way"."""
    end: float = 20.0
    """How long a request for a deletion waits until what runs has saved and ended."""
    call: float = 60.0
    """How long a question for calls is kept open at most."""
    delete: float = 5.0
    """How long a request for a deletion waits for its end before it answers "on its way"."""
