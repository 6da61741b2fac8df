"""What settings may be: each raises `SettingsWrong`, which names the setting and what it takes.

Standard library only, as `settings`, which calls them.
"""

from __future__ import annotations

import re
import urllib.parse
from typing import Protocol

from terraspawner.errors import SettingsWrong

_REGISTRY = re.compile(
    r"(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(:\d{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
)
"""With a host in front: without one an image would go to the public registry, where nobody meant it to."""
_IMAGE = re.compile(r"[a-z0-9][\w.:/@-]*")
_MOST_TRASH_DAYS = 3650
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_ORIGIN = re.compile(rf"https?://(?P<host>{_LABEL}(\.{_LABEL})+)(:(?P<port>[0-9]{{1,5}}))?")


class Rules(Protocol):
    """The settings of pauses and starts by themselves."""

    @property
    def idle(self) -> int: ...
    @property
    def idle_least(self) -> int: ...
    @property
    def idle_most(self) -> int: ...
    @property
    def drive_idle(self) -> int: ...
    @property
    def memory_reserve(self) -> int: ...
    @property
    def dormancy(self) -> int: ...
    @property
    def dormancy_least(self) -> int: ...
    @property
    def dormancy_most(self) -> int: ...


def check_subdomain_host(text: str) -> None:
    """Raises `SettingsWrong` unless `text` is scheme, name and perhaps port."""
    found = _ORIGIN.fullmatch(text)
    if not found or found["host"].rpartition(".")[2].isdigit() or int(found["port"] or 1) not in range(1, 65536):
        raise SettingsWrong(
            f"TERRA_SUBDOMAIN_HOST is {text!r}; give an address such as https://lab.example.org or "
            "http://lab.localhost:8000: a name in small letters, which can have others below it, and no path."
        )


def check_tls(certificate: str, key: str, subdomain_host: str) -> None:
    """Raises `SettingsWrong` for half of a certificate, or one that no browser would be sent to."""
    if bool(certificate) != bool(key):
        raise SettingsWrong("TERRA_TLS_CERTIFICATE and TERRA_TLS_KEY go together: set both, or none.")
    if certificate and subdomain_host.startswith("http://"):
        raise SettingsWrong(f"TERRA_SUBDOMAIN_HOST is {subdomain_host}; with a certificate it is https://.")


_DORMANT_AT_LEAST, _DORMANT_AT_MOST = 2 * 24 * 3600, 10 * 365 * 24 * 3600
_WORDS = {
    "idle_off": ("forbidden", "allowed"),
    "dormancy_off": ("forbidden", "allowed"),
    "at_idle": ("freeze-then-pause", "pause"),
    "age_force": ("no", "yes"),
    "autostart": ("everybody", "owners", "nobody"),
}


def check_rules(settings: Rules) -> None:
    """Raises `SettingsWrong` for bounds of pauses and starts that no value could be in."""
    for name, words in _WORDS.items():
        if getattr(settings, name) not in words:
            said = getattr(settings, name)
            raise SettingsWrong(f"TERRA_{name.upper()} is {said!r}; it is one of {', '.join(words)}.")
    if not 60 <= settings.idle_least <= settings.idle <= settings.idle_most:
        raise SettingsWrong(
            f"TERRA_IDLE is {settings.idle}; it lies between TERRA_IDLE_LEAST ({settings.idle_least}), which is a"
            f" minute at least, and TERRA_IDLE_MOST ({settings.idle_most})."
        )
    if settings.drive_idle < 60:
        raise SettingsWrong(f"TERRA_DRIVE_IDLE is {settings.drive_idle}; it is a minute at least.")
    bounds = (_DORMANT_AT_LEAST, settings.dormancy_least, settings.dormancy, settings.dormancy_most, _DORMANT_AT_MOST)
    if settings.dormancy and sorted(bounds) != list(bounds):
        raise SettingsWrong(
            f"TERRA_DORMANCY is {settings.dormancy}; it is 0, or lies between TERRA_DORMANCY_LEAST"
            f" ({settings.dormancy_least}), which is two days at least, so that people can be told before, and"
            f" TERRA_DORMANCY_MOST ({settings.dormancy_most}), which is ten years at most."
        )
    for name in ("busy_cap", "busy_grace", "frozen_most", "age_most", "keep_alive_most"):
        if getattr(settings, name) < 0:
            raise SettingsWrong(f"TERRA_{name.upper()} is {getattr(settings, name)}; it is not less than 0.")
    if not 0 <= settings.memory_reserve <= 100:
        raise SettingsWrong(f"TERRA_MEMORY_RESERVE is {settings.memory_reserve}; it is per cent: 0 (none) to 100.")


