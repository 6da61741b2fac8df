"""The plan of a container, compared whole."""

import io
import json
import tarfile
from dataclasses import replace

import pytest

from builders import NOON
from terraspawner.containers import plan, start_file
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.size import Size
from terraspawner.domain.workspace import Workspace
from terraspawner.errors_starts import StartFailed
from terraspawner.settings import Settings

ID_A, ID_D, ID_E = "a" * 16, "d" * 16, "e" * 16
SETTINGS = Settings(buckets_host_path="/host/buckets", secret_key="seal", service_token="service", proxy_token="proxy")
WORKSPACE = Workspace(
    id=ID_A, namespace="ana", name="alpha", slug="ana-alpha", storage="bucket", created_by="ana", created_at=NOON
)
ENVIRONMENT = Environment(
    id=ID_E,
    workspace_id=ID_A,
    user="ana",
    state=State.CREATING,
    since=NOON,
    reason="",
    log="",
    start_number=1,
    size=Size(cpu=0.5, memory=1024**3),
    image="terraspawner/python:1",
    disk_id=ID_D,
    container_id="",
    deletes_disk=False,
    outbox_pending=0,
    kernels=(),
    created_at=NOON,
)


def made() -> plan.ContainerPlan:
    return plan.plan_environment(SETTINGS, ENVIRONMENT, WORKSPACE)


@pytest.mark.feature("D1", "H2", "C15")
def test_the_whole_plan() -> None:
    assert made() == plan.ContainerPlan(
        name="terraspawner-env-" + ID_E,
        image="terraspawner/python:1",
        labels={
            "terraspawner.deployment": "terraspawner",
            "terraspawner.kind": "environment",
            "terraspawner.user": "ana",
            "terraspawner.workspace": ID_A,
            "terraspawner.environment": ID_E,
            "terraspawner.disk": ID_D,
        },
        mounts=(
            plan.Mount(kind="volume", source="terraspawner-disk-" + ID_D, target="/home/jupyter", is_read_only=False),
            plan.Mount(
                kind="bind", source=f"/host/buckets/{ID_A}/data", target="/mnt/workspace/bucket", is_read_only=False
            ),
            plan.Mount(
                kind="bind",
                source=f"/host/buckets/{ID_A}/notebooks",
                target="/mnt/workspace/notebooks",
                is_read_only=True,
            ),
            plan.Mount(
                kind="volume",
                source="",
                target="/scratch",
                is_read_only=False,
                labels={
                    "terraspawner.deployment": "terraspawner",
                    "terraspawner.kind": "scratch",
                    "terraspawner.environment": ID_E,
                },
            ),
        ),
        network="terraspawner-users",
        cpu=0.5,
        memory=1024**3,
        pids=512,
        stop_seconds=20,
    )


@pytest.mark.feature("B4")
def test_a_drive_workspace_has_no_bucket_in_its_environments() -> None:
    drive = replace(WORKSPACE, storage="drive")
    of_drive = plan.plan_environment(SETTINGS, ENVIRONMENT, drive)
    assert [mount for mount in of_drive.mounts if "/mnt/workspace" in mount.target] == []
    told = start_file.workspace_variables(SETTINGS, drive, "ana@example.org", ID_E, "k" * 8)
    assert not {"WORKSPACE_BUCKET", "WORKSPACE_NOTEBOOKS"} & set(told)
    assert (told["WORKSPACE_NAMESPACE"], told["WORKSPACE_NAME"]) == ("ana", WORKSPACE.name)


