"""Views of drives, with real mounts: exactly what is said, whatever was there before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from terraspawner.errors import NameRefused
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.mounter import syscalls
from terraspawner.host.mounter.views import Library, Views, library_of

HERE = "0123456789abcdef"
pytestmark = pytest.mark.slow


def library(libraries: Path, number: int = 1, **changes: object) -> Library:
    """One that is there, with a file in it."""
    made = Library(
        **({"id": f"{number:016x}", "folder": "mine", "name": f"Survey {number}", "is_read_only": False} | changes)
    )  # type: ignore[arg-type]
    data = libraries / made.id / "data"
    data.mkdir(parents=True, exist_ok=True)
    (data / "a.txt").write_text(f"of {number}")
    return made


def said_of(shown: Library) -> dict[str, object]:
    """As a request says it."""
    return {"id": shown.id, "folder": shown.folder, "name": shown.name, "is_read_only": shown.is_read_only}


def place(mounts: Path, shown: Library) -> Path:
    return mounts.joinpath("views", HERE, *shown.place)


def listing(mounts: Path) -> dict[str, list[str]]:
    return {each.name: sorted(one.name for one in each.iterdir()) for each in (mounts / "views" / HERE).iterdir()}


@pytest.mark.feature("H3")
def test_a_view_has_the_four_folders_and_what_is_shown_in_them(views: Views, mounts: Path, libraries: Path) -> None:
    mine, shared = library(libraries, 1), library(libraries, 2, folder="groups", is_read_only=True)
    view = views.put(HERE, [mine, shared])
    assert set(view.libraries) == {mine, shared}
    assert (view.missing, view.was_open) == ((), False)
    assert listing(mounts) == {
        "My Libraries": ["Survey 1"],
        "Shared with me": [],
        "Shared with groups": ["Survey 2"],
        "Shared with all": [],
    }
    assert (place(mounts, mine) / "a.txt").read_text() == "of 1"
    assert views.all() == {HERE: view}


def test_the_right_of_each_is_the_kernels_and_devices_and_set_uid_are_off(
    views: Views, mounts: Path, libraries: Path
) -> None:
    reads, writes = library(libraries, 1, is_read_only=True), library(libraries, 2)
    views.put(HERE, [reads, writes])
    with pytest.raises(OSError, match="Read-only file system"):
        (place(mounts, reads) / "new").touch()
    (place(mounts, writes) / "new").touch()
    ours = str(mounts).replace(" ", "\\040")
    lines = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f"{ours}/" in line]
    assert len(lines) == 2
    assert all("nosuid,nodev" in line and "nosymfollow" in line for line in lines)


def test_saying_the_same_again_touches_no_mount(views: Views, mounts: Path, libraries: Path) -> None:
    shown = [library(libraries, number) for number in range(3)]
    views.put(HERE, shown)
    before = Path("/proc/self/mountinfo").read_text()
    views.put(HERE, reversed(shown))
    assert Path("/proc/self/mountinfo").read_text() == before


@pytest.mark.parametrize(
    "change",
    [{"is_read_only": True}, {"name": "Other"}, {"folder": "all"}, {"id": f"{9:016x}"}],
    ids=["right", "name", "folder", "library"],
)
def test_what_changes_is_taken_away_and_given_anew(
    views: Views, mounts: Path, libraries: Path, change: dict[str, object]
) -> None:
    stays, before = library(libraries, 2), library(libraries, 1)
    views.put(HERE, [stays, before])
    after = library(libraries, 1, **change)
    assert set(views.put(HERE, [stays, after]).libraries) == {stays, after}
    (after_line,) = [each for each in syscalls.mounted_below(mounts) if each.place == place(mounts, after)]
    assert after_line.is_read_only is after.is_read_only
    assert sum(map(len, listing(mounts).values())) == 2


def test_a_library_that_is_not_on_the_machine_is_missing_and_the_others_are_shown(
    views: Views, mounts: Path, libraries: Path
) -> None:
    there, gone = library(libraries, 1), Library(id="f" * 16, folder="me", name="Gone", is_read_only=True)
    view = views.put(HERE, [gone, there])
    assert (view.libraries, view.missing) == ((there,), (gone.id,))
    assert listing(mounts)["Shared with me"] == []


def test_a_library_whose_files_were_deleted_meanwhile_goes(views: Views, mounts: Path, libraries: Path) -> None:
    shown = library(libraries)
    views.put(HERE, [shown])
    subprocess.run(["rm", "-r", libraries / shown.id], check=True)
    assert views.all()[HERE].libraries != (shown,)
    assert views.put(HERE, [shown]).missing == (shown.id,)
    assert listing(mounts)["My Libraries"] == []


def test_a_right_is_taken_away_also_where_the_new_one_cannot_be_given(
    views: Views, mounts: Path, libraries: Path
) -> None:
    shown = library(libraries)
    views.put(HERE, [shown])
    (libraries / shown.id / "data").rename(libraries / shown.id / "other")
    (libraries / shown.id / "data").symlink_to("/")
    assert views.put(HERE, [library_of({**said_of(shown), "is_read_only": True})]).missing == (shown.id,)
    assert listing(mounts)["My Libraries"] == []


def test_a_mount_elsewhere_whose_source_names_the_folder_is_none_of_its_own(mounts: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", f"x {mounts}/views/y", elsewhere], check=True)
    try:
        assert syscalls.mounted_below(mounts) == []
    finally:
        subprocess.run(["umount", elsewhere], check=True)


def test_two_hundred_libraries_are_shown_and_taken_away(views: Views, mounts: Path, libraries: Path) -> None:
    shown = [library(libraries, number, folder="all", is_read_only=True) for number in range(200)]
    assert len(views.put(HERE, shown).libraries) == 200
    assert set(views.put(HERE, shown[::2]).libraries) == set(shown[::2])
    views.delete(HERE)
    assert (views.all(), list((mounts / "views").glob("[0-9a-f]*"))) == ({}, [])
    assert len(list(libraries.glob("*/data/a.txt"))) == 200


# --- what is open while it goes ---


class Holding:
    """A process in a mount namespace of its own that has the view as a slave, as an environment's container has."""

    CODE = """
import os, sys
from pathlib import Path
file = open(sys.argv[1], "r+b", buffering=0) if sys.argv[2] == "open" else None
os.chdir(sys.argv[1]) if sys.argv[2] == "inside" else None
print("ready", flush=True)
for line in sys.stdin:
    try:
        file.write(b"later") if file else os.listdir(sys.argv[1])
        print("done", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""

    def __init__(self, path: Path, how: str) -> None:
        command = ["unshare", "--mount", "--propagation", "slave", sys.executable, "-c", self.CODE, str(path), how]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._said() == "ready"

    def tries(self) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write("now\n")
        self._process.stdin.flush()
        return self._said()

    def end(self) -> None:
        self._process.communicate()

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.mark.feature("H4")
def test_what_goes_while_nobody_has_it_open_is_gone_for_the_container_too(
    views: Views, mounts: Path, libraries: Path
) -> None:
    shown = library(libraries)
    views.put(HERE, [shown])
    environment = Holding(place(mounts, shown) / "a.txt", "closed")
    try:
        view = views.put(HERE, [])
        assert (view.libraries, view.was_open) == ((), False)
        assert environment.tries() == "No such file or directory"
    finally:
        environment.end()


@pytest.mark.parametrize("how", ["open", "inside"])
@pytest.mark.feature("H4")
def test_what_is_open_in_the_environment_as_it_goes_is_told_until_the_view_is_deleted(
    views: Views, mounts: Path, libraries: Path, how: str
) -> None:
    shown = library(libraries)
    views.put(HERE, [shown])
    path = place(mounts, shown) / "a.txt"
    environment = Holding(path if how == "open" else path.parent, how)
    try:
        weaker = library(libraries, is_read_only=True)
        assert views.put(HERE, [weaker]).was_open
        if how == "open":
            assert environment.tries() == "done"  # through the old descriptor: why it must be told
        assert views.put(HERE, [weaker]).was_open
        assert views.all()[HERE].was_open
    finally:
        environment.end()
    views.delete(HERE)
    assert not views.put(HERE, [weaker]).was_open


def test_what_appears_is_seen_by_a_container_that_runs_and_with_its_right_alone(
    views: Views, mounts: Path, libraries: Path
) -> None:
    views.put(HERE, [])
    shown = library(libraries, is_read_only=True)
    environment = Holding(place(mounts, shown), "closed")
    try:
        assert environment.tries() == "No such file or directory"
        views.put(HERE, [shown])
        assert environment.tries() == "done"
    finally:
        environment.end()


# --- a mounter that is killed ---

STEPS = """
import os, signal, sys
from pathlib import Path
from terraspawner.host.mounter import sources, syscalls, views
step, folder, libraries = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
count = 0
def dying(act):
    def call(*words, **named):
        global count
        for _ in range(2):
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            if _ == 0:
                result = act(*words, **named)
        return result
    return call
