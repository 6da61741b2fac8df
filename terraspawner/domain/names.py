"""Which names may be given to things, and the names derived from them.

Every validator takes what a person typed, returns the normalised name (Unicode form NFC) and raises
:class:`~terraspawner.errors.NameRefused` and nothing else. The message is one sentence: which thing, what in
it is not allowed, what is. Nothing is repaired silently: a name that differs from what was typed would
surprise in a link, so a leading space is refused and not cut off.

A workspace's name becomes a folder in HOME and a segment of every URL, so it stays in ASCII. A notebook's
name is for people: letters, marks and digits of any script. Left out on purpose: symbols and emoji (they
break terminals, `nbconvert` and shell scripts), ``& # % ? + ;`` (they change their meaning in URLs),
everything invisible (two names that look the same must not differ), and format characters, among them the
ones that turn the direction of text around. The last costs Persian and some Indian scripts their optional
joiners; a name that can hide its ending costs more.

The scheme for folder and slug is ours alone (not the Hub's ``safe_slug``): that one knows a server's name
only, and ``analysis`` of two projects would be the same.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable

from terraspawner.errors import NameRefused

NOTEBOOK_ENDING = ".ipynb"

RESERVED_NAMESPACE = "library"
"""Libraries of the drive have it in addresses where workspaces have their project."""
WORKSPACE_NAME_LIMIT = 50
NAMESPACE_LIMIT = 40
DISPLAY_NAME_LIMIT = 120
SEGMENT_LIMIT = 200
"""UTF-8 bytes; file systems stop at 255, and the outbox and conflict copies add to a name."""
LIBRARY_NAME_LIMIT = 100
"""UTF-8 bytes; on a drive its owner's name may stand behind it."""
PATH_LIMIT = 900
"""UTF-8 bytes; object stores stop at 1024 for the whole key."""
SLUG_LIMIT = 30

_DEVICES = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}

RESERVED_WORKSPACE_NAMES = frozenset(
    # Folders beside the workspace's own in HOME and in the bucket.
    {"packages", "drive", "edit", "playground", "bucket", "notebooks", "data", "home", "lost+found"}
    # Words of our own and the Hub's addresses.
    | {"new", "api", "self", "static", "health", "metrics", "workspaces", "environments", "disks"}
    | {"hub", "user", "services", "login", "logout", "oauth_callback", "lab", "tree"}
    # Folders of these names cannot be made on Windows, where a workspace may be downloaded to.
    | _DEVICES
)
"""Compared through :func:`comparable`."""

