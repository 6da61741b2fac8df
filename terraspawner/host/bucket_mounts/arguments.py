"""What rclone is told: words, configuration and requests, as functions of values. Of drives from outside:
`drive_arguments`.

No credential stands among the words or in the requests: they are in the configuration, a file for root alone on a
file system in memory, or in no place of ours where the platform has its own chain. Waits are short, since rclone's own
are not: a call in an environment would stand for minutes (research of FUSE mounts: more than 100 s by default). A
store that hangs costs twice the `TIMEOUT` here.

Written files go to a folder of this machine first and are sent a second later; reads go straight through. So what was
written outlives rclone, whose next run with the same folder sends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from terraspawner.errors import SettingsWrong
from terraspawner.storage.addresses import Place, Store
from terraspawner.storage.layout import DATA, DATA_GROUP, MADE, NOTEBOOKS
from terraspawner.storage.options import Options

REMOTE: Final = "store"
TIMEOUT, CONNECT_TIMEOUT = "8s", "3s"
AZURE_TIMEOUT: Final = "1500ms"
"""Azure's client asks four times whatever it is told, with pauses of 7 to 11 s in all: a call would stand for 40 s."""
FRESH: Final = "5s"
"""After so long what others changed in the store is seen."""
WRITE_BACK: Final = "1s"
PART: Final = "8Mi"
AHEAD: Final = "1Mi"
"""What is read ahead of each open file, in memory. Of 16 MiB, rclone's own choice, 250 files that one program opens
take all that the service has for everybody."""
MOST_MEMORY: Final = 1 << 30
"""Bytes that one rclone may have, else some 100 MB: a server may answer without an end. It ends then, and no other."""
_DEVICE: Final = "bucket"
CLOSED: Final = "0o077"
NAMES: Final = "Slash,InvalidUtf8,Dot,Ctl,Del"
"""Bytes of a file's name that stand in other letters in the store: its keys are text, and there are stores that take no
control characters in one, or send them back in a list that nobody can read. Azure's client does that by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where one rclone has its things: `cache` outlives it, the rest is in memory."""

    cache: Path
    configuration: Path
    socket: Path


def configuration(store: Store, options: Options) -> str:
    """rclone's configuration of the store. Raises `SettingsWrong` for a value of two lines, without telling it."""
    values = {Store.S3: _s3, Store.AZURE: _azure, Store.GCS: _gcs}[store](options, options.values)
    if any(not value.isprintable() for value in values.values()):
        raise SettingsWrong("TERRA_BUCKETS_CREDENTIALS_FILE holds a value that is no single line of text.")
    lines = [f"{name} = {value}" for name, value in values.items() if value]
    return "\n".join([f"[{REMOTE}]", *lines, ""])


def _s3(options: Options, given: Mapping[str, str]) -> dict[str, str]:
    key = given.get("aws_access_key_id", "")
    return {
        "type": "s3",
        "provider": "Other" if options.endpoint else "AWS",
        "endpoint": options.endpoint,
        "region": options.region or given.get("aws_region", "") or given.get("aws_default_region", ""),
        "env_auth": "" if key else "true",
        "access_key_id": key,
        "secret_access_key": given.get("aws_secret_access_key", ""),
        "session_token": given.get("aws_session_token", ""),
        "no_check_bucket": "true",
        "chunk_size": PART,
        "upload_concurrency": "2",
        "encoding": NAMES,
    }


def _azure(options: Options, given: Mapping[str, str]) -> dict[str, str]:
    account = given.get("azure_storage_account_name", "")
    key = given.get("azure_storage_account_key", "") or given.get("azure_storage_access_key", "")
    return {
        "type": "azureblob",
        "account": account,
        "key": key,
        "endpoint": options.endpoint,
        "env_auth": "" if key else "true",
        "no_check_container": "true",
        "chunk_size": PART,
        "upload_concurrency": "2",
    }


