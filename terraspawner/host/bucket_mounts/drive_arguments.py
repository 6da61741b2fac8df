"""What rclone is told of a drive from outside, as functions of values.

rclone takes a password only in a disguise of its own, whose key is in its source for all to read: it hides nothing,
and what is disguised is as secret as the password. It is in no words of a command and in no request, but in a
configuration for root alone on a file system in memory. Not in rclone's variables: it would name its folder of files
that wait to be sent after them, and with a new password not find the files of the old one again.

Seafile's own protocol was never tried against a server of theirs here; Seafile's WebDAV (SeafDAV) is WebDAV.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from terraspawner.domain.outside import is_address
from terraspawner.host.bucket_mounts import arguments
from terraspawner.host.bucket_mounts.arguments import NAMES, REMOTE
from terraspawner.host.mounter.sources import OUTSIDE_NAME
from terraspawner.mounts_client import OutsideDrive

WEBDAV, SEAFILE = "webdav", "seafile"
_DISGUISE: Final = bytes.fromhex("9c935b48730a554d6bfd7c63c886a92bd390198eb8128afbf4de162b8b95f638")
"""rclone's, from its ``fs/config/obscure``."""
_BLOCK: Final = 16


def why_not(drive: OutsideDrive) -> str:
    """Why this cannot be told to rclone, in a sentence that repeats nothing of it; empty where it can."""
    if drive.kind not in (WEBDAV, SEAFILE) or bool(drive.library) != (drive.kind == SEAFILE):
        return "A drive from outside is of the kind webdav, or of the kind seafile with a library."
    if not is_address(drive.url):
        return "The drive's address is none that begins with https:// or http:// and names a host."
    if not all(map(_is_taken_as_it_stands, (drive.url, drive.user, drive.library))):
        return "User name and library are single lines, without blanks at their ends, quotes at the start, and %(."
    if not drive.user or not drive.password or not _is_text(drive.password):
        return "User name and password are both needed, as text."
    if drive.path and not all(map(_is_segment, drive.path.split("/"))):
        return "The folder on the drive is names divided by single slashes: no . or .., no control characters."
    return ""


def configuration(drive: OutsideDrive) -> str:
    """rclone's configuration of a drive that there is nothing against (`why_not`)."""
    values = {"type": drive.kind, "url": drive.url, "user": drive.user, "pass": disguised(drive.password)}
    if drive.kind == WEBDAV:
        values |= {"vendor": "other", "encoding": NAMES}
    else:
        values |= {"library": drive.library, "create_library": "false", "2fa": "false"}
    return "\n".join([f"[{REMOTE}]", *(f"{name} = {value}" for name, value in values.items()), ""])


def disguised(password: str) -> str:
    """As rclone takes it."""
    first = os.urandom(_BLOCK)
    cipher = Cipher(algorithms.AES(_DISGUISE), modes.CTR(first)).encryptor()
    return base64.urlsafe_b64encode(first + cipher.update(password.encode()) + cipher.finalize()).rstrip(b"=").decode()


def secrets_of(drive: OutsideDrive) -> tuple[str, ...]:
    """What our log must not have, in the ways in which the password travels."""
    both = base64.b64encode(f"{drive.user}:{drive.password}".encode()).decode()
    return (both, drive.password)


def request(drive: OutsideDrive, mount_point: Path, cache_bytes: int) -> dict[str, Any]:
    """Mount it, readable and writable for the person of an environment and for the service."""
    return arguments.writable_request(_folder(drive), mount_point, cache_bytes, f"{OUTSIDE_NAME}{drive.id}")


def question(drive: OutsideDrive) -> dict[str, Any]:
    """Ask for the list of the folder, as whoever opens it does: a server may say of the folder alone that it is not
    there, or not this person's."""
    return {"fs": f"{REMOTE}:{_folder(drive)}", "remote": "", "opt": {"dirsOnly": True}}


def file_system(drive: OutsideDrive) -> dict[str, str]:
    """As rclone calls what it has mounted."""
    return {"fs": f"{REMOTE}:{drive.path}"}


def _folder(drive: OutsideDrive) -> str:
    return f"{drive.path}/" if drive.path else ""


def _is_taken_as_it_stands(value: str) -> bool:
    """The format of the configuration strips blanks and quotes, and puts other values in for ``%(name)s``."""
    is_one_line = value.isprintable() and value == value.strip()
    return is_one_line and not value.startswith(('"', "`")) and "%(" not in value


def _is_text(value: str) -> bool:
    try:
        return bool(value.encode())
    except UnicodeEncodeError:  # half a character
        return False


def _is_segment(name: str) -> bool:
    return name not in ("", ".", "..") and name.isprintable()
