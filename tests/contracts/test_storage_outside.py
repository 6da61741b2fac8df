"""What a library promises whose files lie on a drive from outside: versions by bytes, and nothing that is not there."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from terraspawner.domain.names import is_notebook_path
from terraspawner.storage import ABSENT, Bucket, DirectoryBucket, ObjectChanged, make_folders, outside, outside_files
from terraspawner.storage.base import ANYTHING
from terraspawner.storage.drive import Libraries, LibraryBucket
from terraspawner.storage.errors import BucketFull, BucketUnavailable, KeyRefused, ObjectMissing
from terraspawner.storage.folders import hidden
from terraspawner.storage.outside import OutsideBucket
from terraspawner.storage.outside_errors import translated
from terraspawner.storage.patience import OF_ONE_DRIVE, Patience
from tests.contracts.stores import ClockThatStands
from waiting import until

pytestmark = pytest.mark.feature("H4", "F4")
ID = "0123456789abcdef"
LARGEST = 1000
FIRST, TABLE = "notebooks/a/first.ipynb", "data/a/table.csv"


class DriveThatMayHang:
    """A folder that is taken for a mounted drive. `hangs`: whoever asks waits until it is over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "outside" / ID / "data"
        self.folder.mkdir(parents=True)
        self.is_mounted = True
        self.asked = threading.Semaphore(0)
        self._goes_on = threading.Event()
        self._goes_on.set()

    def hang(self) -> None:
        self._goes_on.clear()

    def go_on(self) -> None:
        self._goes_on.set()

    def __call__(self, root: int, mount: Path) -> bool:
        self.asked.release()
        assert self._goes_on.wait(60)
        return self.is_mounted


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[DriveThatMayHang]:
    made = DriveThatMayHang(tmp_path)
    yield made
    made.go_on()


def descriptors() -> int:
    """How many files this process holds open (and one for counting them)."""
    return len(list(Path("/proc/self/fd").iterdir()))


Opener = Callable[..., Bucket]


@pytest.fixture
def opened(tmp_path: Path, drive: DriveThatMayHang, clock: ClockThatStands) -> Opener:
    def open_with(patience: Patience) -> Bucket:
        files = OutsideBucket(
            DirectoryBucket(make_folders(tmp_path, ID)),
            drive.folder,
            patience,
            is_hashed=is_notebook_path,
            largest=LARGEST,
            is_mounted=drive,
            clock=clock,
        )
        return LibraryBucket(files, is_notebook_path, LARGEST)

    return open_with


@pytest.fixture
def library(opened: Opener) -> Bucket:
    return opened(Patience())


def versions(library: Bucket) -> dict[str, str]:
    return {info.key: str(info.version) for info in library.list()}


def test_files_lie_on_the_drive_and_our_corner_does_not(library: Bucket, drive: DriveThatMayHang) -> None:
    library.write(FIRST, b"{}", ABSENT)
    library.write(TABLE, b"1", ABSENT)
    library.write("trash/x", b"ours", ABSENT)
    assert sorted(path.relative_to(drive.folder).as_posix() for path in drive.folder.rglob("*")) == [
        "a",
        "a/first.ipynb",
        "a/table.csv",
    ]
    assert list(versions(library)) == [TABLE, FIRST, "trash/x"]


def test_a_notebook_that_is_mounted_anew_or_has_another_time_is_the_same_version(
    library: Bucket, drive: DriveThatMayHang
) -> None:
    """As its server tells it: another inode, a time of whole seconds, and that changed when the file arrived."""
    written = library.write(FIRST, b"{}", ABSENT)
    file = drive.folder / "a/first.ipynb"
    file.rename(file.with_suffix(".old"))
    file.write_bytes(b"{}")
    file.with_suffix(".old").unlink()
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert library.stat(FIRST).version == written.version
    assert not library.stat(FIRST).is_external
    library.write(FIRST, b"[]", written.version)


def test_another_notebook_of_the_same_second_and_size_is_another_version(
    library: Bucket, drive: DriveThatMayHang, clock: ClockThatStands
) -> None:
    file = drive.folder / "first.ipynb"
    second = clock.now // 1_000_000_000
    file.write_bytes(b"{}")
    os.utime(file, (second, second))
    before = library.stat("notebooks/first.ipynb")
    file.write_bytes(b"[]")
    os.utime(file, (second, second))
    after = library.stat("notebooks/first.ipynb")
    assert (after.version != before.version, after.is_external) == (True, True)
    assert library.read("notebooks/first.ipynb")[0] == b"[]"
    with pytest.raises(ObjectChanged):
        library.write("notebooks/first.ipynb", b"ours", before.version)


