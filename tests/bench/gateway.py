"""The S3 of the bench: the gateway of a Ceph on this machine, as Debian has it, with its objects on the disk.

moto, which most tests use, takes a whole object into memory for each part that is read of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from stores import ceph, servers

KEY, SECRET = (line.partition("=")[2] for line in servers.S3_CREDENTIALS.split())


class Gateway:
    """A bucket of it, past all that is measured. Containers reach it at `port` of this machine's addresses."""

    bucket = "lab"

    def __init__(self, port: int) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self._client = servers.signing(self.url)
        self._client.create_bucket(Bucket=self.bucket)

    def list(self) -> list[str]:
        """The first thousand keys."""
        return [found["Key"] for found in self._client.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def size_of(self, key: str) -> int | None:
        """In bytes; None where there is nothing."""
        try:
            return int(self._client.head_object(Bucket=self.bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise

    def write(self, key: str, body: bytes) -> None:
        self._client.put_object(Bucket=self.bucket, Key=key, Body=body)


@contextmanager
def gateway() -> Iterator[Gateway]:
    with servers.ceph("0.0.0.0", ceph.ON_DISK) as server:
        yield Gateway(server.port.number)
