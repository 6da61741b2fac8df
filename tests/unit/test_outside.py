"""Drives from outside as an operator writes them, and what of a connection can be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from terraspawner.domain.outside import Connection, DriveKind, OfferedDrive, check_password, connection
from terraspawner.domain.outside_file import read_drives
from terraspawner.errors import Refused, SettingsWrong
from terraspawner.operations.catalogues import drives_of
from terraspawner.settings import Settings

pytestmark = pytest.mark.feature("H4")

CLOUD = OfferedDrive(
    name="lab-cloud", title="Lab cloud", kind=DriveKind.WEBDAV, url="https://cloud.example.org/dav/{user}/"
)
FILES = OfferedDrive(name="files", title="Files", kind=DriveKind.SEAFILE, url="https://files.example.org")
OK = '[drive.lab-cloud]\nkind = "webdav"\nurl = "https://cloud.example.org/dav/{user}/"\n'


def test_a_file_names_drives_in_its_order() -> None:
    text = OK + '[drive.files]\ntitle = "Files"\nkind = "seafile"\nurl = "https://files.example.org"\n'
    assert read_drives(text, "drives.toml") == (CLOUD, FILES)


WRONG = {
    "no TOML": ("[drive", "is no TOML file"),
    "empty": ("", "it has drives and nothing else"),
    "something else": (OK + "[images.x]\n", "it has drives and nothing else"),
    "a name with blanks": (OK.replace("lab-cloud", '"lab cloud"'), "small letters"),
    "a value": ('[drive]\nlab = "x"\n', "is a value"),
    "an unknown key": (OK + 'password = "x"\n', "no key 'password'"),
    "an unknown kind": (OK.replace("webdav", "ftp"), "it is one of: webdav, seafile"),
    "no kind": (OK.replace('kind = "webdav"\n', ""), "it is one of"),
    "no address": (OK.replace("https://cloud", "cloud"), "must be the address of a server"),
    "an address with a password": (OK.replace("https://", "https://ana:secret@"), "must be the address of a server"),
    "an address with a question": (OK.replace("{user}/", "?x=1"), "must be the address of a server"),
    "a host of people's choice": (OK.replace("cloud.example.org", "{user}.example.org"), "must be the address"),
    "two lines": (OK + 'about = "a\\nb"\n', "must be a line of text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_every_fault_is_a_sentence_that_names_file_and_entry(case: str) -> None:
    text, said = WRONG[case]
    with pytest.raises(SettingsWrong) as refused:
        read_drives(text, "drives.toml")
    assert said in refused.value.message
    assert refused.value.message.startswith("drives.toml")
    assert "secret" not in refused.value.message


def test_no_file_names_none_and_a_missing_one_is_told(tmp_path: Path) -> None:
    assert drives_of(Settings()) == ()
    with pytest.raises(SettingsWrong, match="TERRA_OUTSIDE_DRIVES names"):
        drives_of(Settings(outside_drives=str(tmp_path / "missing.toml")))


def test_a_name_in_the_address_is_quoted_whole() -> None:
    assert CLOUD.url_for("a/../b?c") == "https://cloud.example.org/dav/a%2F..%2Fb%3Fc/"


def test_a_folder_is_taken_as_people_write_it() -> None:
    asked = connection(CLOUD, user="ana", path="/Projects//Survey 2026/")
    assert asked == Connection(drive="lab-cloud", user="ana", path="Projects/Survey 2026")
    assert connection(FILES, user="ana@example.org", library="My Library").library == "My Library"


@pytest.mark.parametrize("user", ["", " ana", "a\nb", "..", '"ana', "%(pass)s", "x" * 201])
def test_a_user_name_that_leads_elsewhere_is_refused(user: str) -> None:
    with pytest.raises(Refused):
        connection(CLOUD, user=user)


@pytest.mark.parametrize("path", ["..", "a/../b", "./a", "a\nb", "x/" * 501])
def test_a_folder_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(Refused):
        connection(CLOUD, user="ana", path=path)


@pytest.mark.parametrize("password", ["", "a\nb", "x" * 201, "\ud800"])
def test_a_password_that_is_none_is_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(Refused) as refused:
        check_password(password)
    assert not password or password not in refused.value.message
