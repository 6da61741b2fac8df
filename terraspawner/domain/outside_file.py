"""The drives from outside that may be connected, as an operator writes them: a TOML file. Every fault of it is one
sentence that names the entry."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from terraspawner.domain.outside import USER, DriveKind, OfferedDrive, is_address
from terraspawner.errors import SettingsWrong

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME = 40
_LONGEST_TEXT = 200
_KEYS = {"title", "kind", "url", "about"}


class _Wrong(Exception):
    """What is wrong with an entry; the file's name goes before it."""


def read_drives(text: str, source: str) -> tuple[OfferedDrive, ...]:
    """The drives that `text` names, in its order. Raises `SettingsWrong` with a sentence that names `source` and the
    entry."""
    try:
        return _drives(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong(f"{source} is no TOML file: {error}. Correct it there.") from error
    except _Wrong as wrong:
        raise SettingsWrong(f"{source}: {wrong}") from wrong


def _drives(found: Mapping[str, Any]) -> tuple[OfferedDrive, ...]:
    entries = found.get("drive")
    if not isinstance(entries, dict) or not entries or set(found) != {"drive"}:
        raise _Wrong(
            'it has drives and nothing else. Write [drive.lab-cloud] and below it title, kind = "webdav", url.'
        )
    return tuple(_drive(name, entry) for name, entry in entries.items())


def _drive(name: str, entry: Any) -> OfferedDrive:
    at = f"drive.{name}"
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise _Wrong(f"[{at}] has a name with other than small letters, digits and single hyphens.")
    if not isinstance(entry, dict):
        raise _Wrong(f"{at} is a value; write [{at}] on a line of its own and its keys below.")
    if unknown := sorted(set(entry) - _KEYS):
        raise _Wrong(f"{at} has no key {unknown[0]!r}; there are: {', '.join(sorted(_KEYS))}.")
    kind = entry.get("kind")
    if kind not in list(DriveKind):
        raise _Wrong(f"{at}.kind is {kind!r}; it is one of: {', '.join(DriveKind)}.")
    return OfferedDrive(
        name=name,
        title=_text(entry, "title", at, name.replace("-", " ").capitalize()),
        kind=DriveKind(kind),
        url=_url(entry, at),
        about=_text(entry, "about", at, ""),
    )


def _url(entry: Mapping[str, Any], at: str) -> str:
    url = entry.get("url")
    if not isinstance(url, str) or not _is_offered(url):
        raise _Wrong(
            f"{at}.url must be the address of a server, such as https://cloud.example.org/dav/, without a name or a"
            f" password in it; {USER} in its path stands for the person's name there."
        )
    return url


def _is_offered(url: str) -> bool:
    """As operators write one: the person's name may stand in its path."""
    if not is_address(url):
        return False
    parts = urlsplit(url)
    is_plain = url.isprintable() and " " not in url and "%(" not in url and not (parts.query or parts.fragment)
    return is_plain and "{" not in parts.netloc


def _text(entry: Mapping[str, Any], key: str, at: str, otherwise: str) -> str:
    text = entry.get(key, otherwise)
    if not isinstance(text, str) or not text.isprintable() or len(text) > _LONGEST_TEXT or (key in entry and not text):
        raise _Wrong(f"{at}.{key} must be a line of text of at most {_LONGEST_TEXT} characters, in quotes.")
    return text
