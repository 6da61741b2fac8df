"""A bucket in a store whose answers come late is mounted all the same, and says that it is slow."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from mounts.mounting import Mounting, Store, mounting, shell
from object_store import ObjectStore
from stores.late import AnswersThatComeLate, late
from terraspawner.storage.layout import MADE
from waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.feature("H2")]


@pytest.fixture(scope="module")
def between(store: ObjectStore) -> Iterator[AnswersThatComeLate]:
    with late(store.url) as made:
        yield made


@pytest.fixture(scope="module")
def mounts(between: AnswersThatComeLate) -> Iterator[Mounting]:
    credentials = "AWS_ACCESS_KEY_ID=some\nAWS_SECRET_ACCESS_KEY=secret\n"
    at_store = Store(address="s3://lab/terra", endpoint=between.endpoint, credentials=credentials)
    with mounting(at_store) as made:
        yield made


def test_it_is_slow_while_answers_are_late_and_what_is_written_meanwhile_is_sent(
    mounts: Mounting, store: ObjectStore, between: AnswersThatComeLate
) -> None:
    workspace = secrets.token_hex(8)
    store.write(f"terra/{workspace}/{MADE}", b"")
    mounts.ensure(workspace)
    mounts.until_state(workspace, "mounted")
    folder = mounts.writer(workspace)
    assert shell(f"ls {folder}")[0] == 0  # what is in it is known
    between.lag = 3
    found = mounts.until_state(workspace, "slow")
    assert "two seconds" in found["reason"]
    assert shell(f"echo precious > {folder}/kept")[0] == 0
    until(lambda: store.read(f"terra/{workspace}/data/kept") == b"precious\n", "it is in the store")
    assert mounts.standing(workspace)["state"] == "slow"
    between.lag = 0
    mounts.until_state(workspace, "mounted")
