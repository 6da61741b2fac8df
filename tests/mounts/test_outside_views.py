"""Libraries from outside in views: shown while their drive is mounted, whatever that is at the time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from terraspawner.host.mounter import syscalls
from terraspawner.host.mounter.sources import OUTSIDE_NAME
from terraspawner.host.mounter.views import Library, Views, library_of

HERE, ID = "0123456789abcdef", "a" * 16
LAB = Library(id=ID, folder="me", name="Lab (ada)", is_read_only=False, is_outside=True)

pytestmark = [pytest.mark.slow, pytest.mark.feature("H3")]


class Drive:
    """A file system in the place of a drive, as the mounts service puts one there."""

    def __init__(self, mounts: Path, library_id: str = ID) -> None:
        self.place = mounts / "outside" / library_id / "data"
        self.place.mkdir(parents=True)
        self._called = f"{OUTSIDE_NAME}{library_id}"

    def mount(self, text: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", self._called, self.place], check=True)
        (self.place / "a.txt").write_text(text)

    def end(self) -> None:
        syscalls.detach(self.place)


@pytest.fixture
def drive(mounts: Path) -> Iterator[Drive]:
    yield (made := Drive(mounts))
    for _ in syscalls.mounted_at(made.place):
        made.end()


def shown_in(mounts: Path) -> Path:
    return mounts.joinpath("views", HERE, *LAB.place)


def test_a_drive_that_is_mounted_is_shown_with_the_right_that_is_said(views: Views, mounts: Path, drive: Drive) -> None:
    drive.mount("first")
    view = views.put(HERE, [LAB])
    assert (view.libraries, view.missing) == ((LAB,), ())
    assert (shown_in(mounts) / "a.txt").read_text() == "first"
    before = Path("/proc/self/mountinfo").read_text()
    assert views.put(HERE, [LAB]) == view
    assert Path("/proc/self/mountinfo").read_text() == before, "saying the same again touches no mount"
    weaker = Library(**{field: getattr(LAB, field) for field in LAB.__slots__} | {"is_read_only": True})
    assert views.put(HERE, [weaker]).libraries == (weaker,)
    with pytest.raises(OSError, match="Read-only file system"):
        (shown_in(mounts) / "new").touch()


def test_one_that_is_not_mounted_is_missing_and_nothing_lies_in_its_place(
    views: Views, mounts: Path, drive: Drive
) -> None:
    (drive.place / "on this machine").touch()
    assert views.put(HERE, [LAB]).missing == (ID,)
    assert not shown_in(mounts).exists()
    drive.mount("there")
    assert views.put(HERE, [LAB]).missing == ()


def test_one_that_is_mounted_anew_is_told_as_missing_until_it_is_shown_anew(
    views: Views, mounts: Path, drive: Drive
) -> None:
    drive.mount("first")
    views.put(HERE, [LAB])
    drive.end()
    assert views.all()[HERE].libraries == ()
    drive.mount("second")
    assert views.all()[HERE].libraries == ()
    assert views.put(HERE, [LAB]).libraries == (LAB,)
    assert (shown_in(mounts) / "a.txt").read_text() == "second"


def test_one_that_has_gone_goes_from_the_view_and_was_not_withdrawn_from_who_has_it_open(
    views: Views, mounts: Path, drive: Drive
) -> None:
    drive.mount("first")
    views.put(HERE, [LAB])
    held = os.open(shown_in(mounts) / "a.txt", os.O_RDONLY)
    try:
        drive.end()
        view = views.put(HERE, [LAB])
    finally:
        os.close(held)
    assert (view.libraries, view.missing, view.was_open) == ((), (ID,), False)
    assert not shown_in(mounts).exists()


def test_one_whose_share_is_withdrawn_while_it_is_open_is_told_of(views: Views, mounts: Path, drive: Drive) -> None:
    drive.mount("first")
    views.put(HERE, [LAB])
    held = os.open(shown_in(mounts) / "a.txt", os.O_RDONLY)
    try:
        assert views.put(HERE, []).was_open
    finally:
        os.close(held)


def test_a_library_is_nowhere_shown_as_one_of_the_other_kind(views: Views, mounts: Path, libraries: Path) -> None:
    (libraries / ID / "data").mkdir(parents=True)
    assert views.put(HERE, [LAB]).missing == (ID,)
    other = Drive(mounts, "b" * 16)
    other.mount("of another")
    subprocess.run(["mount", "--bind", other.place, (mine := Drive(mounts)).place], check=True)
    try:
        assert views.put(HERE, [LAB]).missing == (ID,), "what is mounted in its place is another one"
    finally:
        mine.end()
        other.end()


def test_nothing_shows_a_link_in_the_place_of_a_drive(views: Views, mounts: Path) -> None:
    (mounts / "outside" / ID).mkdir(parents=True)
    (mounts / "outside" / ID / "data").symlink_to("/etc")
    assert views.put(HERE, [LAB]).missing == (ID,)


def test_who_speaks_of_no_drives_from_outside_speaks_of_libraries_here() -> None:
    said = {"id": ID, "folder": "mine", "name": "Survey", "is_read_only": True}
    assert library_of(said) == library_of({**said, "is_outside": False})
    assert library_of({**said, "is_outside": True}).is_outside
