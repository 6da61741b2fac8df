"""Disks that are images, with this machine's own loop devices and file systems. Needs root, as `make up` does."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from disk_process import ID, LARGER, SIZE
from terraspawner.containers.disk_images import HOME, MOUNTED
from terraspawner.errors import DiskAttached
from terraspawner.errors_disks import DiskLost, MachineFull
from terraspawner.host.mounter import filesystems, loops
from terraspawner.host.mounter.disks import IMAGE, Disks
from terraspawner.host.mounter.filesystems import Filesystem
from terraspawner.host.mounter.real_machine import RealMachine

pytestmark = [pytest.mark.docker, pytest.mark.feature("D4")]

ROOT = Path(__file__).parents[2]
OTHER = "fedcba9876543210"
BLOCK = b"x" * 1024**2


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the disks of one test lie; nothing of it stays mounted."""
    yield tmp_path / "disks"
    lines = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in reversed([line for line in lines if line.startswith(str(tmp_path))]):
        filesystems.unmount(Path(place))


@pytest.fixture
def disks(folder: Path) -> Disks:
    return Disks(folder, kept_free=0)


def home(folder: Path, disk_id: str = ID) -> Path:
    return folder / disk_id / MOUNTED / HOME


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def fill(place: Path) -> int:
    """Write until nothing more goes; how many bytes went."""
    with (place / "filling").open("wb", buffering=0) as file:
        with pytest.raises(OSError, match="No space left"):
            write_on(file)
        return file.tell()


def write_on(file: io.RawIOBase) -> None:
    while file.write(BLOCK):
        pass


def devices_with(image: Path) -> list[str]:
    """As another program sees them."""
    said = subprocess.run(["losetup", "-j", str(image)], capture_output=True, text=True, check=True).stdout
    return [line.partition(":")[0] for line in said.splitlines()]


@pytest.mark.parametrize("kind", Filesystem)
def test_a_disk_takes_what_it_has_and_not_a_byte_more(folder: Path, kind: Filesystem) -> None:
    disks = Disks(folder, RealMachine(kind), kept_free=0)
    disks.mount(ID, SIZE, is_new=True)
    free = filesystems.space(home(folder)).free
    assert free < SIZE
    assert abs(fill(home(folder)) - free) < 0.05 * SIZE
    state = disks.state(ID)
    assert state.size == SIZE
    assert state.free is not None
    assert state.free < len(BLOCK)


def test_what_is_set_aside_is_on_the_machines_disk_before_anything_is_written(disks: Disks, folder: Path) -> None:
    disks.mount(ID, SIZE, is_new=True)
    assert (folder / ID / IMAGE).stat().st_blocks * 512 >= SIZE


def test_nobody_becomes_root_by_a_file_of_a_disk_and_none_is_a_device(disks: Disks, folder: Path) -> None:
    disks.mount(ID, SIZE, is_new=True)
    (line,) = [line for line in Path("/proc/self/mounts").read_text().splitlines() if f"{ID}/{MOUNTED}" in line]
    flags = line.split()[3].split(",")
    assert {"nosuid", "nodev", "noatime"} <= set(flags)
    assert "discard" not in flags


def test_a_disk_grows_while_it_is_written_to(disks: Disks, folder: Path) -> None:
    disks.mount(ID, SIZE, is_new=True)
    fill(home(folder))
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write_synced, home(folder) / "log", 200)
        before = filesystems.space(home(folder)).size
        assert disks.enlarge(ID, 2 * SIZE).size == 2 * SIZE
        assert filesystems.space(home(folder)).size - before == pytest.approx(SIZE, rel=0.1)
        writing.result()
    assert fill(home(folder)) > SIZE
    assert (home(folder) / "log").stat().st_size == 200 * 1024


def write_synced(path: Path, times: int) -> None:
    """On a disk that is full at first: one that has no room is tried again."""
    with path.open("ab", buffering=0) as file:
        while file.tell() < times * 1024:
            try:
                file.write(b"y" * 1024)
                os.fsync(file.fileno())
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


@pytest.mark.parametrize("kind", Filesystem)
def test_a_disk_that_is_not_mounted_grows_when_it_is(folder: Path, kind: Filesystem) -> None:
    disks = Disks(folder, RealMachine(kind), kept_free=0)
    disks.mount(ID, SIZE, is_new=True)
    (home(folder) / "kept").write_text("still here")
    disks.unmount(ID)
    assert disks.enlarge(ID, 2 * SIZE).free is None
    disks.mount(ID, SIZE, is_new=False)
    assert filesystems.space(home(folder)).size > 1.7 * SIZE
    assert (home(folder) / "kept").read_text() == "still here"