def _gcs(options: Options, given: Mapping[str, str]) -> dict[str, str]:
    key = given.get("google_service_account_key", "")
    return {
        "type": "google cloud storage",
        "service_account_credentials": key,
        "endpoint": options.endpoint,
        "env_auth": "" if key else "true",
        "bucket_policy_only": "true",
        "encoding": NAMES,
        "no_check_bucket": "true",
    }


def timeout_of(store: Store) -> str:
    """After which a try to have an answer from this kind of store is given up."""
    return AZURE_TIMEOUT if store is Store.AZURE else TIMEOUT


def words(folders: Folders, timeout: str = TIMEOUT) -> list[str]:
    """The command. It waits for requests on its socket, and ends with whoever started it."""
    return [
        "prlimit", f"--data={MOST_MEMORY}", "setpriv", "--pdeathsig", "KILL", "rclone", "rcd",
        "--config", str(folders.configuration),
        "--rc-addr", f"unix://{folders.socket}",
        "--rc-no-auth",
        "--cache-dir", str(folders.cache),
        "--timeout", timeout, "--contimeout", CONNECT_TIMEOUT,
        "--low-level-retries", "1", "--retries", "1",
        "--use-server-modtime",
        # else each `df`, and each of our own looks at a mount, waits for the store
        "--disable", "About",
        "--transfers", "2", "--checkers", "4", "--buffer-size", AHEAD,
        "--use-json-log=false", "--log-level", "ERROR", "--stats", "0",
    ]  # fmt: skip


def environment(surroundings: Mapping[str, str]) -> dict[str, str]:
    """Its variables: the platform's own chain of credentials and the site's authorities, nothing else of ours."""
    passed = ("AWS_", "AZURE_", "GOOGLE_", "ECS_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PATH")
    return {name: value for name, value in surroundings.items() if name.upper().startswith(passed)}


def where(place: Place) -> str:
    """A bucket of ours in rclone's words."""
    return f"{place.container}/{place.prefix}".rstrip("/")


def data_request(place: str, mount_point: Path, cache_bytes: int) -> dict[str, Any]:
    """Mount the data, readable and writable for the person of an environment."""
    return writable_request(f"{place}/{DATA}/", mount_point, cache_bytes, _DEVICE)


def writable_request(folder: str, mount_point: Path, cache_bytes: int, device: str) -> dict[str, Any]:
    """Mount a folder of the remote. So many bytes of what is there already are kept here; `device` is what the kernel's
    list of mounts calls it."""
    mode = {"CacheMode": "writes", "CacheMaxSize": f"{cache_bytes}B", "WriteBack": WRITE_BACK, "Umask": "002"}
    return _request(folder, mount_point, mode, device)


def notebooks_request(place: str, mount_point: Path) -> dict[str, Any]:
    """Mount the notebooks, readable."""
    return _request(f"{place}/{NOTEBOOKS}/", mount_point, {"ReadOnly": True, "Umask": "022"}, _DEVICE)


def _request(folder: str, mount_point: Path, mode: Mapping[str, Any], device: str) -> dict[str, Any]:
    return {
        "fs": f"{REMOTE}:{folder}",
        "mountPoint": str(mount_point),
        "mountType": "mount",
        "mountOpt": {"AllowOther": True, "DefaultPermissions": True, "DeviceName": device},
        "vfsOpt": {"DirCacheTime": FRESH, "UID": DATA_GROUP, "GID": DATA_GROUP, **mode},
    }


def question(place: str) -> dict[str, Any]:
    """Ask the store for the object that marks the bucket: the cheapest question that tells whether it is there."""
    return {"fs": f"{REMOTE}:", "remote": f"{place}/{MADE}", "opt": {"filesOnly": True}}


def file_system(place: str) -> dict[str, str]:
    """Which of its file systems is meant: the data."""
    return {"fs": f"{REMOTE}:{place}/{DATA}"}
