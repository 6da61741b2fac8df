"""Data files of a bucket in an object store: sent in pieces, listed, read, into the trash and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

import builders
from stores import servers
from terraspawner.operations import files, trash, uploads
from terraspawner.operations.context import Context
from terraspawner.operations.notebooks import Place
from terraspawner.storage import ABSENT, create_bucket, open_bucket

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1", "H5")]

Serving = Callable[[], AbstractContextManager[servers.Server]]
PIECES = [bytes([number]) * 7_000_000 for number in range(3)]


def place(path: str = "") -> Place:
    return Place(user="ana", namespace="ana", name="alpha", path=path)


@pytest.fixture(params=[servers.s3, servers.azure], ids=["s3", "azure"])
def there(request: pytest.FixtureRequest, context: Context) -> Iterator[Context]:
    serve: Serving = request.param
    with serve() as server:
        url, options = server.fresh(), server.options()
        made = replace(
            context,
            bucket=lambda workspace_id: open_bucket(url, workspace_id, options),
            make_bucket=lambda workspace_id: create_bucket(url, workspace_id, options),
        )
        builders.workspace(made)
        yield made


def test_a_large_file_sent_in_pieces_is_read_thrown_away_and_taken_back(there: Context) -> None:
    upload = uploads.begin(there, place("deep/large.bin"), sum(map(len, PIECES)), ABSENT)
    at = uploads.At(user="ana", namespace="ana", name="alpha", id=upload.id)
    for number, piece in enumerate(PIECES):
        upload = uploads.append(there, at, number * len(piece), piece)
    assert upload.is_done
    found = files.describe(there, place("deep/large.bin"))
    assert found.size == sum(map(len, PIECES))
    assert files.read_part(there, place("deep/large.bin"), found.version, 6_999_999, 2) == b"\x00\x01"
    assert [each if isinstance(each, str) else each.path for each in files.list_folder(there, place()).items] == [
        "deep/"
    ]

    item = files.delete(there, place("deep/large.bin"), found.version)
    assert files.list_folder(there, place()).items == ()
    trash.restore(there, user="ana", item_id=item.id)
    assert files.describe(there, place("deep/large.bin")).size == found.size
