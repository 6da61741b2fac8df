"""Buckets of a real Azurite, which speaks as Azure does, mounted by the real rclone on this machine."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mounts.mounting import Mounting, Store, mounting, processes, shell
from stores import servers
from stores.servers import Server
from terraspawner.domain.mount_words import OF_BUCKET
from terraspawner.storage.addresses import parse_address
from terraspawner.storage.base import ANYTHING, Bucket
from terraspawner.storage.errors import ObjectMissing
from terraspawner.storage.locate import create_bucket, open_bucket
from waiting import until

HOSTILE_NAMES = (
    b"a\nb", b"-rf", b"x" * 200, b"\x01\x7f", b"\xff\xfe", b"a:b*?", b"%2e%2e", b"back\\slash", "é".encode(),
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1", "H2")]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with servers.azure() as made:
        yield made


@pytest.fixture(scope="module")
def address(server: Server) -> str:
    return f"{server.fresh()}/terra"


@pytest.fixture(scope="module")
def mounts(server: Server, address: str) -> Iterator[Mounting]:
    store = Store(address=address, endpoint=server.endpoint, credentials=server.credentials)
    with mounting(store) as made:
        yield made


@pytest.fixture
def workspace(mounts: Mounting, server: Server, address: str) -> str:
    """A workspace with its bucket mounted."""
    made = secrets.token_hex(8)
    create_bucket(address, made, server.options())
    assert mounts.ensure(made)["state"] == "mounted", mounts.log.read_text()
    return made


@pytest.fixture
def bucket(server: Server, address: str, workspace: str) -> Bucket:
    """The same as the service has it."""
    return open_bucket(address, workspace, server.options())


def read(bucket: Bucket, key: str) -> bytes | None:
    try:
        return bucket.read(key)[0]
    except ObjectMissing:
        return None


def test_files_go_to_the_store_and_come_from_it(mounts: Mounting, workspace: str, bucket: Bucket) -> None:
    folder = mounts.writer(workspace)
    assert shell(f"mkdir -p {folder}/deep && echo written > {folder}/deep/a.txt")[0] == 0
    until(lambda: read(bucket, "data/deep/a.txt") == b"written\n", "it is in the store")
    bucket.write("data/b.txt", b"from the service", ANYTHING)
    bucket.write("notebooks/a.ipynb", b"{}", ANYTHING)
    until(lambda: shell(f"cat {folder}/b.txt") == (0, "from the service"), "what the service writes is seen")
    until(lambda: shell(f"cat {mounts.notebooks(workspace)}/a.ipynb") == (0, "{}"), "and notebooks are")
    assert shell(f"rm {mounts.notebooks(workspace)}/a.ipynb")[0] != 0
    assert shell(f"echo x > {mounts.reader(workspace)}/x")[0] != 0
    assert shell(f"mv {folder}/b.txt {folder}/deep/c.txt && rm {folder}/deep/a.txt")[0] == 0
    until(lambda: [each.key for each in bucket.list("data/")] == ["data/deep/c.txt"], "the store has it as it is here")


def test_a_file_of_many_parts_arrives_whole(mounts: Mounting, workspace: str, bucket: Bucket) -> None:
    made = f"{mounts.writer(workspace)}/large"
    assert shell(f"head -c 20000000 /dev/urandom > {made}")[0] == 0
    until(lambda: mounts.standing(workspace)["waiting"] == 0 and read(bucket, "data/large") is not None, "it is sent")
    assert read(bucket, "data/large") == Path(made).read_bytes()


def test_names_of_any_kind_arrive_and_come_back(mounts: Mounting, workspace: str, bucket: Bucket) -> None:
    folder = mounts.writer(workspace)
    for name in HOSTILE_NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("hostile")
    until(lambda: len(list(bucket.list("data/"))) == len(HOSTILE_NAMES), "all are sent, and nothing else is there")
    assert sorted(os.fsencode(each.name) for each in folder.iterdir()) == sorted(HOSTILE_NAMES)


def test_killed_rclone_comes_back_and_sends_what_it_had_not(
    mounts: Mounting, server: Server, workspace: str, bucket: Bucket
) -> None:
    folder = mounts.writer(workspace)
    assert shell(f"ls {folder}")[0] == 0
    server.signal(signal.SIGSTOP)
    try:
        assert shell(f"echo precious > {folder}/kept")[0] == 0
        killed = mounts.signal_rclone(workspace, signal.SIGKILL)
        until(lambda: killed not in processes(), "it ended")
    finally:
        server.signal(signal.SIGCONT)
    until(lambda: read(bucket, "data/kept") == b"precious\n", "it was sent all the same")
    until(lambda: shell(f"cat {folder}/kept") == (0, "precious\n"), "the bucket is there again")


@pytest.mark.parametrize("how", ["killed", pytest.param("hung", marks=pytest.mark.full)])
def test_a_store_that_is_away_is_told_and_over_when_it_is_back(
    mounts: Mounting, server: Server, address: str, workspace: str, how: str
) -> None:
    folder = mounts.writer(workspace)
    assert shell(f"ls {folder}")[0] == 0
    server.kill() if how == "killed" else server.signal(signal.SIGSTOP)
    try:
        assert mounts.until_state(workspace, "gone")["reason"] == OF_BUCKET.silent
        assert shell(f"ls {folder}/elsewhere")[0] != 0
    finally:
        server.open() if how == "killed" else server.signal(signal.SIGCONT)
    create_bucket(address, workspace, server.options())  # a killed Azurite forgets what was made just before
    mounts.until_state(workspace, "mounted")
    until(lambda: shell(f"echo after > {folder}/after")[0] == 0, "it goes on")


def test_a_container_that_is_not_in_the_store_is_told_and_over_when_it_is_back(
    mounts: Mounting, server: Server, address: str, workspace: str
) -> None:
    container = parse_address(address).container
    server.lose(server.endpoint, container)
    try:
        assert mounts.until_state(workspace, "gone")["reason"] == OF_BUCKET.missing
    finally:
        server.make(server.endpoint, container)
    create_bucket(address, workspace, server.options())
    assert mounts.until_state(workspace, "mounted")["reason"] == ""
    until(lambda: shell(f"echo after > {mounts.writer(workspace)}/after")[0] == 0, "it goes on")


def test_a_key_that_is_wrong_is_told_as_such(server: Server, address: str) -> None:
    wrong = server.credentials.replace("Eby8", "Abc8")
    store = Store(address=address, endpoint=server.endpoint, credentials=wrong)
    with mounting(store) as mounts:
        workspace = secrets.token_hex(8)
        mounts.ensure(workspace)
        assert mounts.until_state(workspace, "gone")["reason"] == OF_BUCKET.refusing


def test_the_account_key_is_told_nowhere(mounts: Mounting, workspace: str) -> None:
    assert shell(f"echo x > {mounts.writer(workspace)}/x")[0] == 0
    seen = [*processes().values(), mounts.log.read_text(), mounts.call("GET", "/mounts").text]
    assert not [text for text in seen if servers.AZURE_KEY in text]
