"""The directory store: attacks from a container, edits by hand, a full disk, rights, the walk beneath the root."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from terraspawner.errors import SettingsWrong
from terraspawner.storage import (
    ABSENT,
    ANYTHING,
    DirectoryBucket,
    MemoryBucket,
    ObjectChanged,
    beneath,
    create_bucket,
    make_folders,
    open_bucket,
    private,
    records,
)
from terraspawner.storage.errors import BucketFull, BucketUnavailable, KeyRefused

KEY = "notebooks/a.ipynb"
IS_ROOT = os.geteuid() == 0


# Attacks: a user may put into data/ whatever a file system can hold


def descriptors() -> int:
    """How many files this process holds open (and one for counting them)."""
    return len(list(Path("/proc/self/fd").iterdir()))


def refused_by_every_verb(bucket: DirectoryBucket, key: str) -> None:
    for deed in (
        lambda: bucket.read(key),
        lambda: bucket.stat(key),
        lambda: bucket.write(key, b"x", ANYTHING),
        lambda: bucket.delete(key, ANYTHING),
    ):
        with pytest.raises(KeyRefused):
            deed()


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Path]:
    """A file outside the bucket, which must still be the same afterwards."""
    folder = tmp_path / "outside"
    folder.mkdir()
    file = folder / "secret"
    file.write_text("secret")
    yield file
    assert file.read_text() == "secret"
    assert [found.name for found in folder.iterdir()] == ["secret"]


@pytest.mark.parametrize("zone", ["data", "notebooks"])
def test_a_link_to_a_file_is_not_followed(directory: DirectoryBucket, secret: Path, zone: str) -> None:
    (directory.path / zone / "link").symlink_to(secret)
    refused_by_every_verb(directory, f"{zone}/link")
    assert list(directory.list()) == []


@pytest.mark.parametrize("zone", ["data", "notebooks"])
def test_a_link_to_a_folder_is_not_followed(directory: DirectoryBucket, secret: Path, zone: str) -> None:
    (directory.path / zone / "link").symlink_to(secret.parent)
    refused_by_every_verb(directory, f"{zone}/link/secret")
    refused_by_every_verb(directory, f"{zone}/link")
    with pytest.raises(KeyRefused):
        directory.write(f"{zone}/link/new", b"x", ABSENT)
    with pytest.raises(KeyRefused):
        list(directory.list(f"{zone}/link/"))
    assert list(directory.list()) == []


def test_a_link_inside_the_bucket_is_not_followed_either(directory: DirectoryBucket) -> None:
    directory.write(KEY, b"one", ABSENT)
    (directory.path / "data/link").symlink_to("../notebooks/a.ipynb")
    refused_by_every_verb(directory, "data/link")
    assert directory.read(KEY)[0] == b"one"


def test_a_fifo_hangs_nobody(directory: DirectoryBucket) -> None:
    os.mkfifo(directory.path / "data/pipe")
    refused_by_every_verb(directory, "data/pipe")
    assert list(directory.list()) == []


def test_names_that_are_no_keys_are_left_out_of_a_list(directory: DirectoryBucket) -> None:
    data = os.fsencode(directory.path / "data")
    for name in (b"a\nb", b"\xff\xfe", "e\u0301".encode(), b"good"):
        Path(os.fsdecode(data + b"/" + name)).write_bytes(b"")
    assert [info.key for info in directory.list()] == ["data/good"]


def test_an_empty_folder_goes_with_the_one_it_is_in_whatever_its_name_is(directory: DirectoryBucket) -> None:
    data = os.fsencode(directory.path / "data")
    for name in (b"raw/\xff\xfe/\xff", b"raw/a\nb", b"raw/good"):
        Path(os.fsdecode(data + b"/" + name)).mkdir(parents=True)
    directory.remove_folders("data/raw/")
    assert list((directory.path / "data").iterdir()) == []


@pytest.mark.parametrize("seconds", [-70_000_000_000, 0, 2**40], ids=str)
def test_whatever_time_a_program_gives_a_file_its_folder_can_be_listed(seconds: int) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:  # in memory, where times have all 64 bits
        bucket = DirectoryBucket(make_folders(Path(folder), "b1"))
        bucket.write("data/good", b"", ABSENT)
        bucket.write("data/odd", b"odd", ABSENT)
        os.utime(bucket.path / "data/odd", (seconds, seconds))
        assert [info.key for info in bucket.list("data/")] == ["data/good", "data/odd"]
        shown = bucket.stat("data/odd").modified
        assert [shown.astimezone(timezone(timedelta(hours=hours))) for hours in (-14, 14)] == [shown, shown]


def test_what_a_user_forges_in_an_attribute_is_not_believed(tmp_path: Path) -> None:
    bucket = DirectoryBucket(make_folders(tmp_path, "b1"))
    first = bucket.write("data/x", b"one", ABSENT)
    file = bucket.path / "data/x"
    os.setxattr(file, records.ATTRIBUTE, b'[{"generation": 1, "sha256": "0"}]')
    file.write_bytes(b"two")
    body, info = bucket.read("data/x")
    assert body == b"two"
    assert info.version != first.version


@pytest.mark.parametrize("opened", [beneath.open_beneath, beneath.open_by_steps])
def test_the_walk_beneath_the_root_stops_at_links(
    tmp_path: Path, secret: Path, opened: Callable[[int, str, int], int]
) -> None:
    (tmp_path / "root/folder").mkdir(parents=True)
    (tmp_path / "root/folder/file").write_bytes(b"ok")
    (tmp_path / "root/folder/link").symlink_to(secret)
    (tmp_path / "root/away").symlink_to(secret.parent)
    root = os.open(tmp_path / "root", os.O_PATH)
    before = descriptors()
    cases = {
        "folder/link": errno.ELOOP,
        "away/secret": errno.ELOOP,
        "away": errno.ELOOP,
        "nothing": errno.ENOENT,
        "folder/nothing/x": errno.ENOENT,
        "folder/file/x": errno.ENOTDIR,
    }
    for path, number in cases.items():
        for flags in (os.O_RDONLY, os.O_RDONLY | os.O_DIRECTORY):
            with pytest.raises(OSError, match=os.strerror(number)) as refusal:
                opened(root, path, flags)
            assert refusal.value.errno == number
    with os.fdopen(opened(root, "folder/file", os.O_RDONLY), "rb") as file:
        assert file.read() == b"ok"
    assert descriptors() == before
    os.close(root)


def test_no_descriptor_is_kept(directory: DirectoryBucket, secret: Path) -> None:
    before = descriptors()
    (directory.path / "data/link").symlink_to(secret)
    for _ in range(3):
        refused_by_every_verb(directory, "data/link")
        directory.write("notebooks/x/y", b"", ANYTHING)
        next(directory.list())
        directory.delete("notebooks/x/y", ANYTHING)
    assert descriptors() == before


# Edits by hand


def test_an_edit_by_hand_is_noticed(directory: DirectoryBucket) -> None:
    first = directory.write(KEY, b"one", ABSENT)
    (directory.path / KEY).write_bytes(b"two")  # the same size, at once
    now = directory.stat(KEY)
    assert now.is_external
    assert now.version != first.version
    assert directory.read(KEY) == (b"two", now)
    assert next(directory.list()) == now
    with pytest.raises(ObjectChanged) as refusal:
        directory.write(KEY, b"three", first.version)
    assert refusal.value.current == now
    assert not directory.write(KEY, b"three", now.version).is_external


def test_a_file_put_there_by_hand_is_an_object(directory: DirectoryBucket) -> None:
    (directory.path / KEY).write_bytes(b"one")
    info = directory.stat(KEY)
    assert info.is_external
    assert DirectoryBucket(directory.path).stat(KEY) == info
    with pytest.raises(ObjectChanged):
        directory.write(KEY, b"two", ABSENT)
    directory.delete(KEY, info.version)


def test_the_same_bytes_put_back_keep_their_version(directory: DirectoryBucket) -> None:
    """A touch, or a restore from a backup that keeps attributes and side files, is no change."""
    first = directory.write(KEY, b"one", ABSENT)
    os.utime(directory.path / KEY, (0, 0))
    assert directory.stat(KEY).version == first.version
    shutil.copy2(directory.path / KEY, directory.path / "copy")
    (directory.path / "copy").rename(directory.path / KEY)
    now = directory.stat(KEY)
    assert (now.version, now.is_external) == (first.version, False)


def test_an_edit_that_cannot_be_recorded_has_one_version_all_the_same(tmp_path: Path) -> None:
    bucket = DirectoryBucket(make_folders(tmp_path, "b1"), use_attributes=False)
    (bucket.path / records.RECORDS).rmdir()
    (bucket.path / KEY).write_bytes(b"one")
    assert bucket.stat(KEY) == bucket.stat(KEY)
    assert bucket.read(KEY)[1] == bucket.stat(KEY)


def test_a_spoilt_record_is_no_record(tmp_path: Path) -> None:
    bucket = DirectoryBucket(make_folders(tmp_path, "b1"))
    bucket.write(KEY, b"one", ABSENT)
    for spoilt in (b"", b"null", b"[1]", b'[{"a": 1}]', b"\xff"):
        os.setxattr(bucket.path / KEY, records.ATTRIBUTE, spoilt)
        assert bucket.read(KEY)[1].is_external


def test_an_environment_may_change_data_past_us(directory: DirectoryBucket) -> None:
    first = directory.write("data/x", b"one", ABSENT)
    (directory.path / "data/x").write_bytes(b"two")
    second = directory.stat("data/x")
    assert second.version != first.version
    with pytest.raises(ObjectChanged):
        directory.write("data/x", b"three", first.version)
    directory.write("data/x", b"three", second.version)


# A disk that is full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    if not IS_ROOT or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"this machine lets nobody mount a small disk: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler:
        while True:
            filler.write(b"\1" * 4096)


@pytest.mark.parametrize("use_attributes", [True, False])
def test_a_full_disk_leaves_the_old_object(small_disk: Path, use_attributes: bool) -> None:
    bucket = DirectoryBucket(make_folders(small_disk, "b1"), use_attributes=use_attributes)
    first = bucket.write(KEY, b"one" * 1000, ABSENT)
    with pytest.raises(BucketFull):
        bucket.write(KEY, b"x" * 2_000_000, first.version)
    with pytest.raises(BucketFull):
        bucket.write("notebooks/new.ipynb", b"x" * 2_000_000, ABSENT)
    assert bucket.read(KEY) == (b"one" * 1000, first)
    assert [info.key for info in bucket.list()] == [KEY]
    assert list((bucket.path / private.TEMPORARY).iterdir()) == []
    bucket.write(KEY, b"two", first.version)


@pytest.mark.parametrize("use_attributes", [True, False])
def test_on_a_disk_full_to_the_last_byte_one_can_still_read_and_delete(small_disk: Path, use_attributes: bool) -> None:
    bucket = DirectoryBucket(make_folders(small_disk, "b1"), use_attributes=use_attributes)
    first = bucket.write(KEY, b"one", ABSENT)
    with pytest.raises(OSError, match="No space"):
        fill(small_disk / "b1/data/filler")
    with pytest.raises(BucketFull):
        bucket.write(KEY, b"two", first.version)
    assert bucket.read(KEY) == (b"one", first)
    bucket.delete(KEY, first.version)
    bucket.delete("data/filler", ANYTHING)
    bucket.write(KEY, b"two", ABSENT)


# Rights


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_and_files_have_the_rights_that_mounts_need(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        bucket = DirectoryBucket(make_folders(tmp_path, "b1"))
        make_folders(tmp_path, "b1")
        bucket.write("notebooks/a/b.ipynb", b"", ABSENT)
        bucket.write("data/a/b.csv", b"", ABSENT)
    finally:
        os.umask(before)
    modes = {
        "": 0o755,
        "notebooks": 0o755,
        "notebooks/a": 0o755,
        "notebooks/a/b.ipynb": 0o644,
        "data": 0o2775,
        "data/a": 0o2775,
        "data/a/b.csv": 0o664,
        ".terra": 0o700,
    }
    assert {path: mode_of(tmp_path / "b1" / path) for path in modes} == modes


def test_the_service_writes_where_a_terminal_made_a_folder(tmp_path: Path) -> None:
    """The service is another user, of the group that the data belong to; umasks of terminals take that away."""
    data = make_folders(tmp_path, "b1") / "data"
    before = os.umask(0o077)
    try:
        (data / "by hand" / "deep").mkdir(parents=True)
        (data / "by hand" / "deep" / "first.csv").write_bytes(b"")
    finally:
        os.umask(before)
    assert mode_of(data / "by hand" / "deep") & 0o070 == 0o070
    assert mode_of(data / "by hand" / "deep" / "first.csv") & 0o060 == 0o060


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may pass through, as pytest's own may not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def as_user(uid: int, groups: list[int], deed: Callable[[], object]) -> None:
    """Do ``deed`` in a child process of that user, whose main group has the same number."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(uid)
            os.setuid(uid)
            os.umask(0o022)
            deed()
        except BaseException:  # noqa: BLE001  the child must never return into pytest
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not IS_ROOT, reason="only root may become another user")
def test_service_and_environment_share_data_and_only_data(open_folder: Path) -> None:
    """The service is uid 2002 in group 1000, the environment's user 1000: no root in this play."""

    def service_makes() -> None:
        bucket = DirectoryBucket(make_folders(open_folder, "b1"))
        bucket.write(KEY, b"notebook", ABSENT)
        bucket.write("data/sub/by-service.csv", b"one", ABSENT)

    def environment_works() -> None:
        bucket = open_folder / "b1"
        assert (bucket / KEY).read_bytes() == b"notebook"
        for forbidden in (bucket / KEY, bucket / "notebooks/new", bucket / ".terra/tmp/x", bucket / "x"):
            with pytest.raises(PermissionError):
                forbidden.write_bytes(b"")
        (bucket / "data/sub/by-service.csv").write_bytes(b"changed in place")
        (bucket / "data/sub/by-user.csv").write_bytes(b"two")
        (bucket / "data/closed").mkdir(mode=0o700)
        (bucket / "data/secret").write_bytes(b"")
        (bucket / "data/secret").chmod(0o600)

    def service_goes_on() -> None:
        bucket = DirectoryBucket(open_folder / "b1")
        assert bucket.read("data/sub/by-service.csv")[0] == b"changed in place"
        info = bucket.stat("data/sub/by-user.csv")
        bucket.write("data/sub/by-user.csv", b"three", info.version)
        bucket.delete("data/sub/by-service.csv", ANYTHING)
        for deed in (lambda: bucket.read("data/secret"), lambda: bucket.write("data/closed/x", b"", ANYTHING)):
            with pytest.raises(KeyRefused, match="closed to the service by its permissions"):
                deed()
        assert [found.key for found in bucket.list()] == ["data/sub/by-user.csv", KEY]

    as_user(2002, [2000, 1000], service_makes)
    as_user(1000, [], environment_works)
    as_user(2002, [2000, 1000], service_goes_on)


