"""Every route of ours, a line each: who may call it and what it is asked. The attacks of this folder go through all.

A route that is not here fails `test_another_account.py`; so does a line whose route is gone. To add a route: one line
in `REST` (or `PAGES`), and, where its address has a parameter that `Scene.values` does not know, a value there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from deployment import API
from tests.web.sites import PREFIX

ANYBODY, PERSON, OPERATOR = "anybody", "a person", "an operator"
KEY, PERSON_OR_KEY = "an environment", "a person or the environment"
PERSON_OR_PAGE = "a person or Lab's page of the environment"
CULLER = "the culler"
KEYS = frozenset({KEY, PERSON_OR_KEY})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

AT = "/workspaces/{namespace}/{name}"
NOTEBOOK: Mapping[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

FORGED_STOP: Mapping[str, Any] = {
    "revision": 1,
    "decision": {"act": "pause", "at": None, "name": "idle", "why": "planted", "deadlines": [], "guards": []},
}

FILTERS = ("actor", "action", "object", "user", "project", "workspace")
"""Of lists of what was done and used: any text may be looked for, and most of it finds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a route is asked. Words in braces, in address, body and form, are `Scene.values`.

    `leads_on`: it sends everybody who is signed in to another page, which then refuses.
    `is_operators_too`: an operator may ask it of what is another's.
    `may_be_empty`: its body may be left out.
    `free` are fields of the body, of a form or of the query that may hold any text, so that hostile ones are no mistake
    there.
    """

    who: str = PERSON
    body: Any = None
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    leads_on: bool = False
    is_operators_too: bool = False
    may_be_empty: bool = False
    free: tuple[str, ...] = ()


REST: dict[str, Case] = {
    "GET /health": Case(who=ANYBODY),
    "GET /metrics": Case(who=OPERATOR),
    "GET /store": Case(who=OPERATOR),
    "GET /whoami": Case(),
    "GET /projects": Case(),
    "POST /projects": Case(body={"namespace": "planted"}),
    "GET /projects/{namespace}": Case(),
    "PATCH /projects/{namespace}": Case(body={"title": "planted"}, free=("title",)),
    "PUT /projects/{namespace}/members/{member}": Case(body={"role": "owner"}),
    "DELETE /projects/{namespace}/members/{member}": Case(),
    "GET /workspaces": Case(),
    "POST /workspaces": Case(body={"namespace": "{namespace}", "name": "planted"}),
    f"GET {AT}": Case(),
    f"PATCH {AT}": Case(body={"title": "planted"}, free=("title",)),
    f"DELETE {AT}": Case(query={"force": "true"}),
    f"GET {AT}/members": Case(),
    f"PUT {AT}/members/{{member}}": Case(body={"role": "owner"}),
    f"DELETE {AT}/members/{{member}}": Case(),
    f"GET {AT}/notebooks": Case(who=PERSON_OR_KEY, free=("folder", "q")),
    f"POST {AT}/notebooks": Case(body={"name": "planted", "kernel": "python3"}),
    f"GET {AT}/notebooks/{{path}}": Case(who=PERSON_OR_KEY, headers={"If-None-Match": '"x"'}),
    f"PUT {AT}/notebooks/{{path}}": Case(who=PERSON_OR_KEY, body=NOTEBOOK, headers={"If-Match": '"{version}"'}),
    f"DELETE {AT}/notebooks/{{path}}": Case(headers={"If-Match": '"{version}"'}),
    f"POST {AT}/notebooks/{{path}}/copy": Case(body={"to": "{path}"}),
    f"GET {AT}/notebooks/{{path}}/preview": Case(who=PERSON_OR_KEY),
    f"POST {AT}/notebooks/{{path}}/rename": Case(
        who=PERSON_OR_KEY, body={"to": "planted"}, headers={"If-Match": '"{version}"'}
    ),
    f"POST {AT}/notebooks/{{path}}/open": Case(
        body={"mode": "edit", "environment": {"size": "standard", "image": "python"}}
    ),
    f"GET {AT}/notebooks/{{path}}/versions": Case(who=PERSON_OR_KEY),
    f"GET {AT}/notebooks/{{path}}/versions/{{version}}": Case(who=PERSON_OR_KEY),
    f"GET {AT}/notebooks/{{path}}/diff": Case(who=PERSON_OR_KEY, query={"from": "{version}"}),
    f"PUT {AT}/notebooks/{{path}}/diff": Case(who=PERSON_OR_KEY, body=NOTEBOOK, query={"from": "{version}"}),
    f"GET {AT}/notebooks/{{path}}/proposals": Case(who=PERSON_OR_KEY),
    f"POST {AT}/notebooks/{{path}}/proposals": Case(
        who=PERSON_OR_KEY, body=[]
    ),  # a notebook would be kept, as it should
    f"GET {AT}/notebooks/{{path}}/proposals/{{proposal_id}}": Case(who=PERSON_OR_KEY),
    f"GET {AT}/notebooks/{{path}}/proposals/{{proposal_id}}/diff": Case(who=PERSON_OR_KEY),
    f"POST {AT}/notebooks/{{path}}/proposals/{{proposal_id}}/merge": Case(who=PERSON_OR_KEY, body={"marks": True}),
    f"DELETE {AT}/notebooks/{{path}}/proposals/{{proposal_id}}": Case(query={"word": "planted"}, free=("word",)),
    f"PUT {AT}/notebooks/{{path}}/merge": Case(who=PERSON_OR_KEY, body=NOTEBOOK, query={"base": "{version}"}),
    f"PATCH {AT}/notebooks/{{path}}/versions/{{version}}": Case(body={"name": "planted"}, free=("name",)),
    f"POST {AT}/notebooks/{{path}}/versions/{{version}}/restore": Case(who=PERSON_OR_KEY),
    f"GET {AT}/files": Case(who=PERSON_OR_KEY, free=("folder", "cursor")),
    f"GET {AT}/files/{{path}}": Case(who=PERSON_OR_KEY),
    # data files have almost any name: it is the version that there is none of
    f"PUT {AT}/files/{{path}}": Case(who=PERSON_OR_KEY, body={"planted": True}, headers={"If-Match": '"planted"'}),
    f"DELETE {AT}/files/{{path}}": Case(who=PERSON_OR_KEY),
    f"POST {AT}/uploads": Case(
        who=PERSON_OR_KEY,
        headers={"Tus-Resumable": "1.0.0", "Upload-Length": "4", "Upload-Metadata": "filename cGxhbnRlZA=="},
    ),
    f"HEAD {AT}/uploads/{{upload_id}}": Case(who=PERSON_OR_KEY),
    f"PATCH {AT}/uploads/{{upload_id}}": Case(
        who=PERSON_OR_KEY, headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    ),
    f"DELETE {AT}/uploads/{{upload_id}}": Case(who=PERSON_OR_KEY),
    f"GET {AT}/notebooks/{{path}}/lease": Case(who=PERSON_OR_KEY, query={"session": "planted"}),
    f"POST {AT}/notebooks/{{path}}/lease": Case(who=PERSON_OR_KEY, body={"session": "planted"}),
    f"PATCH {AT}/notebooks/{{path}}/lease": Case(who=PERSON_OR_KEY, body={"session": "planted", "fence": 1}),
    f"DELETE {AT}/notebooks/{{path}}/lease": Case(who=PERSON_OR_KEY, body={"session": "planted", "fence": 1}),
    f"POST {AT}/notebooks/{{path}}/lease/request": Case(who=PERSON_OR_KEY),
    f"POST {AT}/notebooks/{{path}}/lease/decline": Case(
        who=PERSON_OR_KEY, body={"session": "planted", "fence": 1, "user": "{member}"}
    ),
    f"POST {AT}/notebooks/{{path}}/lease/handover": Case(
        who=PERSON_OR_KEY, body={"session": "planted", "fence": 1, "to": "{member}"}
    ),
    f"POST {AT}/notebooks/{{path}}/lease/takeover": Case(),
    f"GET {AT}/environment": Case(who=PERSON_OR_PAGE),
    f"DELETE {AT}/environment": Case(query={"disk": "delete", "force": "true"}),
    f"PATCH {AT}/environment": Case(body={"size": "large", "image": "r"}),
    "GET /environments/facts": Case(who=CULLER),
    "POST /environments/{environment_id}/decisions": Case(who=CULLER, body=FORGED_STOP),
    "GET /decisions": Case(who=OPERATOR),
    f"GET {AT}/environment/decisions": Case(),
    f"POST {AT}/environment/keep-alive": Case(body={"seconds": 3600}),
    f"DELETE {AT}/environment/keep-alive": Case(),
    "POST /environments/self/keep-alive": Case(who=KEY, body={"seconds": 3600}),
    "GET /sizes": Case(),
    "GET /images": Case(),
    f"POST {AT}/environment/start": Case(who=PERSON_OR_PAGE, body={}, may_be_empty=True, free=("startup_script",)),
    f"POST {AT}/environment/pause": Case(),
    f"POST {AT}/environment/cancel": Case(),
    f"GET {AT}/environment/events": Case(),
    f"GET {AT}/environment/losses": Case(query={"action": "delete-disk"}),
    f"GET {AT}/environment/log": Case(query={"lines": "5"}),
    "GET /environments": Case(is_operators_too=True),
    "GET /environments/{environment_id}": Case(is_operators_too=True),
    "DELETE /environments/{environment_id}": Case(is_operators_too=True),
    "POST /environments/{environment_id}/pause": Case(is_operators_too=True),
    "PATCH /environments/{environment_id}": Case(body={"tags": {"course": "planted"}}, is_operators_too=True),
    "GET /disks": Case(is_operators_too=True),
    "DELETE /disks/{disk_id}": Case(query={"force": "true"}, is_operators_too=True),
    "PATCH /disks/{disk_id}": Case(body={"size": 1 << 40}),
    "POST /disks/{disk_id}/measure": Case(),
    "GET /trash": Case(),
    "POST /trash/{trash_id}/restore": Case(),
    "DELETE /trash/{trash_id}": Case(),
    "GET /drives": Case(),
    "GET /libraries": Case(),
    "POST /libraries": Case(body={"name": "planted"}),
    "GET /libraries/{library_id}": Case(),
    "PATCH /libraries/{library_id}": Case(body={"name": "planted"}),
    "DELETE /libraries/{library_id}": Case(),
    "PUT /libraries/{library_id}/outside": Case(body={"password": "planted"}),
    "PUT /libraries/{library_id}/shares/{member}": Case(body={"access": "write"}),
    "DELETE /libraries/{library_id}/shares/{member}": Case(),
    "POST /libraries/{library_id}/transfer": Case(body={"to": "ben"}, is_operators_too=True),
    "GET /account": Case(),
    "PUT /account/password": Case(body={"present": "no password of anybody's", "new": "a garden of words"}),
    "GET /audit": Case(is_operators_too=True, free=FILTERS),
    "GET /usage": Case(is_operators_too=True, free=FILTERS),
    "POST /links/look": Case(who=ANYBODY, body={"code": "planted"}),
    "POST /links/use": Case(who=ANYBODY, body={"code": "planted", "password": "a garden of words"}),
    "GET /accounts": Case(who=OPERATOR),
    "POST /accounts": Case(who=OPERATOR, body={"name": "planted"}),
    "GET /accounts/{account}": Case(who=OPERATOR),
    "PATCH /accounts/{account}": Case(who=OPERATOR, body={"is_disabled": True}),
    "POST /accounts/{account}/link": Case(who=OPERATOR),
    "POST /reconcile": Case(who=OPERATOR, body={"dry_run": False}),
    "GET /groups": Case(who=OPERATOR),
    "POST /groups": Case(who=OPERATOR, body={"name": "planted"}),
    "PUT /groups/{group}/members/{member}": Case(who=OPERATOR),
    "DELETE /groups/{group}/members/{member}": Case(who=OPERATOR),
    "GET /environments/self": Case(who=KEY),
    "GET /environments/self/calls": Case(who=KEY),
    "POST /environments/self/activity": Case(who=KEY, body={"kernels": [], "terminals": 0}),
    "POST /environments/self/outbox": Case(who=KEY, body={"pending": []}),
    "POST /environments/self/pause": Case(who=KEY),
}
"""Below the API's address, as the OpenAPI document writes it."""

