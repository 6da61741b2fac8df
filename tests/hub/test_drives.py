"""Drives in real environments: libraries appear and go while they run, each with its right and with no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deployment import Person, Workspace, unique, until

pytestmark = pytest.mark.docker

FOLDERS = ["My Libraries", "Shared with all", "Shared with groups", "Shared with me"]


@dataclass(kw_only=True)
class Library:
    owner: Person
    id: str
    name: str

    def share(self, access: str, who: str = "ben") -> None:
        answer = self.owner.api.put(f"/libraries/{self.id}/shares/{who}", json={"access": access})
        assert answer.status_code == 200, answer.text

    def unshare(self, who: str = "ben") -> None:
        assert self.owner.api.delete(f"/libraries/{self.id}/shares/{who}").status_code == 204

    @property
    def at_bens(self) -> str:
        """Where ben finds what is shared with him."""
        return f"/home/jupyter/drive/Shared with me/{self.name} (ana)"


@pytest.fixture
def library(ana: Person) -> Iterator[Library]:
    name = unique("Survey")
    made = ana.api.post("/libraries", json={"name": name})
    assert made.status_code == 201, made.text
    yield Library(owner=ana, id=made.json()["id"], name=name)
    ana.api.delete(f"/libraries/{made.json()['id']}")


@pytest.fixture
def desk(ben: Person) -> Iterator[Workspace]:
    """A drive workspace of ben's."""
    made = ben.workspace(unique("desk"), storage="drive")
    yield made
    made.clear()


def is_there(desk: Workspace, path: str) -> bool:
    return desk.execute("test", "-d", path)[0] == 0


def mounts_of(desk: Workspace) -> list[str]:
    code, said = desk.execute("cat", "/proc/self/mountinfo")
    assert code == 0
    return [line for line in said.splitlines() if "/home/jupyter/drive" in line]


@pytest.mark.feature("B4", "H3", "H4")
def test_a_share_appears_in_a_running_environment_with_its_right_and_goes_again(
    desk: Workspace, library: Library, ben: Person
) -> None:
    desk.start()
    assert desk.shell("ls ~/drive")[1].splitlines() == FOLDERS
    told = desk.shell("tr '\\0' '\\n' < /proc/1/environ | grep -E '^WORKSPACE_(DRIVE|BUCKET|NOTEBOOKS)='")[1]
    assert told == "WORKSPACE_DRIVE=/home/jupyter/drive\n"
    started = desk.container().attrs["State"]["StartedAt"]
    here = library.at_bens
    library.share("read")
    until(lambda: is_there(desk, here), "the library is there")
    assert "Read-only file system" in desk.execute("touch", f"{here}/new")[1]
    library.share("write")
    until(lambda: desk.execute("touch", f"{here}/new")[0] == 0, "ben may write")
    library.share("read")
    until(lambda: desk.execute("test", "-w", here)[0] == 1, "ben may not write any more")
    until(lambda: desk.execute("ls", here)[1].split() == ["new"], "it is there with its file")
    assert "Read-only file system" in desk.execute("touch", f"{here}/newer")[1]
    library.unshare()
    until(lambda: not is_there(desk, here), "the library is gone")
    assert desk.shell("ls ~/drive")[1].splitlines() == FOLDERS
    assert desk.execute("touch", "/home/jupyter/drive/x", user="0")[0] == 1
    desk.container().reload()
    assert (desk.environment()["state"], desk.container().attrs["State"]["StartedAt"]) == ("running", started)
    assert desk.environment()["next_stop"] is None or desk.environment()["next_stop"]["name"] == "idle"


@pytest.mark.feature("H3")
def test_what_one_writes_the_other_reads_and_own_libraries_are_where_they_belong(
    desk: Workspace, library: Library, ben: Person
) -> None:
    own = ben.api.post("/libraries", json={"name": unique("mine")}).json()
    library.share("write")
    desk.start()
    assert desk.execute("touch", f"{library.at_bens}/from ben")[0] == 0
    assert desk.execute("touch", f"/home/jupyter/drive/My Libraries/{own['name']}/a")[0] == 0
    table = library.owner.workspace(unique("table"), storage="drive")
    try:
        table.start()
        assert table.execute("ls", f"/home/jupyter/drive/My Libraries/{library.name}")[1].strip() == "from ben"
        assert table.execute("ls", "/home/jupyter/drive/Shared with me")[1].strip() == ""
        assert desk.pause()["state"] == "paused"
        desk.start()
        assert desk.execute("touch", f"{library.at_bens}/again")[0] == 0
    finally:
        table.clear()
        ben.api.delete(f"/libraries/{own['id']}")


@pytest.mark.feature("H4")
def test_a_share_that_is_withdrawn_in_the_middle_of_a_write_pauses_the_environment_and_says_why(
    desk: Workspace, library: Library
) -> None:
    library.share("write")
    desk.start()
    writer = f"exec 3>>'{library.at_bens}/log'; echo first >&3; touch /tmp/ready; while sleep 0.1; do echo on >&3; done"
    desk.container().exec_run(["bash", "-c", writer], user="1000", detach=True)
    until(lambda: desk.execute("test", "-e", "/tmp/ready")[0] == 0, "it writes")
    library.share("read")
    told = desk.wait_for("paused")
    assert "open in the environment is not shared with you any more, or for reading only" in told["reason"]
    desk.start()
    assert desk.execute("head", "-1", f"{library.at_bens}/log")[1].strip() == "first"
    assert "Read-only file system" in desk.execute("touch", f"{library.at_bens}/new")[1]


