"""In a store that takes no conditions a write that the network held back comes out on top: it is put back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import builders
from saving_process import text_of
from stores import servers
from terraspawner.operations import histories, notebooks, settling
from terraspawner.operations.context import Context
from terraspawner.storage import ANYTHING, create_bucket, open_bucket
from terraspawner.storage.objectstore import ObjectStoreBucket
from terraspawner.storage.remote import Client

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1", "F10")]

PLACE = notebooks.Place(user="ana", namespace="ana", name="alpha", path="first.ipynb")
KEY = "notebooks/first.ipynb"


def on(server: servers.Server, context: Context) -> Context:
    """Buckets in the store."""
    url, options = server.fresh(), server.options()
    return replace(
        context,
        bucket=lambda workspace_id: open_bucket(url, workspace_id, options),
        make_bucket=lambda workspace_id: create_bucket(url, workspace_id, options),
    )


@pytest.fixture(params=[servers.lying, pytest.param(servers.versioned_ceph, marks=pytest.mark.full)])
def there(request: pytest.FixtureRequest, context: Context) -> Iterator[Context]:
    """Of Ceph's the buckets keep versions, of which its conditions know nothing."""
    with request.param() as server:
        yield on(server, context)


def save(context: Context, word: str, base: str | None) -> str:
    return notebooks.save_notebook(context, PLACE, text_of(word), base).version


class Late:
    """A request with what is there now, which arrives when it is let go."""

    def __init__(self, context: Context, workspace_id: str) -> None:
        bucket = context.bucket(workspace_id)
        assert isinstance(bucket, ObjectStoreBucket)
        self._client: Client = bucket.store.client
        found = self._client.get(bucket.path_of(KEY))
        assert found is not None
        self._body, self._seen = found

    def arrives(self) -> None:
        self._client.put_over(self._seen.path, self._body, self._seen.note)


def numbers(context: Context) -> list[int]:
    return [each.number for each in histories.list_versions(context, PLACE).versions]


def test_what_came_out_on_top_is_put_back_as_the_version_that_it_was(there: Context) -> None:
    at = builders.workspace(there)
    first = save(there, "one", None)
    late = Late(there, at.id)
    second = save(there, "two", first)
    late.arrives()
    assert settling.heal(there, at.id) == 1
    body, info = notebooks.read_notebook(there, PLACE)
    assert (body, info.version, numbers(there)) == (text_of("two"), second, [2, 1])
    assert settling.heal(there, at.id) == 0


def test_a_save_goes_on_from_the_version_that_it_is_based_on(there: Context) -> None:
    at = builders.workspace(there)
    first = save(there, "one", None)
    late = Late(there, at.id)
    second = save(there, "two", first)
    late.arrives()
    save(there, "three", second)
    assert (notebooks.read_notebook(there, PLACE)[0], numbers(there)) == (text_of("three"), [3, 2, 1])


def test_what_others_wrote_there_is_theirs_and_kept(there: Context) -> None:
    at = builders.workspace(there)
    save(there, "one", None)
    there.bucket(at.id).write(KEY, text_of("theirs"), ANYTHING)
    assert settling.heal(there, at.id) == 0
    assert notebooks.read_notebook(there, PLACE)[0] == text_of("theirs")
    assert numbers(there) == [2, 1]


def test_in_a_store_that_takes_conditions_whoever_puts_an_old_version_there_means_it(context: Context) -> None:
    with servers.s3() as server:
        there = on(server, context)
        at = builders.workspace(there)
        first = save(there, "one", None)
        late = Late(there, at.id)
        save(there, "two", first)
        late.arrives()
        assert settling.heal(there, at.id) == 0
        assert notebooks.read_notebook(there, PLACE)[0] == text_of("one")
        assert numbers(there) == [3, 2, 1]
