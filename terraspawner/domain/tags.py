"""Tags: what people write on environments, disks and images to find them and to sort their costs (C22). Pure.

A tag is a key with a value, such as ``course:biology-1``; the value may be empty, then the key alone says it. Keys and
lengths are what every cloud takes (Google's labels are the strictest: 63 characters, small letters, digits, hyphen
and underscore, a letter first), so that a tag can go with a thing that moves there. Capital letters of a key are made
small, since `Course` and `course` would split a report. Values are those of Amazon's tags, cut at 63: letters and
digits of any script, blanks and ``_ . : / = + - @``; hence no comma and no semicolon, which separate tags in a line.

What the platform knows better than anybody is `COMPUTED` and cannot be set: whose an environment is, where it belongs.
Lists and reports understand those keys like the others. `name` can be set on environments and disks, which have none of
their own; an image has one, in the catalogue, and there the operator says project and owner.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terraspawner.errors import TagRefused

Tags = Mapping[str, str]

MOST = 20
"""On one thing; and in one filter."""
LONGEST = 63
NAME = "name"
UNTAGGED = "(untagged)"
"""The line of a report for what lacks the tag; no value has parentheses."""

_LONGEST_FILTER = 300
_KEY = re.compile(rf"[a-z][a-z0-9_-]{{0,{LONGEST - 1}}}")
_BESIDE_LETTERS = frozenset(" _.:/=+-@")
_SHOWN = 40


class Tagged(enum.StrEnum):
    """What has tags. The first two are the ledger's kinds too."""

    ENVIRONMENT = "environment"
    DISK = "disk"
    IMAGE = "image"


_OF_PLACES = frozenset({"project", "owner", "workspace", "kind"})
COMPUTED: Mapping[Tagged, frozenset[str]] = {
    Tagged.ENVIRONMENT: _OF_PLACES,
    Tagged.DISK: _OF_PLACES,
    Tagged.IMAGE: frozenset({NAME, "kind"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is narrowed to: things with this key; `value` None is any value."""

    key: str
    value: str | None = None

    def __str__(self) -> str:
        return self.key if self.value is None else f"{self.key}:{self.value}"


def checked(tags: Tags, kind: Tagged) -> dict[str, str]:
    """As they are kept, by key. Raises `TagRefused`, which names the tag."""
    found: dict[str, str] = {}
    for said, value in tags.items():
        key = key_of(said)
        if key in COMPUTED[kind]:
            raise TagRefused(f"The tag {key!r} is known without being set, and cannot be. Leave it out.", key=key)
        if key in found:
            raise TagRefused(f"The tag {key!r} is there twice; capital and small letters are the same.", key=key)
        found[key] = _value_of(key, value)
    if len(found) > MOST:
        raise TagRefused(f"These are {len(found)} tags; at most {MOST} can be on one {kind}.", most=MOST)
    return dict(sorted(found.items()))


def key_of(text: str) -> str:
    """A key as it is kept. Raises `TagRefused`."""
    key = text.strip().lower()
    if not _KEY.fullmatch(key):
        raise TagRefused(
            f"{text.strip()[:_SHOWN]!r} cannot be a tag's key. Write small letters, digits, hyphens and underscores,"
            f" a letter first, at most {LONGEST} of them.",
            key=text[:_SHOWN],
        )
    return key


def read(text: str) -> dict[str, str]:
    """What a person typed: tags on lines of their own, or between commas. Raises `TagRefused` for a key twice."""
    found: dict[str, str] = {}
    for each in re.split(r"[,;\n]", text):
        key, _, value = (part.strip() for part in each.partition(":"))
        if key in found:
            raise TagRefused(f"The tag {key[:_SHOWN]!r} is there twice.", key=key[:_SHOWN])
        if key or value:
            found[key] = value
    return found


def written(tags: Tags) -> str:
    """In one line, which `read` reads. It begins with a letter, and so does what follows each semicolon: no part of it
    is a formula to a spreadsheet."""
    return "; ".join(shown(key, value) for key, value in sorted(tags.items()))


def lines(tags: Tags) -> str:
    """As `written`, each on a line of its own."""
    return "\n".join(shown(key, value) for key, value in sorted(tags.items()))


def shown(key: str, value: str) -> str:
    return f"{key}:{value}" if value else key


def wanted(texts: Iterable[str]) -> tuple[Wanted, ...]:
    """What a list is asked for: `key:value`, or `key` alone; each text may hold several between commas. A colon with
    nothing behind it is the empty value. Raises `TagRefused`."""
    found: dict[Wanted, None] = {}
    for each in (part for text in texts for part in re.split(r"[,;]", text) if part.strip()):
        key, colon, value = each.partition(":")
        value = _folded(value)
        if not value.isprintable() or len(value) > _LONGEST_FILTER:
            raise TagRefused(f"No tag of the key {key.strip()[:_SHOWN]!r} can have this value.", key=key[:_SHOWN])
        found[Wanted(key=key_of(key), value=value if colon else None)] = None
    if len(found) > MOST:
        raise TagRefused(f"A list is narrowed by at most {MOST} tags at once.", most=MOST)
    return tuple(found)


def has_all(tags: Tags, asked: Iterable[Wanted]) -> bool:
    """Whether a thing with these tags, the computed ones among them, is what is asked for."""
    return all(each.key in tags and each.value in (None, tags[each.key]) for each in asked)


def grouped_by(text: str) -> str:
    """The key of `tag:course`, or of `course` alone. Raises `TagRefused`."""
    return key_of(text.strip().removeprefix("tag:"))


def of_place(kind: Tagged | str, *, project: str, workspace: str, owner: str) -> dict[str, str]:
    """What is known of an environment or a disk; `workspace` is its project, a slash, its name."""
    return {"kind": str(kind), "project": project, "workspace": workspace, "owner": owner}


def _value_of(key: str, text: str) -> str:
    value = _folded(text)
    if len(value) > LONGEST:
        raise TagRefused(f"The value of the tag {key!r} has {len(value)} characters; at most {LONGEST} fit.", key=key)
    wrong = next((sign for sign in value if not _is_of_values(sign)), None)
    if wrong is not None:
        raise TagRefused(
            f"The value of the tag {key!r} has {wrong!r} in it. Use letters, digits, blanks and _ . : / = + - @.",
            key=key,
        )
    return value


def _folded(text: str) -> str:
    """One way to write what looks the same."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _is_of_values(sign: str) -> bool:
    """Letters with their accents, and digits; no controls, and nothing that turns the direction of a line."""
    return sign in _BESIDE_LETTERS or unicodedata.category(sign)[0] in "LMN"
