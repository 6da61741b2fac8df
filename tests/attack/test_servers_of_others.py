"""ana's Jupyter server: every route of it, asked by everybody who is not ana; and the Hub's own API about her."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import aiohttp
import httpx
import pytest

from deployment import Deployment
from tests.attack import hub_routes
from tests.attack.scene import SECRET, Scene, as_program
from tests.attack.server_routes import ServerRoute, server_routes

pytestmark = pytest.mark.docker

PUBLIC = {"/api", "/favicon.ico", "/robots.txt", "/login", "/logout"}
"""Answered to everybody: a version number, pictures, the way to sign in."""
PUBLIC_FOLDERS = ("/static/", "/lab/extensions/", "/lab/api/licenses/")
"""Parts of the program, the same for everybody. Lab's licences: its refusal fails and the request is left hanging."""
SOCKETS = ("api/kernels/{kernel}/channels", "terminals/websocket/1", "api/events/subscribe", "lab/api/x")


@pytest.fixture(scope="module")
def kernel(scene: Scene) -> Iterator[str]:
    """A kernel of ana's."""
    made = scene.ana.browser_session.post(
        f"{scene.alpha.server_url}api/kernels",
        headers={"Authorization": f"token {scene.ana.token}"},
        json={"name": "python3"},
    )
    assert made.status_code == 201, made.text
    yield made.json()["id"]
    scene.ana.browser_session.delete(
        f"{scene.alpha.server_url}api/kernels/{made.json()['id']}",
        headers={"Authorization": f"token {scene.ana.token}"},
    )


@pytest.fixture(scope="module")
def routes(scene: Scene, kernel: str) -> list[ServerRoute]:
    return server_routes(scene.alpha, kernel)


def strangers(scene: Scene) -> dict[str, str]:
    """Whoever must not come in -> his Authorization header."""
    of_ben, of_ana = scene.variables(scene.beta), scene.variables(scene.alpha)
    return {
        "nobody": "",
        "ben": f"token {scene.ben.token}",
        "the operator": f"token {scene.operator.token}",
        "ben's server": f"token {of_ben['JUPYTERHUB_API_TOKEN']}",
        "ben's environment": f"environment {of_ben['TERRA_ENVIRONMENT_KEY']}",
        "a key as a token": f"token {of_ana['TERRA_ENVIRONMENT_KEY']}",
        "made up": "token 00000000000000000000000000000000",
    }


def is_public(address: str) -> bool:
    return address in PUBLIC or address.startswith(PUBLIC_FOLDERS)


def test_no_route_of_a_server_is_open_to_others(scene: Scene, routes: list[ServerRoute], kernel: str) -> None:
    before, wrong = running(scene), {}
    assert [route.address for route in routes if kernel in route.address], "the table knows the kernels"
    for who, authorization in strangers(scene).items():
        with as_program(scene.deployment, authorization) as client:
            for route in routes:
                for method in route.methods:
                    if is_public(route.address):
                        continue
                    answer = client.request(method, f"{scene.alpha.server_url.rstrip('/')}{route.address}")
                    if not refuses(answer, who) or SECRET in answer.text:
                        wrong[f"{who}: {method} {route.address}"] = (answer.status_code, answer.text[:200])
    assert wrong == {}
    assert running(scene) == before


def refuses(answer: httpx.Response, who: str) -> bool:
    """403 or 404, or the way to the Hub's sign-in."""
    is_sent_away = answer.status_code in (301, 302) and not answer.text
    return answer.status_code in (403, 404, 405) or is_sent_away


def running(scene: Scene) -> object:
    headers = {"Authorization": f"token {scene.ana.token}"}
    seen = [
        scene.ana.browser_session.get(f"{scene.alpha.server_url}api/{what}", headers=headers).json()
        for what in ("kernels", "terminals", "sessions", f"contents/{scene.alpha.name}/edit?content=0")
    ]
    return [[item["id"] for item in seen[0]], seen[1], seen[2], seen[3]["last_modified"]]


