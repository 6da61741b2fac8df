"""Every handler says which action it carries out, and is what it says: each kind of member against each route."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from terraspawner.domain.access import Action, ProjectRole, Role, Standing, permits
from terraspawner.domain.trash import Kind
from terraspawner.operations import members, projects, trash
from terraspawner.web.declared import Declared, declared
from tests.web.sites import API, CALM, Site, opened
from tests.web.test_callers import (
    CULLER,
    ENVIRONMENT,
    OPEN,
    OPERATOR,
    OR_CULLER,
    OR_MONITOR,
    ROUTES,
    address,
    routes_of,
)

OF_WORKSPACE = [
    route for route in ROUTES if "{name}" in route and ROUTES[route] != ENVIRONMENT and not route.endswith("/live")
]
OF_OPERATORS = {Action.RUN_ACCOUNTS, Action.RECONCILE, Action.SEE_STORE}
OF_WHOM = {
    OPERATOR: OF_OPERATORS,
    CULLER: {Action.DECIDE_STOPS},
    OR_CULLER: {Action.READ_DECISIONS},
    OR_MONITOR: {Action.READ_METRICS},
}
STANDINGS = {
    "outside": Standing(),
    "reader": Standing(role=Role.READER),
    "reader with compute": Standing(role=Role.READER, may_compute=True),
    "writer": Standing(role=Role.WRITER, may_compute=True),
    "writer without compute": Standing(role=Role.WRITER),
    "owner": Standing(role=Role.OWNER, may_compute=True),
    "owner without compute": Standing(role=Role.OWNER),
}
OF_PROJECT = [route for route in ROUTES if f" {API}/projects/{{namespace}}" in route]
NOTHING_THERE = (
    "You have no environment in ana/alpha",
    "is no member of ana/alpha by this name",
    "has no version",
    "There is no such open proposal",
    "This proposal is not open any more",
    "There is no file",
)
IN_PROJECT = {None: Standing()} | {role: Standing(project_role=role) for role in ProjectRole}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, pace=replace(CALM, stream=0.05, ask=0.05, delete=0.05)) as made:
        yield made


def declarations(site: Site) -> dict[str, Declared | None]:
    return {
        f"{method} {context.path}": declared(context.original_route.endpoint)
        for context in iter_route_contexts(site.app.routes)
        if isinstance(context.original_route, APIRoute)
        for method in context.methods or ()
    }


async def test_every_route_declares_what_it_does(site: Site) -> None:
    found = declarations(site)
    assert set(found) == routes_of(site.app)
    assert sorted(route for route, said in found.items() if said is None) == []
    assert {route for route, said in found.items() if said and not said.actions} == {
        route for route, who in ROUTES.items() if who == OPEN
    }
    for whom, actions in OF_WHOM.items():
        assert {route for route, said in found.items() if said and actions & {*said.actions}} == {
            route for route, who in ROUTES.items() if who == whom
        }


@pytest.mark.slow
@pytest.mark.feature("B3", "B5")
@pytest.mark.parametrize("route", OF_WORKSPACE)
async def test_a_route_lets_in_whom_its_action_permits(site: Site, route: str) -> None:
    at = site.workspace()
    here = {"namespace": at.namespace, "name": at.name}
    wrong = {}
    for who, standing in STANDINGS.items():
        await there_is_a_notebook(site)  # those who may have deleted it
        if standing.role:
            members.put_member(
                site.context, actor="ana", **here, who="ben", role=standing.role, may_compute=standing.may_compute
            )
        answer = await asked(site, route)
        if fault := fault_of(answer, standing, actions_of(site, route), hidden=standing.role is None):
            wrong[who] = fault
    assert wrong == {}


@pytest.mark.feature("B1", "B5")
@pytest.mark.parametrize("route", OF_PROJECT)
async def test_a_route_of_projects_lets_in_whom_its_action_permits(site: Site, route: str) -> None:
    wrong = {}
    for role, standing in IN_PROJECT.items():
        if role:
            projects.put_member(site.context, actor="ana", namespace="ana", who="ben", role=role)
        answer = await asked(site, route)
        if fault := fault_of(answer, standing, actions_of(site, route), hidden=role is None):
            wrong[role] = fault
    assert wrong == {}


def actions_of(site: Site, route: str) -> tuple[Action, ...]:
    said = declarations(site)[route]
    assert said is not None
    return said.actions


def fault_of(answer: httpx.Response, standing: Standing, actions: tuple[Action, ...], *, hidden: bool) -> str:
    """What is wrong with an answer. Whoever may come in is told of something else at worst: that a form is empty, or
    that there is no environment yet."""
    has_body = answer.request.method != "HEAD"
    code = answer.json()["error"]["code"] if answer.is_error and API in str(answer.url) and has_body else ""
    told = f"{answer.status_code} {code}"
    if hidden:
        return "" if told in ("404 ", "404 workspace-not-found", "404 project-not-found") else told
    if not all(permits(standing, action) for action in actions):
        return "" if told in ("403 ", "403 not-allowed") else told
    nothing = ("environment", "member", "version", "proposal", "file", "upload")
    if told in (*(f"404 {each}-not-found" for each in nothing), "503 start-failed"):
        return ""
    if told == "404 " and (not has_body or any(told in answer.text for told in NOTHING_THERE)):
        return ""
    return told if answer.status_code in (401, 403, 404) or answer.status_code >= 500 else ""


async def asked(site: Site, route: str) -> httpx.Response:
    """What ben is answered. He asks about somebody else, so that nobody is of more than one kind."""
    method, path = address(route)
    path = path.replace("members/ben", "members/operator")
    if API not in path:
        browser = await site.browser("ben")
        return await (browser.submit(path) if method == "POST" else browser.client.get(path))
    body = {"role": "owner" if "/projects/" in path else "reader"} if "/members/" in path else {"title": "x"}
    async with site.client(authorization=f"token {site.hub.token('ben')}") as ben:
        return await ben.request(method, path, json=body if method in ("PUT", "PATCH") else None)


async def there_is_a_notebook(site: Site) -> None:
    """And its workspace, which some owners may have deleted."""
    for gone in trash.list_trash(site.context, "ana"):
        if gone.item.kind is Kind.WORKSPACE:
            trash.restore(site.context, user="ana", item_id=gone.item.id)
    async with site.person("ana") as ana:
        await ana.post("workspaces/ana/alpha/notebooks", json={"name": "a"})


async def test_a_handler_that_says_nothing_lets_nobody_in(site: Site) -> None:
    route = next(
        context.original_route
        for context in iter_route_contexts(site.app.routes)
        if context.path == f"{API}/workspaces/{{namespace}}/{{name}}" and "GET" in (context.methods or ())
    )
    assert isinstance(route, APIRoute)
    said = route.endpoint.__dict__.pop("terra_declared")
    try:
        site.workspace()
        async with site.person("ana") as ana:
            refused = await ana.get("workspaces/ana/alpha")
    finally:
        route.endpoint.__dict__["terra_declared"] = said
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not-allowed")
