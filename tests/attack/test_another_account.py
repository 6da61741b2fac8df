"""Another account against every route, page and server address of ana's: nothing is read, nothing changed.

"Not yours" and "not there" are answered alike: who is no member does not learn what there is.
"""

from __future__ import annotations

import re

import httpx
import pytest

from tests.attack.routes import (
    ALL,
    ANYBODY,
    CULLER,
    KEY,
    OPERATOR,
    PAGES,
    REST,
    SAFE,
    Case,
    Request,
    names_something,
    request_of,
)
from tests.attack.scene import Scene, ask, document_of, text_of, xsrf_of
from tests.web.sites import API, PREFIX
from tests.web.test_callers import ROUTES

pytestmark = pytest.mark.docker

NOT_THERE = {
    "namespace": "ana",
    "name": "no-such-workspace",
    "path": "no.ipynb",
    "disk_id": "0" * 16,
    "trash_id": "0" * 16,
    "environment_id": "0" * 16,
    "version": "no-such-version",
    "proposal_id": "0" * 16,
    "upload_id": "0" * 16,
}
NOT_THERE |= {"account": "no-such-account", "environment_id": "0" * 16}


def test_every_route_of_the_document_has_its_line(scene: Scene) -> None:
    served = {
        f"{method.upper()} {path.removeprefix(API)}"
        for path, item in document_of(scene.deployment)["paths"].items()
        for method in item
    }
    assert sorted(served - set(REST)) == [], "new routes: add a line for each to REST in tests/attack/routes.py"
    assert sorted(set(REST) - served) == [], "these routes are gone: take their lines out of tests/attack/routes.py"


def test_every_page_has_its_line() -> None:
    pages = {re.sub(":(tail|id)}", "}", route.replace(PREFIX, "", 1)) for route in ROUTES if f" {API}/" not in route}
    assert sorted(pages - set(PAGES)) == [], "new pages: add a line for each to PAGES in tests/attack/routes.py"
    assert sorted(set(PAGES) - pages) == [], "these pages are gone: take their lines out of tests/attack/routes.py"


def expected(request: Request, case: Case, *, is_signed_in: bool) -> set[int]:
    if not is_signed_in:
        return {401} if request.is_rest else {303}
    if case.leads_on:
        return {303}
    return {403} if case.who in (KEY, OPERATOR, CULLER) else {403, 404}


@pytest.mark.parametrize("route", [route for route in ALL if names_something(route)])
def test_what_is_anas_is_anas_alone(
    scene: Scene, programs: dict[str, httpx.Client], browsers: dict[str, httpx.Client], route: str
) -> None:
    request = request_of(route, scene.values)
    made_up = request_of(route, {**scene.values, **NOT_THERE})
    attackers = {**programs, **{f"the browser of {name}": client for name, client in browsers.items()}}
    for who, client in attackers.items():
        if "ana" in who or ("operator" in who and ALL[route].is_operators_too):
            continue
        headers = {"X-XSRFToken": xsrf_of(client)} if "browser" in who and request.method not in SAFE else {}
        answer = ask(client, request, **headers)
        if ALL[route].who == OPERATOR and "operator" in who:
            continue
        wanted = expected(request, ALL[route], is_signed_in=who != "nobody")
        assert answer.status_code in wanted, f"{who}: {answer.status_code} {text_of(answer)[:300]}"
        assert leaks(scene, answer) == {}, who
        other = ask(client, made_up, **headers)
        assert (answer.status_code, told(answer, request)) == (other.status_code, told(other, made_up)), who
    scene.assert_untouched()


def leaks(scene: Scene, answer: httpx.Response) -> dict[str, str]:
    """Facts of ana's that stand in an answer, its headers too."""
    text = text_of(answer) + repr(answer.headers)
    return {what: fact for what, fact in scene.facts.items() if fact in text}


def told(answer: httpx.Response, request: Request) -> str:
    """What a refusal says, without the names that were in the request."""
    if not request.is_rest or answer.status_code == 303 or request.method == "HEAD":
        return ""
    text = answer.json()["error"]["message"]
    for name in request.address.split("/")[5:]:
        text = text.replace(f"{name!r}", "").replace(f" {name} ", " ").replace(f"/{name}", "") if name else text
    return str(text)


@pytest.mark.parametrize("route", [route for route in ALL if not names_something(route) and ALL[route].who != ANYBODY])
def test_what_is_listed_is_ones_own(
    scene: Scene, programs: dict[str, httpx.Client], browsers: dict[str, httpx.Client], route: str
) -> None:
    request = request_of(route, scene.values)
    assert ask(programs["nobody"], request).status_code in expected(request, ALL[route], is_signed_in=False)
    for clients in (programs, browsers):
        for who in ("ben", "operator"):
            if who == "operator" and (ALL[route].who == OPERATOR or ALL[route].is_operators_too):
                continue
            headers = {"X-XSRFToken": xsrf_of(browsers[who])} if clients is browsers else {}
            answer = ask(clients[who], request, **headers)
            assert leaks(scene, answer) == {}, who
            assert scene.alpha.name not in text_of(answer), who
            if ALL[route].who in (KEY, OPERATOR, CULLER):
                assert answer.status_code == 403, who