@pytest.mark.skipif(not IS_ROOT, reason="only root may become another user")
def test_an_edit_by_another_user_is_recorded_beside_the_file(open_folder: Path) -> None:
    """Attributes of a file that root put there are not ours to write."""
    as_user(2002, [1000], lambda: DirectoryBucket(make_folders(open_folder, "b1")).write(KEY, b"one", ABSENT))
    (open_folder / "b1" / KEY).unlink()
    (open_folder / "b1" / KEY).write_bytes(b"by root")

    def service_looks() -> None:
        info = DirectoryBucket(open_folder / "b1").stat(KEY)
        assert info.is_external
        assert len(list((open_folder / "b1" / records.RECORDS).iterdir())) == 1
        DirectoryBucket(open_folder / "b1").write(KEY, b"two", info.version)
        DirectoryBucket(open_folder / "b1").delete(KEY, ANYTHING)
        assert list((open_folder / "b1" / records.RECORDS).iterdir()) == []

    as_user(2002, [1000], service_looks)


# Where buckets are


def test_a_bucket_is_found_again_by_its_address(tmp_path: Path) -> None:
    for url in (f"file://{tmp_path}", f"memory:{tmp_path}"):
        with pytest.raises(BucketUnavailable):
            open_bucket(url, "b1")
        create_bucket(url, "b1").write(KEY, b"one", ABSENT)
        assert create_bucket(url, "b1").read(KEY)[0] == b"one"
        assert open_bucket(url, "b1").read(KEY)[0] == b"one"
        assert list(create_bucket(url, "b2").list()) == []
    assert isinstance(open_bucket(f"memory:{tmp_path}", "b1"), MemoryBucket)
    assert (tmp_path / "b1" / KEY).read_bytes() == b"one"


