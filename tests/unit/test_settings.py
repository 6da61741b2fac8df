"""Settings: defaults that work, errors that name the setting, derived names that fit."""

import pytest

from terraspawner.errors import SettingsWrong
from terraspawner.settings import HELP, Settings


def test_the_defaults_are_a_deployment() -> None:
    settings = Settings.from_environ({})
    assert settings.hub_address == "172.31.240.2"
    assert settings.environment_api_url == "http://172.31.240.4:8010/services/workspaces/api/v1"


def test_values_are_read_and_empty_ones_are_unset() -> None:
    settings = Settings.from_environ({"TERRA_PORT": "9000", "TERRA_CPU_LIMIT": "0.5", "TERRA_BIND": "", "OTHER": "x"})
    assert (settings.port, settings.cpu_limit, settings.bind) == (9000, 0.5, "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TERRA_PORT", "http"),
        ("TERRA_CPU_LIMIT", "much"),
        ("TERRA_DEPLOYMENT", "My Lab"),
        ("TERRA_DEPLOYMENT", "-lab"),
        ("TERRA_USERS_SUBNET", "10.0.0.1/8"),
        ("TERRA_CORE_SUBNET", "everywhere"),
        ("TERRA_SUBDOMAIN_HOST", "lab.example.org"),
        ("TERRA_SUBDOMAIN_HOST", "https://lab.example.org/hub"),
        ("TERRA_SUBDOMAIN_HOST", "https://Lab.example.org"),
        ("TERRA_SUBDOMAIN_HOST", "https://localhost"),
        ("TERRA_SUBDOMAIN_HOST", "https://192.0.2.7"),
        ("TERRA_SUBDOMAIN_HOST", "https://lab.example.org:99999"),
        ("TERRA_TLS_CERTIFICATE", "/etc/lab/chain.pem"),
        ("TERRA_TLS_KEY", "/etc/lab/key.pem"),
        ("TERRA_INSECURE_NETWORK", "yes"),
        ("TERRA_REGISTRY", "https://registry.example.org/lab"),
        ("TERRA_REGISTRY", "registry.example.org/lab:1"),
        ("TERRA_REGISTRY", "registry.example.org/Lab"),
        ("TERRA_REGISTRY", "registry.example.org/lab/"),
        ("TERRA_REGISTRY", "somebody/lab"),
        ("TERRA_UPSTREAM", "--all-tags debian"),
        ("TERRA_DISKS", "images"),
        ("TERRA_TRASH_DAYS", "-1"),
        ("TERRA_TRASH_DAYS", "nan"),
        ("TERRA_TRASH_DAYS", "for ever"),
        ("TERRA_IDLE_OFF", "yes"),
        ("TERRA_AT_IDLE", "destroy"),
        ("TERRA_LIVE_MOUNTS", "perhaps"),
        ("TERRA_DRIVE_IDLE", "59"),
        ("TERRA_AUTOSTART", "ana"),
        ("TERRA_IDLE", "599"),
        ("TERRA_IDLE", "86401"),
        ("TERRA_IDLE_LEAST", "59"),
        ("TERRA_IDLE_MOST", "1799"),
        ("TERRA_BUSY_CAP", "-1"),
        ("TERRA_MEMORY_RESERVE", "-1"),
        ("TERRA_MEMORY_RESERVE", "101"),
        ("TERRA_MEMORY_RESERVE", "5 %"),
        ("TERRA_DORMANCY", "604799"),
        ("TERRA_DORMANCY", "31622401"),
        ("TERRA_DORMANCY", "-1"),
        ("TERRA_DORMANCY_LEAST", "172799"),
        ("TERRA_DORMANCY_MOST", "315360001"),
        ("TERRA_DORMANCY_OFF", "yes"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_the_setting(name: str, value: str) -> None:
    with pytest.raises(SettingsWrong, match=name):
        Settings.from_environ({name: value})


@pytest.mark.parametrize("deployment", ["a", "terraspawner", "a-very-long-name-for-a-laboratory-of-many"])
def test_the_bridge_name_fits_linux(deployment: str) -> None:
    assert len(Settings(deployment=deployment).users_bridge) <= 15


@pytest.mark.parametrize("name", ["registry.example.org", "registry:5000/lab", "localhost/a/b", "127.0.0.1:5000/a-b"])
def test_a_registry_is_a_host_and_perhaps_port_and_path(name: str) -> None:
    assert Settings.from_environ({"TERRA_REGISTRY": name}).registry == name


def test_no_secret_has_a_default_in_the_help() -> None:
    assert all(HELP[name][0] == "" for name in ("TERRA_SERVICE_TOKEN", "TERRA_PROXY_TOKEN", "TERRA_SECRET_KEY"))


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"tls_certificate": "/c", "tls_key": "/k"}, "https://127.0.0.1:8000"),
        ({"subdomain_host": "http://lab.localhost:8000"}, "http://lab.localhost:8000"),
        ({"subdomain_host": "https://lab.example.org"}, "https://lab.example.org"),
    ],
)
def test_the_address_in_the_browser(changes: dict[str, str], address: str) -> None:
    assert Settings(**changes).address == address  # type: ignore[arg-type]


def test_a_certificate_with_an_address_without_tls_is_refused() -> None:
    with pytest.raises(SettingsWrong, match="with a certificate it is https"):
        Settings(subdomain_host="http://lab.example.org", tls_certificate="/c", tls_key="/k")


@pytest.mark.feature("H1")
@pytest.mark.parametrize(
    "wrong",
    [
        {"TERRA_BUCKETS": "ftp://lab"},
        {"TERRA_BUCKETS": "s3://key:hush@lab"},
        {"TERRA_BUCKETS": "s3://lab?secret=hush"},
        {"TERRA_BUCKETS_ENDPOINT": "store.example.org"},
        {"TERRA_BUCKETS_ENDPOINT": "https://key:hush@store.example.org"},
        {"TERRA_BUCKETS_TIMEOUT": "0"},
    ],
)
def test_a_store_that_cannot_be_one_is_named_and_no_secret_repeated(wrong: dict[str, str]) -> None:
    (name,) = wrong
    with pytest.raises(SettingsWrong, match=name) as refusal:
        Settings.from_environ(wrong)
    assert "hush" not in refusal.value.message


@pytest.mark.feature("D4")
def test_an_image_has_room_for_a_file_system() -> None:
    small = {"TERRA_DISK_SIZE": str(299 * 1024**2)}
    assert Settings.from_environ(small).disks == "volume"
    with pytest.raises(SettingsWrong, match="TERRA_DISK_SIZE"):
        Settings.from_environ({**small, "TERRA_DISKS": "image"})