def test_a_notebook_that_is_known_is_not_read_again(
    library: Bucket, drive: DriveThatMayHang, clock: ClockThatStands
) -> None:
    file = drive.folder / "first.ipynb"
    file.write_bytes(b"{}")
    known = library.stat("notebooks/first.ipynb")
    stands = file.stat()
    file.write_bytes(b"[]")
    os.utime(file, ns=(stands.st_atime_ns, stands.st_mtime_ns))
    assert library.stat("notebooks/first.ipynb").version == known.version


def test_a_large_data_file_is_not_read_to_be_listed(library: Bucket, drive: DriveThatMayHang) -> None:
    with (drive.folder / "huge.bin").open("wb") as file:
        file.truncate(1 << 40)
    with (drive.folder / "huge.ipynb").open("wb") as file:
        file.truncate(1 << 40)
    assert list(versions(library)) == ["data/huge.bin", "notebooks/huge.ipynb"]
    with pytest.raises(KeyRefused, match="a notebook has 1000 at most"):
        library.read("notebooks/huge.ipynb")


@pytest.mark.parametrize(
    "act",
    [
        lambda library: list(library.list("notebooks/")),
        lambda library: list(library.entries("data/")),
        lambda library: library.stat(FIRST),
        lambda library: library.read(FIRST),
        lambda library: library.read_range(TABLE, 0, 1, ANYTHING),
        lambda library: library.write(FIRST, b"lost", ANYTHING),
        lambda library: library.delete(FIRST, ANYTHING),
        lambda library: library.rename(TABLE, "data/b", ANYTHING),
        lambda library: library.rename(TABLE, "trash/data/b", ANYTHING),
    ],
)
def test_while_it_is_not_mounted_everything_is_refused_and_nothing_is_taken_for_deleted(
    library: Bucket, drive: DriveThatMayHang, act: Callable[[Bucket], object]
) -> None:
    library.write(FIRST, b"{}", ABSENT)
    library.write(TABLE, b"1", ABSENT)
    drive.is_mounted = False
    with pytest.raises(BucketUnavailable, match="not mounted now"):
        act(library)
    drive.is_mounted = True
    assert list(versions(library)) == [TABLE, FIRST]


def test_an_empty_folder_under_a_mount_that_is_gone_is_none(tmp_path: Path) -> None:
    """With the real look: the folder is there, and nothing is mounted on it."""
    mounts = tmp_path / "mounts"
    libraries = Libraries(
        url=f"file://{tmp_path}/libraries",
        is_notebook=is_notebook_path,
        largest=LARGEST,
        mount_of=lambda library_id: mounts / library_id / "data",
    )
    (mounts / ID / "data").mkdir(parents=True)
    libraries.create_outside(ID)
    found = libraries.find(ID)
    assert found is not None
    with pytest.raises(BucketUnavailable):
        found.write(FIRST, b"lost", ABSENT)
    assert list((mounts / ID / "data").iterdir()) == []
    assert list((tmp_path / "libraries" / ID / "data").iterdir()) == []
    found.write("trash/x", b"ours", ABSENT)


def test_what_is_deleted_comes_into_the_trash_here_and_back(library: Bucket, drive: DriveThatMayHang) -> None:
    written = library.write(TABLE, b"1,2", ABSENT)
    library.rename(TABLE, "trash/data/b", written.version)
    assert not (drive.folder / "a/table.csv").exists()
    library.rename("trash/data/b", "data/back.csv", ANYTHING)
    assert (drive.folder / "back.csv").read_bytes() == b"1,2"
    with pytest.raises(ObjectMissing):
        library.stat("trash/data/b")


def test_what_is_too_large_for_the_trash_stays_and_that_is_said(library: Bucket, drive: DriveThatMayHang) -> None:
    with (drive.folder / "huge.bin").open("wb") as file:
        file.truncate(outside.MOST_FOR_TRASH + 1)
    with pytest.raises(KeyRefused, match="Delete it on that drive"):
        library.rename("data/huge.bin", "trash/data/b", ANYTHING)
    assert (drive.folder / "huge.bin").exists()


def test_a_part_that_a_kill_left_is_not_seen_and_is_written_over(library: Bucket, drive: DriveThatMayHang) -> None:
    library.write(FIRST, b"{}", ABSENT)
    digest = "0" * 16
    (drive.folder / "a" / f".terra-part-{digest}").write_bytes(b"half")
    assert list(versions(library)) == [FIRST]
    assert [str(each) for each in library.entries("data/a/")] == []


