"""The last state of widgets as text: what shows them is a script, and none runs in a preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terraspawner.preview.document import mapping_of

_DEEPEST = 6
_MOST = 50
"""Lines."""
_REFERENCE = "IPY_MODEL_"
_NAMED = ("description", "placeholder", "title")
_VALUES = ("value", "index", "_options_labels")
_LONGEST = 200


def state_of(view: Any, models: Mapping[str, Any]) -> list[str]:
    """A line for each widget in a view that says something; empty where the notebook holds no state of it."""
    lines: list[str] = []
    _collect(mapping_of(view).get("model_id"), models, lines, _DEEPEST)
    return lines[:_MOST]


def _collect(model_id: Any, models: Mapping[str, Any], lines: list[str], depth: int) -> None:
    model = mapping_of(models.get(model_id)) if isinstance(model_id, str) else {}
    state = mapping_of(model.get("state"))
    if not state or depth == 0 or len(lines) >= _MOST:
        return
    name = model.get("model_name")
    kind = str(name).removesuffix("Model")[:_LONGEST] if name else "Widget"
    words = next((state[each] for each in _NAMED if isinstance(state.get(each), str) and state[each]), "")
    value = next((state[each] for each in _VALUES if _is_plain(state.get(each))), None)
    if words or value is not None:
        said = " ".join(filter(None, (kind, f"“{words[:_LONGEST]}”" if words else "")))
        lines.append(f"{said}: {str(value)[:_LONGEST]}" if value is not None else said)
    children = state.get("children")
    for child in children if isinstance(children, list) else []:
        if isinstance(child, str) and child.startswith(_REFERENCE):
            _collect(child.removeprefix(_REFERENCE), models, lines, depth - 1)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) < 20 and all(isinstance(each, str | int | float) for each in value)
    return isinstance(value, str | int | float)
