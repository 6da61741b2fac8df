"""A page of somebody else's sends requests with ana's browser: without her page's token nothing is done.

Every route that changes something, of our pages, of our REST and of the Hub.
"""

from __future__ import annotations

import json

import httpx
import pytest

from tests.attack import hub_routes
from tests.attack.routes import ALL, ANYBODY, CHANGING, KEY, Request, request_of
from tests.attack.scene import Scene, ask, text_of, xsrf_of

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("route", [route for route in CHANGING if ALL[route].who not in (KEY, ANYBODY)])
def test_a_forged_request_changes_nothing(scene: Scene, browsers: dict[str, httpx.Client], route: str) -> None:
    ana, foreign = browsers["ana"], xsrf_of(browsers["ben"])
    hubs = scene.ana.browser_session.cookies.get("_xsrf", path="/hub/") or ""
    request = request_of(route, scene.values)
    cross = {"Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site", "Referer": "http://evil.test/"}
    attempts: dict[str, tuple[Request, dict[str, str]]] = {
        "without a token": (request, {}),
        "from elsewhere": (request, cross),
        "with ben's token": (request, {"X-XSRFToken": foreign}),
        "with ben's token in the form": (with_form_field(route, scene, foreign), {}),
        "with the Hub's token": (request, {"X-XSRFToken": hubs}),
        "with the Hub's token in the form": (with_form_field(route, scene, hubs), {}),
        "with an empty token": (request, {"X-XSRFToken": ""}),
        "with letters that are none": (request, {"X-XSRFToken": "\u00e9"}),
        "with a planted cookie": (request, {"X-XSRFToken": "planted", "Cookie": cookies(ana, _xsrf="planted")}),
        "as plain text": (request, {"Content-Type": "text/plain"}),
        "as htmx": (request, {"HX-Request": "true"}),
        "as another method": (request, {"X-HTTP-Method-Override": "GET"}),
    }
    answers = {what: ask_raw(ana, attempt, headers) for what, (attempt, headers) in attempts.items()}
    assert {what: code for what, code in answers.items() if code != (403, True)} == {}
    scene.assert_untouched()


def with_form_field(route: str, scene: Scene, token: str) -> Request:
    """The same as a form, as another page's form would send it."""
    request = request_of(route, scene.values, _xsrf=token)
    if ALL[route].form is not None:
        return request
    return Request(
        method=request.method,
        address=request.address,
        query=request.query,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        content=f"_xsrf={token}".encode(),
    )


def ask_raw(client: httpx.Client, request: Request, headers: dict[str, str]) -> tuple[int, bool]:
    """The status, and whether it is told what is wrong."""
    encoded = {name: text.encode("utf-8") for name, text in headers.items()}
    answer = ask(client, request, **encoded)  # type: ignore[arg-type]
    return answer.status_code, "did not come from a page of this service" in text_of(answer)


def cookies(client: httpx.Client, **planted: str) -> str:
    kept = {cookie.name: cookie.value for cookie in client.cookies.jar if cookie.path != "/hub/"}
    return "; ".join(f"{name}={value}" for name, value in {**kept, **planted}.items())


def test_the_hubs_own_routes_ask_for_a_page_of_its_own(scene: Scene) -> None:
    """With ana's cookies and no token of the Hub's page: her tokens, her servers, her account."""
    before = tokens(scene)
    wrong = {}
    client = httpx.Client(base_url=scene.deployment.url, cookies=scene.ana.browser_session.cookies, timeout=60)
    with client:
        for route in hub_routes.addresses(hub_routes.OF_ANA):
            method, _, path = route.partition(" ")
            if method == "GET" or path.startswith("/hub/api/oauth2/"):
                continue
            for headers in ({}, {"X-XSRFToken": "planted"}, {"Content-Type": "text/plain"}):
                url = path.replace("SLUG", scene.alpha.slug)
                answer = client.request(method, url, headers=headers, content=json.dumps({"note": "forged"}))
                if answer.status_code not in (403, 404):
                    wrong[f"{route} {headers}"] = answer.status_code
        for page in (f"/hub/spawn/ana/{scene.alpha.slug}", "/hub/login", "/hub/api/oauth2/authorize"):
            answer = client.post(page, data={"username": "ben", "password": "x", "scopes": "self"})
            if answer.status_code != 403:
                wrong[page] = answer.status_code
    assert wrong == {}
    assert tokens(scene) == before
    scene.assert_untouched()


def tokens(scene: Scene) -> list[str]:
    return sorted(item["id"] for item in scene.ana.hub.get("/users/ana/tokens").json()["api_tokens"])
