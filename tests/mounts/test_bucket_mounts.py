"""Buckets of a real S3 server mounted by the real rclone on this machine, and everything that can go wrong with it."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mounts.mounting import Mounting, Store, mounting, processes, shell
from object_store import ObjectStore
from terraspawner.domain.bucket_mount import MountState
from terraspawner.domain.mount_words import OF_BUCKET
from terraspawner.storage.layout import MADE
from waiting import until

SECRETS = ("AKIA-NOT-TO-BE-TOLD", "deep-and-dark-secret")
HOSTILE_NAMES = (
    b"a\nb",
    b"-rf",
    b"x" * 255,
    b"\x01\x7f",
    b"\xff\xfe",
    b"a:b*?",
    b"%2e%2e",
    b"back\\slash",
    "é".encode(),
)

pytestmark = [pytest.mark.slow, pytest.mark.feature("H2")]


@pytest.fixture(scope="module")
def mounts(store: ObjectStore) -> Iterator[Mounting]:
    credentials = f"AWS_ACCESS_KEY_ID={SECRETS[0]}\nAWS_SECRET_ACCESS_KEY={SECRETS[1]}\n"
    at_store = Store(address="s3://lab/terra", endpoint=store.url, credentials=credentials)
    with mounting(at_store) as made:
        yield made


@pytest.fixture
def workspace(mounts: Mounting, store: ObjectStore) -> str:
    """A workspace with its bucket mounted."""
    made = in_store(store)
    assert mounts.ensure(made)["state"] == "mounted", mounts.log.read_text()
    return made


def in_store(store: ObjectStore) -> str:
    """A workspace that has a bucket."""
    made = secrets.token_hex(8)
    store.write(f"terra/{made}/{MADE}", b"")
    return made


@contextmanager
def unreachable(mounts: Mounting, store: ObjectStore, workspace: str) -> Iterator[None]:
    """The store hangs. What the folder holds was looked at before: nobody can write where he cannot look."""
    assert shell(f"ls {mounts.writer(workspace)}")[0] == 0
    store.hang()
    try:
        yield
    finally:
        store.go_on()


def test_files_go_to_the_store_and_come_from_it(mounts: Mounting, store: ObjectStore, workspace: str) -> None:
    folder = mounts.writer(workspace)
    assert shell(f"mkdir -p {folder}/deep && echo written > {folder}/deep/a.txt && cat {folder}/deep/a.txt") == (
        0,
        "written\n",
    )
    until(lambda: store.read(f"terra/{workspace}/data/deep/a.txt") == b"written\n", "it is in the store")
    store.write(f"terra/{workspace}/data/b.txt", b"from elsewhere")
    until(lambda: shell(f"cat {folder}/b.txt") == (0, "from elsewhere"), "a change by others is seen")
    assert shell(f"mv {folder}/b.txt {folder}/deep/c.txt && rm {folder}/deep/a.txt")[0] == 0
    until(
        lambda: kept_of(store, workspace) == {"data/deep/c.txt"},
        "the store has it as it is here",
    )
    until(lambda: mounts.standing(workspace)["waiting"] == 0, "nothing waits to be sent")


def test_a_reader_reads_and_is_refused_every_write(mounts: Mounting, store: ObjectStore, workspace: str) -> None:
    store.write(f"terra/{workspace}/data/table.csv", b"1,2\n")
    store.write(f"terra/{workspace}/notebooks/a.ipynb", b"{}")
    folder, notebooks = mounts.reader(workspace), mounts.notebooks(workspace, "reader")
    until(lambda: shell(f"cat {folder}/table.csv")[1] == "1,2\n", "it is there")
    until(lambda: shell(f"cat {notebooks}/a.ipynb")[1] == "{}", "notebooks are there")
    for user in (1000, 0):
        for command in (
            f"echo x > {folder}/new", f"echo x >> {folder}/table.csv", f"rm {folder}/table.csv", f"mkdir {folder}/d",
            f"mv {folder}/table.csv {folder}/other", f"touch {folder}/table.csv", f"truncate -s 0 {folder}/table.csv",
            f"rm {notebooks}/a.ipynb", f"touch {folder.parent}/beside",
        ):  # fmt: skip
            if user or "beside" not in command:  # root outside of a container may do that
                code, said = shell(command, user=user)
                assert (code != 0, "ead-only" in said or "denied" in said) == (True, True), (command, said)
    assert store.read(f"terra/{workspace}/data/table.csv") == b"1,2\n"


def test_a_writer_gets_no_further_than_the_data(mounts: Mounting, store: ObjectStore, workspace: str) -> None:
    store.write(f"terra/{workspace}/notebooks/a.ipynb", b"{}")
    store.write("terra/of-others/data/secret", b"theirs")
    folder, notebooks = mounts.writer(workspace), mounts.notebooks(workspace)
    until(lambda: shell(f"cat {notebooks}/a.ipynb")[1] == "{}", "notebooks are there")
    for command in (
        f"ln -s /etc/passwd {folder}/out", f"mkfifo {folder}/pipe && test -p {folder}/pipe",
        f"mknod {folder}/null c 1 3", f"mount --bind / {folder}",
        f"echo x > {notebooks}/b.ipynb", f"rm {notebooks}/a.ipynb", f"ln {notebooks}/a.ipynb {folder}/a",
        f"mv {notebooks}/a.ipynb {notebooks}/b.ipynb", f"cat {folder}/../../of-others/data/secret",
    ):  # fmt: skip
        assert shell(command)[0] != 0, command
    assert store.read(f"terra/{workspace}/notebooks/a.ipynb") == b"{}"
    assert shell(f"rm -f {folder}/pipe")[0] == 0
    for name in HOSTILE_NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("hostile")
    until(lambda: len(kept_of(store, workspace)) == len(HOSTILE_NAMES) + 1, "all are sent, and nothing else is there")
    assert sorted(os.fsencode(each.name) for each in folder.iterdir()) == sorted(HOSTILE_NAMES)
    kept = kept_of(store, workspace) - {"notebooks/a.ipynb"}
    assert all(re.fullmatch(r"data/[^/]+", key) and key.isprintable() for key in kept), kept


def kept_of(store: ObjectStore, workspace: str) -> set[str]:
    """The keys in its bucket, without the mark."""
    at = f"terra/{workspace}/"
    return {key.removeprefix(at) for key in store.list() if key.startswith(at)} - {MADE}


def test_killed_rclone_comes_back_and_sends_what_it_had_not(
    mounts: Mounting, store: ObjectStore, workspace: str
) -> None:
    folder = mounts.writer(workspace)
    with unreachable(mounts, store, workspace):
        assert shell(f"echo precious > {folder}/kept")[0] == 0
        killed = mounts.signal_rclone(workspace, signal.SIGKILL)
    until(lambda: store.read(f"terra/{workspace}/data/kept") == b"precious\n", "it was sent all the same")
    until(lambda: shell(f"cat {folder}/kept") == (0, "precious\n"), "the bucket is there again")
    assert mounts.rclone_of(workspace) != killed
    mounts.until_state(workspace, "mounted")


def test_rclone_that_hangs_is_an_error_and_then_replaced(mounts: Mounting, store: ObjectStore, workspace: str) -> None:
    folder = mounts.writer(workspace)
    assert shell(f"echo before > {folder}/file")[0] == 0
    stopped = mounts.signal_rclone(workspace, signal.SIGSTOP)
    assert mounts.ensure(in_store(store))["state"] == "mounted", "a start elsewhere"
    assert MountState(mounts.ensure(workspace)["state"]), "a start here"
    code, said = shell(f"ls {folder}/nothing/like/this")
    assert code != 0, said
    until(lambda: mounts.standing(workspace)["reason"] == "" and stopped not in processes(), "it was replaced")
    until(lambda: shell(f"cat {folder}/file") == (0, "before\n"), "the bucket is there again")


@pytest.mark.parametrize("how", ["killed", pytest.param("hung", marks=pytest.mark.full)])
def test_a_store_that_is_away_is_an_error_told_and_over_when_it_is_back(
    mounts: Mounting, store: ObjectStore, workspace: str, how: str
) -> None:
    folder = mounts.writer(workspace)
    assert shell(f"echo before > {folder}/file")[0] == 0
    until(lambda: store.read(f"terra/{workspace}/data/file") == b"before\n", "it is sent")
    store.kill() if how == "killed" else store.hang()
    try:
        told = mounts.until_state(workspace, "gone")
        assert "does not answer" in told["reason"]
        assert shell(f"echo meanwhile > {folder}/nowhere/new")[0] != 0
        assert shell(f"ls {folder}/elsewhere")[0] != 0
        started = mounts.ensure(secrets.token_hex(8))
        assert started["state"] in ("slow", "gone", "mounted"), "a start goes on"
        assert mounts.standing(workspace)["since"] == told["since"]
    finally:
        store.start_again() if how == "killed" else store.go_on()
    mounts.until_state(workspace, "mounted")
    until(lambda: shell(f"echo after > {folder}/after && cat {folder}/after") == (0, "after\n"), "it goes on")
    until(lambda: store.read(f"terra/{workspace}/data/after") == b"after\n", "and is sent")


def test_a_bucket_that_is_not_in_the_store_is_told_and_over_when_it_is_back(
    mounts: Mounting, store: ObjectStore, workspace: str
) -> None:
    folder, mark = mounts.writer(workspace), f"terra/{workspace}/{MADE}"
    store.delete(mark)
    assert mounts.until_state(workspace, "gone")["reason"] == OF_BUCKET.missing
    store.write(mark, b"")
    assert mounts.until_state(workspace, "mounted")["reason"] == ""
    assert shell(f"echo after > {folder}/after")[0] == 0
    until(lambda: store.read(f"terra/{workspace}/data/after") == b"after\n", "it goes on")


def test_a_bucket_that_never_was_in_the_store_is_not_taken_for_an_empty_one(mounts: Mounting) -> None:
    started = mounts.ensure(secrets.token_hex(8))
    assert (started["state"], started["reason"]) == ("gone", OF_BUCKET.missing)


def test_the_killed_service_takes_up_what_it_had(mounts: Mounting, store: ObjectStore, workspace: str) -> None:
    folder = mounts.writer(workspace)
    pid = mounts.rclone_of(workspace)
    with unreachable(mounts, store, workspace):
        assert shell(f"echo mine > {folder}/unsent")[0] == 0
        mounts.kill()
        until(lambda: pid not in processes(), "its rclone ended with it")
        assert shell(f"ls {folder}")[0] != 0
    mounts.start()
    mounts.until_state(workspace, "mounted")
    until(lambda: store.read(f"terra/{workspace}/data/unsent") == b"mine\n", "it was sent")
    until(lambda: shell(f"cat {folder}/unsent") == (0, "mine\n"), "it is there again")


def test_what_no_environment_has_any_more_is_kept_until_all_is_sent(
    mounts: Mounting, store: ObjectStore, workspace: str
) -> None:
    folder, others = mounts.writer(workspace), in_store(store)
    mounts.end()
    assert (shell(f"ls -A {folder}"), shell(f"touch {folder}/x")[0] != 0) == ((0, ""), True)
    mounts.start()
    assert mounts.call("PUT", "/mounts", json={"workspaces": [workspace]}).status_code == 200
    mounts.until_state(workspace, "mounted")
    with unreachable(mounts, store, workspace):
        assert shell(f"echo last > {folder}/last")[0] == 0
        until(lambda: mounts.standing(workspace)["waiting"] == 1, "it waits")
        assert mounts.call("PUT", "/mounts", json={"workspaces": [others]}).status_code == 200
        assert mounts.standing(workspace)["waiting"] == 1
    until(lambda: mounts.standing(workspace) == {}, "it is not kept any more")
    assert store.read(f"terra/{workspace}/data/last") == b"last\n"
    assert (shell(f"ls -A {folder}"), shell(f"touch {folder}/x")[0] != 0) == ((0, ""), True)
    mounts.until_state(others, "mounted")


def test_a_purged_bucket_is_forgotten_with_what_was_not_sent(
    mounts: Mounting, store: ObjectStore, workspace: str
) -> None:
    with unreachable(mounts, store, workspace):
        assert shell(f"echo gone > {mounts.writer(workspace)}/gone")[0] == 0
        assert mounts.call("DELETE", f"/mounts/{workspace}").status_code == 204
    assert mounts.standing(workspace) == {}
    assert not mounts.writer(workspace).exists()
    assert not (mounts.folder / "cache" / workspace).exists()
    assert mounts.call("DELETE", f"/mounts/{workspace}").status_code == 204
    mounts.ensure(workspace)
    assert shell(f"ls -A {mounts.writer(workspace)}") == (0, "")


def test_no_credential_is_told(mounts: Mounting, store: ObjectStore, workspace: str) -> None:
    del workspace
    seen = [*processes().values(), mounts.log.read_text()]
    seen += [path.read_text(errors="replace") for path in (mounts.folder / "cache").rglob("*") if path.is_file()]
    assert not [text for text in seen for secret in SECRETS if secret in text]
    configuration = mounts.folder / "memory" / "rclone.conf"
    assert all(secret in configuration.read_text() for secret in SECRETS)
    assert configuration.stat().st_mode & 0o777 == 0o600
    assert shell(f"cat {configuration}")[0] != 0
    del store


def test_others_than_hub_and_workspaces_are_refused(mounts: Mounting) -> None:
    asked = ["curl", "-sS", "--unix-socket", f"{mounts.folder}/mounts.sock", "http://mounts/mounts"]
    (mounts.folder / "mounts.sock").chmod(0o777)
    done = subprocess.run(
        ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "may not speak to the mounts service" in done.stdout


@pytest.mark.parametrize("name", ["..", "a" * 15, "A" * 16, "%2e%2e%2fetc"])
def test_ids_of_ours_alone_are_taken(mounts: Mounting, name: str) -> None:
    assert mounts.call("PUT", f"/mounts/{name}").status_code in (404, 422)
    assert mounts.call("DELETE", f"/mounts/{name}").status_code in (404, 422)
    assert mounts.call("PUT", "/mounts", json={"workspaces": [name]}).status_code == 422
    assert mounts.call("PUT", "/mounts", content=b"{").status_code == 422
