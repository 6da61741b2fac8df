"""A store with one bucket on a real S3 server, which can be killed, made to hang and started again.

What is in the server's memory is lost then, but for what marks the buckets of workspaces.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from stores import servers
from terraspawner.storage.layout import MADE

SCOPE = "Credential=test/20260101/us-east-1/s3/aws4_request"
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host, Signature=0"}
"""The server believes everybody who says some name."""


class ObjectStore:
    """The bucket is there from the start."""

    bucket = "lab"

    def __init__(self, server: servers.Server) -> None:
        self._server = server
        self.url = f"http://127.0.0.1:{server.endpoint.rpartition(':')[2]}"
        self._marks: list[str] = []
        servers.make_s3(self.url, self.bucket)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """Connections are refused from now on, and what was in it is lost but for its marks."""
        self._marks = [key for key in self.list() if key.endswith(f"/{MADE}")]
        self._server.kill()

    def start_again(self) -> None:
        self._server.open()
        servers.make_s3(self.url, self.bucket)
        for key in self._marks:
            self.write(key, b"")

    def hang(self) -> None:
        """Connections are taken, and nothing is said."""
        self._server.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._server.signal(signal.SIGCONT)

    def read(self, key: str) -> bytes | None:
        """None where there is nothing."""
        answer = self._ask("GET", key)
        return answer.content if answer.status_code == httpx.codes.OK else None

    def size_of(self, key: str) -> int | None:
        """In bytes; None where there is nothing."""
        answer = self._ask("HEAD", key)
        return int(answer.headers["Content-Length"]) if answer.status_code == httpx.codes.OK else None

    def write(self, key: str, body: bytes) -> None:
        self._ask("PUT", key, content=body).raise_for_status()

    def delete(self, key: str) -> None:
        self._ask("DELETE", key).raise_for_status()

    def list(self) -> list[str]:
        return re.findall(r"<Key>([^<]*)</Key>", self._ask("GET", "?list-type=2").text)

    def _ask(self, method: str, what: str, content: bytes = b"") -> httpx.Response:
        return httpx.request(method, f"{self.url}/{self.bucket}/{what}", content=content, headers=SIGNED, timeout=10)


@contextmanager
def object_store(address: str = "127.0.0.1") -> Iterator[ObjectStore]:
    with servers.s3(address) as server:
        yield ObjectStore(server)