@pytest.mark.feature("C15")
def test_the_host_configuration_gives_nothing_away() -> None:
    host = made().host_arguments()
    assert host["cap_drop"] == ["ALL"]
    assert set(host["cap_add"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"}
    assert host["security_opt"] == ["no-new-privileges"]
    assert (host["mem_limit"], host["memswap_limit"]) == (1024**3, 1024**3)
    assert (host["cpu_quota"], host["pids_limit"]) == (50_000, 512)
    assert not {"privileged", "devices", "binds", "pid_mode", "port_bindings", "publish_all_ports"} & set(host)


def test_no_secret_stands_in_the_configuration() -> None:
    told = json.dumps([made().create_arguments(), made().host_arguments()])
    assert not any(secret in told for secret in ("seal", "service", "proxy"))
    assert "environment" not in made().create_arguments()


@pytest.mark.parametrize(
    "change",
    [{"image": "other"}, {"writes_bucket": False}, {"disk_id": ID_E}],
)
def test_the_hash_changes_with_what_cannot_be_changed_of_a_container(change: dict[str, object]) -> None:
    changed = plan.plan_environment(SETTINGS, replace(ENVIRONMENT, **change), WORKSPACE)
    assert changed.spec_hash != made().spec_hash


@pytest.mark.parametrize("identifier", ["", "../../..", "a" * 15, "A" * 16, "a" * 15 + "/", "a" * 16 + "\n"])
@pytest.mark.parametrize("field", ["id", "disk_id"])
def test_a_row_cannot_name_a_path_of_the_host(field: str, identifier: str) -> None:
    with pytest.raises(StartFailed, match="none of ours"):
        plan.plan_environment(SETTINGS, replace(ENVIRONMENT, **{field: identifier}), WORKSPACE)
    with pytest.raises(StartFailed, match="none of ours"):
        plan.plan_environment(SETTINGS, ENVIRONMENT, replace(WORKSPACE, id=identifier))


@pytest.mark.feature("C5")
def test_the_hash_stays_over_starts_renames_and_sizes() -> None:
    changed = replace(ENVIRONMENT, start_number=9, state=State.STARTING, size=Size(cpu=2, memory=2 * 1024**3))
    later = plan.plan_environment(SETTINGS, changed, replace(WORKSPACE, name="beta"))
    assert later.spec_hash == made().spec_hash


@pytest.mark.feature("C14")
def test_an_environment_is_told_its_workspace() -> None:
    variables = start_file.workspace_variables(SETTINGS, WORKSPACE, "ana@example.org", ID_E, "key")
    assert variables["WORKSPACE_NAME"] == "alpha"
    assert variables["WORKSPACE_NAMESPACE"] == "ana"
    assert variables["WORKSPACE_BUCKET"] == "/mnt/workspace/bucket"
    assert variables["OWNER_EMAIL"] == "ana@example.org"
    assert "https_proxy" not in variables
    assert "PIP_CERT" not in variables


def test_a_proxy_leaves_out_our_own_addresses() -> None:
    settings = replace(SETTINGS, https_proxy="http://proxy:3128", no_proxy="localhost", ca_bundle_host_path="/ca.pem")
    variables = start_file.workspace_variables(settings, WORKSPACE, "ana", ID_E, "key")
    assert variables["HTTPS_PROXY"] == variables["https_proxy"] == "http://proxy:3128"
    assert variables["no_proxy"] == "localhost,172.31.240.2,172.31.240.4"
    assert variables["PIP_CERT"] == "/etc/terra/ca-bundle.pem"


def test_the_start_file_is_for_root_alone() -> None:
    with tarfile.open(fileobj=io.BytesIO(start_file.start_archive({"A": "ü"}))) as archive:
        member = archive.getmember("start.json")
        assert (member.mode, member.uid, member.gid) == (0o400, 0, 0)
        assert json.load(archive.extractfile(member)) == {"env": {"A": "ü"}}  # type: ignore[arg-type]


@pytest.mark.feature("B3")
def test_who_may_not_write_gets_the_data_read_only() -> None:
    reads = plan.plan_environment(SETTINGS, replace(ENVIRONMENT, writes_bucket=False), WORKSPACE)
    assert {mount.target: mount.is_read_only for mount in reads.mounts} == {
        plan.HOME: False,
        plan.BUCKET_DATA: True,
        plan.BUCKET_NOTEBOOKS: True,
        plan.SCRATCH: False,
    }
    assert reads.spec_hash != made().spec_hash


def as_the_engine_tells_it(made_by: plan.ContainerPlan) -> dict[str, object]:
    arguments = made_by.limits()
    return {
        "Config": {"Image": made_by.image},
        "Mounts": [
            # as one in a machine of its own does, it puts something in front of a folder
            {"Destination": mount.target, "RW": not mount.is_read_only, "Name": mount.source}
            if mount.kind == "volume"
            else {"Destination": mount.target, "RW": not mount.is_read_only, "Source": f"/host_mnt{mount.source}"}
            for mount in made_by.mounts
        ],
        "HostConfig": {
            "Memory": arguments["mem_limit"],
            "MemorySwap": arguments["memswap_limit"],
            "CpuPeriod": arguments["cpu_period"],
            "CpuQuota": arguments["cpu_quota"],
        },
    }


@pytest.mark.feature("C9", "C10")
@pytest.mark.parametrize(
    ("change", "is_made_anew", "is_resized"),
    [
        ({}, False, False),
        ({"image": "other"}, True, False),
        ({"size": Size(cpu=2, memory=1024**3)}, False, True),
        ({"size": Size(cpu=0.5, memory=2 * 1024**3)}, False, True),
        ({"size": Size(cpu=0.5, memory=1024**3, name="another name")}, False, False),
        ({"start_number": 9}, False, False),
    ],
)
def test_another_image_makes_a_container_anew_and_another_size_does_not(
    change: dict[str, object], is_made_anew: bool, is_resized: bool
) -> None:
    there = as_the_engine_tells_it(made())
    now = plan.plan_environment(SETTINGS, replace(ENVIRONMENT, **change), WORKSPACE)  # type: ignore[arg-type]
    assert plan.must_be_made_anew(now, there) == is_made_anew
    assert now.has_limits(there["HostConfig"]) == (not is_resized)  # type: ignore[arg-type]


@pytest.mark.feature("H1")
@pytest.mark.parametrize(
    "moved", [{"buckets": "s3://lab-buckets"}, {"buckets_host_path": "/other/buckets"}], ids=["store", "folder"]
)
def test_a_container_whose_bucket_lies_elsewhere_by_now_is_made_anew(moved: dict[str, object]) -> None:
    there = as_the_engine_tells_it(made())
    assert plan.must_be_made_anew(plan.plan_environment(replace(SETTINGS, **moved), ENVIRONMENT, WORKSPACE), there)  # type: ignore[arg-type]


@pytest.mark.parametrize(("made_to_write", "may_write"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_container_that_writes_more_than_its_plan_is_told_apart(made_to_write: bool, may_write: bool) -> None:
    first, now = (
        plan.plan_environment(SETTINGS, replace(ENVIRONMENT, writes_bucket=writes), WORKSPACE)
        for writes in (made_to_write, may_write)
    )
    told = [{"Destination": mount.target, "RW": not mount.is_read_only} for mount in first.mounts]
    assert plan.writes_too_much(now.mounts, told) == (made_to_write and not may_write)


@pytest.mark.feature("D4")
def test_a_disk_that_is_an_image_is_the_folder_where_it_is_mounted_and_has_no_volume() -> None:
    settings = replace(SETTINGS, mounts_host_path="/host/mounts")
    with_data = replace(ENVIRONMENT, data_disk_id="b" * 16)
    image = plan.plan_environment(settings, with_data, WORKSPACE, images=[ID_D])
    places = {mount.target: (mount.kind, mount.source) for mount in image.mounts}
    assert places["/home/jupyter"] == ("bind", f"/host/mounts/disks/{ID_D}/mnt/home")
    assert places["/data"] == ("volume", f"terraspawner-disk-{'b' * 16}")
    assert list(plan.volumes(settings, with_data, [ID_D])) == [f"terraspawner-disk-{'b' * 16}"]
    told = as_the_engine_tells_it(image)
    assert not plan.must_be_made_anew(image, told)
    assert plan.must_be_made_anew(plan.plan_environment(settings, with_data, WORKSPACE), told)
    assert plan.must_be_made_anew(image, as_the_engine_tells_it(plan.plan_environment(settings, with_data, WORKSPACE)))


IN_A_STORE = replace(SETTINGS, buckets="s3://lab", mounts_host_path="/host/mounts", live_mounts="yes")


def with_store(*, writes: bool = True) -> plan.ContainerPlan:
    return plan.plan_environment(IN_A_STORE, replace(ENVIRONMENT, writes_bucket=writes), WORKSPACE)


@pytest.mark.feature("H2")
@pytest.mark.parametrize(("writes", "folder"), [(True, "writer"), (False, "reader")])
def test_a_bucket_in_an_object_store_comes_and_goes_below_a_folder_that_nobody_writes(
    writes: bool, folder: str
) -> None:
    (bound,) = (mount for mount in with_store(writes=writes).mounts if mount.kind == "bind")
    assert bound.as_json() == {
        "Type": "bind",
        "Source": f"/host/mounts/buckets/{ID_A}/{folder}",
        "Target": "/mnt/workspace",
        "ReadOnly": True,
        "BindOptions": {"Propagation": "rslave", "ReadOnlyNonRecursive": True},
    }
    assert plan.BUCKET_DATA.startswith(f"{bound.target}/")


@pytest.mark.feature("H2")
def test_where_mounts_do_not_reach_environments_none_is_asked_to_follow() -> None:
    settings = replace(IN_A_STORE, live_mounts="no")
    (bound,) = (m for m in plan.plan_environment(settings, ENVIRONMENT, WORKSPACE).mounts if m.kind == "bind")
    assert "BindOptions" not in bound.as_json()


def with_sources(made_by: plan.ContainerPlan) -> dict[str, object]:
    told = as_the_engine_tells_it(made_by)
    mounts = [
        {"Destination": mount.target, "RW": not mount.is_read_only, "Source": mount.source} for mount in made_by.mounts
    ]
    return told | {"Mounts": mounts}


@pytest.mark.feature("H2", "B3")
@pytest.mark.parametrize(
    ("before", "now", "is_made_anew"),
    [
        (with_store(), with_store(), False),
        (with_store(), with_store(writes=False), True),
        (with_store(writes=False), with_store(), False),
        (made(), with_store(), True),
        (with_store(), made(), True),
    ],
    ids=["the same", "demoted", "promoted", "moved into a store", "moved out of one"],
)
def test_a_container_with_another_right_or_another_kind_of_store_is_made_anew(
    before: plan.ContainerPlan, now: plan.ContainerPlan, is_made_anew: bool
) -> None:
    assert plan.must_be_made_anew(now, with_sources(before)) == is_made_anew