PAGES: dict[str, Case] = {
    "GET /health": Case(who=ANYBODY),
    "GET /login": Case(who=ANYBODY),
    "GET /oauth_callback": Case(who=ANYBODY),
    "GET /set-password": Case(who=ANYBODY),
    "POST /set-password": Case(who=ANYBODY, form={"code": "planted"}),
    "POST /set-password/new": Case(who=ANYBODY, form={"code": "planted", "password": "x", "again": "x"}),
    "GET /account": Case(),
    "POST /account/password": Case(form={"present": "no password of anybody's", "new": "x", "again": "x"}),
    "POST /account/seen": Case(form={"up_to": ""}),
    "GET /audit": Case(is_operators_too=True),
    "GET /usage": Case(is_operators_too=True),
    "GET /store": Case(who=OPERATOR),
    "GET /accounts": Case(who=OPERATOR),
    "POST /accounts": Case(who=OPERATOR, form={"name": "planted"}),
    "POST /accounts/{account}/link": Case(who=OPERATOR, form={}),
    "POST /accounts/{account}/disable": Case(who=OPERATOR, form={}),
    "POST /accounts/{account}/enable": Case(who=OPERATOR, form={}),
    "GET /": Case(),
    "POST /environments/delete": Case(form={"environment_id": "{environment_id}"}),
    "GET /projects": Case(),
    "POST /projects": Case(form={"namespace": "planted"}),
    "GET /projects/{namespace}": Case(),
    "POST /projects/{namespace}": Case(form={"title": "planted"}, free=("title",)),
    "POST /projects/{namespace}/people": Case(form={"who": "{member}", "role": "owner"}),
    "POST /projects/{namespace}/people/remove": Case(form={"who": "{member}"}),
    "POST /projects/{namespace}/leave": Case(form={}),
    "GET /groups": Case(who=OPERATOR),
    "POST /groups": Case(who=OPERATOR, form={"name": "planted"}),
    "POST /groups/{group}/people": Case(who=OPERATOR, form={"who": "{member}"}),
    "POST /groups/{group}/people/remove": Case(who=OPERATOR, form={"who": "{member}"}),
    "GET /environments": Case(),
    "GET /environments/live": Case(),
    "GET /environments/end": Case(leads_on=True),
    "POST /environments/tags": Case(form={"id": "{environment_id}", "tags": "course: planted"}, is_operators_too=True),
    "POST /disks/tags": Case(form={"id": "{disk_id}", "tags": "course: planted"}, is_operators_too=True),
    "POST /environments/end": Case(form={"act": "delete", "id": "{environment_id}"}, is_operators_too=True),
    "GET /drive": Case(),
    "POST /drive": Case(form={"name": "planted"}),
    "GET /drive/connect": Case(leads_on=True),
    "POST /drive/connect": Case(
        form={"name": "planted", "drive": "planted", "user": "ana", "password": "planted", "path": "", "library": ""}
    ),
    "GET /drive/{library_id}/{form}": Case(),
    "POST /drive/{library_id}/rename": Case(form={"name": "planted"}),
    "POST /drive/{library_id}/password": Case(form={"user": "ana", "password": "planted"}),
    "POST /drive/{library_id}/limit": Case(form={"megabytes": "1"}),
    "POST /drive/{library_id}/transfer": Case(form={"to": "ben"}, is_operators_too=True),
    "POST /drive/{library_id}/delete": Case(form={}),
    "POST /drive/{library_id}/shares": Case(form={"who": "{member}", "access": "write"}),
    "POST /drive/{library_id}/shares/remove": Case(form={"who": "{member}"}),
    "POST /drive/{library_id}/leave": Case(form={}),
    "GET /disks": Case(),
    "POST /disks/delete": Case(form={"disk_id": "{disk_id}", "force": "true"}),
    "POST /disks/enlarge": Case(form={"disk_id": "{disk_id}", "gigabytes": "100"}),
    "POST /disks/measure": Case(form={"disk_id": "{disk_id}"}),
    "GET /trash": Case(),
    "POST /trash/restore": Case(form={"trash_id": "{trash_id}"}),
    "POST /trash/purge": Case(form={"trash_id": "{trash_id}"}),
    "GET /workspaces": Case(leads_on=True),
    "POST /workspaces": Case(form={"namespace": "{namespace}", "name": "planted"}),
    f"GET {AT}": Case(),
    f"GET {AT}/notebooks": Case(),
    f"POST {AT}/notebooks": Case(form={"title": "planted", "kernel": "python3"}),
    f"GET {AT}/notebooks/{{path}}": Case(),
    f"GET {AT}/notebooks/{{path}}/frame": Case(),
    f"POST {AT}/notebooks/delete": Case(form={"path": "{path}"}),
    f"POST {AT}/notebooks/undo": Case(form={"trash_id": "{trash_id}"}),
    f"POST {AT}/notebooks/rename": Case(form={"path": "{path}", "to": "planted"}),
    f"POST {AT}/notebooks/copy": Case(form={"path": "{path}", "to": "{path}", "workspace": "{namespace}/{name}"}),
    f"GET {AT}/files": Case(),
    f"POST {AT}/files/folder": Case(form={"title": "planted"}),
    f"POST {AT}/files/delete": Case(form={"path": "{path}"}),
    f"POST {AT}/files/delete-folder": Case(form={"path": "{path}"}),
    f"POST {AT}/files/undo": Case(form={"trash_id": "{trash_id}"}),
    f"GET {AT}/files/{{path}}": Case(),
    f"GET {AT}/images/{{path}}": Case(),
    f"GET {AT}/notebooks/{{path}}/proposals": Case(),
    f"GET {AT}/notebooks/{{path}}/proposals/{{proposal_id}}": Case(),
    f"GET {AT}/notebooks/{{path}}/proposals/{{proposal_id}}/frame": Case(),
    f"POST {AT}/notebooks/{{path}}/proposals/merge": Case(form={"proposal": "{proposal_id}", "marks": "yes"}),
    f"POST {AT}/notebooks/{{path}}/proposals/close": Case(
        form={"proposal": "{proposal_id}", "word": "planted"}, free=("word",)
    ),
    f"GET {AT}/notebooks/{{path}}/history": Case(),
    f"GET {AT}/notebooks/{{path}}/history/{{version}}": Case(),
    f"GET {AT}/notebooks/{{path}}/history/{{version}}/frame": Case(),
    f"GET {AT}/notebooks/{{path}}/history/{{version}}/changes": Case(query={"since": "{version}"}),
    f"GET {AT}/notebooks/{{path}}/history/{{version}}/changes/frame": Case(query={"since": "{version}"}),
    f"POST {AT}/notebooks/{{path}}/history/restore": Case(form={"version": "{version}"}),
    f"POST {AT}/notebooks/{{path}}/history/name": Case(
        form={"version": "{version}", "called": "planted"}, free=("called",)
    ),
    f"POST {AT}/notebooks/lease/request": Case(form={"path": "{path}"}),
    f"POST {AT}/notebooks/lease/takeover": Case(form={"path": "{path}"}),
    f"POST {AT}/delete": Case(form={"force": "true"}),
    f"GET {AT}/people": Case(),
    f"POST {AT}/people": Case(form={"who": "{member}", "role": "reader"}),
    f"POST {AT}/people/remove": Case(form={"who": "{member}"}),
    f"POST {AT}/people/leave": Case(form={}),
    f"GET {AT}/environment": Case(),
    f"GET {AT}/environment/live": Case(),
    "GET /images": Case(),
    f"GET {AT}/environment/losses": Case(query={"act": "delete-disk"}),
    f"POST {AT}/environment/start": Case(form={}),
    f"POST {AT}/environment/pause": Case(form={}),
    f"POST {AT}/environment/freeze": Case(form={}),
    f"POST {AT}/environment/size": Case(form={"size": "large"}),
    f"POST {AT}/environment/image": Case(form={"image": "r"}),
    f"GET {AT}/environment/data-disk": Case(),
    f"POST {AT}/environment/data-disk": Case(form={"wish": "none"}),
    f"POST {AT}/environment/cancel": Case(form={}),
    f"GET {AT}/environment/decisions": Case(),
    f"POST {AT}/environment/keep-alive": Case(form={"hours": "1"}),
    f"POST {AT}/environment/keep-alive/end": Case(form={}),
    f"GET {AT}/environment/schedule": Case(),
    f"POST {AT}/environment/schedule": Case(
        form={"zone": "UTC", "stop": "own", "stop_at": "03:00", "stop_days": "mon"}
    ),
    f"POST {AT}/environment/delete": Case(form={"disk": "delete", "force": "true"}),
    f"POST {AT}/environment/delete-disk": Case(form={"disk_id": "{disk_id}"}),
    "GET /open/{namespace}/{name}/terminal/live": Case(query={"after": "0"}),
    "GET /open/{namespace}/{name}/terminal": Case(),
    "POST /open/{namespace}/{name}/terminal": Case(form={}),
    "GET /open/{namespace}/{name}/playground/{path}/live": Case(query={"after": "0"}),
    "GET /open/{namespace}/{name}/playground/{path}": Case(),
    "POST /open/{namespace}/{name}/playground/{path}": Case(form={}),
    "GET /open/{namespace}/{name}/notebooks/{path}/live": Case(query={"after": "0"}),
    "GET /open/{namespace}/{name}/notebooks/{path}": Case(),
    "POST /open/{namespace}/{name}/notebooks/{path}": Case(form={}),
}
"""Below the service's address, as `tests/web/test_callers.py` finds them in the app."""

