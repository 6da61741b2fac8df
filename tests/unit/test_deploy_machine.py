"""What the set-up finds out about this machine, and the sentence when something is missing or taken."""

from __future__ import annotations

import ast
import re
import socket
import sys
from pathlib import Path

import pytest

import certificates
from terraspawner.deploy import engine, images, machine, network, site, tls
from terraspawner.deploy.commands import SetupStopped, attempt, run
from terraspawner.deploy.network import Network, Taken
from terraspawner.settings import NETWORK_IS_TRUSTED, Settings

ROOT = Path(__file__).parents[2]


def taken(network: str, by: str = "the route of eth0", name: str = "") -> Taken:
    return Taken(network=Network(network), by=by, name=name)


# --- what runs on a bare machine ---

PACKAGE = ROOT / "terraspawner"
BARE = [
    *sorted((PACKAGE / "deploy").glob("*.py")),
    *(PACKAGE / f"{name}.py" for name in ("settings", "settings_addresses", "settings_checks", "errors")),
]


@pytest.mark.parametrize("path", BARE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_set_up_needs_python_3_10_and_its_standard_library_alone(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 10))
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    ours = {name for name in imported if name.startswith("terraspawner")}
    assert {name.split(".")[0] for name in imported - ours} <= sys.stdlib_module_names
    beside = {name for name in ours if not name.startswith("terraspawner.deploy")}
    assert beside - {"terraspawner"} <= {
        f"terraspawner.{name}" for name in ("settings", "settings_addresses", "settings_checks", "errors")
    }


def test_an_old_python_is_refused_with_what_to_install() -> None:
    with pytest.raises(SetupStopped, match=r"Python 3\.9 is too old: install Python 3\.10"):
        machine.check_python((3, 9))


# --- networks and port ---


def test_free_networks_pass() -> None:
    network.check_against(Settings(), [taken("172.17.0.0/16"), taken("10.0.0.0/8")])


def test_a_taken_network_is_refused_with_its_setting_and_a_free_one() -> None:
    with pytest.raises(SetupStopped, match="TERRA_CORE_SUBNET") as refused:
        network.check_against(Settings(), [taken("172.31.0.0/16"), taken("10.213.0.0/24")])
    assert "the route of eth0" in refused.value.message
    assert "TERRA_CORE_SUBNET=10.213.1.0/24" in refused.value.message


def test_our_own_networks_are_not_in_our_way() -> None:
    ours = [
        taken("172.31.239.0/24", "the Docker network", "terraspawner-core"),
        taken("172.31.240.0/20", "the Docker network", "terraspawner-users"),
    ]
    network.check_against(Settings(), ours)


def test_a_network_that_was_made_otherwise_is_refused() -> None:
    with pytest.raises(SetupStopped, match=r"TERRA_USERS_SUBNET=10\.1\.0\.0/20"):
        network.check_against(Settings(), [taken("10.1.0.0/20", "the Docker network", "terraspawner-users")])


def test_two_settings_that_overlap_are_refused() -> None:
    with pytest.raises(SetupStopped, match="overlap"):
        network.check_against(Settings(core_subnet="172.31.240.0/24"), [])


def test_a_network_that_is_too_small_is_refused() -> None:
    with pytest.raises(SetupStopped, match="TERRA_USERS_SUBNET"):
        network.check_against(Settings(users_subnet="172.31.240.0/29"), [])


def test_a_port_in_use_is_refused_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy, pytest.raises(SetupStopped, match="TERRA_PORT"):
        network.check_port("127.0.0.1", busy.getsockname()[1])


def test_an_address_of_another_machine_is_refused_with_its_setting() -> None:
    with pytest.raises(SetupStopped, match=r"TERRA_BIND=192\.0\.2\.250"):
        network.check_port("192.0.2.250", 8000)


# --- engine ---


def test_a_remote_engine_is_refused() -> None:
    with pytest.raises(SetupStopped, match="DOCKER_HOST"):
        engine.socket_path({"DOCKER_HOST": "tcp://other:2375"})


def test_a_programs_failure_is_told_with_its_last_lines() -> None:
    with pytest.raises(SetupStopped, match="Counting failed:\n    lost count"):
        run(["sh", "-c", "echo lost count >&2; exit 3"], doing="Counting")


def test_a_program_that_is_missing_or_hangs_is_an_exit_code() -> None:
    assert attempt(["no-such-program-here"]).returncode == 127
    assert attempt(["sleep", "60"], timeout=0.1).returncode == 124


# --- the site's own indexes and authorities ---


