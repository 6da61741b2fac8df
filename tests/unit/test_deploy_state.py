"""State of a deployment: made once, closed to others, secrets only where they are needed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import certificates
from terraspawner.deploy import catalogue, health, images, provider, state
from terraspawner.deploy.commands import SetupStopped
from terraspawner.deploy.state import State
from terraspawner.errors import SettingsWrong
from terraspawner.settings import Settings

MACHINE = {"TERRA_IMAGE_HUB": "terraspawner/hub", "TERRA_MTU": "1400"}


def made(root: Path, environ: dict[str, str] | None = None) -> tuple[State, Settings]:
    settings = state.load_settings(root, environ or {})
    folder = State(root, settings.deployment)
    folder.make()
    return folder, state.complete_settings(folder, settings, Path("/var/lib/docker"), environ or {})


def text_of(path: Path) -> str:
    return path.read_text()


def test_secrets_and_passwords_are_made_once(tmp_path: Path) -> None:
    folder, first = made(tmp_path)
    logins = folder.logins()
    again, second = made(tmp_path)
    assert first == second
    assert again.logins() == logins
    assert set(logins) == {"operator", "ana", "ben"}
    assert len(set(logins.values())) == 3


def test_a_deployment_of_an_older_version_gets_the_secret_that_it_has_not_and_keeps_the_others(tmp_path: Path) -> None:
    folder, first = made(tmp_path)
    path = folder.folder / "secrets.json"
    older = {name: value for name, value in json.loads(path.read_text()).items() if name != "culler_token"}
    path.write_text(json.dumps(older))
    _, second = made(tmp_path)
    assert len(second.culler_token) == len(first.culler_token) > 0
    assert second.culler_token != first.culler_token
    assert (second.service_token, second.secret_key) == (first.service_token, first.secret_key)
    assert made(tmp_path)[1] == second


def test_environments_get_the_images_that_are_built_here_unless_others_are_named(tmp_path: Path) -> None:
    _, settings = made(tmp_path)
    assert (settings.image_python, settings.image_r) == (images.PYTHON, images.R)
    _, settings = made(tmp_path, {"TERRA_IMAGE_R": "ours/r:7"})
    assert (settings.image_python, settings.image_r) == (images.PYTHON, "ours/r:7")


def test_the_hub_takes_the_tokens(tmp_path: Path) -> None:
    _, settings = made(tmp_path)
    assert 32 <= len(settings.service_token) <= 64
    assert settings.service_token != settings.proxy_token


def test_nobody_else_can_look_into_the_folder(tmp_path: Path) -> None:
    folder, settings = made(tmp_path)
    folder.logins()
    state.write_environment(folder, settings, MACHINE)
    assert folder.folder.stat().st_mode & 0o777 == 0o700
    assert folder.logins_file.stat().st_mode & 0o777 == 0o600
    assert (folder.folder / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_no_secret_stands_in_what_compose_puts_into_a_containers_configuration(tmp_path: Path) -> None:
    environ = {"TERRA_DATABASE_URL": "postgresql://terra:hush@db/terra", "HTTPS_PROXY": "http://me:quiet@proxy:3128"}
    folder, settings = made(tmp_path, environ)
    state.write_environment(folder, settings, MACHINE)
    open_text = text_of(folder.compose_env) + text_of(folder.services_env)
    for secret in (settings.service_token, settings.proxy_token, settings.secret_key, "hush", "quiet"):
        assert secret not in open_text
    assert "hush" in text_of(folder.folder / "secrets" / "workspaces.env")


def test_each_process_has_only_the_secrets_that_it_needs(tmp_path: Path) -> None:
    _, settings = made(tmp_path)
    secrets = state.secret_values(settings)
    assert set(secrets) == {"proxy", "hub", "workspaces", "culler", "mounts"}
    assert secrets["mounts"] == {}, "buckets are folders"
    assert secrets["culler"] == {"TERRA_CULLER_TOKEN": settings.culler_token}
    assert "TERRA_CULLER_TOKEN" not in secrets["workspaces"]
    assert list(secrets["proxy"]) == ["CONFIGPROXY_AUTH_TOKEN"]
    assert "TERRA_PROXY_TOKEN" not in secrets["workspaces"]


@pytest.mark.feature("H1")
def test_the_service_and_who_mounts_get_the_credentials_of_the_store_and_no_configuration_holds_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "keys").write_text("AWS_ACCESS_KEY_ID=who\nAWS_SECRET_ACCESS_KEY=hush\n")
    environ = {"TERRA_BUCKETS": "s3://lab-buckets/x", "TERRA_BUCKETS_CREDENTIALS_FILE": str(tmp_path / "keys")}
    folder, settings = made(tmp_path, environ)
    state.write_environment(folder, settings, MACHINE)
    having = {path.name for path in folder.folder.rglob("*") if path.is_file() and "hush" in text_of(path)}
    assert having == {"workspaces.env", "mounts.env"}
    assert "hush" not in repr(state.secret_values(settings)["hub"])


@pytest.mark.parametrize(("text", "why"), [(None, "cannot be read"), ("", "is empty"), ("x" * 200_000, "too long")])
def test_a_file_of_credentials_that_is_none_stops_make_up(tmp_path: Path, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / "keys").write_text(text)
    with pytest.raises(SetupStopped, match=why):
        made(tmp_path, {"TERRA_BUCKETS_CREDENTIALS_FILE": str(tmp_path / "keys")})


@pytest.mark.feature("H3")
def test_drives_from_outside_are_handed_over_and_bring_the_service_that_mounts_them(tmp_path: Path) -> None:
    (tmp_path / "drives.toml").write_text("[drive.lab]\n")
    folder, settings = made(tmp_path, {"TERRA_OUTSIDE_DRIVES": str(tmp_path / "drives.toml")})
    state.write_environment(folder, settings, MACHINE)
    copy = folder.folder / "catalogue" / "outside-drives.toml"
    assert text_of(copy) == "[drive.lab]\n"
    assert state.service_values(settings)["TERRA_OUTSIDE_DRIVES"] == "/run/catalogue/outside-drives.toml"
    assert state.compose_values(settings)["COMPOSE_PROFILES"] == "mounts"
    assert "mounts" in health.services_of(settings)
    assert [replace(settings, live_mounts=word).mounts_drives for word in ("yes", "no")] == [True, False]
    _, without = made(tmp_path)
    state.write_environment(folder, without, MACHINE)
    assert not copy.exists()
    assert "TERRA_OUTSIDE_DRIVES" not in state.service_values(without)
    assert "mounts" not in health.services_of(without)


def test_a_file_that_is_named_and_cannot_be_read_stops_make_up(tmp_path: Path) -> None:
    _, settings = made(tmp_path, {"TERRA_OUTSIDE_DRIVES": str(tmp_path / "nothing.toml")})
    with pytest.raises(SetupStopped, match=r"TERRA_OUTSIDE_DRIVES names .*nothing\.toml, which cannot be read"):
        catalogue.check_readable(settings)


def test_a_second_writing_changes_nothing_and_says_so(tmp_path: Path) -> None:
    folder, settings = made(tmp_path)
    assert state.write_environment(folder, settings, MACHINE) is True
    before = {path: path.stat().st_mtime_ns for path in folder.folder.rglob("*") if path.is_file()}
    assert state.write_environment(folder, settings, MACHINE) is False
    assert {path: path.stat().st_mtime_ns for path in folder.folder.rglob("*") if path.is_file()} == before


def test_a_setting_that_was_given_once_holds_until_it_is_given_empty(tmp_path: Path) -> None:
    folder, _ = made(tmp_path)
    state.remember_settings(folder, {"TERRA_PORT": "9000", "OTHER": "x"})
    assert state.load_settings(tmp_path, {}).port == 9000
    assert state.load_settings(tmp_path, {"TERRA_PORT": "9001"}).port == 9001
    state.remember_settings(folder, {"TERRA_PORT": ""})
    assert state.load_settings(tmp_path, {}).port == 8000


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="TERRA_PORT"):
        state.load_settings(tmp_path, {"TERRA_PORT": "front door"})


def test_dynamic_addresses_never_meet_the_fixed_ones() -> None:
    values = state.compose_values(Settings())
    assert (values["TERRA_USERS_SUBNET"], values["TERRA_USERS_RANGE"]) == ("172.31.240.0/20", "172.31.248.0/21")
    assert values["TERRA_USERS_HUB"] == "172.31.240.2"
    assert (values["TERRA_CORE_RANGE"], values["TERRA_CORE_PROXY"]) == ("172.31.239.128/25", "172.31.239.3")


def test_a_proxy_on_this_machines_loopback_is_not_given_to_environments(tmp_path: Path) -> None:
    _, settings = made(tmp_path, {"HTTP_PROXY": "http://127.0.0.1:3128", "HTTPS_PROXY": "http://proxy.lab:3128"})
    assert (settings.http_proxy, settings.https_proxy) == ("", "http://proxy.lab:3128")


def test_the_accounts_are_an_operator_and_two_people() -> None:
    accounts = json.loads(state.accounts_json({"operator": "a", "ana": "b", "ben": "c"}))
    assert [(a["name"], a["operator"]) for a in accounts] == [("operator", True), ("ana", False), ("ben", False)]


def test_the_certificate_is_handed_to_the_proxy_alone_and_taken_back(tmp_path: Path) -> None:
    for name in ("chain", "key"):
        (tmp_path / name).write_text(name)
    given = {"TERRA_TLS_CERTIFICATE": f"{tmp_path}/chain", "TERRA_TLS_KEY": f"{tmp_path}/key"}
    folder, settings = made(tmp_path, given)
    state.write_environment(folder, settings, MACHINE)
    copies = {path.name: path.read_text() for path in (folder.folder / "tls").iterdir()}
    assert copies == {"certificate.pem": "chain", "key.pem": "key"}
    assert "TLS" not in text_of(folder.services_env)
    options = state.compose_values(settings)["TERRA_PROXY_OPTIONS"]
    assert options == "--ssl-cert=/run/secrets/tls/certificate.pem --ssl-key=/run/secrets/tls/key.pem"

    (tmp_path / "chain").write_text("renewed")
    assert state.write_environment(folder, settings, MACHINE) is True, "the proxy must be made anew"
    folder, settings = made(tmp_path)
    state.write_environment(folder, settings, MACHINE)
    assert list((folder.folder / "tls").iterdir()) == []
    assert state.compose_values(settings)["TERRA_PROXY_OPTIONS"] == ""


PROVIDER = {
    "TERRA_SIGN_IN": "oidc",
    "TERRA_SIGN_IN_ISSUER": "https://id.example.org",
    "TERRA_SIGN_IN_CLIENT_ID": "hub",
    "TERRA_SIGN_IN_OPERATORS": "rosa",
}


def test_the_providers_secret_is_handed_to_the_hub_alone_and_follows_its_file(tmp_path: Path) -> None:
    (tmp_path / "client").write_text("a client's secret\n")
    given = {**PROVIDER, "TERRA_SIGN_IN_CLIENT_SECRET_FILE": f"{tmp_path}/client"}
    folder, settings = made(tmp_path, given)
    state.write_environment(folder, settings, MACHINE)
    hub = text_of(folder.folder / "secrets" / "hub.env")
    assert "TERRA_SIGN_IN_CLIENT_SECRET='a client'\"'\"'s secret'\n" in hub
    others = [folder.services_env, folder.compose_env, folder.folder / "secrets" / "workspaces.env"]
    assert [path.name for path in others if "client" in text_of(path).replace("CLIENT_ID", "")] == []
    assert "TERRA_SIGN_IN=oidc\n" in text_of(folder.services_env)
    assert folder.logins_for(settings) == {}
    assert not folder.logins_file.exists()

    (tmp_path / "client").write_text("another")
    _, renewed = made(tmp_path, given)
    assert state.write_environment(folder, renewed, MACHINE) is True, "the Hub must be made anew"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "TERRA_SIGN_IN_CLIENT_SECRET_FILE is empty"),
        ({"TERRA_SIGN_IN_CLIENT_SECRET_FILE": "/nowhere"}, "/nowhere, which cannot be read"),
        ({"TERRA_SIGN_IN_CLIENT_SECRET_FILE": "/dev/null"}, "/dev/null, which is empty"),
    ],
)
def test_a_provider_without_a_secret_stops_the_setup(tmp_path: Path, given: dict[str, str], says: str) -> None:
    with pytest.raises(SetupStopped, match=says):
        made(tmp_path, {**PROVIDER, **given})


def test_the_sites_own_authority_is_handed_over_as_text(tmp_path: Path) -> None:
    chain, _ = certificates.make(tmp_path, "id.example.org")
    given = {**PROVIDER, "TERRA_SIGN_IN_CLIENT_SECRET": "s", "TERRA_SIGN_IN_AUTHORITIES_FILE": str(chain)}
    folder, settings = made(tmp_path, given)
    state.write_environment(folder, settings, MACHINE)
    assert chain.read_text().strip() in text_of(folder.folder / "secrets" / "hub.env")
    assert "AUTHORITIES" not in text_of(folder.services_env)


@pytest.mark.parametrize(
    ("text", "says"), [(None, "cannot be read"), ("", "is empty"), ("no certificate", "holds no certificates")]
)
def test_an_authority_that_is_none_stops_the_setup(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "authority").write_text(text)
    given = {"TERRA_SIGN_IN_CLIENT_SECRET": "s", "TERRA_SIGN_IN_AUTHORITIES_FILE": f"{tmp_path}/authority"}
    with pytest.raises(SetupStopped, match=says):
        made(tmp_path, {**PROVIDER, **given})


def test_the_welcome_says_who_signs_in_how_and_what_to_register(tmp_path: Path) -> None:
    _, settings = made(tmp_path, {**PROVIDER, "TERRA_SIGN_IN_CLIENT_SECRET": "s"})
    words = "\n".join(provider.greeting(settings, {}))
    assert "sign in with id.example.org" in words
    assert "http://127.0.0.1:8000/hub/oauth_callback" in words
    assert "    ana        word" in provider.greeting(Settings(), {"ana": "word"})
