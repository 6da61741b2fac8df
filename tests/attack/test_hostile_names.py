"""Hostile names in every field of every route, found in the OpenAPI document and in our forms.

Each is refused with a sentence and nothing is written anywhere; what is free text is taken as text. Never a 5xx.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.attack.hostile import BODIES, MORE_NAMES, NAMES, WRONG, text_fields, with_field
from tests.attack.routes import ALL, ANYBODY, KEY, OPERATOR, SAFE, Request, request_of
from tests.attack.scene import Scene, as_program, ask, document_of, text_of, xsrf_of
from tests.web.sites import API, PREFIX

pytestmark = pytest.mark.docker

SETS = [pytest.param(NAMES, id="core"), pytest.param(MORE_NAMES, id="more", marks=pytest.mark.full)]
QUERIES = {
    "GET /login": ("next",),
    "GET /oauth_callback": ("state", "code"),
    "GET /open/{namespace}/{name}/notebooks/{path}/live": ("after",),
}
"""What pages take in their address besides what stands in `ALL`."""
NOTEBOOK = f"GET {PREFIX}/workspaces/{{namespace}}/{{name}}/notebooks/{{path}}"
WALKED_UP = {
    ("one up", f"GET {PREFIX}/projects/{{namespace}}"),
    ("one up", f"{NOTEBOOK}/proposals/{{proposal_id}}/frame"),
    ("one up", f"{NOTEBOOK}/history/{{version}}/frame"),
}
"""The proxy walks up itself: to the first page, which is everybody's own, or to the preview of the same notebook."""


@pytest.fixture(scope="module")
def document(scene: Scene) -> dict[str, Any]:
    return document_of(scene.deployment)


@pytest.fixture(scope="module", autouse=True)
def nothing_is_written(scene: Scene) -> Iterator[None]:
    """Not into a bucket, not beside one, not elsewhere in what the service may write."""
    before = files(scene)
    yield
    assert files(scene) == before
    # ana may call it as she likes, and any text does; `test_another_account` holds that others do not
    assert scene.ana.api.patch(scene.alpha.path, json={"title": ""}).status_code == 200
    scene.assert_untouched()


def files(scene: Scene) -> list[str]:
    """The workspaces' files, without the locks on them, and whatever else the service could write."""
    service = scene.deployment.service("workspaces")
    found = service.exec_run(
        ["find", "/srv/terra", "/tmp", "-not", "-name", "*.sqlite*", "-not", "-path", "*/.terra/*"]
    ).output.decode()
    return sorted(found.splitlines())


@pytest.fixture(scope="module")
def with_key(scene: Scene) -> Iterator[httpx.Client]:
    with as_program(scene.deployment, f"environment {scene.variables(scene.alpha)['TERRA_ENVIRONMENT_KEY']}") as client:
        yield client


Caller = tuple[httpx.Client, dict[str, str]]


@pytest.fixture
def caller(
    with_key: httpx.Client, programs: dict[str, httpx.Client], browsers: dict[str, httpx.Client], route: str
) -> Caller:
    """Who may call this route, so that the name alone is what is refused."""
    who = "operator" if ALL[route].who == OPERATOR else "ana"
    if not route.partition(" ")[2].startswith(API):
        client = browsers[who]
        return client, {} if route.partition(" ")[0] in SAFE else {"X-XSRFToken": xsrf_of(client)}
    return (with_key if ALL[route].who == KEY else programs[who]), {}


def attacks(
    route: str, scene: Scene, document: dict[str, Any], names: dict[str, str]
) -> Iterator[tuple[str, Request, bool]]:
    """What is attacked, the request, and whether it must be refused."""
    case = ALL[route]
    method, _, path = route.partition(" ")
    operation = document["paths"].get(path, {}).get(method.lower(), {})
    good = request_of(route, scene.values)
    for what, name in names.items():
        for word in re.findall(r"\{(\w+)\}", path):
            for value in (name, f"{name}.ipynb") if word == "path" else (name,):
                is_refused = not case.leads_on and (what, route) not in WALKED_UP
                yield f"{word}: {what}", request_of(route, {**scene.values, word: value}), is_refused
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                is_refused = parameter["name"] not in case.free
                yield f"?{parameter['name']}: {what}", changed(good, query={parameter["name"]: name}), is_refused
            if parameter["in"] == "header" and name.isprintable():
                value = {parameter["name"]: name.encode()}
                yield f"{parameter['name']}: {what}", changed(good, headers=value), method != "GET"
        for field in {
            field for start, fields in QUERIES.items() for field in fields if start in route.replace(PREFIX, "")
        }:
            yield f"?{field}: {what}", changed(good, query={field: name}), field != "next"
        for field in case.form or ():
            form = "&".join(f"{n}={quote(name if n == field else 'x', safe='')}" for n in case.form or ())
            yield (
                f"form {field}: {what}",
                changed(good, content=form.encode()),
                field not in ("force", "disk", "kernel", *case.free),
            )
        for at in fields_of(operation, document):
            body = with_field(json.loads(good.content or b"{}"), at, name)
            is_free = case.who == KEY or at[-1] in case.free
            yield f"{'.'.join(at)}: {what}", changed(good, content=json.dumps(body).encode()), not is_free


