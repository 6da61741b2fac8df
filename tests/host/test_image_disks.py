"""Disks with a real limit in a whole deployment: what people and their environments see of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from deployment import Deployment, Person, Workspace, deployed, unique, until

pytestmark = [pytest.mark.docker, pytest.mark.full, pytest.mark.feature("D4")]

MIB, GIB = 1024**2, 1024**3
SIZE = 400 * MIB
FILL = "dd if=/dev/zero of=$HOME/filling bs=1M 2>&1; stat -c %s $HOME/filling"
AVAILABLE = "df --output=size,avail -B1 $HOME | tail -1"


@pytest.fixture(scope="module")
def site() -> Iterator[Deployment]:
    """It begins with plain volumes, as deployments did, and goes over to images: `site_with_images`."""
    with deployed("tsp-disks", 128, lambda _: {"TERRA_DISK_SIZE": str(SIZE)}) as made:
        yield made


@pytest.fixture(scope="module")
def person(site: Deployment) -> Iterator[Person]:
    signed_in = site.person("ana")
    yield signed_in
    signed_in.close()


@pytest.fixture(scope="module")
def plain(person: Person) -> Workspace:
    """A paused environment on a plain volume, with something on it."""
    made = person.workspace(unique("plain"))
    made.start()
    script = "echo kept > kept && ln kept twin && mkdir -p deep/er && ln -s /etc/passwd deep/er/link && chmod 600 kept"
    assert made.shell(f"cd && {script} && dd if=/dev/urandom of=large bs=1M count=50 && touch $'odd\\nname'")[0] == 0
    made.pause()
    return made


@pytest.fixture(scope="module")
def images(site: Deployment, plain: Workspace) -> Deployment:
    """The same site, once its operator has asked for images."""
    assert plain.environment()["state"] == "paused"
    site.environ["TERRA_DISKS"] = "image"
    site.up()
    return site


@pytest.fixture
def workspace(images: Deployment, person: Person, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    assert images.environ["TERRA_DISKS"] == "image"
    made = person.workspace(unique(request.node.name.removeprefix("test_").replace("_", "-")[:30].strip("-")))
    yield made
    if made.environment()["state"] != "none":
        made.clear()


def disk_of(workspace: Workspace) -> dict[str, Any]:
    wanted = workspace.environment()["disk"]["id"]
    (found,) = [each for each in workspace.owner.api.get("/disks").json()["items"] if each["id"] == wanted]
    return dict(found)


def folder_of(workspace: Workspace, disk_id: str) -> Path:
    """On the machine."""
    container = workspace.owner.deployment.service("mounter")
    (mounts,) = [each["Source"] for each in container.attrs["Mounts"] if "/terraspawner/" in each["Source"]]
    return Path(mounts) / "disks" / disk_id


def is_mounted(folder: Path) -> bool:
    return f" {folder / 'mnt'} " in Path("/proc/self/mountinfo").read_text()


def devices_with(image: Path) -> int:
    said = subprocess.run(["losetup", "-j", str(image)], capture_output=True, text=True, check=True).stdout
    return len(said.splitlines())


def available(workspace: Workspace) -> tuple[int, int]:
    """What the home folder has, and what is left, as its person sees it."""
    code, said = workspace.shell(AVAILABLE)
    assert code == 0, said
    size, left = said.split()
    return int(size), int(left)


def enlarged(workspace: Workspace, disk_id: str, size: int) -> httpx.Response:
    return workspace.owner.api.patch(f"/disks/{disk_id}", json={"size": size})


def test_a_disk_has_its_size_and_is_enlarged_while_it_is_full_and_in_use(workspace: Workspace) -> None:
    workspace.start()
    disk = disk_of(workspace)
    folder = folder_of(workspace, disk["id"])
    assert (disk["size"], disk["has_limit"]) == (SIZE, True)
    size, left = available(workspace)
    assert 0.7 * SIZE < left < size < SIZE
    code, said = workspace.shell(FILL)
    assert (code, "No space left on device" in said) == (0, True), said
    assert int(said.splitlines()[-1]) <= left
    measured = workspace.owner.api.post(f"/disks/{disk['id']}/measure").json()
    assert (measured["warning"]["level"], measured["warning"]["percent"]) == ("full", 99)
    assert measured["folders"] == [] or measured["folders"][0]["size"] < SIZE
    assert (folder / "disk.img").stat().st_blocks * 512 == pytest.approx(SIZE, rel=0.01)

    answer = enlarged(workspace, disk["id"], 800 * MIB)
    assert (answer.status_code, answer.json()["size"]) == (200, 800 * MIB), answer.text
    assert available(workspace)[0] > 1.8 * size
    code, said = workspace.shell("dd if=/dev/zero of=$HOME/more bs=1M count=200 conv=fsync && rm $HOME/filling")
    assert code == 0, said

    workspace.pause()
    until(lambda: devices_with(folder / "disk.img") == 0, "it is unmounted")
    assert not is_mounted(folder)
    until(lambda: disk_of(workspace)["used"] < 330 * MIB, "told as it was unmounted")
    looked = workspace.owner.api.post(f"/disks/{disk['id']}/measure").json()
    assert looked["folders"] == [] or looked["folders"][0]["size"] < SIZE
    assert looked["used"] == pytest.approx(250 * MIB, abs=80 * MIB)
    assert not is_mounted(folder), "only for the look"
    workspace.start()
    assert (is_mounted(folder), devices_with(folder / "disk.img")) == (True, 1)
    assert workspace.shell("stat -c %s $HOME/more") == (0, f"{200 * MIB}\n")


def test_what_the_machine_has_no_room_for_is_refused_and_not_paid(workspace: Workspace) -> None:
    workspace.start()
    before = disk_of(workspace)
    answer = enlarged(workspace, before["id"], 499 * GIB)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "machine-full"), answer.text
    assert "GB free" in answer.json()["error"]["message"]
    assert disk_of(workspace)["size"] == before["size"]
    assert disk_of(workspace)["price_per_month"] == before["price_per_month"]


def test_without_its_disk_nothing_starts_and_nothing_is_written_beside_it(workspace: Workspace) -> None:
    workspace.start()
    assert workspace.shell("echo mine > ~/kept")[0] == 0
    folder = folder_of(workspace, disk_of(workspace)["id"])
    container = workspace.container()
    workspace.pause()
    until(lambda: not is_mounted(folder), "it is unmounted")
    with pytest.raises(docker.errors.APIError, match=r"(no such file or directory|does not exist)"):
        container.start()
    assert list((folder / "mnt").iterdir()) == []

    image = folder / "disk.img"
    image.rename(folder / "elsewhere")
    workspace.owner.api.post(f"{workspace.path}/environment/start", json={})
    until(lambda: "is not on the machine" in workspace.environment()["reason"], "it says what is missing")
    assert workspace.environment()["state"] == "paused"
    assert not image.exists()
    (folder / "elsewhere").rename(image)
    workspace.start()
    assert workspace.shell("cat ~/kept") == (0, "mine\n")


def test_a_mounter_that_is_killed_takes_nothing_with_it(workspace: Workspace) -> None:
    workspace.start()
    folder = folder_of(workspace, disk_of(workspace)["id"])
    mounter = workspace.owner.deployment.service("mounter")
    mounter.kill()
    assert workspace.shell("echo still > ~/here && sync && cat ~/here") == (0, "still\n")
    mounter.start()
    until(lambda: enlarged(workspace, folder.name, SIZE + 100 * MIB).status_code == 200, "it grows")
    assert available(workspace)[0] > SIZE
    assert devices_with(folder / "disk.img") == 1
    workspace.pause()
    until(lambda: not is_mounted(folder), "it is unmounted")
    mounter.kill()
    workspace.owner.api.post(f"{workspace.path}/environment/start", json={})
    until(lambda: "mounter" in workspace.environment()["reason"], "it says who is away")
    mounter.start()
    until(
        lambda: mounter.exec_run(["answers", "unix:/srv/terra/run/mounter.sock:/health"]).exit_code == 0, "it is back"
    )
    workspace.start()
    assert workspace.shell("cat ~/here") == (0, "still\n")


def test_a_disk_comes_back_from_the_trash_and_its_room_is_free_once_it_is_purged(workspace: Workspace) -> None:
    workspace.start()
    assert workspace.shell("echo mine > ~/kept")[0] == 0
    disk = disk_of(workspace)["id"]
    folder = folder_of(workspace, disk)
    api = workspace.owner.api
    workspace.delete(disk="delete")

    def items() -> dict[str, str]:
        found = [each for each in api.get("/trash").json()["items"] if each["workspace"]["name"] == workspace.name]
        return {each["kind"]: each["id"] for each in found}

    assert api.post(f"/trash/{items()['environment']}/restore").status_code == 200
    workspace.start()
    assert workspace.shell("cat ~/kept") == (0, "mine\n")
    workspace.delete(disk="delete")
    assert api.delete(f"/trash/{items()['environment']}").status_code == 202
    if "disk" in items():
        assert api.delete(f"/trash/{items()['disk']}").status_code == 202
    until(lambda: not folder.exists(), "its image is gone", 60)
    assert not any(disk in volume for volume in workspace.owner.deployment.volumes())


def test_a_plain_volume_stays_one_until_it_is_converted_with_all_that_is_on_it(
    images: Deployment, plain: Workspace
) -> None:
    # the size of a folder is its file system's matter
    folders, files = "%p %y %m %U:%G %T@\\n", "%p %y %m %U:%G %n %s %T@ %l\\n"
    find = f"find {{kept,twin,large,deep,odd*}} -type d -printf '{folders}' -o -printf '{files}'"
    look = f"cd && {find}; sha256sum large"
    plain.start()
    before = plain.shell(look)
    disk = disk_of(plain)
    assert (before[0], disk["has_limit"]) == (0, False)
    refused = images.run("disks", "convert", disk["id"])
    assert (refused.returncode, "Pause it first" in refused.stderr) == (1, True), refused.stderr
    plain.pause()

    done = images.run("disks", "convert", disk["id"])
    assert (done.returncode, "has a real limit" in done.stdout) == (0, True), done.stdout + done.stderr
    assert "real limit" in plain.environment()["reason"]
    again = images.run("disks", "convert", disk["id"])
    assert again.returncode == 0, again.stderr
    assert images.run("disks", "keep", disk["id"]).returncode == 1
    listed = images.run("disks").stdout
    assert any(disk["id"] in line and line.rstrip().endswith("image") for line in listed.splitlines()), listed
    assert not any(disk["id"] in volume for volume in images.volumes())
    plain.start()
    assert plain.shell(look) == before
    assert disk_of(plain)["has_limit"] is True
    assert plain.shell(FILL)[0] == 0
    assert available(plain)[1] < MIB


def test_what_does_not_fit_stays_a_plain_volume(images: Deployment, person: Person) -> None:
    images.environ["TERRA_DISKS"] = "volume"
    images.up()
    made = person.workspace(unique("too-much"))
    made.start()
    assert made.shell("dd if=/dev/urandom of=$HOME/large bs=1M count=500 && echo mine > ~/kept")[0] == 0
    disk = disk_of(made)["id"]
    made.pause()
    refused = images.run("disks", "convert", disk)
    assert refused.returncode == 1
    assert not folder_of(made, disk).exists()
    made.start()
    assert (made.shell("cat ~/kept"), disk_of(made)["has_limit"]) == ((0, "mine\n"), False)