@pytest.mark.full
@pytest.mark.feature("H4")
def test_two_hundred_libraries_come_and_go(desk: Workspace, library: Library, ana: Person) -> None:
    desk.start()
    before = len(mounts_of(desk))
    made = [ana.api.post("/libraries", json={"name": f"{library.name} {number}"}).json()["id"] for number in range(200)]
    for each in made:
        assert ana.api.put(f"/libraries/{each}/shares/ben", json={"access": "read"}).status_code == 200
    until(lambda: len(mounts_of(desk)) == before + 200, "all are there")
    desk.pause()
    desk.start()
    assert len(mounts_of(desk)) == before + 200
    for each in made:
        assert ana.api.delete(f"/libraries/{each}").status_code == 200
    until(lambda: len(mounts_of(desk)) == before, "all are gone")
    assert desk.environment()["state"] == "running"


@pytest.mark.feature("H4")
def test_a_mounter_that_was_killed_goes_on_and_nothing_starts_without_it(desk: Workspace, library: Library) -> None:
    library.share("write")
    desk.start()
    mounter = desk.owner.deployment.service("mounter")
    mounter.kill()
    try:
        assert desk.execute("touch", f"{library.at_bens}/while it is away")[0] == 0
        library.unshare()
        health = desk.owner.deployment.get("/services/workspaces/api/v1/health").json()
        assert (health["parts"]["mounter"]["ok"], health["ready"]) == (False, True)
        desk.pause()
        desk.owner.api.post(f"{desk.path}/environment/start", json={})
        until(lambda: "The mounter is not answering" in desk.environment()["reason"], "the start is refused")
    finally:
        mounter.start()
    until(lambda: started_again(desk), "it starts again")
    assert not is_there(desk, library.at_bens)
    mounter.kill()
    mounter.start()
    library.share("read")
    until(lambda: is_there(desk, library.at_bens), "the library is there again")


def started_again(desk: Workspace) -> bool:
    if desk.environment()["state"] == "paused":
        desk.owner.api.post(f"{desk.path}/environment/start", json={})
    return bool(desk.environment()["state"] == "running")


# --- attacks from inside ---


@pytest.mark.feature("H3")
def test_from_inside_nobody_gets_past_a_library_or_a_right(desk: Workspace, library: Library, ana: Person) -> None:
    library.share("read")
    desk.start()
    table = ana.workspace(unique("table"), storage="drive")
    mine = f"/home/jupyter/drive/My Libraries/{library.name}"
    try:
        table.start()
        hostile = {"new\nline", "-rf", "n" * 255, "a b"}
        for name in sorted(hostile):
            assert table.execute("mkdir", "--", f"{mine}/{name}")[0] == 0
        not_text = "import os; os.mkdir(os.fsencode(os.environ['P']) + b'/' + bytes([255, 254]))"
        assert table.execute("env", f"P={mine}", "python3", "-c", not_text)[0] == 0
        for target in ("/etc", "/", "../..", "/home/jupyter/.terra"):
            assert table.execute("ln", "-s", target, f"{mine}/to{target.replace('/', '-')}")[0] == 0
        seen = "import json, os; print(json.dumps([repr(n) for n in sorted(os.listdir(os.fsencode(os.environ['P'])))]))"
        found = json.loads(desk.execute("env", f"P={library.at_bens}", "python3", "-c", seen)[1])
        assert len(found) == len(hostile) + 5
    finally:
        table.clear()
    for user in ("1000", "0"):
        for link in ("to-etc/passwd", "to-/etc/passwd", "to..-../lib", "to-home-jupyter-.terra/x"):
            said = desk.execute("cat", f"{library.at_bens}/{link}", user=user)
            assert said[0] == 1
            assert "Too many levels of symbolic links" in said[1] or "Permission denied" in said[1]
        for attempt in (
            ["touch", f"{library.at_bens}/new"],
            ["mount", "-o", "remount,rw,bind", library.at_bens],
            ["umount", library.at_bens],
            ["mknod", f"{library.at_bens}/disk", "b", "254", "0"],
            ["mkdir", "/home/jupyter/drive/Shared with me/other"],
            ["rmdir", "/home/jupyter/drive/Shared with me"],
            ["mv", "/home/jupyter/drive/Shared with me", "/home/jupyter/drive/x"],
            ["ln", f"{library.at_bens}/a b", "/home/jupyter/hard"],
            ["test", "-e", f"{library.at_bens}/../../../../../srv/terra"],
            ["test", "-e", f"/home/jupyter/drive/{library.id}"],
        ):
            assert desk.execute(*attempt, user=user)[0] != 0, (user, attempt)
    library.unshare()
    until(lambda: not is_there(desk, library.at_bens), "it goes whatever lies in it")
    assert desk.environment()["state"] == "running"
