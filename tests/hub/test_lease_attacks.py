"""F3 from inside a real environment: without the lease nothing in it changes the notebook in the bucket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from deployment import API, Deployment, Person, Workspace, until
from terraspawner.domain import notebook

pytestmark = pytest.mark.docker
MOUNTED = "/mnt/workspace/notebooks/a.ipynb"
BENS = {"session": "tab-bens"}
SECRET_OF = "tr '\\0' '\\n' < /proc/1/environ | sed -n 's/^{}=//p'"


def text(word: str) -> bytes:
    document = json.loads(notebook.empty("python3"))
    document["cells"][0]["source"] = [word]
    return json.dumps(document).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """ana's environment runs; a.ipynb in its workspace is held by ben, whose text it has."""

    deployment: Deployment
    at: Workspace
    ben: Person
    fence: int
    key: str

    @property
    def lease(self) -> str:
        return f"{self.at.path}/notebooks/a.ipynb/lease"

    @property
    def address(self) -> str:
        return f"{self.at.path}/notebooks/a.ipynb"

    def present(self) -> tuple[bytes, str]:
        answer = self.ben.api.get(self.address)
        return answer.content, answer.headers["etag"]

    def inside(self) -> httpx.Client:
        """With the environment's key, as any program in it can."""
        headers = {"Authorization": f"environment {self.key}"}
        return httpx.Client(base_url=f"{self.deployment.url}{API}", headers=headers, timeout=60)

    def contents(self, method: str, path: str, **options: Any) -> httpx.Response:
        """With the token of the server, at its own REST interface."""
        owner = self.at.owner
        headers = {"Authorization": f"token {owner.token}"}
        return owner.browser_session.request(
            method, f"{self.at.server_url}api/contents/{path}", headers=headers, **options
        )

    def stays_bens(self, attack: Callable[[], object]) -> None:
        """ben goes on holding it, and nothing of the attack is in the bucket's notebook afterwards."""
        renewed = self.ben.api.patch(self.lease, json={**BENS, "fence": self.fence})
        assert renewed.status_code == 200, renewed.text
        before = self.present()
        attack()
        until(self.outbox_is_empty, "what was saved is in the workspace, or beside it")
        assert self.present() == before
        assert self.ben.api.patch(self.lease, json={**BENS, "fence": self.fence}).status_code == 200

    def outbox_is_empty(self) -> bool:
        return self.at.shell("ls ~/.terra/outbox/*.json")[0] != 0


@pytest.fixture
def scene(deployment: Deployment, workspace: Workspace, ben: Person) -> Scene:
    workspace.create_notebook("a")
    assert workspace.owner.api.put(f"{workspace.path}/members/ben", json={"role": "writer"}).status_code == 200
    workspace.start()
    key = workspace.shell(SECRET_OF.format("TERRA_ENVIRONMENT_KEY"))[1].strip()
    made = Scene(deployment=deployment, at=workspace, ben=ben, fence=0, key=key)
    # ana has worked on it: it is on her disk, with a checkpoint of her own text
    assert made.contents("GET", edit(workspace)).status_code == 200
    assert made.contents("PUT", edit(workspace), json=model("ana's")).status_code == 200
    assert made.contents("POST", f"{edit(workspace)}/checkpoints").status_code == 201
    until(lambda: b"ana's" in made.present()[0], "ana's text is in the workspace")
    until(lambda: ben.api.post(made.lease, json=BENS).status_code == 200, "ana's server has let go")
    fence = ben.api.post(made.lease, json=BENS).json()["fence"]
    by = {"Lease-Session": BENS["session"], "Lease-Fence": str(fence), "If-Match": made.present()[1]}
    assert ben.api.put(made.address, content=text("ben's"), headers=by).status_code == 200
    return Scene(deployment=deployment, at=workspace, ben=ben, fence=fence, key=key)


@contextmanager
def service_away(deployment: Deployment, ben: Person) -> Iterator[None]:
    deployment.service("workspaces").kill()
    try:
        yield
    finally:
        deployment.service("workspaces").start()
        until(lambda: ben.api.get("/whoami").status_code == 200, "the service is back")


def edit(at: Workspace, name: str = "a.ipynb") -> str:
    return f"{at.name}/edit/{name}"


def model(word: str, **fields: Any) -> dict[str, Any]:
    return {"type": "notebook", "format": "json", "content": json.loads(text(word)), **fields}


