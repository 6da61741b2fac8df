"""What is found out about a store as it starts, and what a bucket does with a store that says yes to everything."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from stores import servers
from stores.servers import Server
from terraspawner.storage import ABSENT, ANYTHING, ObjectChanged, create_bucket
from terraspawner.storage.addresses import parse_address
from terraspawner.storage.errors import BucketUnavailable
from terraspawner.storage.objectstore import ObjectStoreBucket
from terraspawner.storage.probe import Capability, probe
from terraspawner.storage.remote import Client, Conditions, Refused, Remote
from terraspawner.storage.store import ObjectStore
from tests.contracts.stores import running

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1")]

KEY = "notebooks/a.ipynb"
Serving = Callable[[], AbstractContextManager[Server]]
UNGUARDED = [servers.lying, pytest.param(servers.versioned_ceph, marks=pytest.mark.full)]


def client_of(server: Server) -> Client:
    address = parse_address(server.fresh())
    return Client(address.store, address.container, server.options())


@pytest.mark.parametrize(
    ("serve", "conditions"),
    [
        (servers.s3, Conditions.QUOTED),
        (servers.azure, Conditions.QUOTED),
        (servers.lying, Conditions.NONE),
        pytest.param(servers.ceph, Conditions.UNQUOTED, marks=pytest.mark.full),
        pytest.param(servers.versioned_ceph, Conditions.NONE, marks=pytest.mark.full),
    ],
    ids=["s3", "azure", "s3rver", "ceph", "versioned-ceph"],
)
def test_a_store_is_known_by_what_it_does_and_nothing_is_left(serve: Serving, conditions: Conditions) -> None:
    client = client_of(running(serve))
    keeps_versions = serve is servers.versioned_ceph
    assert probe(client, "x/") == Capability(conditions=conditions, keeps_versions=keeps_versions)
    assert list(client.all("")) == []


class StoreThatWantsNoQuotes(Client):
    """As Ceph's: with the ETag as it gave it, no condition holds."""

    def put(self, path: str, body: bytes, note: str, over: Remote | None, conditions: Conditions) -> Remote:
        if over is not None and conditions is Conditions.QUOTED:
            raise Refused
        return super().put(path, body, note, over, conditions)


class StoreThatRefusesAll(Client):
    """As Ceph's with a bucket that keeps versions."""

    def put(self, path: str, body: bytes, note: str, over: Remote | None, conditions: Conditions) -> Remote:
        if over is not None and conditions is not Conditions.NONE:
            raise Refused
        return super().put(path, body, note, over, conditions)


@pytest.mark.parametrize(
    ("kind", "conditions"),
    [(StoreThatWantsNoQuotes, Conditions.UNQUOTED), (StoreThatRefusesAll, Conditions.NONE)],
)
def test_the_form_of_a_condition_is_found(kind: type[Client], conditions: Conditions) -> None:
    server = running(servers.s3)
    address = parse_address(server.fresh())
    client = kind(address.store, address.container, server.options())
    assert probe(client, "").conditions is conditions
    bucket = ObjectStoreBucket(ObjectStore(client, conditions=lambda: conditions), "")
    first = bucket.write(KEY, b"one", ABSENT)
    bucket.write(KEY, b"two", first.version)
    with pytest.raises(ObjectChanged):
        bucket.write(KEY, b"three", first.version)


@pytest.mark.parametrize("serve", UNGUARDED)
def test_on_a_store_without_conditions_one_process_still_keeps_to_them(serve: Serving) -> None:
    server = running(serve)
    bucket = create_bucket(f"{server.fresh()}/x", "b1", server.options())
    first = bucket.write(KEY, b"one", ABSENT)
    with pytest.raises(ObjectChanged):
        bucket.write(KEY, b"two", ABSENT)
    second = bucket.write(KEY, b"two", first.version)
    with pytest.raises(ObjectChanged):
        bucket.write(KEY, b"three", first.version)
    bucket.delete(KEY, second.version)
    bucket.write(KEY, b"one", ANYTHING)
    assert bucket.read(KEY)[0] == b"one"


def test_a_store_that_cannot_be_asked_is_unknown_and_asked_again() -> None:
    with servers.s3() as server:
        url, options = f"{server.fresh()}/x", server.options(seconds=1)
        server.kill()
        with pytest.raises(BucketUnavailable):
            create_bucket(url, "b1", options)
        server.open()
        servers.make_s3(server.endpoint, parse_address(url).container)
        create_bucket(url, "b1", options).write(KEY, b"one", ABSENT)