_PUNCTUATION_OF_NOTEBOOKS = "-_.()',"
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_INVISIBLE = re.compile(
    # Variation selectors, fillers, the grapheme joiner: letters or marks by category, nothing to the eye.
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_JOINERS = "\u200c\u200d"
_KINDS = {
    "Cc": "a control character",
    "Cf": "an invisible format character",
    "Cs": "half of a character",
    "Co": "a private-use character",
    "Cn": "an unassigned character",
    "Zl": "a line break",
    "Zp": "a line break",
    "Zs": "an unusual space",
    "So": "a symbol or emoji",
    "Sk": "a symbol",
    "Sm": "a mathematical sign",
    "Sc": "a currency sign",
    "Me": "an enclosing mark",
}


def workspace_name(text: str) -> str:
    """The name of a workspace: 1-50 of ``A-Z a-z 0-9 - _``, beginning with a letter or digit, not reserved."""
    rule = "use 1 to 50 letters a-z, digits, '-' and '_', beginning with a letter or digit"
    thing = "The workspace's name"
    _check_not_empty(thing, text, rule)
    for char in text:
        if not (char.isascii() and (char.isalnum() or char in "-_")):
            raise _refused(thing, text, f"contains {_shown(char)}; {rule}")
    if text[0] in "-_":
        raise _refused(thing, text, f"begins with {_shown(text[0])}; {rule}")
    if len(text) > WORKSPACE_NAME_LIMIT:
        raise _refused(thing, text, f"is {len(text)} characters long; {rule}")
    if comparable(text) in RESERVED_WORKSPACE_NAMES:
        raise _refused(thing, text, f"cannot be the reserved word '{text}'; choose another one")
    return text


def namespace(text: str) -> str:
    """The name of a billing project: 1-40 of ``a-z 0-9 -``, beginning with a letter or digit."""
    rule = f"use 1 to {NAMESPACE_LIMIT} small letters a-z, digits and '-', beginning with a letter or digit"
    thing = "The project's name"
    _check_not_empty(thing, text, rule)
    for char in text:
        if not (char.isascii() and (char.islower() or char.isdigit() or char == "-")):
            raise _refused(thing, text, f"contains {_shown(char)}; {rule}")
    if text == RESERVED_NAMESPACE:
        raise _refused(thing, text, f"cannot be the reserved word '{text}'; choose another one")
    if not _NAMESPACE.fullmatch(text):
        why = "begins with '-'" if text[0] == "-" else f"is {len(text)} characters long"
        raise _refused(thing, text, f"{why}; {rule}")
    return text


def display_name(text: str) -> str:
    """A title for people only, never part of a path: 1-120 visible characters of any kind, emoji too."""
    rule = f"use 1 to {DISPLAY_NAME_LIMIT} visible characters"
    thing = "The title"
    _check_not_empty(thing, text, rule)
    for char in text:
        category = unicodedata.category(char)
        odd_space = category.startswith("Z") and char != " "
        if odd_space or (category.startswith("C") and char not in _JOINERS):
            raise _refused(thing, text, f"contains {_shown(char)}; {rule}")
    name = unicodedata.normalize("NFC", text)
    if len(name) > DISPLAY_NAME_LIMIT:
        raise _refused(thing, name, f"is {len(name)} characters long; {rule}")
    if name != name.strip() or not name.strip(_JOINERS):
        raise _refused(thing, name, f"begins or ends with a space, or shows nothing; {rule}")
    return name


def library_name(text: str) -> str:
    """The name of a library, which is a folder on the drives of all who have it: as a part of a notebook's path, at
    most 100 bytes, and not beginning with ``-``, which commands would take for an option."""
    thing = "The library's name"
    _check_not_empty(thing, text, "type a name such as 'Survey 2026'")
    _check_characters(thing, text)
    if "/" in text:
        raise _refused(thing, text, "contains '/'; a library is one folder")
    name = unicodedata.normalize("NFC", text)
    _check_segment(thing, name, name)
    if name[0] == "-":
        raise _refused(thing, name, "begins with '-'; begin with a letter or digit")
    if len(name.encode()) > LIBRARY_NAME_LIMIT:
        raise _refused(thing, name, f"is {len(name.encode())} bytes long; at most {LIBRARY_NAME_LIMIT} are allowed")
    if name.casefold().endswith(NOTEBOOK_ENDING):
        raise _refused(thing, name, "ends in .ipynb, as only notebooks do")
    return name


def notebook_path(text: str) -> str:
    """The path of a notebook below ``notebooks/``: folders and, last, a file name that ends in ``.ipynb``.

    Each segment: letters, marks and digits of any script, space and ``- _ . ( ) ' ,``; no space or dot at
    its ends; at most 200 bytes of UTF-8, the whole at most 900.
    """
    thing = "The notebook's path" if "/" in text else "The notebook's name"
    _check_not_empty(thing, text, "type a name such as 'first-look.ipynb'")
    _check_characters(thing, text)
    path = unicodedata.normalize("NFC", text)
    size = len(path.encode())
    if size > PATH_LIMIT:
        raise _refused(thing, path, f"is {size} bytes long; at most {PATH_LIMIT} are allowed")
    *folders, file = path.split("/")
    for folder in folders:
        _check_segment(thing, path, folder)
        if folder.casefold().endswith(NOTEBOOK_ENDING):
            raise _refused(thing, path, f"has a folder '{_short(folder)}'; only the notebook itself may end in .ipynb")
    _check_segment(thing, path, file)
    _check_file(thing, path, file)
    return path


def is_notebook_path(text: str) -> bool:
    """Whether a notebook may lie there."""
    try:
        return notebook_path(text) == text
    except NameRefused:
        return False


def notebook_path_of_title(text: str) -> str:
    """The path for what a person typed into a form, where ``.ipynb`` may be left out."""
    ending = text[-len(NOTEBOOK_ENDING) :]
    title = text[: -len(NOTEBOOK_ENDING)] if ending.casefold() == NOTEBOOK_ENDING else text
    if not title:
        raise _refused("The notebook's name", text, "is empty; type a name such as 'first-look'")
    if title.endswith("/"):
        raise _refused("The notebook's path", text, "ends with '/'; put the notebook's name after it")
    return notebook_path(title + NOTEBOOK_ENDING)


def split_at_notebook(text: str) -> tuple[str, str]:
    """Part the tail of an address into the notebook's path and what is asked of it.

    ``"a/b.ipynb/rename"`` gives ``("a/b.ipynb", "rename")``: the path ends at the first segment that ends in
    ``.ipynb``. Only the path is checked, by :func:`notebook_path`. A ``/`` at the end is refused: a proxy that walks up
    at ``a/b.ipynb/versions/..`` leaves one, and who named a version does not mean the notebook.
    """
    if text.endswith("/"):
        raise _refused("The address of a notebook", text, "ends with '/'; leave it out")
    segments = text.split("/")
    for index, segment in enumerate(segments, start=1):
        if segment.casefold().endswith(NOTEBOOK_ENDING):
            return notebook_path("/".join(segments[:index])), "/".join(segments[index:])
    return notebook_path(text), ""


def comparable(name: str) -> str:
    """The form in which two names are compared for uniqueness: same letters in another case are the same name."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded)


def slug_for(namespace: str, name: str, taken: Callable[[str], bool]) -> str:
    """A workspace's short name as the Hub wants a named server's: ``[a-z][a-z0-9-]*``, at most 30 characters.

    No two hyphens together, none at the end (JupyterHub 6 ``slugs.is_valid_safe_slug``). ``taken`` must also
    say yes to slugs of deleted workspaces: a slug is never given twice, or an old link and an old token's
    scope would open a new workspace. Raises :class:`NameRefused` if a hundred thousand in a row are taken.
    """
    words = re.sub(r"[^a-z0-9]+", "-", f"{namespace}-{name}".lower()).strip("-")
    stem = words if words[:1].isalpha() else f"w-{words}".rstrip("-")
    for counter in itertools.chain([""], (f"-{n}" for n in range(2, 100_000))):
        slug = stem[: SLUG_LIMIT - len(counter)].rstrip("-") + counter
        if not taken(slug):
            return slug
    raise _refused("The workspace's name", name, "has been used too often in this project; choose another one")


def _check_not_empty(thing: str, text: str, rule: str) -> None:
    if not text:
        raise _refused(thing, text, f"is empty; {rule}")


def _check_characters(thing: str, text: str) -> None:
    rule = "use letters, digits, spaces and - _ . ( ) ' ,"
    for char in text:
        if not (char == "/" or _is_for_notebooks(char)):
            raise _refused(thing, text, f"contains {_shown(char)}; {rule}")


def _is_for_notebooks(char: str) -> bool:
    if char == " " or char in _PUNCTUATION_OF_NOTEBOOKS:
        return True
    category = unicodedata.category(char)
    return category[0] in "LMN" and category != "Me" and not _INVISIBLE.match(char)


def _check_segment(thing: str, path: str, segment: str) -> None:
    if not segment:
        raise _refused(thing, path, "has an empty part beside a '/'; put a name on both sides of each '/'")
    if segment in (".", ".."):
        raise _refused(thing, path, f"contains the part '{segment}'; name each folder")
    if segment[0] in " ." or unicodedata.category(segment[0])[0] == "M":
        raise _refused(thing, path, f"has a part that begins with {_shown(segment[0])}; begin with a letter or digit")
    if segment[-1] in " .":
        raise _refused(thing, path, f"has a part that ends with {_shown(segment[-1])}; end with a letter or digit")
    size = len(segment.encode())
    if size > SEGMENT_LIMIT:
        raise _refused(thing, path, f"has a part of {size} bytes; at most {SEGMENT_LIMIT} are allowed")


def _check_file(thing: str, path: str, file: str) -> None:
    if not file.endswith(NOTEBOOK_ENDING):
        raise _refused(thing, path, "does not end in .ipynb (in small letters); add it")
    stem = file[: -len(NOTEBOOK_ENDING)]
    if stem[-1] in " .":  # a segment begins with no dot, so the stem is not empty
        raise _refused(thing, path, f"has {_shown(stem[-1])} before .ipynb; leave it out")


def _refused(thing: str, text: str, why: str) -> NameRefused:
    return NameRefused(f"{thing} {why}.", name=_printable(text))


def _shown(char: str) -> str:
    """How a character is named in a sentence: as itself where that is safe to print, else by its number."""
    if char == " ":
        return "a space"
    number = f"U+{ord(char):04X}"
    category = unicodedata.category(char)
    if category[0] in "CMZ" or _INVISIBLE.match(char):
        return f"{_KINDS.get(category, 'an invisible character')} ({number})"
    if char.isascii():
        return f"'{char}'"
    return f"{_KINDS.get(category, 'the character')} '{char}' ({number})"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "..."


def _printable(text: str) -> str:
    """The refused name for the error's details: cut, and nothing in it that could turn a log line around."""
    return "".join(c if c.isprintable() else "\ufffd" for c in _short(text))
