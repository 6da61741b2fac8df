"""What one run of a cell has put out so far, as Lab would show and save it. Pure.

A stream's text is kept as a terminal would leave it, so that a progress bar of ten hours is one line. What is larger
than the limit is cut, and the cell says so.
"""

import re
from dataclasses import dataclass
from typing import Any

from nbformat.v4 import output_from_msg

LIMIT = 10_000_000
"""Characters of text and of data, for one cell."""
MOST_OUTPUTS = 10_000
LONGEST_ERROR = 100_000
"""An error is worth more than what came before it: one of this length is kept beyond the limit."""
_BLOCK = 1000
"""So many pieces of text are put together: a short string takes ten times its length."""
KEPT = ("stream", "display_data", "execute_result", "error")
_CONTROLS = re.compile(r"(\r*\n|\r|\x08)")


class StreamText:
    """One stream's text. "\\r" goes back to the start of the line, and what follows overwrites it."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._lines: list[str] = []
        self._line: list[str] = []
        self._length = 0
        self._at: int | None = None  # where in the line the next character goes; None: at its end

    def __len__(self) -> int:
        return self._length + sum(map(len, self._line))

    def __str__(self) -> str:
        return "".join([*self._blocks, *self._lines, *self._line])

    def write(self, text: str) -> None:
        if self._at is None and "\r" not in text and "\x08" not in text:
            whole, newline, rest = text.rpartition("\n")
            if newline:
                self._end_line(whole + newline)
            self._put(rest)
            return
        for part in _CONTROLS.split(text):
            if part.endswith("\n"):
                self._end_line("\n")
            elif part == "\r":
                self._at = 0
            elif part == "\x08":
                self._step_back()
            else:
                self._put(part)

    def _put(self, part: str) -> None:
        if not part:
            return
        if self._at is None:
            self._line.append(part)
            if len(self._line) > _BLOCK:
                self._line = ["".join(self._line)]
            return
        line, end = "".join(self._line), self._at + len(part)
        self._line = [line[: self._at] + part + line[end:]]
        self._at = end if end < len(line) else None

    def _step_back(self) -> None:
        """At the end of a line it takes the last character away, as Lab does; within it, the next one overwrites."""
        if self._at is None:
            self._line = ["".join(self._line)[:-1]]
        else:
            self._at = max(0, self._at - 1)

    def _end_line(self, end: str) -> None:
        done = "".join([*self._line, end])
        self._lines.append(done)
        self._length += len(done)
        self._line, self._at = [], None
        if len(self._lines) > _BLOCK:
            self._blocks.append("".join(self._lines))
            self._lines = []


@dataclass(slots=True)
class _Display:
    """An output that a later message can change."""

    made: dict[str, Any]
    size: int


class Outputs:
    """The outputs of one run, in their order."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._items: list[dict[str, Any] | tuple[str, StreamText]] = []
        self._size = 0  # of all but the last stream
        self._displays: dict[str, list[_Display]] = {}
        self._is_cut = False
        self._clears_next = False

    def __len__(self) -> int:
        last = self._items[-1] if self._items else None
        return self._size + (len(last[1]) if isinstance(last, tuple) else 0)

    @property
    def has_displays(self) -> bool:
        """Whether a later cell can still change something here."""
        return bool(self._displays)

    def all(self) -> list[dict[str, Any]]:
        """As nbformat writes them."""
        return [
            {"output_type": "stream", "name": item[0], "text": str(item[1])} if isinstance(item, tuple) else item
            for item in self._items
        ]

    def clear(self, *, waits: bool = False) -> None:
        """Of a message `clear_output`; one that `waits` clears when the next output comes."""
        self._clears_next = waits
        if not waits:
            self._items, self._size, self._displays, self._is_cut = [], 0, {}, False

    def add(self, kind: str, content: dict[str, Any], size: int) -> None:
        """Of one of the messages `KEPT`, `size` characters long. Raises KeyError, ValueError where it is none."""
        if self._clears_next:
            self.clear()
        if kind == "stream":
            self._write(str(content["name"]), str(content["text"]))
        elif self._has_room(size) or (kind == "error" and size <= LONGEST_ERROR):
            made = dict(output_from_msg({"header": {"msg_type": kind}, "content": content}))
            self._append(made, size)
            display = (content.get("transient") or {}).get("display_id")
            if isinstance(display, str):
                self._displays.setdefault(display, []).append(_Display(made, size))
        else:
            self._cut()

    def update(self, content: dict[str, Any], size: int) -> bool:
        """Of a message `update_display_data`, which changes what is there; False where it is not here."""
        found = self._displays.get((content.get("transient") or {}).get("display_id") or "", [])
        for item in found:
            more = size - item.size
            if len(self) + more > self._limit:
                self._cut()
                break
            self._size += more
            item.size = size
            item.made["data"], item.made["metadata"] = content["data"], content.get("metadata", {})
        return bool(found)

    def say(self, sentence: str) -> None:
        """A line of ours among the outputs, on the cell's stderr."""
        text = StreamText()
        text.write(f"[{sentence}]\n")
        self._append(("stderr", text), 0)

    def _has_room(self, size: int) -> bool:
        return not self._is_cut and len(self) + size <= self._limit and len(self._items) < MOST_OUTPUTS

    def _append(self, item: dict[str, Any] | tuple[str, StreamText], size: int) -> None:
        self._size = len(self) + size
        self._items.append(item)

    def _write(self, name: str, text: str) -> None:
        if self._is_cut:
            return
        last = self._items[-1] if self._items else None
        if not (isinstance(last, tuple) and last[0] == name):
            if not self._has_room(0):
                self._cut()
                return
            last = (name, StreamText())
            self._append(last, 0)
        room = self._limit - len(self)
        if len(text) <= room:
            last[1].write(text)
            return
        # what overwrites its own line needs no room of its own
        last[1].write(text if len(text) <= self._limit and "\r" in text else text[: max(0, room)])
        if len(self) >= self._limit:
            self._cut()

    def _cut(self) -> None:
        if not self._is_cut:
            self._is_cut = True
            self.say(
                f"This cell put out more than {self._limit:,} characters, or {MOST_OUTPUTS:,} outputs, while no browser"
                " showed it. What came after that was not kept."
            )
