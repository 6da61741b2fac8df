"""A startup script is stored as it was written, or refused with a sentence."""

import tarfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraspawner.containers import start_file, startup
from terraspawner.domain.script import MOST_BYTES, startup_script, wanted_script
from terraspawner.errors_starts import ScriptRefused

pytestmark = pytest.mark.feature("C11")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("", ""),
        ("  \r\n\t", ""),
        ("echo hi", "echo hi\n"),
        ("echo hi\n", "echo hi\n"),
        ("#!/bin/sh\r\necho ä\r\n", "#!/bin/sh\necho ä\n"),
    ],
)
def test_a_script_is_stored_with_the_line_ends_of_unix(given: str, stored: str) -> None:
    assert startup_script(given) == stored


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("echo \0", "NUL character"),
        ("echo \ud800", "no valid text at character 6"),
        ("é" * (MOST_BYTES // 2 + 1), f"{MOST_BYTES + 2} bytes; {MOST_BYTES} are allowed"),
        (7, "must be a text"),
        (["echo"], "must be a text"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_sentence(given: object, sentence: str) -> None:
    with pytest.raises(ScriptRefused, match=sentence):
        wanted_script(given)


def test_the_largest_script_is_allowed() -> None:
    assert len(startup_script("x" * (MOST_BYTES - 1))) == MOST_BYTES
    assert wanted_script(None) is None


@given(st.text(max_size=200))
def test_a_stored_script_is_stored_again_as_it_is(text: str) -> None:
    try:
        once = startup_script(text)
    except ScriptRefused:
        return
    assert startup_script(once) == once
    assert "\r" not in once


def test_the_container_gets_it_for_root_alone_and_no_token_or_key_with_it() -> None:
    variables = {
        "WORKSPACE_NAME": "it's; rm -rf /",
        "http_proxy": "http://proxy:3128",
        "HOME": "/home/jupyter",
        "JUPYTERHUB_API_TOKEN": "token-of-the-server",
        "JPY_API_TOKEN": "token-of-the-server",
        "TERRA_ENVIRONMENT_KEY": "key-of-the-environment",
    }
    with tarfile.open(fileobj=BytesIO(start_file.start_archive(variables, "echo hi\n"))) as archive:
        members = {member.name: member for member in archive}
        bodies = {name: (archive.extractfile(item) or BytesIO()).read().decode() for name, item in members.items()}
    assert set(members) == {"start.json", "startup", "startup/run", "startup/environment", "startup/script"}
    assert {(item.uid, item.gid, item.mode & 0o077) for item in members.values()} == {(0, 0, 0)}
    assert bodies["startup/script"] == "echo hi\n"
    assert startup.RUNNER in bodies["start.json"]
    assert "export WORKSPACE_NAME='it'\"'\"'s; rm -rf /'\n" in bodies["startup/environment"]
    assert "token-of-the-server" not in bodies["startup/environment"]
    assert "key-of-the-environment" not in bodies["startup/environment"]
    assert "export HOME=/root\n" in bodies["startup/environment"]


def test_without_a_script_nothing_is_put_beside_the_start_file() -> None:
    with tarfile.open(fileobj=BytesIO(start_file.start_archive({}))) as archive:
        assert archive.getnames() == ["start.json"]
        assert b"waits_for" not in (archive.extractfile("start.json") or BytesIO()).read()
