"""Libraries on drives from outside: connected, worked in, in the trash; and how their passwords are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

import builders
from terraspawner.db import outside_records
from terraspawner.db.library_tables import library_outside
from terraspawner.db.tables import audit
from terraspawner.domain.history import VersionKind
from terraspawner.domain.library import Access
from terraspawner.domain.outside import CONNECTED, DriveKind, OfferedDrive
from terraspawner.errors import NotAllowed, Refused
from terraspawner.operations import (
    drive_views,
    environments,
    histories,
    libraries,
    library_room,
    notebooks,
    noticing,
    outside,
    shelves,
    trash,
    workspaces,
)
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_lists import list_notebooks
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import Bucket, ObjectInfo
from terraspawner.storage.errors import BucketUnavailable

pytestmark = pytest.mark.feature("H3", "H4")

PASSWORD = "app-password-of-ana"
CLOUD = OfferedDrive(name="lab-cloud", title="Lab cloud", kind=DriveKind.WEBDAV, url="https://cloud.example.org/")


@pytest.fixture
def context(context: Context) -> Context:
    settings = replace(context.settings, outside_drives="/etc/drives.toml", live_mounts="yes")
    return replace(context, settings=settings, drives=(CLOUD,))


@pytest.fixture
def library(context: Context) -> str:
    made = outside.connect(
        context, user="ana", name="Survey", drive="lab-cloud", account="ana", password=PASSWORD, path="Projects"
    )
    return made.library.id


@pytest.fixture
def tree(library: str, tmp_path: Path) -> Path:
    """The drive, as it is mounted."""
    return tmp_path / "outside" / library / "data"


def test_nobody_has_a_program_run_for_more_drives_than_ten(context: Context, library: str) -> None:
    def connect(name: str, user: str = "ana") -> str:
        made = outside.connect(context, user=user, name=name, drive="lab-cloud", account="x", password="x")
        return made.library.id

    for number in range(2, CONNECTED + 1):
        connect(f"Survey {number}")
    libraries.discard(context, actor="ana", library_id=library)
    with pytest.raises(Refused, match="10 drives connected, with those in the trash"):
        connect("One more")
    assert len(outside.wish(context)) == CONNECTED - 1
    connect("Ben's", "ben")


def place(library: str, path: str = "first.ipynb") -> Place:
    return Place(user="ana", namespace="library", name=library, path=path)


def a_document(words: str) -> bytes:
    cell = {"cell_type": "raw", "id": "a", "metadata": {}, "source": words}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def test_its_password_is_in_no_row_that_can_be_read(context: Context, library: str) -> None:
    with context.database.read() as connection:
        ((_, _, sealed),) = outside_records.wanted(connection)
        rows = connection.execute(sa.select(audit)).all()
    assert PASSWORD not in sealed
    assert "library-connected" in repr(rows)
    assert PASSWORD not in repr(rows)
    assert [each.password for each in outside.wish(context)] == [PASSWORD]
    assert PASSWORD not in repr(outside.wish(context))


def test_a_password_opens_with_its_key_and_for_its_library_alone(context: Context, library: str) -> None:
    other_key = replace(context.settings, secret_key=Fernet.generate_key().decode())
    assert outside.wish(replace(context, settings=other_key)) == []
    bens = outside.connect(
        context, user="ben", name="Mine", drive="lab-cloud", account="ben", password="bens"
    ).library.id
    with context.database.write() as connection:
        sealed = next(sealed for each, _, sealed in outside_records.wanted(connection) if each == library)
        change = sa.update(library_outside).where(library_outside.c.id == bens)
        connection.execute(change.values(sealed_password=sealed))
    assert [each.id for each in outside.wish(context)] == [library]


def test_what_is_not_offered_any_more_is_not_wanted(context: Context, library: str) -> None:
    assert outside.wish(replace(context, drives=())) == []


def test_it_is_shown_on_drives_as_one_from_outside(context: Context, library: str) -> None:
    libraries.share(context, actor="ana", library_id=library, who="ben", access=Access.READ)
    desk = workspaces.create_workspace(context, user="ben", namespace="ben", name="desk", storage="drive").workspace
    environments.admit(context, user="ben", slug=desk.slug)
    (drive,) = drive_views.drives_up(context)
    assert [(each.id, each.is_outside, each.is_read_only) for each in drive.libraries] == [(library, True, True)]


def test_notebooks_are_saved_there_and_what_others_write_there_is_noticed(
    context: Context, library: str, tree: Path
) -> None:
    notebooks.create_notebook(context, place(library, "first"), "python3")
    assert (tree / "first.ipynb").exists()
    (tree / "first.ipynb").write_bytes(a_document("by another program"))
    assert noticing.notice(context, library) == 1
    assert noticing.notice(context, library) == 0
    kinds = [each.kind for each in histories.list_versions(context, place(library)).versions]
    assert kinds == [VersionKind.EXTERNAL, VersionKind.CREATED]


def test_while_its_drive_is_away_no_notebook_is_taken_for_deleted(context: Context, library: str, tree: Path) -> None:
    notebooks.create_notebook(context, place(library, "first"), "python3")
    tree.rename(tree.with_name("away"))
    with pytest.raises(BucketUnavailable):
        noticing.notice(context, library)
    with pytest.raises(BucketUnavailable):
        notebooks.create_notebook(context, place(library, "second"), "python3")
    tree.with_name("away").rename(tree)
    assert noticing.notice(context, library) in (0, 1)
    listed = list_notebooks(context, user="ana", namespace="library", name=library)
    assert "first.ipynb" in [each.path for each in listed]


class DriveThatHangs:
    """Whoever asks it anything waits for 8 seconds in vain; where it `lists`, whoever reads there."""

    def __init__(self, bucket: Bucket, clock: builders.Clock, *, lists: bool) -> None:
        self._bucket, self._clock, self._lists = bucket, clock, lists

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._bucket.list(prefix) if self._lists else self.read(prefix)

    def read(self, key: str) -> NoReturn:
        self._clock.move(seconds=8)
        raise BucketUnavailable

    read_range = read


@pytest.fixture
def bens_desk(context: Context) -> dict[str, str]:
    """On whose drive are a library of ben's own and three of ana's from outside, which she shares with all."""
    own = libraries.create_library(context, user="ben", name="Own").library.id
    notebooks.create_notebook(context, replace(place(own, "mine"), user="ben"), "python3")
    for name in "ABC":
        made = outside.connect(context, user="ana", name=name, drive="lab-cloud", account="x", password="wrong")
        notebooks.create_notebook(context, place(made.library.id, "hers"), "python3")
        libraries.share(context, actor="ana", library_id=made.library.id, who="all", access=Access.READ)
    workspaces.create_workspace(context, user="ben", namespace="ben", name="desk", storage="drive")
    return {"user": "ben", "namespace": "ben", "name": "desk"}


def hanging(context: Context, clock: builders.Clock, *, lists: bool = False) -> Context:
    def bucket(library_id: str) -> Bucket:
        found = context.bucket(library_id)
        is_outside = outside.lies_outside(context, library_id)
        return DriveThatHangs(found, clock, lists=lists) if is_outside else found  # type: ignore[return-value]

    return replace(context, bucket=bucket)


def test_drives_of_others_that_hang_neither_spoil_nor_hold_up_the_list_of_all_that_is_on_mine(
    context: Context, clock: builders.Clock, bens_desk: dict[str, str]
) -> None:
    assert len(list_notebooks(context, **bens_desk)) == 4
    began = clock.now
    (mine,) = list_notebooks(hanging(context, clock), **bens_desk)
    assert (mine.path, clock.now - began) == ("Own/mine.ipynb", timedelta(seconds=8))


def test_of_a_notebook_that_cannot_be_read_now_the_kernel_is_unknown_in_that_list(
    context: Context, clock: builders.Clock, bens_desk: dict[str, str], tmp_path: Path
) -> None:
    for number, drive in enumerate(sorted((tmp_path / "outside").iterdir())):
        (drive / "data" / "hers.ipynb").write_bytes(a_document(f"not read yet {number}"))
    began = clock.now
    listed = list_notebooks(hanging(context, clock, lists=True), **bens_desk)
    assert [each.kernel for each in listed] == ["", "", "", "python3"]
    assert clock.now - began == timedelta(seconds=8)


def test_the_page_with_what_is_on_my_drive_waits_for_one_that_hangs_and_not_for_all(
    context: Context, clock: builders.Clock, bens_desk: dict[str, str]
) -> None:
    began = clock.now
    found = shelves.notebooks_on(hanging(context, clock), bens_desk["user"])
    assert [(each.shown.name, each.is_away) for each in found] == [
        ("Own", False), ("A (ana)", True), ("B (ana)", True), ("C (ana)", True),
    ]  # fmt: skip
    assert clock.now - began == timedelta(seconds=8)


def test_its_room_is_not_measured_here(context: Context, library: str) -> None:
    here = libraries.create_library(context, user="ana", name="Here").library.id
    assert library_room.libraries_here(context) == [here]


def test_in_the_trash_it_is_not_wanted_and_a_restore_brings_its_password_back(
    context: Context, library: str, tree: Path
) -> None:
    (tree / "table.csv").write_bytes(b"of the lab")
    item = libraries.discard(context, actor="ana", library_id=library)
    assert outside.wish(context) == []
    trash.restore(context, user="ana", item_id=item.id)
    assert [each.password for each in outside.wish(context)] == [PASSWORD]
    assert (tree / "table.csv").read_bytes() == b"of the lab"


def test_who_it_is_shared_with_gives_it_no_password(context: Context, library: str) -> None:
    libraries.share(context, actor="ana", library_id=library, who="ben", access=Access.WRITE)
    with pytest.raises(NotAllowed):
        outside.give_password(context, actor="ben", library_id=library, password="bens")
    assert [each.password for each in outside.wish(context)] == [PASSWORD]