def check_live_mounts(word: str) -> None:
    """Raises `SettingsWrong` for what is neither found out by `make up` nor chosen."""
    if word not in ("", "yes", "no"):
        raise SettingsWrong(f"TERRA_LIVE_MOUNTS is {word!r}; it is yes or no, or empty to let `make up` find out.")


def check_trash_days(days: float) -> None:
    if not 0 <= days <= _MOST_TRASH_DAYS:
        raise SettingsWrong(f"TERRA_TRASH_DAYS is {days}; use a number from 0 to {_MOST_TRASH_DAYS}.")


def check_culler_seconds(seconds: int) -> None:
    """Seldom enough not to be felt, often enough for a warning of one minute. Raises `SettingsWrong`."""
    if not 1 <= seconds <= 60:
        raise SettingsWrong(f"TERRA_CULLER_SECONDS is {seconds}: choose from 1 to 60 seconds.")


def check_data_disk_limit(limit: int) -> None:
    """Raises `SettingsWrong` for a limit that no data disk fits in."""
    if limit != 0 and limit < 1024**3:
        raise SettingsWrong(f"TERRA_DATA_DISK_LIMIT is {limit}; use 1073741824 (1 GB) or more, or 0 for no data disks.")


_LEAST_IMAGE = 300 * 1024**2


def check_disks(form: str, size: int) -> None:
    """Raises `SettingsWrong` for what no disk is made as, or too small for a file system of its own."""
    if form not in ("volume", "image"):
        raise SettingsWrong(f"TERRA_DISKS is {form!r}; it is one of volume, image.")
    if form == "image" and size < _LEAST_IMAGE:
        raise SettingsWrong(f"TERRA_DISK_SIZE is {size}; with TERRA_DISKS=image it is {_LEAST_IMAGE} (300 MB) or more.")


def check_image_names(registry: str, upstream: str) -> None:
    """Raises `SettingsWrong` for what is no registry with a path, or no image's name."""
    if registry and not _REGISTRY.fullmatch(registry):
        raise SettingsWrong(
            f"TERRA_REGISTRY is {registry!r}; give host, port if any, and path, such as "
            "registry.example.org/terraspawner: in small letters, without https:// and without a tag."
        )
    if not _IMAGE.fullmatch(upstream):
        raise SettingsWrong(f"TERRA_UPSTREAM is {upstream!r}; give an image's name, such as debian:trixie-slim.")


OBJECT_STORES = ("s3:", "az:", "gs:")


def check_buckets(url: str) -> None:
    """Raises `SettingsWrong` for no store that is known, and for one with credentials in it. The rest of the address is
    taken apart by who opens it (`storage.addresses`)."""
    if not url.startswith((*OBJECT_STORES, "file:", "memory:")) or "@" in url or "?" in url:
        raise SettingsWrong(
            "TERRA_BUCKETS names no store this program knows; use file:///folder, s3://bucket/prefix, "
            "az://container/prefix or gs://bucket/prefix. Credentials are no part of it: they go into the file that "
            "TERRA_BUCKETS_CREDENTIALS_FILE names."
        )


def check_buckets_options(endpoint: str, seconds: float) -> None:
    """Raises `SettingsWrong` for an endpoint that is no plain URL, and for a time that no request could end in."""
    parts = urllib.parse.urlsplit(endpoint)
    if endpoint and (parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query):
        raise SettingsWrong(
            "TERRA_BUCKETS_ENDPOINT is no address of a store; use https://store.example.org:9000, without credentials."
        )
    if not 1 <= seconds <= 600:
        raise SettingsWrong(f"TERRA_BUCKETS_TIMEOUT is {seconds}: choose from 1 to 600 seconds.")