ALL: dict[str, Case] = {
    **{f"{route.replace(' ', f' {API}', 1)}": case for route, case in REST.items()},
    **{f"{route.replace(' ', f' {PREFIX}', 1)}": case for route, case in PAGES.items()},
}
CHANGING = [route for route in ALL if route.partition(" ")[0] not in SAFE]
_WORD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, ready to be sent. `address` is quoted."""

    method: str
    address: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes | None

    @property
    def is_rest(self) -> bool:
        return self.address.startswith(API)

    @property
    def options(self) -> dict[str, Any]:
        """For `httpx.Client.request`, besides method and address."""
        return {"params": dict(self.query) or None, "headers": dict(self.headers), "content": self.content}


def request_of(route: str, values: Mapping[str, str], **form: str) -> Request:
    """The request of a line, with its words filled in; `form` adds fields to a form."""
    case = ALL[route]
    method, _, path = route.partition(" ")
    address = _WORD.sub(lambda word: _quoted(word[1], _value(route, word[1], values)), path)
    headers = {name: _filled(route, text, values) for name, text in (case.headers or {}).items()}
    content: bytes | None = None
    if case.form is not None:
        fields = {name: _filled(route, text, values) for name, text in case.form.items()} | form
        content = "&".join(f"{name}={quote(text, safe='')}" for name, text in fields.items()).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif case.body is not None:
        content = json.dumps(_filled(route, case.body, values)).encode()
        headers["Content-Type"] = "application/json"
    query = {name: _filled(route, text, values) for name, text in (case.query or {}).items()}
    return Request(method=method, address=address, query=query, headers=headers, content=content)


def names_something(route: str) -> bool:
    """Whether a request of this line names a thing of somebody's, in its address, its body or its form."""
    case = ALL[route]
    return bool(_WORD.search(route) or _WORD.search(json.dumps([case.body, case.form])))


def _quoted(word: str, value: str) -> str:
    """As it travels: dots too, which clients would walk up at before they send."""
    quoted = quote(value, safe="/" if word == "path" else "")
    return "/".join(part.replace(".", "%2E") if set(part) == {"."} else part for part in quoted.split("/"))


def _filled(route: str, template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        return _WORD.sub(lambda word: _value(route, word[1], values), template)
    if isinstance(template, Mapping):
        return {name: _filled(route, item, values) for name, item in template.items()}
    return [_filled(route, item, values) for item in template] if isinstance(template, list) else template


def _value(route: str, word: str, values: Mapping[str, str]) -> str:
    assert word in values, f"{route}: say in `Scene.values` (tests/attack/scene.py) what ana's {{{word}}} is"
    return values[word]