@pytest.mark.parametrize("url", ["", "s3:///x", "file://host/x", "file:x", "/srv/buckets"])
def test_an_unknown_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsWrong):
        open_bucket(url, "b1")


@pytest.mark.parametrize("bucket_id", ["", "..", "a/b", ".terra", "A", "a" * 64])
def test_an_id_that_is_none_is_an_error_of_ours(tmp_path: Path, bucket_id: str) -> None:
    with pytest.raises(ValueError, match="no bucket id"):
        open_bucket(f"file://{tmp_path}", bucket_id)


def test_a_bucket_that_went_away_is_unavailable(directory: DirectoryBucket) -> None:
    directory.write(KEY, b"one", ABSENT)
    shutil.rmtree(directory.path)
    for deed in (
        lambda: directory.read(KEY),
        lambda: directory.write(KEY, b"two", ANYTHING),
        lambda: list(directory.list()),
        lambda: DirectoryBucket(directory.path),
    ):
        with pytest.raises(BucketUnavailable) as error:
            deed()
        assert str(directory.path) not in error.value.message


def test_a_bucket_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BucketUnavailable):
        create_bucket(f"file://{tmp_path}/file", "b1")


def test_the_layout_is_not_removed_by_a_write(directory: DirectoryBucket) -> None:
    for key in ("data", "notebooks"):
        with pytest.raises(KeyRefused):
            directory.write(key, b"", ANYTHING)
    assert (directory.path / "data").is_dir()


def test_what_must_be_new_does_not_replace_what_a_terminal_made_after_the_look(tmp_path: Path) -> None:
    folder = make_folders(tmp_path, "b")

    def somebody_writes_meanwhile() -> int:
        """The store asks for the time between its look and its write."""
        (folder / "data/a.csv").write_bytes(b"theirs")
        return 0

    bucket = DirectoryBucket(folder, clock=somebody_writes_meanwhile)
    with pytest.raises(ObjectChanged) as refusal:
        bucket.write("data/a.csv", b"mine", ABSENT)
    assert refusal.value.current is not None
    assert (folder / "data/a.csv").read_bytes() == b"theirs"
    (folder / "data/folder").mkdir()
    with pytest.raises(KeyRefused):
        bucket.write("data/folder", b"mine", ABSENT)
    assert not list((folder / private.TEMPORARY).iterdir())
