"""Object stores that are killed, hang, are full, refuse, or lose answers: an error in time, and nothing half done."""

from __future__ import annotations

import http.server
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from stores import servers
from stores.servers import Server
from terraspawner.storage import ABSENT, ANYTHING, Bucket, create_bucket, open_bucket
from terraspawner.storage.errors import BucketFull, BucketUnavailable
from terraspawner.storage.options import Options
from waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1")]

KEY = "notebooks/a.ipynb"


@pytest.fixture
def server() -> Iterator[Server]:
    """One of the test's own, since it is not left well."""
    with servers.s3() as made:
        yield made


@pytest.fixture
def bucket(server: Server) -> Bucket:
    made = create_bucket(f"{server.fresh()}/x", "b1", server.options(seconds=1))
    made.write(KEY, b"one", ABSENT)
    return made


def every_verb(bucket: Bucket) -> None:
    for verb in (
        lambda: bucket.stat(KEY),
        lambda: bucket.read(KEY),
        lambda: bucket.write(KEY, b"two", ANYTHING),
        lambda: bucket.write("notebooks/new", b"two", ABSENT),
        lambda: bucket.write_stream("data/large", iter([b"x" * 20_000_000]), ANYTHING),
        lambda: bucket.read_range(KEY, 0, 1, ANYTHING),
        lambda: bucket.rename("data/x", "data/y", ANYTHING),
        lambda: bucket.delete(KEY, ANYTHING),
        lambda: list(bucket.list()),
        lambda: list(bucket.entries("data/")),
    ):
        with pytest.raises(BucketUnavailable):
            verb()


def test_a_store_that_hangs_gives_an_error_at_every_verb_and_is_used_again_when_it_answers(
    server: Server, bucket: Bucket
) -> None:
    server.signal(signal.SIGSTOP)
    try:
        every_verb(bucket)
    finally:
        server.signal(signal.SIGCONT)
    body = answered(bucket)
    assert body in (b"one", b"two"), "a request that was under way may have been carried out"


def answered(bucket: Bucket) -> bytes:
    """The notebook's bytes, once the store is asked again: who was told of a silence is, after a moment."""

    def look() -> bytes:
        try:
            return bucket.read(KEY)[0]
        except BucketUnavailable:
            return b""

    return until(look, "the store is asked again")


def test_a_store_that_was_killed_gives_an_error_at_every_verb(server: Server, bucket: Bucket) -> None:
    server.kill()
    every_verb(bucket)


def test_a_store_that_comes_back_empty_is_not_taken_for_an_empty_bucket(server: Server, bucket: Bucket) -> None:
    """moto keeps nothing: as if somebody had made the store's bucket anew."""
    server.kill()
    server.open()
    with pytest.raises(BucketUnavailable):
        list(bucket.list())
    with pytest.raises(BucketUnavailable):
        bucket.read(KEY)


@pytest.mark.full
def test_a_store_that_was_killed_and_kept_what_it_had_is_used_again() -> None:
    with servers.ceph() as server:
        bucket = create_bucket(f"{server.fresh()}/x", "b1", server.options())
        first = bucket.write(KEY, b"one", ABSENT)
        server.kill()
        with pytest.raises(BucketUnavailable):
            bucket.read(KEY)
        server.open()
        assert bucket.read(KEY) == (b"one", first)
        bucket.write(KEY, b"two", first.version)


class Between(http.server.BaseHTTPRequestHandler):
    """Stands between us and the store, and does to answers what its server says."""

    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        trouble: Trouble = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if trouble.refuses(self.command, self.path):
            self.answer(trouble.status, trouble.text.encode(), {})
            return
        kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        told = httpx.request(self.command, trouble.behind + self.path, content=body, headers=kept, timeout=30)
        if trouble.loses(self.command):
            self.close_connection = True
            return
        self.answer(told.status_code, told.content, dict(told.headers))

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "server", "date", "transfer-encoding"):
                self.send_header(name, value)
        length = headers.get("content-length", str(len(body))) if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - the module's own names

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the module's own name


class Trouble(http.server.ThreadingHTTPServer):
    """What goes wrong: `status` and `text` are answered to writes; of `lost` answers to writes nothing arrives."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), Between)
        self.behind = behind
        self.status, self.text, self.lost = 0, "", 0
        self.writes = 0

    def refuses(self, method: str, path: str) -> bool:
        return self.status != 0 and method == "PUT" and KEY in path

    def loses(self, method: str) -> bool:
        if method != "PUT":
            return False
        self.writes += 1
        self.lost -= 1
        return self.lost >= 0


@contextmanager
def between(server: Server) -> Iterator[tuple[Trouble, Options]]:
    trouble = Trouble(server.endpoint)
    thread = threading.Thread(target=trouble.serve_forever)
    thread.start()
    try:
        port = trouble.server_address[1]
        yield (
            trouble,
            Options(endpoint=f"http://127.0.0.1:{port}", region="us-east-1", credentials=server.credentials, seconds=3),
        )
    finally:
        trouble.shutdown()
        thread.join()
        trouble.server_close()


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_write_whose_answers_are_lost_is_found_to_be_ours_and_not_made_twice(server: Server, lost: int) -> None:
    with between(server) as (trouble, options):
        bucket = create_bucket(f"{server.fresh()}/x", "b1", options)
        first = bucket.write(KEY, b"one", ABSENT)
        trouble.lost = lost
        second = bucket.write(KEY, b"two", first.version)
        assert bucket.read(KEY) == (b"two", second)
        trouble.lost = lost
        third = bucket.write("notebooks/b.ipynb", b"new", ABSENT)
        assert bucket.stat("notebooks/b.ipynb").version == third.version


@pytest.mark.parametrize(
    ("status", "text", "error", "said"),
    [
        (507, "<Error><Code>XMinioStorageFull</Code></Error>", BucketFull, "full"),
        (403, "<Error><Code>QuotaExceeded</Code></Error>", BucketFull, "full"),
        (403, "<Error><Code>AccessDenied</Code></Error>", BucketUnavailable, "credentials"),
        (503, "<Error><Code>SlowDown</Code></Error>", BucketUnavailable, "cannot be reached"),
        (500, "what is <this>", BucketUnavailable, "cannot be reached"),
    ],
)
def test_a_store_that_refuses_is_told_by_what_it_says_and_nothing_is_changed(
    server: Server, status: int, text: str, error: type[BucketUnavailable], said: str
) -> None:
    with between(server) as (trouble, options):
        bucket = create_bucket(f"{server.fresh()}/x", "b1", options)
        first = bucket.write(KEY, b"one", ABSENT)
        trouble.status, trouble.text = status, text
        with pytest.raises(error, match=said) as refusal:
            bucket.write(KEY, b"two", first.version)
        assert "127.0.0.1" not in refusal.value.message
        assert bucket.read(KEY) == (b"one", first)
        trouble.status = 0
        bucket.write(KEY, b"two", first.version)


def test_a_version_that_never_was_is_no_reason_to_ask_for_ever(server: Server) -> None:
    """A store whose conditions never hold, though it was found to know them."""
    with between(server) as (trouble, options):
        url = f"{server.fresh()}/x"
        bucket = create_bucket(url, "b1", options)
        first = bucket.write(KEY, b"one", ABSENT)
        trouble.status, trouble.text = 412, "<Error><Code>PreconditionFailed</Code></Error>"
        for expected in (first.version, ANYTHING):
            with pytest.raises(BucketUnavailable, match="refuses a condition that holds"):
                bucket.write(KEY, b"two", expected)
        assert open_bucket(url, "b1", options).read(KEY) == (b"one", first)