def test_no_web_socket_of_a_server_is_open_to_others(scene: Scene, kernel: str) -> None:
    async def knock(authorization: str, path: str) -> int:
        headers = {"Authorization": authorization} if authorization else {}
        url = f"{scene.deployment.url}{scene.alpha.server_url}{path.format(kernel=kernel)}"
        async with aiohttp.ClientSession(headers=headers) as session:
            try:
                async with session.ws_connect(url):
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status
            except aiohttp.ServerDisconnectedError:
                return 0  # the proxy hangs up

    async def all_of_them() -> dict[str, int]:
        return {
            f"{who}: {path}": await knock(authorization, path)
            for who, authorization in strangers(scene).items()
            for path in SOCKETS
        }

    answers = asyncio.run(all_of_them())
    assert {what: code for what, code in answers.items() if code not in (0, 302, 403, 404)} == {}
    assert asyncio.run(knock(f"token {scene.ana.token}", SOCKETS[0])) == 101, "it is open to ana"


@pytest.mark.parametrize("page", ["", "lab", "api/contents", "files/{name}/edit/secret.ipynb", "..%2f..%2f", "?token="])
def test_a_browser_of_somebody_else_ends_before_the_server(
    scene: Scene, browsers: dict[str, httpx.Client], page: str
) -> None:
    for who in ("ben", "operator"):
        url = f"{scene.alpha.server_url}{page.format(name=scene.alpha.name)}"
        answer = browsers[who].get(url, follow_redirects=True)
        assert SECRET not in answer.text
        assert answer.status_code in (403, 404), f"{who}: {answer.status_code} at {answer.url}"


OWN = {
    "GET /hub/api/": 200,  # the version
    "GET /hub/api/user": 200,  # who one is oneself
    "GET /hub/api/oauth2/authorize": 302,  # to the sign-in
    "POST /hub/api/oauth2/token": 400,  # without a code
}
SEEN_BY_OPERATORS = {
    "GET /hub/api/users",
    "GET /hub/api/users/ana",
    "GET /hub/api/users/ana/server",
    "GET /hub/api/users/ana/servers/SLUG",
    "GET /hub/api/users/ana/server/progress",
    "GET /hub/api/users/ana/servers/SLUG/progress",
    "GET /hub/api/groups",
    "GET /hub/api/groups/terraspawner-operators",
}
STOPPED_BY_OPERATORS = {"DELETE /hub/api/users/ana/server", "DELETE /hub/api/users/ana/servers/SLUG"}


def hub_answers(scene: Scene, deployment: Deployment, authorization: str, passed_over: set[str]) -> dict[str, int]:
    """Route of the Hub -> what is answered, without those that are as they should be."""
    wrong = {}
    with as_program(deployment, authorization) as client:
        for route in hub_routes.addresses(hub_routes.OF_ANA):
            method, _, path = route.partition(" ")
            if route in passed_over:
                continue
            body = {} if method == "GET" else {"json": {}}
            answer = client.request(method, path.replace("SLUG", scene.alpha.slug), **body)
            if answer.status_code not in ({OWN[route]} if route in OWN else {403, 404}):
                wrong[route] = answer.status_code
    return wrong


def test_the_hub_says_and_does_nothing_of_ana_for_others(scene: Scene) -> None:
    assert hub_answers(scene, scene.deployment, f"token {scene.ben.token}", set()) == {}
    operator = f"token {scene.operator.token}"
    assert hub_answers(scene, scene.deployment, operator, SEEN_BY_OPERATORS | STOPPED_BY_OPERATORS) == {}
    scene.assert_untouched()


OF_A_SERVER = {"POST /hub/api/users/ana/activity": "its own activity", "GET /hub/api/users/ana": "its own user's name"}


def test_the_token_of_a_server_opens_its_own_part_of_the_hub_alone(scene: Scene) -> None:
    own, other = scene.variables(scene.alpha), scene.variables(scene.beta)
    assert hub_answers(scene, scene.deployment, f"token {own['JUPYTERHUB_API_TOKEN']}", set(OF_A_SERVER)) == {}
    assert hub_answers(scene, scene.deployment, f"token {other['JUPYTERHUB_API_TOKEN']}", set()) == {}
    scene.assert_untouched()


def test_an_environment_key_is_nothing_to_the_hub(scene: Scene) -> None:
    key = scene.variables(scene.alpha)["TERRA_ENVIRONMENT_KEY"]
    assert hub_answers(scene, scene.deployment, f"token {key}", {"GET /hub/api/user"}) == {}
    for scheme in ("token", "bearer", "environment"):
        assert scene.deployment.get("/hub/api/user", headers={"Authorization": f"{scheme} {key}"}).status_code == 403
