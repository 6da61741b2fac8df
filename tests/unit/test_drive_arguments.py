"""What rclone is told of a drive from outside, compared whole."""

import configparser
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from terraspawner.host.bucket_mounts import drive_arguments
from terraspawner.mounts_client import OutsideDrive

pytestmark = pytest.mark.feature("H3")

ID = "a" * 16
WEBDAV = OutsideDrive(
    id=ID, kind="webdav", url="https://cloud.example.org/dav", user="ada", password="hush = hush", path="my/files"
)
SEAFILE = replace(WEBDAV, kind="seafile", url="https://seafile.example.org", path="", library="Survey 2026")


def configured(drive: OutsideDrive) -> dict[str, str]:
    """Without the password, which is another each time."""
    parser = configparser.RawConfigParser()
    parser.read_string(drive_arguments.configuration(drive))
    assert parser.sections() == ["store"]
    given = dict(parser["store"])
    assert "hush" not in given.pop("pass")
    return given


def test_webdav_is_told_address_and_user_and_names_that_every_server_takes() -> None:
    assert configured(WEBDAV) == {
        "type": "webdav", "vendor": "other", "url": "https://cloud.example.org/dav", "user": "ada",
        "encoding": "Slash,InvalidUtf8,Dot,Ctl,Del",
    }  # fmt: skip


def test_seafile_is_told_its_library_and_makes_none() -> None:
    assert configured(SEAFILE) == {
        "type": "seafile", "url": "https://seafile.example.org", "user": "ada", "library": "Survey 2026",
        "create_library": "false", "2fa": "false",
    }  # fmt: skip


@pytest.mark.parametrize("password", ["x", "hush = hush", "\N{SNOWMAN}" * 40, "a\nb", '"`%(user)s'])
def test_a_password_is_told_as_rclone_takes_it_and_differently_each_time(password: str) -> None:
    rclone = shutil.which("rclone", path=f"{Path(sys.executable).parent}")
    assert rclone
    told = drive_arguments.disguised(password)
    done = subprocess.run([rclone, "reveal", told], capture_output=True, text=True, check=True)
    assert done.stdout == f"{password}\n"
    assert drive_arguments.disguised(password) != told


def test_the_folder_is_mounted_for_the_person_of_an_environment_under_a_name_that_the_mounter_knows() -> None:
    shared = {"AllowOther": True, "DefaultPermissions": True, "DeviceName": f"library-{ID}"}
    assert drive_arguments.request(WEBDAV, Path("/points/a"), 1000) == {
        "fs": "store:my/files/", "mountPoint": "/points/a", "mountType": "mount", "mountOpt": shared,
        "vfsOpt": {
            "DirCacheTime": "5s", "UID": 1000, "GID": 1000, "CacheMode": "writes", "CacheMaxSize": "1000B",
            "WriteBack": "1s", "Umask": "002",
        },
    }  # fmt: skip
    assert drive_arguments.question(WEBDAV) == {"fs": "store:my/files/", "remote": "", "opt": {"dirsOnly": True}}
    assert drive_arguments.file_system(WEBDAV) == {"fs": "store:my/files"}
    whole = replace(WEBDAV, path="")
    assert drive_arguments.request(whole, Path("/points/a"), 1000)["fs"] == "store:"
    assert drive_arguments.file_system(whole) == {"fs": "store:"}


@pytest.mark.parametrize(
    "drive", [WEBDAV, SEAFILE, replace(WEBDAV, path=""), replace(WEBDAV, user="a b", path="ä/ö .x/..y")], ids=repr
)
def test_there_is_nothing_against_a_drive_as_people_have_it(drive: OutsideDrive) -> None:
    assert drive_arguments.why_not(drive) == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        *[({"kind": kind}, "of the kind") for kind in ("", "local", "sftp", "WEBDAV", "seafile")],
        ({"library": "x"}, "of the kind"),
        *[
            ({"url": url}, "address")
            for url in ("", "/etc", "file:///etc", "https://", "https:///x", "https://a:x/", "https://me:hush@a/", "[")
        ],
        *[({"user": user}, "single lines") for user in ("a\nb", "a\x00", " a", "a ", '"a', "`a", "%(pass)s", "\ud800")],
        ({"url": "https://a/\nvendor = x"}, "single lines"),
        *[({"password": password}, "are both needed") for password in ("", "\ud800")],
        ({"user": ""}, "are both needed"),
        *[({"path": path}, "names divided") for path in ("..", "a/../..", "/", "/etc", "a//b", "a/", "./a", "a\nb")],
    ],
    ids=repr,
)
def test_what_could_mean_something_else_is_refused_and_not_repeated(change: dict[str, str], why: str) -> None:
    said = drive_arguments.why_not(replace(WEBDAV, **change))  # type: ignore[arg-type]
    assert why in said
    assert "hush" not in said
    assert said.isprintable()


def test_the_library_of_a_seafile_is_a_single_line() -> None:
    assert "single lines" in drive_arguments.why_not(replace(SEAFILE, library="a\nurl = b"))


def test_the_password_is_not_in_what_is_printed_of_a_drive() -> None:
    assert "hush" not in repr(WEBDAV)
    assert set(drive_arguments.secrets_of(WEBDAV)) == {"hush = hush", "YWRhOmh1c2ggPSBodXNo"}
