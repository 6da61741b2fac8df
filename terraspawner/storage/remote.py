"""The one door to object stores: obstore's client for S3, Azure and Google Cloud Storage.

obstore was taken because it alone has the same conditional write on all three (``research/storage.md`` section 1).
Here its answers become values and its errors ours. Each request ends within the options' seconds: what has had no
answer by then is not asked again; a refused connection or an error of the store's own is, within half of that time.

Google Cloud Storage goes the same road and has not been proven on the real one: no emulator knows the API that is used.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import httpx
import obstore
from obstore import exceptions
from obstore.store import AzureStore, GCSStore, S3Store

from terraspawner.errors import SettingsWrong
from terraspawner.storage import faults
from terraspawner.storage.addresses import Store
from terraspawner.storage.answers import NoSuchPart, translated
from terraspawner.storage.base import digest_of
from terraspawner.storage.errors import ObjectMissing
from terraspawner.storage.options import Options
from terraspawner.storage.silence import Silence

_SIGNED = timedelta(minutes=1)
_LOCATION = (
    '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
)
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)

ATTRIBUTE = "terra"
PART = 8 << 20
"""Bytes of one part of a large object: 10,000 of them are 78 GiB, and each must be sent within a request's time."""


class Conditions(enum.Enum):
    """How a store wants the ETag in a condition."""

    QUOTED = "quoted"
    UNQUOTED = "unquoted"
    NONE = "none"
    """It answers 200 and overwrites."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """An object as the store tells it."""

    path: str
    size: int
    modified: datetime
    etag: str
    """As the store gave it, maybe with quotes."""
    generation: str | None = None
    """What Google compares instead of the ETag; elsewhere the version's id where the bucket is versioned."""
    note: str = ""
    """Our attribute; always empty in a list."""

    @property
    def mark(self) -> str:
        """The ETag in letters that a version may have; lists and answers quote it or do not."""
        plain = self.etag.removeprefix("W/").strip('"')
        is_plain = plain.isascii() and plain.replace("-", "").replace(".", "").isalnum()
        return plain if is_plain else digest_of(plain.encode())[:32]


class Refused(Exception):
    """The store says that the condition of a write does not hold."""


class Client:
    """Requests to one bucket or container of a store. Raises `BucketUnavailable` and `BucketFull` from all of them."""

    def __init__(self, kind: Store, container: str, options: Options) -> None:
        self.options = options
        self._silence = Silence(options.seconds)
        self.has_generations = kind is Store.GCS
        self.lists_behind = kind is not Store.AZURE
        """Whether a list begins behind a path at once. With Azure obstore reads all before it, in another order."""
        self._region = options.region
        self._store = _store_of(kind, container, options)

    def make_container(self) -> None:
        """The store's own bucket, there already or not. S3 alone: obstore makes none, so it only signs what asks."""
        where = "" if self._region in ("", "us-east-1") else _LOCATION.format(region=self._region)
        self._ask_of_container("PUT", where, fine=(409,))

    def has_container(self) -> bool:
        return self._ask_of_container("GET", "", fine=(404,)) != 404

    def remove_container(self) -> None:
        """An empty one; gone already is gone."""
        self._ask_of_container("DELETE", "", fine=(404,))

    def _ask_of_container(self, method: Any, body: str, fine: tuple[int, ...]) -> int:
        with translated(self._silence):
            url = obstore.sign(self._store, method, "", _SIGNED)
        try:
            answer = httpx.request(method, url, content=body.encode(), timeout=self.options.seconds)
        except httpx.HTTPError:
            raise faults.unavailable("the store cannot be reached") from None
        if not answer.is_success and answer.status_code not in fine:
            raise faults.unavailable("the store makes and removes no buckets of its own for this service")
        return answer.status_code

    def head(self, path: str) -> Remote | None:
        """None where there is nothing."""
        try:
            with translated(self._silence):
                return _remote(obstore.get(self._store, path, options={"head": True}))
        except FileNotFoundError:
            return None

    def get(self, path: str, part: tuple[int, int] | None = None) -> tuple[bytes, Remote] | None:
        """Bytes and facts of one answer; `part` is from and to. None where there is nothing, or no such part."""
        options: Any = {"range": part} if part else {}
        try:
            with translated(self._silence):
                found = obstore.get(self._store, path, options=options)
                facts = _remote(found)
                return bytes(found.bytes()), facts
        except (FileNotFoundError, NoSuchPart):
            return None

    def put(self, path: str, body: bytes, note: str, over: Remote | None, conditions: Conditions) -> Remote:
        """Write over what `over` is, or where nothing is. Raises `Refused`.

        `modified` of the answer is not the store's. With `Conditions.NONE` nothing is compared.
        """
        mode: Any = "create" if over is None else _condition(over, conditions)
        try:
            with translated(self._silence):
                attributes: Any = {ATTRIBUTE: note}
                mode = "overwrite" if conditions is Conditions.NONE else mode
                made = obstore.put(self._store, path, body, attributes=attributes, mode=mode, use_multipart=False)
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError, FileNotFoundError) as error:
            raise Refused from error
        return Remote(
            path=path,
            size=len(body),
            modified=_UNKNOWN,
            etag=made["e_tag"] or "",
            generation=made["version"],
            note=note,
        )

    def put_over(self, path: str, body: bytes, note: str) -> None:
        """Write over whatever is there. Only where nobody else writes."""
        attributes: Any = {ATTRIBUTE: note}
        with translated(self._silence):
            obstore.put(self._store, path, body, attributes=attributes, use_multipart=False)

    def put_parts(self, path: str, pieces: Iterator[bytes], note: str) -> None:
        """Write over whatever is there when `pieces` have ended; what they raise leaves nothing behind."""
        attributes: Any = {ATTRIBUTE: note}
        with translated(self._silence):
            obstore.put(self._store, path, _beside(pieces), attributes=attributes, use_multipart=True, chunk_size=PART)

    def copy(self, path: str, target: str) -> None:
        """Inside the store, attributes and all, over whatever is there. Raises ``ObjectMissing``."""
        try:
            with translated(self._silence):
                obstore.copy(self._store, path, target)
        except FileNotFoundError as error:
            raise ObjectMissing from error

    def delete(self, path: str) -> None:
        """Done already is done."""
        try:
            with translated(self._silence):
                obstore.delete(self._store, path)
        except FileNotFoundError:
            return

    def all(self, prefix: str) -> Iterator[Remote]:
        """All objects whose path is below the folder `prefix`, as the store orders them."""
        return chain.from_iterable(self.pages(prefix))

    def pages(self, prefix: str, offset: str = "") -> Iterator[list[Remote]]:
        """The same page by page, behind the path `offset`."""
        try:
            with translated(self._silence):
                for page in obstore.list(self._store, prefix or None, offset=offset or None, chunk_size=1000):
                    yield [_listed(meta) for meta in page]
        except FileNotFoundError as error:
            raise faults.missing() from error

    def folder(self, prefix: str) -> list[Remote | str]:
        """Paths of the folders in the folder `prefix`, which end with ``/``, and its objects."""
        with translated(self._silence):
            found = obstore.list_with_delimiter(self._store, prefix or None)
        return [*(f"{path}/" for path in found["common_prefixes"]), *(_listed(meta) for meta in found["objects"])]

    def has_any(self, prefix: str) -> bool:
        """Whether anything lies in the folder."""
        with translated(self._silence):
            return any(page for page in obstore.list(self._store, prefix, chunk_size=1))