for module, names in [(os, "mkdir open"), (syscalls, "move detach detach_unused")]:
    for name in names.split():
        setattr(module, name, dying(getattr(module, name)))
Path.touch = dying(Path.touch); Path.rmdir = dying(Path.rmdir)
said = [{"id": f"{number:016x}", "name": f"Survey {number}", "is_read_only": number == 2} for number in (2, 3)]
wanted = [views.library_of({**each, "folder": "mine"}) for each in said]
found = sources.Sources(libraries, folder.parent / "outside")
views.Views(folder, found).put("0123456789abcdef", wanted)
print(count)
"""
"""From 1 read-write and 2 read-write to 2 read-only and 3: it ends before or after its n-th touch of the machine."""


@pytest.mark.feature("H3")
def test_a_mounter_killed_at_any_step_leaves_what_the_next_one_makes_whole(
    views: Views, mounts: Path, libraries: Path
) -> None:
    for number in (1, 2, 3):
        library(libraries, number)
    before = [library(libraries, 1), library(libraries, 2)]
    after = [library(libraries, 2, is_read_only=True), library(libraries, 3)]
    step = killed = 0
    while True:
        step += 1
        views.delete(HERE)
        views.put(HERE, before)
        words = [sys.executable, "-c", STEPS, str(step), str(mounts / "views"), str(libraries)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert set(views.put(HERE, after).libraries) == set(after), step
        assert listing(mounts)["My Libraries"] == ["Survey 2", "Survey 3"], step
        assert len(syscalls.mounted_below(mounts)) == 2, step
        if done.returncode == 0:
            break
        killed += 1
        assert done.returncode == -9, done.stderr
    assert killed > 20
    assert all((libraries / f"{number:016x}" / "data" / "a.txt").exists() for number in (1, 2, 3))


# --- attacks ---

OK = {"id": "0" * 16, "folder": "mine", "name": "Survey", "is_read_only": True}


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../etc"}, {"id": ""}, {"id": "0" * 15}, {"id": None}, {"folder": "My Libraries"}, {"folder": ".."},
        {"folder": None}, {"name": ".."}, {"name": "."}, {"name": ""}, {"name": "a/b"}, {"name": "/etc"},
        {"name": "a\nb"}, {"name": "a\0b"}, {"name": "\x7f"}, {"name": "n" * 256}, {"name": "\udcff"}, {"name": None},
        {"name": "\N{LATIN SMALL LETTER E WITH ACUTE}" * 128}, {"is_read_only": "yes"}, {"is_read_only": None},
        {"path": "/etc"},
    ],
    ids=repr,
)  # fmt: skip
def test_nothing_but_an_id_a_folder_and_a_name_of_one_segment_is_taken(change: dict[str, object]) -> None:
    with pytest.raises(NameRefused):
        library_of(OK | change)


@pytest.mark.parametrize(
    "name", ["-rf", "--help", "n" * 255, "a b\\040#c", "\N{SNOWMAN}", "$(id)", "*", "deleted", "Survey (ada)", " "]
)
def test_odd_names_are_shown_as_they_are(views: Views, mounts: Path, libraries: Path, name: str) -> None:
    shown = library(libraries, name=name)
    assert library_of({"id": shown.id, "folder": "mine", "name": name, "is_read_only": False}) == shown
    assert views.put(HERE, [shown]).libraries == (shown,)
    assert views.put(HERE, [shown]).libraries == (shown,)
    assert listing(mounts)["My Libraries"] == [name]
    assert views.put(HERE, []).libraries == ()
    assert listing(mounts)["My Libraries"] == []


@pytest.mark.parametrize("name", [b"new\nline", b"-rf", b"n" * 255, b"\xff\xfe not UTF-8", b"\\x", b"\x1b[2J"])
def test_hostile_names_in_a_library_disturb_nothing(views: Views, mounts: Path, libraries: Path, name: bytes) -> None:
    shown = library(libraries)
    inside = libraries / shown.id / "data" / os.fsdecode(name)
    inside.mkdir()
    (inside / "file").write_text("there")
    views.put(HERE, [shown])
    assert name in [os.fsencode(each.name) for each in place(mounts, shown).iterdir()]
    assert not views.put(HERE, []).was_open
    views.delete(HERE)
    assert (inside / "file").read_text() == "there"


def test_links_in_a_library_lead_nowhere(views: Views, mounts: Path, libraries: Path) -> None:
    shown = library(libraries)
    data = libraries / shown.id / "data"
    (data / "passwords").symlink_to("/etc/passwd")
    (data / "everything").symlink_to("/")
    (data / "up").symlink_to("..")
    views.put(HERE, [shown])
    for path in ("passwords", "everything/etc/passwd", "up/data/a.txt"):
        with pytest.raises(OSError, match="Too many levels of symbolic links"):
            (place(mounts, shown) / path).read_bytes()


@pytest.mark.parametrize("part", ["data", ""])
def test_a_library_that_is_a_link_itself_is_not_shown(views: Views, mounts: Path, libraries: Path, part: str) -> None:
    identifier = "a" * 16
    if part:
        (libraries / identifier).mkdir()
    (libraries / identifier / part).symlink_to("/etc")
    view = views.put(HERE, [Library(id=identifier, folder="mine", name="Survey", is_read_only=True)])
    assert (view.libraries, view.missing) == ((), (identifier,))
    assert listing(mounts)["My Libraries"] == []


def test_two_libraries_in_one_place_are_refused_and_nothing_is_done(
    views: Views, mounts: Path, libraries: Path
) -> None:
    views.put(HERE, [stays := library(libraries)])
    with pytest.raises(NameRefused):
        views.put(HERE, [library(libraries, 2, name="one"), library(libraries, 3, name="one")])
    assert views.all()[HERE].libraries == (stays,)


def test_what_the_kernel_refuses_is_an_error_that_says_so(mounts: Path) -> None:
    folder = mounts / "nothing is mounted here"
    folder.mkdir()
    with pytest.raises(MountFailed, match="umount2: Invalid argument"):
        syscalls.detach(folder)


def test_views_of_other_environments_are_left_alone(views: Views, mounts: Path, libraries: Path) -> None:
    other, shown = "fedcba9876543210", library(libraries)
    views.put(other, [shown])
    views.put(HERE, [shown])
    views.delete(HERE)
    assert views.all()[other].libraries == (shown,)
