"""Who may call what: every route of the app against every kind of caller. A route without an entry fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from terraspawner.operations import accounts
from tests.web.sites import API, CALM, PREFIX, Site, opened

AT = "/workspaces/{namespace}/{name}"
OPEN, PERSON, ENVIRONMENT, BOTH = "anybody", "a person", "an environment", "a person or the environment"
OR_PAGE = "a person or Lab's page of the environment"
OPERATOR = "an operator"
CULLER, OR_CULLER = "the culler", "an operator or the culler"
OR_MONITOR = "an operator or who may read metrics"

ROUTES = {
    f"GET {API}/health": OPEN,
    f"GET {PREFIX}/health": OPEN,
    f"GET {API}/metrics": OR_MONITOR,
    f"GET {PREFIX}/login": OPEN,
    f"GET {PREFIX}/oauth_callback": OPEN,
    f"GET {API}/whoami": PERSON,
    f"GET {API}/projects": PERSON,
    f"POST {API}/projects": PERSON,
    f"GET {API}/projects/{{namespace}}": PERSON,
    f"PATCH {API}/projects/{{namespace}}": PERSON,
    f"PUT {API}/projects/{{namespace}}/members/{{member:tail}}": PERSON,
    f"DELETE {API}/projects/{{namespace}}/members/{{member:tail}}": PERSON,
    f"GET {API}/workspaces": PERSON,
    f"POST {API}/workspaces": PERSON,
    f"GET {API}{AT}": PERSON,
    f"PATCH {API}{AT}": PERSON,
    f"DELETE {API}{AT}": PERSON,
    f"GET {API}{AT}/members": PERSON,
    f"PUT {API}{AT}/members/{{member:tail}}": PERSON,
    f"DELETE {API}{AT}/members/{{member:tail}}": PERSON,
    f"GET {API}{AT}/notebooks": BOTH,
    f"POST {API}{AT}/notebooks": PERSON,
    f"GET {API}{AT}/notebooks/{{path:tail}}": BOTH,
    f"PUT {API}{AT}/notebooks/{{path:tail}}": BOTH,
    f"DELETE {API}{AT}/notebooks/{{path:tail}}": PERSON,
    f"GET {API}{AT}/notebooks/{{path:tail}}/preview": BOTH,
    f"POST {API}{AT}/notebooks/{{path:tail}}/copy": PERSON,
    f"POST {API}{AT}/notebooks/{{path:tail}}/rename": BOTH,
    f"POST {API}{AT}/notebooks/{{path:tail}}/open": PERSON,
    f"GET {API}{AT}/notebooks/{{path:tail}}/diff": BOTH,
    f"PUT {API}{AT}/notebooks/{{path:tail}}/diff": BOTH,
    f"PUT {API}{AT}/notebooks/{{path:tail}}/merge": BOTH,
    f"GET {API}{AT}/notebooks/{{path:tail}}/proposals": BOTH,
    f"POST {API}{AT}/notebooks/{{path:tail}}/proposals": BOTH,
    f"GET {API}{AT}/notebooks/{{path:tail}}/proposals/{{proposal_id:id}}": BOTH,
    f"GET {API}{AT}/notebooks/{{path:tail}}/proposals/{{proposal_id:id}}/diff": BOTH,
    f"POST {API}{AT}/notebooks/{{path:tail}}/proposals/{{proposal_id}}/merge": BOTH,
    f"DELETE {API}{AT}/notebooks/{{path:tail}}/proposals/{{proposal_id:id}}": PERSON,
    f"GET {API}{AT}/notebooks/{{path:tail}}/versions": BOTH,
    f"GET {API}{AT}/notebooks/{{path:tail}}/versions/{{version}}": BOTH,
    f"PATCH {API}{AT}/notebooks/{{path:tail}}/versions/{{version}}": PERSON,
    f"POST {API}{AT}/notebooks/{{path:tail}}/versions/{{version}}/restore": BOTH,
    f"GET {API}{AT}/notebooks/{{path:tail}}/lease": BOTH,
    f"POST {API}{AT}/notebooks/{{path:tail}}/lease": BOTH,
    f"PATCH {API}{AT}/notebooks/{{path:tail}}/lease": BOTH,
    f"DELETE {API}{AT}/notebooks/{{path:tail}}/lease": BOTH,
    f"POST {API}{AT}/notebooks/{{path:tail}}/lease/request": BOTH,
    f"POST {API}{AT}/notebooks/{{path:tail}}/lease/decline": BOTH,
    f"POST {API}{AT}/notebooks/{{path:tail}}/lease/handover": BOTH,
    f"POST {API}{AT}/notebooks/{{path:tail}}/lease/takeover": PERSON,
    f"GET {API}{AT}/files": BOTH,
    f"GET {API}{AT}/files/{{path:tail}}": BOTH,
    f"PUT {API}{AT}/files/{{path:tail}}": BOTH,
    f"DELETE {API}{AT}/files/{{path:tail}}": BOTH,
    f"POST {API}{AT}/uploads": BOTH,
    f"HEAD {API}{AT}/uploads/{{upload_id:id}}": BOTH,
    f"PATCH {API}{AT}/uploads/{{upload_id:id}}": BOTH,
    f"DELETE {API}{AT}/uploads/{{upload_id:id}}": BOTH,
    f"GET {API}{AT}/environment": OR_PAGE,
    f"DELETE {API}{AT}/environment": PERSON,
    f"PATCH {API}{AT}/environment": PERSON,
    f"GET {API}/environments/facts": CULLER,
    f"POST {API}/environments/{{environment_id}}/decisions": CULLER,
    f"GET {API}/decisions": OR_CULLER,
    f"GET {API}{AT}/environment/decisions": PERSON,
    f"POST {API}{AT}/environment/keep-alive": PERSON,
    f"DELETE {API}{AT}/environment/keep-alive": PERSON,
    f"POST {API}/environments/self/keep-alive": ENVIRONMENT,
    f"GET {API}/sizes": PERSON,
    f"GET {API}/images": PERSON,
    f"POST {API}{AT}/environment/start": OR_PAGE,
    f"POST {API}{AT}/environment/pause": PERSON,
    f"POST {API}{AT}/environment/cancel": PERSON,
    f"GET {API}{AT}/environment/events": PERSON,
    f"GET {API}{AT}/environment/losses": PERSON,
    f"GET {API}{AT}/environment/log": PERSON,
    f"GET {API}/environments": PERSON,
    f"GET {API}/environments/{{environment_id}}": PERSON,
    f"DELETE {API}/environments/{{environment_id}}": PERSON,
    f"PATCH {API}/environments/{{environment_id}}": PERSON,
    f"POST {API}/environments/{{environment_id}}/pause": PERSON,
    f"GET {API}/disks": PERSON,
    f"DELETE {API}/disks/{{disk_id}}": PERSON,
    f"PATCH {API}/disks/{{disk_id}}": PERSON,
    f"POST {API}/disks/{{disk_id}}/measure": PERSON,
    f"GET {API}/trash": PERSON,
    f"POST {API}/trash/{{trash_id}}/restore": PERSON,
    f"DELETE {API}/trash/{{trash_id}}": PERSON,
    f"GET {API}/drives": PERSON,
    f"GET {API}/libraries": PERSON,
    f"POST {API}/libraries": PERSON,
    f"GET {API}/libraries/{{library_id:id}}": PERSON,
    f"PATCH {API}/libraries/{{library_id:id}}": PERSON,
    f"DELETE {API}/libraries/{{library_id:id}}": PERSON,
    f"PUT {API}/libraries/{{library_id:id}}/outside": PERSON,
    f"PUT {API}/libraries/{{library_id:id}}/shares/{{member:tail}}": PERSON,
    f"DELETE {API}/libraries/{{library_id:id}}/shares/{{member:tail}}": PERSON,
    f"POST {API}/libraries/{{library_id:id}}/transfer": PERSON,
    f"GET {API}/account": PERSON,
    f"PUT {API}/account/password": PERSON,
    f"GET {API}/audit": PERSON,
    f"POST {API}/links/look": OPEN,
    f"POST {API}/links/use": OPEN,
    f"GET {API}/accounts": OPERATOR,
    f"POST {API}/accounts": OPERATOR,
    f"GET {API}/accounts/{{account}}": OPERATOR,
    f"PATCH {API}/accounts/{{account}}": OPERATOR,
    f"POST {API}/accounts/{{account}}/link": OPERATOR,
    f"GET {API}/groups": OPERATOR,
    f"POST {API}/groups": OPERATOR,
    f"PUT {API}/groups/{{group}}/members/{{member}}": OPERATOR,
    f"DELETE {API}/groups/{{group}}/members/{{member}}": OPERATOR,
    f"POST {API}/reconcile": OPERATOR,
    f"GET {API}/store": OPERATOR,
    f"GET {PREFIX}/store": OPERATOR,
    f"GET {PREFIX}/audit": PERSON,
    f"GET {API}/usage": PERSON,
    f"GET {PREFIX}/usage": PERSON,
    f"GET {PREFIX}/set-password": OPEN,
    f"POST {PREFIX}/set-password": OPEN,
    f"POST {PREFIX}/set-password/new": OPEN,
    f"GET {PREFIX}/account": PERSON,
    f"POST {PREFIX}/account/password": PERSON,
    f"POST {PREFIX}/account/seen": PERSON,
    f"GET {PREFIX}/accounts": OPERATOR,
    f"POST {PREFIX}/accounts": OPERATOR,
    f"POST {PREFIX}/accounts/{{account}}/link": OPERATOR,
    f"POST {PREFIX}/accounts/{{account}}/disable": OPERATOR,
    f"POST {PREFIX}/accounts/{{account}}/enable": OPERATOR,
    f"GET {API}/environments/self": ENVIRONMENT,
    f"GET {API}/environments/self/calls": ENVIRONMENT,
    f"POST {API}/environments/self/activity": ENVIRONMENT,
    f"POST {API}/environments/self/outbox": ENVIRONMENT,
    f"POST {API}/environments/self/pause": ENVIRONMENT,
    f"GET {PREFIX}/": PERSON,
    f"POST {PREFIX}/environments/delete": PERSON,
    f"GET {PREFIX}/projects": PERSON,
    f"POST {PREFIX}/projects": PERSON,
    f"GET {PREFIX}/projects/{{namespace}}": PERSON,
    f"POST {PREFIX}/projects/{{namespace}}": PERSON,
    f"POST {PREFIX}/projects/{{namespace}}/people": PERSON,
    f"POST {PREFIX}/projects/{{namespace}}/people/remove": PERSON,
    f"POST {PREFIX}/projects/{{namespace}}/leave": PERSON,
    f"GET {PREFIX}/groups": OPERATOR,
    f"POST {PREFIX}/groups": OPERATOR,
    f"POST {PREFIX}/groups/{{group}}/people": OPERATOR,
    f"POST {PREFIX}/groups/{{group}}/people/remove": OPERATOR,
    f"GET {PREFIX}/environments": PERSON,
    f"GET {PREFIX}/environments/live": PERSON,
    f"GET {PREFIX}/environments/end": PERSON,
    f"POST {PREFIX}/environments/end": PERSON,
    f"POST {PREFIX}/environments/tags": PERSON,
    f"POST {PREFIX}/disks/tags": PERSON,
    f"GET {PREFIX}/disks": PERSON,
    f"POST {PREFIX}/disks/delete": PERSON,
    f"POST {PREFIX}/disks/enlarge": PERSON,
    f"POST {PREFIX}/disks/measure": PERSON,
    f"GET {PREFIX}/trash": PERSON,
    f"POST {PREFIX}/trash/restore": PERSON,
    f"POST {PREFIX}/trash/purge": PERSON,
    f"GET {PREFIX}/workspaces": PERSON,
    f"POST {PREFIX}/workspaces": PERSON,
    f"GET {PREFIX}{AT}": PERSON,
    f"GET {PREFIX}{AT}/notebooks": PERSON,
    f"POST {PREFIX}{AT}/notebooks": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}": PERSON,
    f"GET {PREFIX}{AT}/files": PERSON,
    f"POST {PREFIX}{AT}/files/folder": PERSON,
    f"POST {PREFIX}{AT}/files/delete": PERSON,
    f"POST {PREFIX}{AT}/files/delete-folder": PERSON,
    f"POST {PREFIX}{AT}/files/undo": PERSON,
    f"GET {PREFIX}{AT}/files/{{path:tail}}": PERSON,
    f"GET {PREFIX}{AT}/images/{{path:tail}}": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}/frame": PERSON,
    f"POST {PREFIX}{AT}/notebooks/delete": PERSON,
    f"POST {PREFIX}{AT}/notebooks/undo": PERSON,
    f"POST {PREFIX}{AT}/notebooks/rename": PERSON,
    f"POST {PREFIX}{AT}/notebooks/copy": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}/proposals": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}/proposals/{{proposal_id:id}}": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}/proposals/{{proposal_id:id}}/frame": PERSON,
    f"POST {PREFIX}{AT}/notebooks/{{path:tail}}/proposals/merge": PERSON,
    f"POST {PREFIX}{AT}/notebooks/{{path:tail}}/proposals/close": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}/history": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}/history/{{version}}": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}/history/{{version}}/frame": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}/history/{{version}}/changes": PERSON,
    f"GET {PREFIX}{AT}/notebooks/{{path:tail}}/history/{{version}}/changes/frame": PERSON,
    f"POST {PREFIX}{AT}/notebooks/{{path:tail}}/history/restore": PERSON,
    f"POST {PREFIX}{AT}/notebooks/{{path:tail}}/history/name": PERSON,
    f"POST {PREFIX}{AT}/notebooks/lease/request": PERSON,
    f"POST {PREFIX}{AT}/notebooks/lease/takeover": PERSON,
    f"POST {PREFIX}{AT}/delete": PERSON,
    f"GET {PREFIX}{AT}/people": PERSON,
    f"POST {PREFIX}{AT}/people": PERSON,
    f"POST {PREFIX}{AT}/people/remove": PERSON,
    f"POST {PREFIX}{AT}/people/leave": PERSON,
    f"GET {PREFIX}{AT}/environment": PERSON,
    f"GET {PREFIX}{AT}/environment/live": PERSON,
    f"GET {PREFIX}{AT}/environment/losses": PERSON,
    f"POST {PREFIX}{AT}/environment/start": PERSON,
    f"POST {PREFIX}{AT}/environment/freeze": PERSON,
    f"POST {PREFIX}{AT}/environment/size": PERSON,
    f"GET {PREFIX}/images": PERSON,
    f"POST {PREFIX}{AT}/environment/image": PERSON,
    f"GET {PREFIX}{AT}/environment/data-disk": PERSON,
    f"POST {PREFIX}{AT}/environment/data-disk": PERSON,
    f"POST {PREFIX}{AT}/environment/pause": PERSON,
    f"GET {PREFIX}{AT}/environment/decisions": PERSON,
    f"POST {PREFIX}{AT}/environment/keep-alive": PERSON,
    f"POST {PREFIX}{AT}/environment/keep-alive/end": PERSON,
    f"GET {PREFIX}{AT}/environment/schedule": PERSON,
    f"POST {PREFIX}{AT}/environment/schedule": PERSON,
    f"POST {PREFIX}{AT}/environment/cancel": PERSON,
    f"POST {PREFIX}{AT}/environment/delete": PERSON,
    f"POST {PREFIX}{AT}/environment/delete-disk": PERSON,
    f"GET {PREFIX}/open/{{namespace}}/{{name}}/terminal/live": PERSON,
    f"GET {PREFIX}/open/{{namespace}}/{{name}}/terminal": PERSON,
    f"POST {PREFIX}/open/{{namespace}}/{{name}}/terminal": PERSON,
    f"GET {PREFIX}/open/{{namespace}}/{{name}}/playground/{{path:tail}}/live": PERSON,
    f"GET {PREFIX}/open/{{namespace}}/{{name}}/playground/{{path:tail}}": PERSON,
    f"POST {PREFIX}/open/{{namespace}}/{{name}}/playground/{{path:tail}}": PERSON,
    f"GET {PREFIX}/open/{{namespace}}/{{name}}/notebooks/{{path:tail}}/live": PERSON,
    f"GET {PREFIX}/open/{{namespace}}/{{name}}/notebooks/{{path:tail}}": PERSON,
    f"POST {PREFIX}/open/{{namespace}}/{{name}}/notebooks/{{path:tail}}": PERSON,
    f"GET {PREFIX}/drive": PERSON,
    f"POST {PREFIX}/drive": PERSON,
    f"GET {PREFIX}/drive/connect": PERSON,
    f"POST {PREFIX}/drive/connect": PERSON,
    f"GET {PREFIX}/drive/{{library_id:id}}/{{form}}": PERSON,
    f"POST {PREFIX}/drive/{{library_id:id}}/rename": PERSON,
    f"POST {PREFIX}/drive/{{library_id:id}}/password": PERSON,
    f"POST {PREFIX}/drive/{{library_id:id}}/limit": PERSON,
    f"POST {PREFIX}/drive/{{library_id:id}}/transfer": PERSON,
    f"POST {PREFIX}/drive/{{library_id:id}}/delete": PERSON,
    f"POST {PREFIX}/drive/{{library_id:id}}/shares": PERSON,
    f"POST {PREFIX}/drive/{{library_id:id}}/shares/remove": PERSON,
    f"POST {PREFIX}/drive/{{library_id:id}}/leave": PERSON,
}
IS_REFUSED = {401, 403}


def routes_of(app: FastAPI) -> set[str]:
    return {
        f"{method} {context.path}"
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for method in context.methods or ()
    }


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, pace=replace(CALM, stream=0.05, ask=0.05, delete=0.05)) as made:
        yield made


async def test_every_route_says_who_may_call_it(site: Site) -> None:
    assert routes_of(site.app) == set(ROUTES)


def address(route: str) -> tuple[str, str]:
    method, _, path = route.partition(" ")
    values = {
        "{namespace}": "ana",
        "{name}": "alpha",
        "{path:tail}": "a.ipynb",
        "{disk_id}": "0" * 16,
        "{trash_id}": "0" * 16,
        "{proposal_id:id}": "0" * 16,
        "{library_id:id}": "0" * 16,
        "{form}": "rename",
        "{proposal_id}": "0" * 16,
        "{upload_id:id}": "0" * 16,
        "{environment_id}": "0" * 16,
    }
    values |= {
        "{account}": "nobody",
        "{member}": "ben",
        "{member:tail}": "ben",
        "{environment_id}": "0" * 16,
        "{group}": "lab",
    }
    for name, value in values.items():
        path = path.replace(name, value)
    return method, path


@pytest.mark.slow
@pytest.mark.parametrize("route", [route for route, who in ROUTES.items() if who != OPEN])
async def test_only_its_callers_reach_a_route(site: Site, route: str) -> None:
    method, path = address(route)
    accounts.set_project_founder(site.context, name="ana", may_create_projects=True, actor="operator")
    at = site.workspace()
    key = site.running(at).key
    token, session = site.hub.token("ana"), await site.browser("ana")
    access = f"access:servers!server=ana/{at.slug}"
    callers = {
        "its page": {"authorization": f"token {site.hub.page_token('ana', at.slug)}"},
        "another page of ana's": {"authorization": f"token {site.hub.page_token('ana', 'ana-beta')}"},
        "a page of ben's": {"authorization": f"token {site.hub.page_token('ben', at.slug)}"},
        "ben on ana's page": {"authorization": f"token {site.hub.page_token('ben', at.slug, server_of='ana')}"},
        "its server": {"authorization": f"token {site.hub.token('ana', scopes=(access, 'users:activity!user=ana'))}"},
        "the environment": {"authorization": f"environment {key}"},  # first: a person may end it
        "nobody": {},
        "a person": {"authorization": f"token {token}"},
        "an operator": {"authorization": f"token {site.hub.token('operator')}"},
        "a wrong token": {"authorization": "token wrong"},
        "a token with a line break": {"authorization": "token a b"},
        "a wrong key": {"authorization": "environment wrong"},
        "a key as a token": {"authorization": f"token {key}"},
        "a token as a key": {"authorization": f"environment {token}"},
        "a service": {"authorization": f"token {site.hub.token('cullers', kind='service')}"},
        "a person of its name": {"authorization": f"token {site.hub.token('culler')}"},
        "the culler": {"authorization": f"token {site.hub.token('culler', kind='service', scopes=())}"},
        "a monitor": {"authorization": f"token {site.hub.token('monitor', kind='service', scopes=('read:metrics',))}"},
        "a token of a server": {"authorization": f"token {site.hub.token('ana', scopes=('access:servers!user=ana',))}"},
        "somebody without an account": {"authorization": f"token {site.hub.token('zoe')}"},
        "another scheme": {"authorization": "basic YTpi"},
    }
    answers: dict[str, int] = {}
    for who, headers in callers.items():
        async with site.client(**headers) as client:
            answers[who] = (await client.request(method, path)).status_code
    answers["a browser that sends no XSRF token"] = (await session.client.request(method, path)).status_code
    assert {who: code for who, code in answers.items() if code >= 500} == {}
    expected = expectations(method, path, ROUTES[route])
    assert {who: answers[who] for who in expected if answers[who] not in expected[who]} == {}
    lets_in_operator = ROUTES[route] in (PERSON, BOTH, OPERATOR, OR_CULLER, OR_MONITOR) and "{namespace}" not in route
    assert (answers["an operator"] not in IS_REFUSED) or not lets_in_operator
    lets_in_person, lets_in_key = ROUTES[route] in (PERSON, BOTH, OR_PAGE), ROUTES[route] in (ENVIRONMENT, BOTH)
    assert (answers["a person"] not in IS_REFUSED) == lets_in_person
    assert (answers["the culler"] not in IS_REFUSED) == (ROUTES[route] in (CULLER, OR_CULLER))
    assert (answers["a monitor"] not in IS_REFUSED) == (ROUTES[route] == OR_MONITOR)
    assert (answers["the environment"] not in IS_REFUSED) == lets_in_key
    assert (answers["its page"] not in IS_REFUSED) == (ROUTES[route] == OR_PAGE)


def expectations(method: str, path: str, who: str) -> dict[str, set[int]]:
    """Status per caller that must not come in."""
    unknown = {401} if path.startswith(API) else {303}  # a browser is sent to sign in
    expected = {
        "nobody": unknown,
        "a wrong token": unknown,
        "a token with a line break": unknown,
        "a wrong key": unknown,
        "a key as a token": unknown,
        "a token as a key": unknown,
        "another scheme": unknown,
        "a service": {403},
        "a token of a server": {403},
        "another page of ana's": {403},
        "a page of ben's": {403},
        "ben on ana's page": {403},
        "its server": {403},
        "somebody without an account": {403},
        "a person of its name": {403},
    }
    if method not in ("GET", "HEAD"):
        expected["a browser that sends no XSRF token"] = {403}
    if who != OR_MONITOR:
        expected["a monitor"] = {403}
    if who in (OPERATOR, CULLER, OR_CULLER, OR_MONITOR):
        expected["a person"] = {403}
    if who not in (CULLER, OR_CULLER):
        expected["the culler"] = {403}
    if who == CULLER:
        expected["an operator"] = {403}
    if who in (PERSON, OR_PAGE, OPERATOR, CULLER, OR_CULLER, OR_MONITOR):
        expected["the environment"] = {403}
    if who == ENVIRONMENT:
        expected["a person"] = {403}
    return expected


async def test_a_key_opens_no_other_workspace(site: Site) -> None:
    key = site.running(site.workspace(name="alpha")).key
    site.workspace(name="beta")
    site.workspace("ben", name="alpha")
    async with site.environment(key) as inside:
        for other in ("ana/beta", "ben/alpha", "ana/nothing"):
            assert (await inside.get(f"workspaces/{other}/notebooks")).status_code == 403
        assert (await inside.get("workspaces/ana/alpha/notebooks")).status_code == 200


async def test_a_key_ends_with_its_environment(site: Site) -> None:
    at = site.workspace()
    old = site.running(at).key
    async with site.person() as ana, site.environment(old) as inside:
        assert (await inside.get("environments/self")).status_code == 200
        await ana.post("workspaces/ana/alpha/environment/pause")
        assert (await inside.get("environments/self")).status_code == 401
        new = site.running(at).key
        assert (await inside.get("environments/self")).status_code == 401
    async with site.environment(new) as inside:
        assert (await inside.get("environments/self")).status_code == 200


async def test_a_disabled_account_is_out_at_the_next_request(site: Site) -> None:
    key = site.running(site.workspace()).key
    browser = await site.browser("ana")
    async with site.person("ana") as ana, site.environment(key) as inside:
        assert (await ana.get("whoami")).status_code == 200
        accounts.disable(site.context, name="ana", actor="operator")
        assert (await ana.get("whoami")).status_code == 403
        assert (await inside.get("environments/self")).status_code == 401
    assert (await browser.client.get(f"{PREFIX}/")).status_code == 403


async def test_a_revoked_token_is_out_at_the_next_request(site: Site) -> None:
    browser = await site.browser("ana")
    assert (await browser.client.get(f"{API}/whoami")).status_code == 200
    site.hub.tokens.clear()  # what signing out at the Hub does
    assert (await browser.client.get(f"{API}/whoami")).status_code == 401
    assert (await browser.client.get(f"{PREFIX}/")).headers["location"].startswith(f"{PREFIX}/login?next=")


async def test_the_xsrf_token_is_bound_to_its_session(site: Site) -> None:
    ana, ben = await site.browser("ana"), await site.browser("ben")
    foreign = await ben.xsrf()
    fields = {"namespace": "ana", "name": "made"}
    for headers, data in [({"X-XSRFToken": foreign}, fields), ({}, fields), ({}, {**fields, "_xsrf": foreign})]:
        refused = await ana.client.post(f"{PREFIX}/workspaces", data=data, headers=headers)
        assert refused.status_code == 403
    body = {"namespace": "ana", "name": "made"}
    assert (await ana.client.post(f"{API}/workspaces", json=body)).json()["error"]["code"] == "xsrf"
    assert (await ana.client.get(f"{API}/workspaces")).json()["items"] == []
    own = {"X-XSRFToken": await ana.xsrf()}
    assert (await ana.client.post(f"{API}/workspaces", json=body, headers=own)).status_code == 201
