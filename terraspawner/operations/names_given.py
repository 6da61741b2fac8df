"""Names that a caller made up, as a sentence can show them: short, and nothing that a terminal would obey."""

from __future__ import annotations

_LONGEST = 80


def shown(text: str) -> str:
    """Quoted; what is longer than a name is cut."""
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