def test_names_on_the_drive_that_are_no_keys_are_counted_and_parts_are_not(
    library: Bucket, drive: DriveThatMayHang
) -> None:
    library.write(TABLE, b"1", ABSENT)
    for name in ("a\nb", "c\x01d", f"{outside_files._PART}1"):
        (drive.folder / "a" / name).write_bytes(b"x")
    assert [hidden(library, folder) for folder in ("data/a/", "notebooks/a/", "data/", "trash/")] == [2, 2, 0, 0]


def test_a_link_on_the_drive_leads_nowhere(library: Bucket, drive: DriveThatMayHang, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"of others")
    (drive.folder / "out").symlink_to(tmp_path)
    (drive.folder / "link.csv").symlink_to(tmp_path / "secret")
    assert list(versions(library)) == []
    for key in ("data/out/secret", "data/link.csv"):
        with pytest.raises(KeyRefused):
            library.read(key)
        with pytest.raises(KeyRefused):
            library.write(f"{key}/x", b"", ABSENT)


def test_a_drive_that_hangs_keeps_each_for_a_moment_and_the_next_not_at_all(
    opened: Opener, drive: DriveThatMayHang
) -> None:
    library = opened(Patience(seconds=0.05, turn=0.01))
    library.write(TABLE, b"1", ABSENT)
    drive.hang()
    while drive.asked.acquire(blocking=False):
        pass
    for _ in range(20):
        with pytest.raises(BucketUnavailable, match=r"does not answer|is slow"):
            library.stat(TABLE)
    asked = 0
    while drive.asked.acquire(blocking=False):
        asked += 1
    assert asked <= OF_ONE_DRIVE
    drive.go_on()


def test_a_drive_that_hung_is_asked_again_once_it_goes_on(opened: Opener, drive: DriveThatMayHang) -> None:
    library = opened(Patience(seconds=0.05, turn=0.01))
    library.write(TABLE, b"1", ABSENT)
    drive.hang()
    with pytest.raises(BucketUnavailable):
        library.stat(TABLE)
    drive.go_on()

    def answers() -> bool:
        try:
            return library.stat(TABLE).size == 1
        except BucketUnavailable:
            return False

    until(answers, "it answers again")


def test_a_moment_without_a_thread_to_spare_takes_no_turn_away(library: Bucket) -> None:
    library.write(TABLE, b"1", ABSENT)
    before = threading.stack_size(1 << 47)  # more than any machine has: no thread comes up
    try:
        for _ in range(OF_ONE_DRIVE):
            with pytest.raises(BucketUnavailable, match="is slow"):
                library.stat(TABLE)
    finally:
        threading.stack_size(before)
    assert library.stat(TABLE).size == 1


def test_what_the_drive_refuses_is_called_by_its_name(library: Bucket) -> None:
    library.write(TABLE, b"1", ABSENT)
    with pytest.raises(KeyRefused, match=r"'a/table\.csv/b' is in the way"):
        library.write(f"{TABLE}/b", b"1", ABSENT)
    with pytest.raises(KeyRefused, match=r"'a/table\.csv' is in the way"):
        library.rename(TABLE, f"{TABLE}/b", ANYTHING)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOTCONN])
def test_a_server_that_is_away_is_told_in_words(number: int) -> None:
    refused = translated("a.csv", OSError(number, os.strerror(number)))
    assert isinstance(refused, BucketUnavailable)
    assert "its server cannot be reached now" in refused.message
    assert os.strerror(number) not in refused.message


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_what_its_account_may_not_do_is_told_as_that(number: int) -> None:
    refused = translated("a.csv", OSError(number, os.strerror(number)))
    assert isinstance(refused, KeyRefused)
    assert "closed to the account" in refused.message


def test_a_full_drive_is_told_as_full() -> None:
    assert isinstance(translated("a.csv", OSError(errno.ENOSPC, "full")), BucketFull)


def test_what_is_written_to_a_drive_that_answers_late_are_the_bytes_that_were_sent_and_nobody_elses(
    opened: Opener, drive: DriveThatMayHang, tmp_path: Path
) -> None:
    library, held = opened(Patience(seconds=0.05, turn=0.01)), descriptors()
    drive.hang()
    for _ in range(2):  # the second is refused at once
        with pytest.raises(BucketUnavailable, match="does not answer"):
            library.write(TABLE, b"mine", ABSENT)
    secret = tmp_path / "secret"
    secret.write_bytes(b"hers")
    with contextlib.ExitStack() as kept:
        for _ in range(50):  # others open theirs, and have the numbers of what was closed
            kept.enter_context(secret.open("rb"))
        drive.go_on()
        file = drive.folder / "a/table.csv"
        assert until(lambda: file.exists() and file.read_bytes(), "it is written all the same") == b"mine"
    until(lambda: descriptors() == held, "nothing is kept open")