def fields_of(operation: dict[str, Any], document: dict[str, Any]) -> set[tuple[str, ...]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return set(text_fields(content.get("schema", {}), document))


def changed(request: Request, **changes: Any) -> Request:
    for name in ("query", "headers"):
        if name in changes:
            changes[name] = {**getattr(request, name), **changes[name]}
    kept = {name: getattr(request, name) for name in ("method", "address", "query", "headers", "content")}
    return Request(**{**kept, **changes})


@pytest.mark.parametrize("names", SETS)
@pytest.mark.parametrize("route", ALL)
def test_a_hostile_name_is_refused_with_a_sentence(
    scene: Scene, caller: Caller, document: dict[str, Any], route: str, names: dict[str, str]
) -> None:
    client, headers = caller
    wrong = {}
    for what, request, is_refused in attacks(route, scene, document, names):
        if what.startswith(("form disk:", "form force:")):
            continue  # any other word keeps the disk: tests/web/test_pages.py
        if what.startswith("form title:") and route.endswith("/files/folder"):
            continue  # folders of data have almost any name: tests/web/test_file_pages.py
        answer = ask(client, request, **headers)
        fault = fault_of(answer, request, is_refused=is_refused and ALL[route].who != ANYBODY)
        if fault:
            wrong[what] = (answer.status_code, fault, text_of(answer)[:200])
    assert wrong == {}


def fault_of(answer: httpx.Response, request: Request, *, is_refused: bool) -> str:
    if answer.status_code >= 500:
        return "an error of ours"
    if "planted" in answer.headers.get("set-cookie", ""):
        return "a header was planted"
    if is_refused and answer.status_code < 400:
        return "not refused"
    if answer.status_code == 431:
        return ""  # longer than any address or header that the proxy takes
    has_body = request.method != "HEAD"
    if answer.status_code >= 400 and request.is_rest and has_body and not answer.text.startswith('{"error":{"code":'):
        return "not our shape"
    return ""


WITH_BODY = [route for route in ALL if ALL[route].body is not None]


@pytest.mark.parametrize("route", WITH_BODY)
def test_a_body_that_is_none_is_refused(scene: Scene, caller: Caller, document: dict[str, Any], route: str) -> None:
    client, headers = caller
    request = request_of(route, scene.values)
    method, _, path = route.partition(" ")
    operation = document["paths"].get(path, {}).get(method.lower(), {})
    good = json.loads(request.content or b"{}") if ALL[route].body is not None else {}
    attempts = {what: (body, "application/json") for what, body in BODIES.items()}
    attempts |= {f"{kind}": (b'{"name": "a"}', kind) for kind in ("text/plain", "application/xml", "a/b\u00e9")}
    attempts |= {
        f"{'.'.join(at)} = {value!r}": (json.dumps(with_field(good, at, value)).encode(), "application/json")
        for at in fields_of(operation, document)
        for value in WRONG
    }
    wrong = {}
    for what, (body, kind) in attempts.items():
        answer = ask(client, changed(request, content=body, headers={"Content-Type": kind.encode()}), **headers)
        is_refused = ALL[route].who != KEY and not (ALL[route].may_be_empty and what in ("nothing", "null"))
        if fault := fault_of(answer, request, is_refused=is_refused and not is_right(what)):
            wrong[what] = (answer.status_code, fault, text_of(answer)[:200])
    assert wrong == {}


def is_right(what: str) -> bool:
    """A field that may be left out may be null, and where it may hold any text, half of a character."""
    return what.endswith("= None")
