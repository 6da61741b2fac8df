"""The OpenAPI document: what the handlers say, plus who may call and what errors look like. True and complete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi.openapi.utils import get_openapi

from terraspawner import __version__
from terraspawner.web.schemas import ErrorBody

_TOKEN, _SESSION, _KEY, _PAGE = "hub-token", "browser-session", "environment-key", "lab-page-token"
_CULLER, _METRICS = "culler-token", "metrics-token"

PERSON: dict[str, Any] = {"security": [{_TOKEN: []}, {_SESSION: []}]}
PERSON_OR_PAGE: dict[str, Any] = {"security": [{_TOKEN: []}, {_SESSION: []}, {_PAGE: []}]}
ENVIRONMENT: dict[str, Any] = {"security": [{_KEY: []}]}
CULLER: dict[str, Any] = {"security": [{_CULLER: []}]}
PERSON_OR_CULLER: dict[str, Any] = {"security": [{_TOKEN: []}, {_SESSION: []}, {_CULLER: []}]}
PERSON_OR_MONITOR: dict[str, Any] = {"security": [{_TOKEN: []}, {_SESSION: []}, {_METRICS: []}]}
BOTH: dict[str, Any] = {"security": [{_TOKEN: []}, {_SESSION: []}, {_KEY: []}]}
NOBODY: dict[str, Any] = {"security": []}
HTML: dict[str, Any] = {
    "content": {"text/html": {"schema": {"type": "string"}}},
    "description": "a whole document, without scripts and without anything to fetch",
}
"""The answer that shows a notebook, or what differs between two."""
TEXT: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "plain text"}

PaidBy = Annotated[str | None, Query(description="those that it pays for; for its owners and operators")]
"""The parameter `project` of a list."""
Mine = Annotated[bool, Query(description="the caller's alone; to operators everybody's are told without it")]

_MEANING = {
    400: "the request cannot be read",
    401: "no sign-in",
    403: "seen but not allowed",
    404: "not there, or not yours to know",
    408: "the body did not arrive in time",
    409: "another state or version; the present one is in the details",
    413: "too large; the limit is in the details",
    422: "well-formed but refused: what, and the bound",
    423: "somebody else is editing it: who, and for how long, in the details",
    429: "too many at once; see Retry-After",
    503: "a part is down: which; see Retry-After",
}

LATER = (
    "…/notebooks/{path}/versions, diff",
    "/images",
)
"""What the contract names and a later step brings; it stands in the document as ``x-later``."""


Answers = dict[int | str, dict[str, Any]]


def errors(*statuses: int) -> Answers:
    """The error answers of a route: those given, and the ones that every route has."""
    return {status: {"model": ErrorBody, "description": _MEANING[status]} for status in sorted({*statuses, 400, 503})}


def for_person(*statuses: int) -> Answers:
    """As `errors`, for a route that asks who calls."""
    return errors(401, 403, *statuses)


def install(app: FastAPI, cookie: str, prefix: str) -> None:
    """Give `app` its document. `cookie` is the session cookie's name."""

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app, cookie, prefix)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, cookie: str, prefix: str) -> dict[str, Any]:
    document = get_openapi(
        title="terraspawner workspaces",
        version=__version__,
        summary="Workspaces, notebooks and environments",
        description=(
            "Lists are `{items, next}`. Times are RFC 3339 UTC, durations seconds, sizes bytes, prices dollars."
            " Versions are opaque and travel as `ETag`. What the contract names and is not here yet: `x-later`."
        ),
        routes=app.routes,
    )
    _drop_default_refusal(document)
    document["x-later"] = [f"{prefix} {item}" for item in LATER]
    document.setdefault("components", {})["securitySchemes"] = {
        _TOKEN: {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`token <Hub token>` of a person, with the scope access:services!service=workspaces",
        },
        _PAGE: {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`token <OAuth token>` of the open page of a user's server: for that environment alone",
        },
        _CULLER: {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`token <Hub token>` of the Hub service `culler`",
        },
        _METRICS: {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`token <Hub token>` of anybody, with the Hub's scope read:metrics",
        },
        _SESSION: {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "the browser's sign-in; a request that changes something also sends X-XSRFToken",
        },
        _KEY: {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`environment <key>`: told to each environment at its start",
        },
    }
    return document


def _drop_default_refusal(document: dict[str, Any]) -> None:
    """FastAPI notes its own 422 for what it cannot read; ours is a 400 (`responses`)."""
    for item in document["paths"].values():
        for operation in item.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
