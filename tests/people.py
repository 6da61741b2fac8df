"""Who uses a deployment: the Hub's own form, then REST with a token, as a program would."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx

from waiting import until

if TYPE_CHECKING:
    from deployment import Deployment

API = "/services/workspaces/api/v1"


def xsrf_of(session: httpx.Client) -> str:
    """The token that the Hub wants with a form of this session."""
    return session.cookies.get("_xsrf", path="/hub/") or ""


@dataclass(kw_only=True)
class Person:
    """A signed-in user with a Hub token. `api` speaks to our REST API, `hub` to the Hub's."""

    name: str
    deployment: Deployment
    token: str
    api: httpx.Client
    hub: httpx.Client
    browser_session: httpx.Client

    @classmethod
    def signed_in(cls, deployment: Deployment, name: str, password: str) -> Person:
        session = deployment.client(base_url=deployment.url, follow_redirects=True)
        form = session.get("/hub/login")
        xsrf = xsrf_of(session)
        answer = session.post(
            "/hub/login?next=/hub/token", data={"username": name, "password": password, "_xsrf": xsrf}
        )
        assert answer.status_code == 200, f"sign-in of {name}: {answer.status_code} after {form.status_code}"
        return cls.of_session(deployment, name, session)

    @classmethod
    def of_session(cls, deployment: Deployment, name: str, session: httpx.Client) -> Person:
        """Whoever is signed in with `session`, however that was done; with a token of the Hub's."""
        made = session.post(
            f"/hub/api/users/{name}/tokens",
            headers={"X-XSRFToken": xsrf_of(session)},
            json={"note": "tests", "expires_in": 7200},
        )
        assert made.status_code == 201, made.text
        token = made.json()["token"]
        headers = {"Authorization": f"token {token}"}
        return cls(
            name=name,
            deployment=deployment,
            token=token,
            api=deployment.client(base_url=deployment.url + API, headers=headers, timeout=120),
            hub=deployment.client(base_url=deployment.url + "/hub/api", headers=headers, timeout=120),
            browser_session=session,
        )

    def close(self) -> None:
        for client in (self.api, self.hub, self.browser_session):
            client.close()

    def workspace(self, name: str, storage: str = "bucket") -> Workspace:
        """Make a workspace in the personal project."""
        made = self.api.post("/workspaces", json={"namespace": self.name, "name": name, "storage": storage})
        assert made.status_code == 201, made.text
        return Workspace(owner=self, name=name, slug=made.json()["slug"])


@dataclass(kw_only=True)
class Workspace:
    """A workspace and one person's environment in it, by REST: its owner's, or of somebody it is `shared` with."""

    owner: Person
    name: str
    slug: str
    namespace: str = ""
    """Of the project, where that is not the person's own."""

    def shared(self, person: Person, role: str, *, compute: bool | None = None) -> Workspace:
        """The same workspace as `person` has it, who gets this role."""
        given = self.owner.api.put(f"{self.path}/members/{person.name}", json={"role": role, "compute": compute})
        assert given.status_code == 200, given.text
        return replace(self, owner=person, namespace=self.namespace or self.owner.name)

    @property
    def path(self) -> str:
        return f"/workspaces/{self.namespace or self.owner.name}/{self.name}"

    @property
    def server_url(self) -> str:
        return f"/user/{self.owner.name}/{self.slug}/"

    def environment(self) -> dict[str, Any]:
        answer = self.owner.api.get(f"{self.path}/environment")
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def wait_for(self, state: str, within: float = 90) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            seen = self.environment()
            return seen if seen["state"] == state else None

        def is_reached() -> bool:
            return self.owner.deployment.get(f"{self.server_url}api", of=self.owner.name).status_code == 200

        try:
            seen = until(reached, f"{self.name} is {state}", within)
            if state == "running":  # the Hub tells its proxy some milliseconds later
                until(is_reached, f"{self.name} is reached through the proxy", within)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {json.dumps(self.environment(), indent=1)}") from None
        return seen

    def start(self) -> dict[str, Any]:
        answer = self.owner.api.post(f"{self.path}/environment/start", json={})
        assert answer.status_code in (200, 202), answer.text
        return self.wait_for("running")

    def pause(self) -> dict[str, Any]:
        answer = self.owner.api.post(f"{self.path}/environment/pause", json={})
        assert answer.status_code in (200, 202), answer.text
        return self.wait_for("paused")

    def freeze(self) -> dict[str, Any]:
        answer = self.owner.api.post(f"{self.path}/environment/pause", json={"freeze": True})
        assert answer.status_code in (200, 202), answer.text
        return self.wait_for("frozen")

    def server_token(self) -> str:
        """The token that its server has for the Hub."""
        script = "tr '\\0' '\\n' < /proc/1/environ | grep ^JUPYTERHUB_API_TOKEN= | cut -d= -f2"
        return self.execute("sh", "-c", script)[1].strip()

    def delete(self, disk: str = "keep") -> None:
        answer = self.owner.api.delete(f"{self.path}/environment", params={"disk": disk})
        assert answer.status_code in (202, 204), answer.text
        self.wait_for("none")

    def clear(self) -> None:
        """Ask for the end of environment and disk, with what was not saved, whatever runs there now."""
        self.owner.api.delete(f"{self.path}/environment", params={"disk": "delete", "force": "true"})

    def container(self) -> Any:
        (found,) = self.owner.deployment.containers(environment=self.environment()["id"])
        return found

    def execute(self, *command: str, user: str = "1000") -> tuple[int, str]:
        """Run a command in the container as the user of the notebooks, with the environment of a terminal."""
        done = self.container().exec_run(list(command), user=user, workdir="/home/jupyter")
        return done.exit_code, done.output.decode(errors="replace")

    def shell(self, script: str) -> tuple[int, str]:
        """As typed into a terminal of JupyterLab."""
        return self.execute("bash", "-lc", script)

    def create_notebook(self, name: str, kernel: str = "python3") -> dict[str, Any]:
        answer = self.owner.api.post(f"{self.path}/notebooks", json={"name": name, "kernel": kernel})
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def notebook(self, path: str) -> tuple[dict[str, Any], str]:
        """Content and version as they are in the bucket."""
        answer = self.owner.api.get(f"{self.path}/notebooks/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json(), answer.headers["ETag"]
