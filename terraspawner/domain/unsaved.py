"""What was not saved or not sent as an environment ended or was frozen, in sentences for its person."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 3


def on_disk(pending: int, named: Sequence[str]) -> str:
    """Of `pending` notebooks whose last changes the workspace does not have, some of them `named`; empty for none."""
    then = "It is sent" if pending == 1 else "They are sent"
    return joined(_pending(pending, named), f"{then} at the next start.") if pending else ""


def unsent(pending: int, named: Sequence[str]) -> str:
    """The same of an environment that was deleted: its disk has them, while there is one."""
    then = "It is sent" if pending == 1 else "They are sent"
    return joined(_pending(pending, named), f"{then} when an environment starts with that disk.") if pending else ""


def _pending(pending: int, named: Sequence[str]) -> str:
    are = "1 notebook is" if pending == 1 else f"{pending} notebooks are"
    names = f": {_listed(named, pending)}" if named else ""
    return f"{are} on the disk and not in the workspace yet{names}."


def in_tabs(unsaved: Sequence[str], *, silent_tabs: int, is_silent: bool) -> str:
    """Of `unsaved` documents, and of tabs and servers that did not say; empty where all is saved."""
    words = []
    if unsaved:
        words.append(
            f"The last changes of {_listed([_name(path) for path in unsaved], len(unsaved))} could not be saved: they"
            " are in an open tab of JupyterLab alone. Leave it open; it saves them at the next start."
        )
    if silent_tabs:
        tabs = "An open tab" if silent_tabs == 1 else f"{silent_tabs} open tabs"
        words.append(f"{tabs} of JupyterLab did not answer in time: what was not saved there is in that tab alone.")
    if is_silent:
        words.append(
            "The environment did not answer when it was asked to save: what was not saved by then is in open tabs of"
            " JupyterLab alone."
        )
    return " ".join(words)


def joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _listed(names: Sequence[str], count: int) -> str:
    shown = names[:SHOWN]
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _name(path: str) -> str:
    return path.rpartition("/")[2] or path
