"""What object stores have beside the protocol: prefixes, what others put there, what was never made, credentials."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import obstore
import pytest

from stores import servers
from stores.servers import Server
from terraspawner.errors import SettingsWrong
from terraspawner.storage import (
    ABSENT,
    ANYTHING,
    Bucket,
    ObjectChanged,
    blobs,
    create_bucket,
    open_bucket,
    remove_bucket,
)
from terraspawner.storage.addresses import Store, parse_address
from terraspawner.storage.errors import BucketUnavailable, KeyRefused, ObjectMissing
from terraspawner.storage.facts import look as facts_of
from terraspawner.storage.objectstore import ObjectStoreBucket
from terraspawner.storage.options import Options
from terraspawner.storage.probe import probe
from terraspawner.storage.remote import Client, Remote
from terraspawner.storage.store import ObjectStore
from tests.contracts.stores import running
from tests.contracts.test_storage_contract import at_once, increment

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1")]

KEY = "notebooks/a.ipynb"
Bucketing = Callable[[str], Bucket]


@pytest.fixture(
    params=[servers.s3, servers.azure, pytest.param(servers.ceph, marks=pytest.mark.full)], ids=["s3", "azure", "ceph"]
)
def server(request: pytest.FixtureRequest) -> Server:
    return running(request.param)


@pytest.fixture
def url(server: Server) -> str:
    return f"{server.fresh()}/lab/buckets"


@pytest.fixture
def made(server: Server, url: str) -> Bucketing:
    return partial(create_bucket, url, options=server.options())


def past_us(server: Server, url: str) -> Client:
    """Who has the credentials and does not know the protocol."""
    address = parse_address(url)
    return Client(address.store, address.container, server.options())


def test_a_bucket_is_found_again_by_its_address_and_not_taken_for_another(
    server: Server, url: str, made: Bucketing
) -> None:
    with pytest.raises(BucketUnavailable):
        open_bucket(url, "b1", server.options())
    made("b1").write(KEY, b"one", ABSENT)
    made("b1-more").write(KEY, b"two", ABSENT)
    assert open_bucket(url, "b1", server.options()).read(KEY)[0] == b"one"
    assert [info.key for info in made("b1").list()] == [KEY]
    assert list(made("b2").list()) == []


def test_a_removed_bucket_is_gone_with_all_that_was_in_it(server: Server, url: str, made: Bucketing) -> None:
    for key in (KEY, "data/a", "trash/b"):
        made("b1").write(key, b"one", ABSENT)
    made("b1-more").write(KEY, b"two", ABSENT)
    for _ in range(2):
        remove_bucket(url, "b1", server.options())
    with pytest.raises(BucketUnavailable):
        open_bucket(url, "b1", server.options())
    assert made("b1-more").read(KEY)[0] == b"two"
    assert list(made("b1").list()) == []


def test_a_store_without_the_bucket_is_no_empty_one(server: Server) -> None:
    nowhere = f"{server.scheme}://never-made"
    with pytest.raises(BucketUnavailable):
        create_bucket(nowhere, "b1", server.options())
    with pytest.raises(BucketUnavailable):
        open_bucket(nowhere, "b1", server.options())


def test_a_bucket_that_was_deleted_past_us_is_told_as_such_and_can_be_made_again(
    server: Server, url: str, made: Bucketing
) -> None:
    bucket, container = made("b1"), parse_address(url).container
    another_service = server.options(seconds=7)
    bucket.write(KEY, b"one", ABSENT)
    server.lose(server.endpoint, container)
    for ask in (
        lambda: open_bucket(url, "b1", another_service),
        lambda: list(bucket.list()),
        lambda: list(bucket.entries()),
        lambda: bucket.read(KEY),
        lambda: bucket.write(KEY, b"two", ANYTHING),
        lambda: made("b1"),
    ):
        with pytest.raises(BucketUnavailable, match=r"knows no such bucket.*ask the operator") as refusal:
            ask()
        assert "minute" not in refusal.value.message, "waiting mends nothing"
    assert (
        "knows no such bucket; it was deleted there, or TERRA_BUCKETS names" in facts_of(url, another_service).problem
    )
    server.make(server.endpoint, container)
    with pytest.raises(BucketUnavailable, match="knows no such bucket"):
        open_bucket(url, "b1", another_service)
    made("b1").write(KEY, b"new", ABSENT)
    assert open_bucket(url, "b1", another_service).read(KEY)[0] == b"new"


def test_an_object_that_has_the_name_of_an_error_is_missing_and_no_more(made: Bucketing) -> None:
    for name in ("NoSuchBucket", "ContainerNotFound"):
        with pytest.raises(ObjectMissing):
            made("b1").read(f"notebooks/{name}.ipynb")


def test_what_others_put_beside_our_objects_is_told_as_theirs(server: Server, url: str, made: Bucketing) -> None:
    other = past_us(server, url)
    bucket = made("b1")
    first = bucket.write(KEY, b"one", ABSENT)
    obstore.put(other._store, f"lab/buckets/b1/{KEY}", b"two!")
    obstore.put(other._store, "lab/buckets/b1/notebooks/new.ipynb", b"three")
    body, info = bucket.read(KEY)
    assert (body, info.is_external, info.size) == (b"two!", True, 4)
    assert info.version != first.version
    assert bucket.stat(KEY).version == info.version
    assert [(each.key, each.is_external) for each in bucket.list()] == [(KEY, True), ("notebooks/new.ipynb", True)]
    with pytest.raises(ObjectChanged):
        bucket.write(KEY, b"mine", first.version)
    assert not bucket.write(KEY, b"mine", info.version).is_external


def test_an_object_of_ours_that_others_copied_to_another_key_is_told_as_theirs(
    server: Server, url: str, made: Bucketing
) -> None:
    bucket = made("b1")
    first = bucket.write(KEY, b"one", ABSENT)
    obstore.copy(past_us(server, url)._store, f"lab/buckets/b1/{KEY}", "lab/buckets/b1/notebooks/b.ipynb")
    copied = bucket.stat("notebooks/b.ipynb")
    assert copied.is_external
    assert copied.version != first.version


def test_names_that_are_no_keys_are_left_out_of_lists(server: Server, url: str, made: Bucketing) -> None:
    bucket = made("b1")
    for name in ("notebooks/e\u0301", "notebooks/" + "x" * 300):
        obstore.put(past_us(server, url)._store, f"lab/buckets/b1/{name}", b"x")
    assert list(bucket.list()) == []


def test_a_key_that_is_too_long_with_its_prefix_is_refused(made: Bucketing) -> None:
    with pytest.raises(KeyRefused, match="too long for this store"):
        made("b1").write("/".join(["abcdefg"] * 128), b"x", ABSENT)


def test_a_version_kept_again_is_young_again(made: Bucketing) -> None:
    """Equal bytes under an equal name: what was listed before must not be taken for what is there now."""
    bucket = made("b1")
    blobs.keep(bucket, b"bytes")
    ((_, seen),) = blobs.listed(bucket)
    sha256 = blobs.keep(bucket, b"bytes")
    assert not blobs.forget(bucket, seen)
    assert blobs.read(bucket, sha256) == b"bytes"


def test_a_store_that_takes_other_credentials_says_so_and_nothing_of_them() -> None:
    server = running(servers.azure)
    wrong = Options(
        endpoint=server.endpoint,
        credentials="AZURE_STORAGE_ACCOUNT_NAME=devstoreaccount1\nAZURE_STORAGE_ACCOUNT_KEY=aHVzaC1odXNo",
    )
    with pytest.raises(BucketUnavailable) as refusal:
        create_bucket(server.fresh(), "b1", wrong)
    assert "credentials" in refusal.value.message
    assert "aHVzaC1odXNo" not in str(refusal.value) + repr(refusal.value.details) + repr(wrong)


@pytest.mark.parametrize("text", ["hush", '{"type": hush}', "NO_SUCH_NAME=hush"])
def test_credentials_that_are_none_are_refused_without_a_word_of_them(text: str) -> None:
    with pytest.raises(SettingsWrong) as refusal:
        open_bucket("s3://some-bucket", "b1", Options(credentials=text))
    assert "hush" not in refusal.value.message


def test_reading_what_is_not_there_is_missing_and_not_unavailable(made: Bucketing) -> None:
    for look in (made("b1").stat, made("b1").read):
        with pytest.raises(ObjectMissing):
            look(KEY)


class Cut(Exception):
    """The sender is gone."""


def large(*, is_cut: bool = False) -> Iterator[bytes]:
    for number in range(5):
        yield bytes([number]) * 4_200_000
    if is_cut:
        raise Cut


def passed_by(bucket: Bucket) -> Iterator[bytes]:
    """Somebody writes while the parts are under way."""
    yield from large()
    bucket.write("data/large", b"theirs", ANYTHING)


def test_a_large_stream_is_sent_in_parts_and_keeps_to_its_condition(made: Bucketing) -> None:
    bucket = made("b1")
    first = bucket.write_stream("data/large", large(), ABSENT)
    body, info = bucket.read("data/large")
    assert body == b"".join(large())
    assert (first.size, first.version) == (len(body), info.version)
    with pytest.raises(ObjectChanged):
        bucket.write_stream("data/large", large(), ABSENT)
    with pytest.raises(ObjectChanged):
        bucket.write_stream("data/large", passed_by(bucket), first.version)
    assert bucket.read("data/large")[0] == b"theirs"


def test_of_a_large_stream_that_breaks_off_nothing_is_left(made: Bucketing) -> None:
    bucket = made("b1")
    with pytest.raises(Cut):
        bucket.write_stream("data/large", large(is_cut=True), ABSENT)
    assert list(bucket.list()) == []


def test_each_workspace_can_have_a_bucket_of_the_stores_own() -> None:
    options = running(servers.s3).options()
    url = "s3://own-{workspace}/x"
    create_bucket(url, "b1", options).write(KEY, b"one", ABSENT)
    assert create_bucket(url, "b1", options).read(KEY)[0] == b"one"
    assert [remote.path for remote in Client(Store.S3, "own-b1", options).all("")] == ["x/.terra/bucket", f"x/{KEY}"]
    for _ in range(2):
        remove_bucket(url, "b1", options)
    assert not Client(Store.S3, "own-b1", options).has_container()
    assert not Client(Store.S3, "own-probe", options).has_container()


class ClientThatCounts(Client):
    """Folders that were read whole."""

    folders = 0

    def folder(self, prefix: str) -> list[Remote | str]:
        self.folders += 1
        return super().folder(prefix)


def test_a_folder_that_is_read_page_by_page_is_never_listed_once_for_each(server: Server) -> None:
    address = parse_address(server.fresh())
    client = ClientThatCounts(address.store, address.container, server.options())
    bucket = ObjectStoreBucket(ObjectStore(client), "b1/")
    keys = [f"data/{number}.csv" for number in range(5)]
    for key in keys:
        client.put_over(bucket.path_of(key), b"1", "")
    found, after = [], ""
    while page := list(itertools.islice(bucket.entries("data/", after), 1)):
        after = page[0] if isinstance(page[0], str) else page[0].key
        found.append(after)
    assert found == keys
    assert client.folders <= 1


def of_some_services(server: Server) -> list[ObjectStoreBucket]:
    """The same bucket, by clients that share nothing but what the store was found to be."""
    address = parse_address(server.fresh())
    clients = [Client(address.store, address.container, server.options()) for _ in range(4)]
    conditions = probe(clients[0], "").conditions
    return [ObjectStoreBucket(ObjectStore(each, conditions=lambda: conditions), "b1/") for each in clients]


def test_between_services_that_know_nothing_of_each_other_no_increment_is_lost(server: Server) -> None:
    buckets = of_some_services(server)
    buckets[0].write(KEY, b"0", ABSENT)

    def count(bucket: Bucket) -> None:
        for _ in range(10):
            increment(bucket, KEY)

    with ThreadPoolExecutor(len(buckets)) as pool:
        list(pool.map(count, buckets))
    assert buckets[0].read(KEY)[0] == b"40"


def test_of_services_that_create_at_once_one_does(server: Server) -> None:
    buckets = of_some_services(server)
    for n in range(10):
        made = at_once(4, lambda me, n=n: buckets[me].write(f"notebooks/{n}", b"%d" % me, ABSENT))  # type: ignore[misc]
        assert [buckets[0].read(f"notebooks/{n}")[0]] == [b"%d" % me for me in made]