def test_a_disk_is_never_made_smaller(disks: Disks) -> None:
    disks.mount(ID, LARGER, is_new=True)
    assert disks.mount(ID, SIZE, is_new=False).size == LARGER
    assert disks.enlarge(ID, SIZE).size == LARGER


def test_mounted_again_it_is_the_one_that_is_there(disks: Disks, folder: Path) -> None:
    disks.mount(ID, SIZE, is_new=True)
    (home(folder) / "kept").write_text("still here")
    disks.mount(ID, SIZE, is_new=True)
    assert len(devices_with(folder / ID / IMAGE)) == 1
    disks.unmount(ID)
    assert devices_with(folder / ID / IMAGE) == []
    disks.mount(ID, SIZE, is_new=True)
    assert (home(folder) / "kept").read_text() == "still here"


def test_many_at_once_mount_it_once(disks: Disks, folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda _: disks.mount(ID, SIZE, is_new=True), range(24)))
    assert {state.size for state in states} == {SIZE}
    assert len(devices_with(folder / ID / IMAGE)) == 1
    mounts = Path("/proc/self/mountinfo").read_text().count(f"{folder / ID / MOUNTED} ")
    assert mounts == 1


def test_what_a_container_still_has_is_not_attached_a_second_time(disks: Disks, folder: Path) -> None:
    """Unmounted here, in use there: `umount` succeeds, and the device lives on in another mount namespace."""
    disks.mount(ID, SIZE, is_new=True)
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", "echo; read end"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as elsewhere:
        assert elsewhere.stdout is not None
        elsewhere.stdout.readline()
        disks.unmount(ID)
        (device,) = devices_with(folder / ID / IMAGE)
        with pytest.raises(DiskAttached, match="mounted in a container still"):
            disks.remove(ID)
        disks.mount(ID, SIZE, is_new=False)
        assert devices_with(folder / ID / IMAGE) == [device]
        (home(folder) / "written").write_text("on the one file system that there is")
        elsewhere.communicate(b"\n")
    assert (home(folder) / "written").exists()


