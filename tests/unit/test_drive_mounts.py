"""How an environment has its drive: the mounter's view, or the Engine's own mounts where nothing reaches what runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from terraspawner.containers import plan, start_file
from terraspawner.containers.mounts import DRIVE, Mount, drive_mounts, for_mounter, has_other_drive
from terraspawner.domain.library import Folder, Shown
from terraspawner.errors_starts import StartFailed
from tests.unit.test_plan import ENVIRONMENT, ID_E, SETTINGS, WORKSPACE

AT_HOST = {"mounts_host_path": "/host/mounts", "libraries_host_path": "/host/libraries"}
LIVE, NOT_LIVE = (replace(SETTINGS, **AT_HOST, live_mounts=word) for word in ("yes", "no"))
DESK = replace(WORKSPACE, storage="drive")
SURVEY = Shown(id="5" * 16, folder=Folder.ME, name="Survey (ada)", is_read_only=True)
OWN = Shown(id="6" * 16, folder=Folder.MINE, name="Own", is_read_only=False)
VIEW = Mount(kind="bind", source=f"/host/mounts/views/{ID_E}", target=DRIVE, is_read_only=True, follows=True)

pytestmark = pytest.mark.feature("H3")


def told(mounts: tuple[Mount, ...]) -> list[dict[str, Any]]:
    """As the Engine tells of a container that was made so."""
    return [{"Source": m.source, "Destination": m.target, "RW": not m.is_read_only} for m in mounts]


def test_a_drive_is_one_mount_that_follows_what_the_mounter_does() -> None:
    assert drive_mounts(LIVE, ID_E, [SURVEY, OWN]) == (VIEW,)
    assert VIEW.as_json() == {
        "Type": "bind",
        "Source": f"/host/mounts/views/{ID_E}",
        "Target": "/home/jupyter/drive",
        "ReadOnly": True,
        "BindOptions": {"Propagation": "rslave", "ReadOnlyNonRecursive": True},
    }


def test_where_nothing_follows_each_library_is_mounted_with_its_right() -> None:
    root, *others = drive_mounts(NOT_LIVE, ID_E, [SURVEY, OWN])
    assert root == replace(VIEW, follows=False)
    assert "BindOptions" not in root.as_json()
    assert [(each.source, each.target, each.is_read_only) for each in others] == [
        (f"/host/libraries/{SURVEY.id}/data", f"{DRIVE}/Shared with me/Survey (ada)", True),
        (f"/host/libraries/{OWN.id}/data", f"{DRIVE}/My Libraries/Own", False),
    ]


def test_a_drive_stands_in_place_of_the_bucket() -> None:
    targets = [mount.target for mount in plan.plan_environment(LIVE, ENVIRONMENT, DESK, [SURVEY]).mounts]
    assert targets == ["/home/jupyter", DRIVE, "/scratch"]
    variables = start_file.workspace_variables(LIVE, DESK, "ana", ID_E, "key")
    assert variables["WORKSPACE_DRIVE"] == DRIVE
    assert not {"WORKSPACE_BUCKET", "WORKSPACE_NOTEBOOKS"} & set(variables)
    assert "WORKSPACE_DRIVE" not in start_file.workspace_variables(LIVE, WORKSPACE, "ana", ID_E, "key")


def test_a_library_whose_id_is_none_of_ours_starts_nothing() -> None:
    with pytest.raises(StartFailed, match="none of ours"):
        plan.plan_environment(NOT_LIVE, ENVIRONMENT, DESK, [replace(SURVEY, id="../../etc")])


def test_a_kept_container_is_made_anew_where_its_mounts_are_other_ones() -> None:
    given = drive_mounts(NOT_LIVE, ID_E, [SURVEY, OWN])
    assert not has_other_drive(given, told(given))
    assert not has_other_drive(given, told(tuple(reversed(given))))
    for other in ([SURVEY], [], [replace(SURVEY, is_read_only=False), OWN], [replace(SURVEY, name="x"), OWN]):
        assert has_other_drive(drive_mounts(NOT_LIVE, ID_E, other), told(given))
    assert has_other_drive(drive_mounts(LIVE, ID_E, [SURVEY, OWN]), told(given))
    assert not has_other_drive((), told((replace(VIEW, target="/data"),)))


def test_a_live_view_never_makes_a_container_anew() -> None:
    assert not has_other_drive(drive_mounts(LIVE, ID_E, [SURVEY]), told(drive_mounts(LIVE, ID_E, [OWN])))


def test_the_mounter_is_told_the_same() -> None:
    said = for_mounter(SURVEY)
    assert (said.id, said.folder, said.name, said.is_read_only) == (SURVEY.id, "me", "Survey (ada)", True)
