"""Nobody opens another's environment (A4, B6): everybody who could think of it, by every road that leads there.

ben is each of those in turn, so that one deployment serves them all; the environment in `alpha`, ana's, is the aim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from deployment import Deployment, Person, xsrf_of
from tests.attack.scene import SECRET, Scene, as_program

pytestmark = pytest.mark.docker


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who tries: `program` has a token of the person's, `browser` a session, `server` the token of an own server."""

    scene: Scene
    person: Person
    program: httpx.Client
    browser: httpx.Client
    server: httpx.Client

    @property
    def there(self) -> str:
        """ana's server."""
        return self.scene.alpha.server_url

    @property
    def of_hub(self) -> str:
        return f"/hub/api/users/ana/servers/{self.scene.alpha.slug}"

    def by_form(self, path: str) -> httpx.Response:
        xsrf = xsrf_of(self.person.browser_session)
        return self.person.browser_session.post(path, data={"_xsrf": xsrf}, headers={"X-XSRFToken": xsrf})


Road = Callable[[Visitor], httpx.Response]


def _options(visitor: Visitor) -> httpx.Response:
    wishes = {"language": "r", "user": "ana", "image": "x", "volumes": {"x": "/home"}, "mounts": []}
    return visitor.program.post(visitor.of_hub, json=wishes)


def _share(visitor: Visitor) -> httpx.Response:
    return visitor.program.post(f"/hub/api/shares/ana/{visitor.scene.alpha.slug}", json={"user": visitor.person.name})


def _share_code(visitor: Visitor) -> httpx.Response:
    return visitor.program.post(f"/hub/api/share-codes/ana/{visitor.scene.alpha.slug}", json={})


def _token(visitor: Visitor) -> httpx.Response:
    return visitor.program.post("/hub/api/users/ana/tokens", json={"note": "x"})


def _own_token_with_more(visitor: Visitor) -> httpx.Response:
    """A token of one's own for the other one's server."""
    wanted = f"access:servers!server=ana/{visitor.scene.alpha.slug}"
    return visitor.program.post(f"/hub/api/users/{visitor.person.name}/tokens", json={"scopes": [wanted]})


ROADS: Mapping[str, Road] = {
    "the address, in a browser": lambda by: by.browser.get(f"{by.there}lab", follow_redirects=True),
    "a file's address": lambda by: by.browser.get(
        f"{by.there}files/{by.scene.alpha.name}/edit/secret.ipynb", follow_redirects=True
    ),
    "the address in capitals": lambda by: by.browser.get(f"/user/ANA/{by.scene.alpha.slug}/lab", follow_redirects=True),
    "the address from below one's own": lambda by: by.browser.get(
        f"/user/{by.person.name}/{by.scene.beta.slug}/..%2F..%2F..%2Fuser/ana/{by.scene.alpha.slug}/lab",
        follow_redirects=True,
    ),
    "a token": lambda by: by.program.get(f"{by.there}api/contents"),
    "a token in the address": lambda by: by.browser.get(f"{by.there}api/contents?token={by.person.token}"),
    "the token of an own server": lambda by: by.server.get(f"{by.there}api/contents"),
    "a new kernel": lambda by: by.program.post(f"{by.there}api/kernels", json={}),
    "the Hub's start": lambda by: by.program.post(by.of_hub),
    "the Hub's start, with options": _options,
    "the Hub's start page": lambda by: by.by_form(f"/hub/spawn/ana/{by.scene.alpha.slug}"),
    "another name": lambda by: by.program.patch(by.of_hub, json={"name": "x"}),
    "a share": _share,
    "a share link": _share_code,
    "a share link that was guessed": lambda by: by.browser.get("/hub/accept-share?code=x", follow_redirects=True),
    "what was shared": lambda by: by.program.get(f"/hub/api/shares/ana/{by.scene.alpha.slug}"),
    "a token in ana's name": _token,
    "an own token for ana's server": _own_token_with_more,
}
REFUSED = {400, 403, 404, 424}
"""400: an own token with scopes that one does not have, and a code that is none; 424: an own server that there is
none."""


def _nothing(_scene: Scene) -> None:
    return


def _in_project(scene: Scene) -> None:
    given = scene.ana.api.put("/projects/ana/members/ben", json={"role": "owner"})
    assert given.status_code == 200, given.text


def _member(role: str) -> Callable[[Scene], None]:
    def become(scene: Scene) -> None:
        scene.alpha.shared(scene.ben, role, compute=True)

    return become


def _revoked(scene: Scene) -> None:
    _in_project(scene)
    scene.alpha.shared(scene.ben, "owner", compute=True)
    leave(scene)


def leave(scene: Scene) -> None:
    for where in ("/projects/ana", scene.alpha.path):
        assert scene.ana.api.delete(f"{where}/members/ben").status_code in (204, 404)


WHO: Mapping[str, Callable[[Scene], None]] = {
    "an owner of the billing project": _in_project,
    "another owner of the workspace": _member("owner"),
    "another writer": _member("writer"),
    "a reader": _member("reader"),
    "who was a member": _revoked,
    "a stranger": _nothing,
}


@pytest.fixture
def bens_roles(scene: Scene) -> Iterator[None]:
    yield
    leave(scene)


def refused_everywhere(deployment: Deployment, scene: Scene, person: Person, browser: httpx.Client) -> dict[str, Any]:
    """Roads that were open, or that told something; with what came back."""
    with (
        as_program(deployment, f"token {person.token}") as program,
        as_program(deployment, f"token {scene.beta.server_token()}") as server,
    ):
        visitor = Visitor(scene=scene, person=person, program=program, browser=browser, server=server)
        answers = {name: road(visitor) for name, road in ROADS.items()}
    return {
        name: (answer.status_code, str(answer.url), answer.text[:300])
        for name, answer in answers.items()
        if answer.status_code not in REFUSED or SECRET in answer.text
    }


@pytest.mark.feature("A4", "B6")
@pytest.mark.parametrize("who", [pytest.param(each, marks=pytest.mark.full) for each in list(WHO)[1:]] + list(WHO)[:1])
def test_no_road_leads_into_anothers_environment(
    deployment: Deployment, scene: Scene, browsers: dict[str, httpx.Client], bens_roles: None, who: str
) -> None:
    WHO[who](scene)
    assert refused_everywhere(deployment, scene, scene.ben, browsers["ben"]) == {}
    scene.assert_untouched()


@pytest.mark.feature("A4", "B6")
def test_no_road_leads_an_operator_into_an_environment(
    deployment: Deployment, scene: Scene, browsers: dict[str, httpx.Client]
) -> None:
    assert refused_everywhere(deployment, scene, scene.operator, browsers["operator"]) == {}
    scene.assert_untouched()


@pytest.mark.feature("A4", "B6")
def test_nobody_lets_others_into_the_own_environment_either(scene: Scene) -> None:
    """The Hub can share a server with others; here not even its person can."""
    for what in ("shares", "share-codes"):
        at = f"/{what}/ana/{scene.alpha.slug}"
        assert scene.ana.hub.post(at, json={"user": "ben"} if what == "shares" else {}).status_code in (403, 404)
    wanted = {"scopes": [f"shares!server=ana/{scene.alpha.slug}"]}
    assert scene.ana.hub.post("/users/ana/tokens", json=wanted).status_code in (400, 403)