@pytest.mark.feature("F3")
def test_no_program_inside_changes_a_notebook_that_another_person_holds(scene: Scene) -> None:
    at, there = scene.at, f"$HOME/{scene.at.name}/edit/a.ipynb"

    def by_contents(status: int, method: str, path: str, **options: Any) -> Callable[[], object]:
        def attack() -> None:
            answer = scene.contents(method, path, **options)
            assert answer.status_code == status, answer.text
            assert status != 423 or "ben" in answer.text, answer.text

        return attack

    def by_shell(script: str, *, works: bool) -> Callable[[], object]:
        def attack() -> None:
            code, said = at.shell(script)
            assert (code == 0) == works, said

        return attack

    write = 'python3 -c \'import sys; open(os.path.expandvars(sys.argv[1]), "w").write("")\''
    playground = f"{at.name}/playground/mine.ipynb"
    assert scene.contents("PUT", playground, json=model("mine")).status_code == 201
    checkpoints = scene.contents("GET", f"{edit(at)}/checkpoints").json()
    chunk = {"type": "file", "format": "text", "content": text("mine").decode(), "chunk": -1}
    attacks = {
        "open for writing in the bucket": by_shell(f"{write} {MOUNTED}", works=False),
        "remove from the bucket": by_shell(f"rm -f {MOUNTED}", works=False),
        "save": by_contents(423, "PUT", edit(at), json=model("mine")),
        "save as a tab": by_contents(423, "PUT", edit(at), json=model("mine", terra_session="tab-x")),
        "save as ben's tab": by_contents(423, "PUT", edit(at), json=model("mine", terra_session=BENS["session"])),
        "upload": by_contents(423, "PUT", edit(at), json={**chunk, "chunk": None}),
        "upload in pieces": by_contents(423, "PUT", edit(at), json=chunk),
        "restore a checkpoint": by_contents(423, "POST", f"{edit(at)}/checkpoints/{checkpoints[0]['id']}"),
        "rename": by_contents(423, "PATCH", edit(at), json={"path": edit(at, "b.ipynb")}),
        "rename over": by_contents(409, "PATCH", playground, json={"path": edit(at)}),
        "delete": by_contents(403, "DELETE", edit(at)),
        "another way to write the path": by_contents(400, "PUT", f"{at.name}/edit/x/..%2Fa.ipynb", json=model("mine")),
        "write on the disk": by_shell(f"echo '{text('mine').decode()}' > {there}", works=True),
        "a link in its place": by_shell(f"ln -sf {MOUNTED} {there}", works=True),
    }
    for what, attack in attacks.items():
        try:
            scene.stays_bens(attack)
        except AssertionError as error:
            raise AssertionError(what) from error
    # through the link the bucket is read, and nothing more
    assert scene.contents("GET", edit(at)).json()["content"]["cells"][0]["source"] == "ben's"


@pytest.mark.feature("F3")
@pytest.mark.full
def test_no_forged_claim_reaches_the_store(scene: Scene, ana: Person) -> None:
    other = ana.api.get("/workspaces").json()["items"]
    assert other
    based = {"If-Match": scene.present()[1]}
    bens = {"Lease-Session": BENS["session"], "Lease-Fence": str(scene.fence)}
    mine = {"Lease-Session": "tab-mine", "Lease-Fence": str(scene.fence)}
    old = {"Lease-Session": "tab-mine", "Lease-Fence": str(scene.fence - 1)}
    body = {"content": text("mine")}
    elsewhere = "/workspaces/ben/none-of-ana/notebooks/a.ipynb"
    with scene.inside() as key:
        attacks: dict[str, tuple[int, Callable[[], httpx.Response]]] = {
            "no lease": (423, lambda: key.put(scene.address, headers=based, **body)),
            "ben's session and fence": (409, lambda: key.put(scene.address, headers=based | bens, **body)),
            "ben's fence": (409, lambda: key.put(scene.address, headers=based | mine, **body)),
            "an old fence": (409, lambda: key.put(scene.address, headers=based | old, **body)),
            "acquire": (423, lambda: key.post(scene.lease, json={"session": "tab-mine"})),
            "renew ben's": (409, lambda: key.patch(scene.lease, json={**BENS, "fence": scene.fence})),
            "release ben's": (
                409, lambda: key.request("DELETE", scene.lease, json={**BENS, "fence": scene.fence}),
            ),
            "hand ben's over": (
                409, lambda: key.post(f"{scene.lease}/handover",
                                      json={**BENS, "fence": scene.fence, "to_session": "tab-mine"}),
            ),
            "take over": (403, lambda: key.post(f"{scene.lease}/takeover")),
            "delete": (403, lambda: key.delete(scene.address, headers=based)),
            "rename": (423, lambda: key.post(f"{scene.address}/rename", json={"to": "b"}, headers=based)),
            "another's workspace": (403, lambda: key.put(elsewhere, headers={"If-None-Match": "*"} | mine, **body)),
        }  # fmt: skip
        for what, (status, attack) in attacks.items():
            answers: list[httpx.Response] = []
            scene.stays_bens(lambda attack=attack, answers=answers: answers.append(attack()))  # type: ignore[misc]
            assert answers[0].status_code == status, f"{what}: {answers[0].text}"


@pytest.mark.feature("F3", "F7")
@pytest.mark.full
def test_an_environment_that_wakes_without_its_lease_overwrites_nothing_and_loses_nothing(
    deployment: Deployment, scene: Scene
) -> None:
    at, ben = scene.at, scene.ben
    assert ben.api.request("DELETE", scene.lease, json={**BENS, "fence": scene.fence}).status_code == 204
    assert scene.contents("GET", edit(at)).status_code == 200
    container = at.container()
    with service_away(deployment, ben):
        assert scene.contents("PUT", edit(at), json=model("written while nobody answered")).status_code == 200
        container.pause()  # before it can send what waits on its disk
    fence = ben.api.post(scene.lease, json=BENS).json()["fence"]
    by = {"Lease-Session": BENS["session"], "Lease-Fence": str(fence), "If-Match": scene.present()[1]}
    assert ben.api.put(scene.address, content=text("ben's later"), headers=by).status_code == 200
    container.unpause()

    def copies() -> list[str]:
        items = ben.api.get(f"{at.path}/notebooks").json()["items"]
        return [item["path"] for item in items if item["path"].startswith("a (conflict ana")]

    until(lambda: copies() != [], "ana's text is kept as a copy")
    (copy,) = copies()
    assert b"written while nobody answered" in ben.api.get(f"{at.path}/notebooks/{copy}").content
    assert scene.present()[0] == text("ben's later")
