"""What lies inside a container against every route of ours: its environment key, its server's token, its page's token.

API.md: a key reaches ``self`` and the notebooks of its own workspace, and nothing else; a token of a server is for the
Hub; the token of its page is good for the environment's state and start alone. Anything else is refused, wherever the
secret is put, and never with a 5xx.
"""

from __future__ import annotations

import json
import re

import httpx
import pytest

from tests.attack.routes import ALL, ANYBODY, KEYS, PERSON_OR_PAGE, Request, request_of
from tests.attack.scene import Scene, as_program, ask, text_of
from tests.web.sites import API

pytestmark = pytest.mark.docker

GUARDED = [route for route in ALL if ALL[route].who != ANYBODY]


@pytest.fixture(scope="module")
def held(scene: Scene) -> dict[str, str]:
    """The secrets of ana's environment, by their names."""
    variables = scene.variables(scene.alpha)
    return {name: variables[name] for name in ("TERRA_ENVIRONMENT_KEY", "JUPYTERHUB_API_TOKEN")}


@pytest.fixture(scope="module")
def page_token(scene: Scene) -> str:
    """The token that any script in ana's Lab can read."""
    page = scene.ana.browser_session.get(f"{scene.alpha.server_url}lab").text
    found = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found, page
    return str(json.loads(found[1])["token"])


GUARDED_OR_FULL = [
    pytest.param(route, marks=[] if place % 6 == 0 or ALL[route].who in KEYS else pytest.mark.full)
    for place, route in enumerate(GUARDED)
]
"""Each sixth route at each `make test`, and those that take keys; the others by `make test-full`."""


def refusals(request: Request) -> set[int]:
    return {401, 403, 404} if request.is_rest else {303, 401, 403}


def sent(scene: Scene, authorization: str, request: Request) -> httpx.Response:
    with as_program(scene.deployment, authorization) as client:
        return ask(client, request)


@pytest.mark.parametrize("route", GUARDED)
def test_a_key_opens_its_own_part_alone(scene: Scene, held: dict[str, str], route: str) -> None:
    key = f"environment {held['TERRA_ENVIRONMENT_KEY']}"
    others = [scene.values | {"name": scene.spare.name}, scene.values | {"namespace": "ben", "name": scene.beta.name}]
    for values in others if ALL[route].who in KEYS and "{namespace}" in route else ():
        answer = sent(scene, key, request_of(route, values))
        assert answer.status_code == 403, text_of(answer)
    if ALL[route].who not in KEYS:
        answer = sent(scene, key, request_of(route, scene.values))
        assert answer.status_code in refusals(request_of(route, scene.values)), text_of(answer)
    scene.assert_untouched()


@pytest.mark.parametrize("route", GUARDED_OR_FULL)
def test_a_secret_in_the_wrong_place_opens_nothing(scene: Scene, held: dict[str, str], route: str) -> None:
    request = request_of(route, scene.values)
    key, token = held["TERRA_ENVIRONMENT_KEY"], held["JUPYTERHUB_API_TOKEN"]
    cookie = f"{scene.deployment.name}-workspaces"
    attempts: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "the token of the server": ({"Authorization": f"token {token}"}, {}),
        "the token as a bearer": ({"Authorization": f"Bearer {token}"}, {}),
        "the token as a key": ({"Authorization": f"environment {token}"}, {}),
        "the key as a token": ({"Authorization": f"token {key}"}, {}),
        "the key twice": ({"Authorization": f"environment {key}, environment {key}"}, {}),
        "the key in the address": ({}, {"token": key, "key": key}),
        "the token in the address": ({}, {"token": token}),
        "the token as a cookie": ({"Cookie": f"{cookie}={token}"}, {}),
        "ana's name in headers": (
            {"X-Forwarded-User": "ana", "Remote-User": "ana", "X-Forwarded-For": "127.0.0.1"},
            {},
        ),
    }
    answers = {}
    with as_program(scene.deployment) as client:
        for what, (headers, query) in attempts.items():
            answer = ask(client, Request(**{**fields(request), "query": {**request.query, **query}}), **headers)
            answers[what] = answer.status_code
            assert not [name for name, secret in held.items() if secret in text_of(answer)], f"{what}: it is told back"
    assert {what: code for what, code in answers.items() if code not in refusals(request)} == {}
    scene.assert_untouched()


@pytest.mark.parametrize("route", GUARDED_OR_FULL)
def test_the_page_of_a_server_looks_at_its_environment_and_starts_it(scene: Scene, page_token: str, route: str) -> None:
    request = request_of(route, scene.values)
    spare = request_of(route, scene.values | {"name": scene.spare.name})
    with as_program(scene.deployment, f"token {page_token}") as client:
        if ALL[route].who == PERSON_OR_PAGE:
            assert ask(client, request).status_code in (200, 202)
            assert ask(client, spare).status_code == 403, "another environment of ana's"
            for origin in ("http://evil.test", "null", f"{scene.deployment.url}.evil.test"):
                assert ask(client, request, Origin=origin).status_code == 403, origin
        else:
            answer = ask(client, request)
            assert answer.status_code in refusals(request), text_of(answer)
    scene.assert_untouched()


def fields(request: Request) -> dict[str, object]:
    return {name: getattr(request, name) for name in ("method", "address", "query", "headers", "content")}


def test_a_key_reads_and_saves_in_its_own_workspace(scene: Scene, held: dict[str, str]) -> None:
    """So the refusals above are not those of a key that opens nothing."""
    key = f"environment {held['TERRA_ENVIRONMENT_KEY']}"
    assert sent(scene, key, request_of(f"GET {API}/environments/self", scene.values)).json()["user"] == "ana"
    there = request_of(f"GET {API}/workspaces/{{namespace}}/{{name}}/notebooks/{{path}}", scene.values)
    assert sent(scene, key, there).status_code == 200