def test_a_device_that_cannot_be_mounted_is_let_go(disks: Disks, folder: Path) -> None:
    disks.mount(ID, SIZE, is_new=True)
    disks.unmount(ID)
    with (folder / ID / IMAGE).open("r+b") as image:
        image.write(b"XFSB" + bytes(SIZE // 2))
    with pytest.raises(Exception, match="could not be mounted"):
        disks.mount(ID, SIZE, is_new=True)
    assert devices_with(folder / ID / IMAGE) == []


def test_who_mounted_it_for_a_look_leaves_it_to_who_came_since(disks: Disks, folder: Path) -> None:
    looks = disks.mount(ID, SIZE, is_new=True)
    disks.mount(ID, SIZE, is_new=False)
    disks.unmount(ID, looks.turn)
    assert home(folder).is_dir()
    looks = disks.mount(ID, SIZE, is_new=False)
    disks.unmount(ID, looks.turn)
    assert not home(folder).exists()


def test_the_folder_that_containers_are_given_is_on_the_image_alone(disks: Disks, folder: Path) -> None:
    disks.mount(ID, SIZE, is_new=True)
    assert home(folder).is_dir()
    disks.unmount(ID)
    assert not home(folder).exists()


def test_an_image_that_is_gone_is_not_replaced_by_an_empty_one(disks: Disks, folder: Path) -> None:
    for act in (
        lambda: disks.mount(ID, SIZE, is_new=False),
        lambda: disks.enlarge(ID, SIZE),
        lambda: disks.state(ID),
        lambda: disks.unmount(ID),
    ):
        with pytest.raises(DiskLost, match=ID):
            act()
    assert disks.ids() == []
    assert not (folder / ID / IMAGE).exists()


def test_a_removed_disk_is_gone_with_its_room(disks: Disks, folder: Path) -> None:
    disks.mount(ID, SIZE, is_new=True)
    disks.mount(OTHER, SIZE, is_new=True)
    assert disks.ids() == [ID, OTHER]
    disks.remove(ID)
    disks.remove(ID)
    assert disks.ids() == [OTHER]
    assert names_in(folder) == [OTHER]


def test_a_disk_that_somebody_stands_in_stays(disks: Disks, folder: Path) -> None:
    disks.mount(ID, SIZE, is_new=True)
    with (home(folder) / "open").open("w"):
        with pytest.raises(DiskAttached, match="in use"):
            disks.unmount(ID)
        with pytest.raises(DiskAttached, match="in use"):
            disks.remove(ID)
    disks.remove(ID)
    assert disks.ids() == []


# --- no room ---


@pytest.fixture
def small_machine(folder: Path, disks: Disks) -> Path:
    """A folder of disks on a file system that has room for one: it is a disk itself."""
    disks.mount(OTHER, 800 * 1024**2, is_new=True)
    return home(folder, OTHER) / "disks"


@pytest.fixture
def within(small_machine: Path) -> Iterator[Disks]:
    made = Disks(small_machine, kept_free=50 * 1024**2)
    yield made
    for disk_id in made.ids():
        made.remove(disk_id)


def test_a_machine_without_room_says_so_and_nothing_is_left(within: Disks, small_machine: Path) -> None:
    with pytest.raises(MachineFull, match=r"0\.9766 GB more aside"):
        within.mount(ID, 1000 * 1024**2, is_new=True)
    assert within.ids() == []
    assert names_in(small_machine / ID) == ["lock", MOUNTED]


def test_a_disk_that_the_machine_has_no_room_for_keeps_its_size(within: Disks, small_machine: Path) -> None:
    within.mount(ID, SIZE, is_new=True)
    (home(small_machine) / "kept").write_text("still here")
    with pytest.raises(MachineFull):
        within.enlarge(ID, 790 * 1024**2)
    assert within.state(ID).size == SIZE
    assert (home(small_machine) / "kept").read_text() == "still here"


def test_the_machine_keeps_room_for_itself(small_machine: Path, within: Disks) -> None:
    free = filesystems.space(small_machine.parent).free
    with pytest.raises(MachineFull):
        within.mount(ID, free - 20 * 1024**2, is_new=True)


def test_a_machine_that_runs_full_in_the_middle_gives_back_what_it_took(small_machine: Path) -> None:
    """As if the room that was seen was taken by another meanwhile."""
    free = filesystems.space(small_machine.parent).free
    unworried = Disks(small_machine, kept_free=-(2 * free))
    with pytest.raises(MachineFull):
        unworried.mount(ID, 2 * free, is_new=True)
    assert unworried.ids() == []
    assert filesystems.space(small_machine.parent).free == pytest.approx(free, abs=4 * 1024**2)


# --- killed ---

CALLS = ("allocate", "make", "rename", "mount", "has_image", "fit", "space")
MOUNTING = [f"{when}:{call}" for call in CALLS for when in ("before", "after")]


def killed(folder: Path, act: str, step: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "disk_process", str(folder), act, step],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, f"{step} was not reached"


@pytest.mark.parametrize("step", MOUNTING)
def test_killed_while_it_mounts_the_next_one_goes_on(disks: Disks, folder: Path, step: str) -> None:
    killed(folder, "mount", step)
    state = disks.mount(ID, SIZE, is_new=True)
    assert (state.size, len(devices_with(folder / ID / IMAGE))) == (SIZE, 1)
    assert names_in(folder / ID) == [IMAGE, "lock", MOUNTED]
    assert home(folder).is_dir()
    disks.remove(ID)
    assert names_in(folder) == []


@pytest.mark.parametrize("step", ["before:allocate", "after:allocate", "before:fit", "after:fit"])
def test_killed_while_it_grows_the_next_one_has_its_new_size(disks: Disks, folder: Path, step: str) -> None:
    disks.mount(ID, SIZE, is_new=True)
    (home(folder) / "kept").write_text("still here")
    killed(folder, "enlarge", step)
    assert disks.mount(ID, LARGER, is_new=False).size == LARGER
    assert filesystems.space(home(folder)).size > LARGER * 0.8
    assert (home(folder) / "kept").read_text() == "still here"


@pytest.mark.parametrize("step", ["before:unmount", "after:unmount"])
def test_killed_while_it_removes_the_next_one_does(disks: Disks, folder: Path, step: str) -> None:
    disks.mount(ID, SIZE, is_new=True)
    killed(folder, "remove", step)
    disks.remove(ID)
    assert names_in(folder) == []


def test_who_waited_for_a_removal_finds_no_half_of_a_disk(disks: Disks, folder: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        for _ in range(5):
            disks.mount(ID, SIZE, is_new=True)
            acts = [pool.submit(disks.remove, ID), *(pool.submit(disks.mount, ID, SIZE, is_new=True) for _ in range(5))]
            assert all(act.exception() is None for act in acts)
            disks.remove(ID)
    assert names_in(folder) == []


def test_a_loop_device_of_another_image_is_none_of_ours(disks: Disks, folder: Path) -> None:
    disks.mount(ID, SIZE, is_new=True)
    disks.mount(OTHER, SIZE, is_new=True)
    there = (folder / OTHER / MOUNTED).stat().st_dev
    assert not loops.has_image(there, folder / ID / IMAGE)
    assert loops.has_image(there, folder / OTHER / IMAGE)
    assert not loops.has_image(folder.stat().st_dev, folder / ID / IMAGE)