def test_the_clients_settings_become_build_arguments(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_text("fund=false\nregistry = https://npm.lab/\n")
    environ = {"http_proxy": "http://proxy.lab:3128", "PIP_INDEX_URL": "https://pypi.lab/simple"}
    arguments = site.build_arguments(environ, tmp_path)
    assert arguments["HTTP_PROXY"] == arguments["http_proxy"] == "http://proxy.lab:3128"
    assert arguments["PIP_INDEX_URL"] == "https://pypi.lab/simple"
    assert arguments["NPM_CONFIG_REGISTRY"] == "https://npm.lab/"


@pytest.mark.slow
def test_folders_of_this_machine_are_no_index_in_a_build() -> None:
    found = site.pip_indexes({"PIP_EXTRA_INDEX_URL": "file:///srv/wheels https://pypi.lab/simple"})
    assert found["PIP_EXTRA_INDEX_URL"] == "https://pypi.lab/simple"


def test_the_authorities_are_those_that_a_variable_names(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(b"-----BEGIN CERTIFICATE-----")
    assert machine.ca_bundle({"REQUESTS_CA_BUNDLE": str(bundle)}) == b"-----BEGIN CERTIFICATE-----"


def test_a_variable_that_names_no_bundle_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SetupStopped, match="SSL_CERT_FILE names"):
        machine.ca_bundle({"SSL_CERT_FILE": str(tmp_path / "gone.pem")})


def test_a_mirror_with_tls_is_refused() -> None:
    with pytest.raises(SetupStopped, match="TERRA_DEBIAN_MIRROR"):
        images.mirror_of({"TERRA_DEBIAN_MIRROR": "https://mirror.lab/debian"})


def test_the_packet_size_is_that_of_the_way_out(tmp_path: Path) -> None:
    routes = tmp_path / "route"
    routes.write_text("Iface Destination Gateway\neth0 000011AC 0\nwg0 00000000 010200C0\n")
    (tmp_path / "wg0").mkdir()
    (tmp_path / "wg0" / "mtu").write_text("1380\n")
    assert machine.network_mtu(tmp_path, routes) == 1380
    assert machine.network_mtu(tmp_path, tmp_path / "none") == 1500


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.3.2.1", "localhost", "::1"])
def test_only_this_machine_reaches_a_loopback(bind: str) -> None:
    assert network.is_loopback(bind)


@pytest.mark.parametrize("bind", ["0.0.0.0", "192.0.2.7", "::", "lab.example.org"])
def test_others_reach_every_other_address(bind: str) -> None:
    assert not network.is_loopback(bind)


# --- beyond this machine ---

WORD = NETWORK_IS_TRUSTED
SAFE = {"tls_certificate": "/c", "tls_key": "/k", "subdomain_host": "https://lab.example.org"}


@pytest.mark.feature("A7")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tls_certificate": "/c", "tls_key": "/k"},
        {"subdomain_host": "https://lab.example.org"},
        {"subdomain_host": "http://lab.example.org"},
    ],
)
def test_others_are_let_in_with_tls_and_subdomains_or_a_word_alone(changes: dict[str, str]) -> None:
    with pytest.raises(SetupStopped) as refused:
        network.check_exposure(Settings(bind="0.0.0.0", **changes))  # type: ignore[arg-type]
    for word in (
        "TERRA_BIND=0.0.0.0",
        "TERRA_TLS_CERTIFICATE",
        "TERRA_SUBDOMAIN_HOST",
        f"TERRA_INSECURE_NETWORK='{WORD}'",
    ):
        assert word in refused.value.message
    assert refused.value.message.count(". ") == 0, "one sentence"
    network.check_exposure(Settings(bind="127.0.0.1", **changes))  # type: ignore[arg-type]
    network.check_exposure(Settings(bind="0.0.0.0", insecure_network=WORD, **changes))  # type: ignore[arg-type]
    network.check_exposure(Settings(bind="0.0.0.0", **SAFE))  # type: ignore[arg-type]


# --- the certificate ---


def settings_with(files: tuple[Path, Path]) -> Settings:
    chain, key = map(str, files)
    return Settings(subdomain_host="https://lab.example.org", tls_certificate=chain, tls_key=key)


def test_a_certificate_for_the_host_and_its_users_will_do(tmp_path: Path) -> None:
    tls.check(settings_with(certificates.make(tmp_path, "lab.example.org", "*.lab.example.org")))


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["lab.example.org"], "somebody.lab.example.org"),
        (["*.lab.example.org"], "lab.example.org"),
        (["lab.example.com", "*.lab.example.com"], "lab.example.org"),
    ],
)
def test_a_certificate_for_other_names_is_refused_with_the_name_that_it_lacks(
    tmp_path: Path, names: list[str], missing: str
) -> None:
    with pytest.raises(SetupStopped, match=rf"will not do for {re.escape(missing)} \("):
        tls.check(settings_with(certificates.make(tmp_path, *names)))


def test_a_certificate_that_has_ended_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupStopped, match="expired"):
        tls.check(settings_with(certificates.make(tmp_path, "lab.example.org", "*.lab.example.org", days=-3)))


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    chain, _ = certificates.make(tmp_path, "lab.example.org", "*.lab.example.org")
    _, key = certificates.make(tmp_path / "other", "lab.example.org", "*.lab.example.org")
    with pytest.raises(SetupStopped, match="its own key"):
        tls.check(settings_with((chain, key)))


def test_a_certificate_that_is_not_there_is_refused_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(SetupStopped, match="TERRA_TLS_CERTIFICATE names"):
        tls.check(settings_with((tmp_path / "gone.pem", tmp_path / "gone.key")))
