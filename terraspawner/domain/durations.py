"""Durations in words."""

_DAY = 24 * 3600


def said(seconds: int) -> str:
    """A duration in words: "1 h 30 min", "90 days"."""
    if seconds >= 2 * _DAY and seconds % _DAY == 0:
        return f"{seconds // _DAY} days"
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes) + [f"{left} s"] * bool(left)
    return " ".join(parts) or "0 s"
