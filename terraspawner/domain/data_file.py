"""Data files of a workspace: where they lie in its bucket, what may be one, what an upload is.

They have any name that a bucket takes, unlike notebooks: instruments and programs made them. Notebooks are none, since
two people who write one as a file lose each other's work; what edit mode saves has a lock and its versions.
"""

from __future__ import annotations

import codecs
import enum
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from terraspawner.domain.names import NOTEBOOK_ENDING
from terraspawner.errors import NameRefused
from terraspawner.errors_files import IsANotebook

FOLDER = "data/"
PIECE = 8 * 1024**2
"""Bytes of a file that are in memory at once, on its way in or out."""
MOST_BYTES = 2**53
"""What is counted at most: the size of a file with holes is any number, and the sum of two one that no database has."""
LIFETIME = timedelta(hours=24)
"""For so long an upload waits for its next piece."""
UPLOADS_EACH = 20
"""Uploads that one person may have under way in a workspace."""
UPLOADS_OF_ONE = 60
"""Those of one person in all workspaces."""
UPLOADS_WITHIN = 200
"""Those of all people in a workspace."""
UPLOADS_DONE = 100
"""Rows of uploads that are done, of one person in a workspace: who did not hear the answer asks within these."""
SMALL_PIECE = 1024**2
"""Bytes. Smaller pieces come of lines that break; an upload of nothing else fills the bucket with objects."""
SMALL_PIECES = 1000
"""Smaller ones that an upload may have in all."""
ANY, NEW = "*", ""
"""Words for what an upload expects under its name, beside a version: whatever there is, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way in, piece by piece. `received` and `size` in bytes; `version` is what it became, if it is done.

    `expected` is a version, `ANY` or `NEW`; `touched_at` is when its last piece came.
    """

    id: str
    workspace_id: str
    user: str
    path: str
    size: int
    expected: str
    received: int
    touched_at: datetime
    version: str = ""

    @property
    def is_done(self) -> bool:
        return bool(self.version)

    def is_due(self, now: datetime) -> bool:
        """Whether nobody goes on with it any more."""
        return now >= self.touched_at + LIFETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """Uploads that are still to be gone on with: one person's `here`, in this workspace, and `own`, in any; `of_all`
    people in this one."""

    here: int
    own: int
    of_all: int

    def obstacle(self, workspace: str) -> str:
        """What keeps this person from one more, and what to do; empty where nothing does."""
        if self.here >= UPLOADS_EACH:
            return f"You have {self.here} uploads under way in {workspace}. {_FINISH}"
        if self.own >= UPLOADS_OF_ONE:
            return f"You have {self.own} uploads under way in all your workspaces. {_FINISH}"
        if self.of_all >= UPLOADS_WITHIN:
            return f"In {workspace} {self.of_all} uploads of its people are under way. Try again when some are done."
        return ""


_FINISH = "Finish or cancel some; what nobody goes on with is dropped after a day."


def total(sizes: Iterable[int]) -> int:
    """Bytes of files together, as far as they are counted."""
    return min(sum(sizes), MOST_BYTES)


class Sight(enum.StrEnum):
    """What a page shows of a file."""

    TEXT = "text"
    TABLE = "table"
    IMAGE = "image"
    NOTHING = "nothing"


IMAGE_TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
}  # fmt: skip
"""Those that carry no script. SVG does: it is shown as the text that it is."""
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_MARKS = "\u200e\u200f\u061c"
_TABLES = {"csv": ",", "tsv": "\t"}


def path_of(text: str) -> str:
    """As it is kept: in Unicode form NFC, whatever the sender's system makes of letters with marks."""
    return unicodedata.normalize("NFC", text)


def check_may_be_written(path: str) -> None:
    """Raises `IsANotebook`; `NameRefused` for what turns text around, by which a name hides its ending."""
    if turning := next(filter(_turns, path), ""):
        raise NameRefused(
            f"The file's name contains an invisible character that turns text around (U+{ord(turning):04X}). Leave it"
            " out.",
            name=path.replace(turning, "\ufffd"),
        )
    if path.casefold().endswith(NOTEBOOK_ENDING):
        name = path.rpartition("/")[2]
        raise IsANotebook(
            f"{name!r} is a notebook. Notebooks are not put among the data: two who write one there would lose each"
            " other's work. Upload it on the workspace's page or save it in edit mode, which has a lock and keeps"
            " versions."
        )


def visible(name: str) -> str:
    """As people are shown it. What turns text around is seen in it: a program can give a file such a name past us, and
    would hide its ending."""
    return "".join("\ufffd" if _turns(char) else char for char in name)


def _turns(char: str) -> bool:
    return unicodedata.bidirectional(char) in _TURNING or char in _MARKS


def ending_of(path: str) -> str:
    """Without the dot, in small letters; empty where there is none."""
    return path.rpartition("/")[2].rpartition(".")[2].casefold() if "." in path.rpartition("/")[2] else ""


def sight_of(path: str, head: bytes) -> Sight:
    """By its name and how it begins: programs give text any ending."""
    ending = ending_of(path)
    if ending in IMAGE_TYPES:
        return Sight.IMAGE
    if b"\0" in head or not _is_text(head):
        return Sight.NOTHING
    return Sight.TABLE if ending in _TABLES else Sight.TEXT


def separator_of(path: str) -> str:
    """What stands between the columns of a table."""
    return _TABLES.get(ending_of(path), ",")


def text_of(head: bytes) -> str:
    """The text that begins so; a character that is cut at the end is left out."""
    return codecs.getincrementaldecoder("utf-8-sig")().decode(head)


def _is_text(head: bytes) -> bool:
    try:
        text_of(head)
    except UnicodeDecodeError:
        return False
    return True
