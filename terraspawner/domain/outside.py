"""Drives from outside, as operators offer them and people connect them to have a library there.

Nobody but the operator types an address: what is mounted is reached from within the site's network, where an address
of one's own choice would be a way to everything else there.
"""

from __future__ import annotations

import enum
import urllib.parse
from dataclasses import dataclass

from terraspawner.errors import Refused

USER = "{user}"
"""Stands in an address for the name that the person has there."""
CONNECTED = 10
"""Drives that one person may have connected, those in the trash too: for each a program runs that nobody else's is."""
_LONGEST_WORD, _LONGEST_PATH = 200, 1000


class DriveKind(enum.StrEnum):
    """How it is spoken to."""

    WEBDAV = "webdav"
    SEAFILE = "seafile"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedDrive:
    """One that people may connect. `about` says in a line where an app password is had, say."""

    name: str
    title: str
    kind: DriveKind
    url: str
    about: str = ""

    @property
    def has_libraries(self) -> bool:
        """Whether files lie there in libraries of its own, of which one is connected."""
        return self.kind is DriveKind.SEAFILE

    def url_for(self, user: str) -> str:
        return self.url.replace(USER, urllib.parse.quote(user, safe=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where a library's files lie: on which drive by its name, by whose account there, in which folder of it. `library`
    is Seafile's own word."""

    drive: str
    user: str
    path: str = ""
    library: str = ""


def connection(drive: OfferedDrive, *, user: str, path: str = "", library: str = "") -> Connection:
    """What a person asks for, checked. Raises `Refused` with what is wrong."""
    _check_word("The user name", user)
    if user in (".", "..") and USER in drive.url:
        raise Refused("The user name is a part of the drive's address, where it cannot be dots alone.")
    if drive.has_libraries:
        _check_word(f"The library on {drive.title}", library)
    elif library:
        raise Refused(f"{drive.title} has no libraries of its own: leave that empty, and name a folder if you like.")
    return Connection(drive=drive.name, user=user, path=_folder(path), library=library)


def check_password(password: str) -> None:
    """Raises `Refused`. Nothing of it is repeated."""
    if not password or len(password) > _LONGEST_WORD or not password.isprintable():
        raise Refused(f"Give the app password: a line of at most {_LONGEST_WORD} characters.")


def _check_word(thing: str, text: str) -> None:
    if not text or len(text) > _LONGEST_WORD or not text.isprintable() or text != text.strip():
        raise Refused(
            f"{thing} is a line of 1 to {_LONGEST_WORD} characters without blanks at its ends: write it as it is there."
        )
    if text.startswith(('"', "`")) or "%(" in text:
        raise Refused(f"{thing} cannot begin with a quotation mark, nor have %( in it: it could not be handed on.")


def _folder(path: str) -> str:
    parts = [part for part in path.split("/") if part]
    if any(part in (".", "..") or not part.isprintable() for part in parts) or len(path) > _LONGEST_PATH:
        raise Refused("The folder on the drive is names with slashes between them, such as Projects/Survey.")
    return "/".join(parts)


def is_address(url: str) -> bool:
    """Whether it names a server by HTTP, without anybody's name or password."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port  # which is a number
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(host) and "@" not in parts.netloc
