"""What the culler's process is told, and what it says where that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from culler import __main__ as program
from culler import settings
from terraspawner.errors import SettingsWrong
from terraspawner.settings import HELP, Settings

TOKEN = {"TERRA_CULLER_TOKEN": "a-token"}


def test_its_defaults_are_those_that_the_readme_tells() -> None:
    here = settings.from_environ(TOKEN)
    told = Settings.from_environ({})
    assert here.api_url == f"{told.culler_service_url}{told.api_prefix}"
    assert here.seconds == told.culler_seconds
    assert all(HELP[name] for name in ("TERRA_CULLER_TOKEN", "TERRA_CULLER_SECONDS", "TERRA_CULLER_SERVICE_URL"))


def test_what_it_is_told_holds() -> None:
    said = {"TERRA_CULLER_SECONDS": "5", "TERRA_CULLER_SERVICE_URL": "http://x:1/", "TERRA_SERVICE_PREFIX": "/y/"}
    here = settings.from_environ({**TOKEN, **said, "TERRA_CULLER_STATE": "/tmp/state"})
    assert (here.seconds, here.api_url, here.state) == (5, "http://x:1/y/api/v1", Path("/tmp/state"))
    assert "a-token" not in repr(here)


@pytest.mark.parametrize("seconds", ["0", "61", "-5", "soon", "nan"])
def test_a_wrong_pause_is_refused_with_its_name(seconds: str) -> None:
    with pytest.raises(SettingsWrong, match="TERRA_CULLER_SECONDS"):
        settings.from_environ({**TOKEN, "TERRA_CULLER_SECONDS": seconds})
    with pytest.raises(SettingsWrong, match="TERRA_CULLER_SECONDS"):
        Settings.from_environ({"TERRA_CULLER_SECONDS": seconds})


def test_without_a_token_it_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TERRA_CULLER_TOKEN", raising=False)
    assert program.main([]) == 1
    assert capsys.readouterr().err.startswith("TERRA_CULLER_TOKEN is empty")


@pytest.mark.parametrize(
    ("text", "says"),
    [("idel = 5", "has no idel"), ("idle = -5", "policy.idle"), ("idle =", "is no policy"), (None, "is no policy")],
)
def test_a_file_that_is_no_policy_is_named_before_anything_is_asked(
    text: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.toml"
    if text is not None:
        path.write_text(text)
    assert program.main(["replay", "--policy", str(path)]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert str(path) in said