def _beside(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, made in a thread of their own: in that of a request nobody may ask the store for anything."""
    with ThreadPoolExecutor(1) as thread:
        while (piece := thread.submit(next, pieces, None).result()) is not None:
            yield piece


def _condition(over: Remote, conditions: Conditions) -> dict[str, str]:
    """No key may be None in it."""
    etag = over.etag.strip('"') if conditions is Conditions.UNQUOTED else over.etag
    return {"e_tag": etag} | ({"version": over.generation} if over.generation is not None else {})


def _remote(found: obstore.GetResult) -> Remote:
    note = {str(name).lower(): value for name, value in found.attributes.items()}.get(ATTRIBUTE, "")
    return _facts(found.meta, str(note))


def _listed(meta: Any) -> Remote:
    return _facts(meta, "")


def _facts(meta: Any, note: str) -> Remote:
    return Remote(
        path=meta["path"],
        size=meta["size"],
        modified=meta["last_modified"].replace(microsecond=0),  # a list may know more than an answer's header
        etag=meta["e_tag"] or "",
        generation=meta["version"],
        note=note,
    )


def _store_of(kind: Store, container: str, options: Options) -> S3Store | AzureStore | GCSStore:
    """Raises `SettingsWrong` where the client takes no such words."""
    is_plain = options.endpoint.startswith("http://")
    longest = timedelta(seconds=options.seconds)
    client: Any = {"timeout": longest, "connect_timeout": longest / 2, "allow_http": is_plain}
    backoff = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2}
    retry: Any = {"max_retries": 2, "retry_timeout": longest / 2, "backoff": backoff}
    config: Any = options.values
    try:
        if kind is Store.S3:
            config |= {"endpoint": options.endpoint} if options.endpoint else {}
            config |= {"region": options.region} if options.region else {}
            return S3Store(container, config=config, client_options=client, retry_config=retry)
        if kind is Store.AZURE:
            config |= {"endpoint": options.endpoint} if options.endpoint else {}
            return AzureStore(container, config=config, client_options=client, retry_config=retry)
        return GCSStore(container, config=config, client_options=client, retry_config=retry)
    except (exceptions.BaseError, ValueError, TypeError) as error:
        if "No CA certificates" in str(error):
            raise faults.unavailable("there are no certificate authorities on this machine") from None
        raise SettingsWrong(
            f"The store of TERRA_BUCKETS ({kind}://{container}) cannot be opened with what "
            "TERRA_BUCKETS_CREDENTIALS_FILE, TERRA_BUCKETS_ENDPOINT and TERRA_BUCKETS_REGION say: "
            "a name there is not known, or one is missing."
        ) from None
