"""What there is to attack: ana's belongings, and what an attacker holds himself."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from deployment import API, Deployment, Person, Workspace, unique
from tests.attack.routes import NOTEBOOK, Request
from tests.web.sites import PREFIX

SECRET = "what-ben-must-not-read"
"""Stands in ana's notebook."""


MEASURED = ("used", "measured_at", "folders", "warning")
"""What is said of a disk after each look at it, every ten minutes: nobody's deed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """ana's workspace `alpha` runs and has a notebook; of `spare` a disk is left, in the trash; ben's `beta` runs."""

    deployment: Deployment
    ana: Person
    ben: Person
    operator: Person
    alpha: Workspace
    spare: Workspace
    beta: Workspace
    facts: Mapping[str, str]
    values: Mapping[str, str]
    """Words of addresses and bodies -> ana's. A new parameter in a route's address wants its line in `laid_out`."""

    first: dict[str, str] = field(default_factory=dict)
    """What `belongings` were at first."""

    def belongings(self) -> str:
        """All of ana's that an attack may not change, as text to compare."""
        here = self.alpha.environment()
        here["disk"] = {name: value for name, value in here["disk"].items() if name not in MEASURED}
        seen: list[Any] = [{name: here[name] for name in ("id", "state", "since", "reason", "disk")}]
        disks = self.ana.api.get("/disks").json()["items"]
        seen.append([item["id"] for item in disks if item["state"] != "deleting"])
        seen.append(self.ana.api.get("/trash").json())
        seen += [self._notebooks(at) for at in (self.alpha, self.spare)]
        seen.append(self.ana.api.get("/workspaces").json())
        seen.append(self.ana.api.get("/libraries").json())
        seen.append([self.ana.api.get("/account").json(), self.ana.hub.get("/user").status_code])
        return json.dumps(seen, indent=1)

    def _notebooks(self, at: Workspace) -> Any:
        """As they are listed; what is kept for a tab of hers she asked for herself, and it passes."""
        listed = self.ana.api.get(f"{at.path}/notebooks").json()
        for item in listed["items"]:
            if item["lease"] and item["lease"]["reserved_for"] == "ana":
                item["lease"] = None
        return listed

    def assert_untouched(self) -> None:
        """Nothing of ana's has changed since the scene was laid out."""
        now, first = self.belongings(), self.first["belongings"]
        assert now == first, "\n".join(difflib.unified_diff(first.splitlines(), now.splitlines(), "before", "now"))

    def variables(self, at: Workspace) -> dict[str, str]:
        """What the first process of an environment was told, read as its user can."""
        said = at.execute("sh", "-c", "tr '\\0' '\\n' < /proc/1/environ")[1]
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


@contextmanager
def laid_out(deployment: Deployment, ana: Person, ben: Person, operator: Person) -> Iterator[Scene]:
    alpha, spare, beta = (
        person.workspace(unique(f"attack-{word}")) for person, word in ((ana, "a"), (ana, "s"), (ben, "b"))
    )
    for owner, at, text in ((ana, alpha, SECRET), (ben, beta, "nothing")):
        made = at.create_notebook("secret")
        document = owner.api.get(f"{at.path}/notebooks/secret.ipynb").json()
        document["cells"][0]["source"] = text
        saved = owner.api.put(
            f"{at.path}/notebooks/secret.ipynb", json=document, headers={"If-Match": f'"{made["version"]}"'}
        )
        assert saved.status_code == 200, saved.text
    with ThreadPoolExecutor() as pool:
        assert [seen["state"] for seen in pool.map(Workspace.start, (spare, alpha, beta))] == ["running"] * 3
    disk = spare.environment()["disk"]["id"]
    account = unique("attacked")
    assert operator.api.post("/accounts", json={"name": account}).status_code == 201
    spare.delete()
    trash_id = ana.api.delete(f"/disks/{disk}").json()["id"]
    here = alpha.environment()
    version = alpha.notebook("secret.ipynb")[1].strip('"')
    proposed = ana.api.post(f"{alpha.path}/notebooks/secret.ipynb/proposals", json=NOTEBOOK)
    library = ana.api.post("/libraries", json={"name": unique("attacked library")})
    assert library.status_code == 201, library.text
    announced = {"Tus-Resumable": "1.0.0", "Upload-Length": "6", "Upload-Metadata": "filename c2VjcmV0LmNzdg=="}
    upload = ana.api.post(f"{alpha.path}/uploads", headers=announced)
    assert upload.status_code == 201, upload.text
    scene = Scene(
        deployment=deployment,
        ana=ana,
        ben=ben,
        operator=operator,
        alpha=alpha,
        spare=spare,
        beta=beta,
        # none of these is in a request of ben's, so none may be in an answer
        facts={"slug": alpha.slug, "environment": here["id"], "its disk": here["disk"]["id"], "notebook": SECRET},
        values={
            "namespace": "ana",
            "name": alpha.name,
            "path": "secret.ipynb",
            "version": version,
            "proposal_id": proposed.json()["id"],
            "disk_id": disk,
            "form": "rename",
            "library_id": library.json()["id"],
            "trash_id": trash_id,
            "upload_id": upload.headers["location"].rpartition("/")[2],
            "environment_id": here["id"],
            "member": "ana",
            "group": "no-such-group",
            "account": account,  # of nobody who is needed: operators may do all of that
        },
    )
    scene.first["belongings"] = scene.belongings()
    yield scene
    for at in (alpha, beta):
        at.owner.api.delete(f"{at.path}/environment", params={"disk": "delete", "force": "true"})
    ana.api.delete(f"/trash/{trash_id}")
    ana.api.delete(f"/libraries/{scene.values['library_id']}")


def ask(client: httpx.Client, request: Request, **headers: str) -> httpx.Response:
    """Send it and read the answer; of a stream that goes on only its head."""
    options = request.options
    options["headers"] |= headers
    with client.stream(request.method, request.address, **options) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
    return answer


def text_of(answer: httpx.Response) -> str:
    return answer.text if answer.is_stream_consumed else ""


def browser(deployment: Deployment, person: Person) -> httpx.Client:
    """A browser in which this person is signed in at our service; it follows no redirect by itself."""
    client = httpx.Client(base_url=deployment.url, timeout=60, cookies=person.browser_session.cookies)
    arrived = client.get(f"{PREFIX}/", follow_redirects=True)
    assert arrived.status_code == 200, arrived.text
    return client


def xsrf_of(client: httpx.Client) -> str:
    """The token that a page of this browser's session sends along."""
    found = re.search(r'name="_xsrf" value="([0-9a-f]+)"', client.get(f"{PREFIX}/").text)
    assert found, "the first page has a form"
    return found.group(1)


def as_program(deployment: Deployment, authorization: str = "") -> httpx.Client:
    headers = {"Authorization": authorization} if authorization else {}
    return httpx.Client(base_url=deployment.url, headers=headers, timeout=60)


def document_of(deployment: Deployment) -> dict[str, Any]:
    """The OpenAPI document as it is served."""
    return deployment.get(f"{API}/openapi.json").json()  # type: ignore[no-any-return]
