"""The one place that knows HTTP status codes: every error of ours, and the shape it is told in.

REST: ``{"error": {"code", "message", "details"}}``. Pages: the same sentence in the Hub's look, made by the
`page` that `install` is given. What caused an error stands in the log, never in an answer.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from terraspawner import errors, errors_files
from terraspawner.errors import TerraError
from terraspawner.errors_accounts import TooManyTries
from terraspawner.errors_starts import StartFailed

log = logging.getLogger(__name__)

RETRY_SECONDS = 10

STATUS: Mapping[type[TerraError], int] = {
    TerraError: 500,
    errors.Refused: 422,
    errors.NotLoggedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.NotebookTooLarge: 413,
    errors.LeaseHeld: 423,
    StartFailed: 503,
    TooManyTries: 429,
    errors_files.FileTooLarge: 413,
    errors_files.RangeUnsatisfiable: 416,
    errors_files.TusVersionUnknown: 412,
    errors.Unavailable: 503,
    errors.SettingsWrong: 500,
}
"""A class that is not here has the status of the nearest one above it."""

_NOT_TOLD = frozenset({"cause"})

ErrorPage = Callable[[Request, TerraError, int], Awaitable[Response]]


class Malformed(TerraError):
    """The request cannot be read."""

    code = "malformed"


class TooLarge(TerraError):
    """The request is larger than anything this address takes."""

    code = "too-large"


class MethodUnknown(TerraError):
    """This address knows no such method. The OpenAPI document lists what there is."""

    code = "method-not-allowed"


class TooMany(TerraError):
    """You have too much of this under way at once. Wait until some of it is done."""

    code = "too-many"


class TooSlow(TerraError):
    """The request did not arrive in time. Send it again."""

    code = "too-slow"


_OURS: Mapping[type[TerraError], int] = {Malformed: 400, TooLarge: 413, MethodUnknown: 405, TooMany: 429, TooSlow: 408}


def status_of(error: TerraError) -> int:
    """The HTTP status that tells of `error`."""
    if isinstance(error, StartFailed) and error.details.get("status") == HTTPStatus.TOO_MANY_REQUESTS:
        return HTTPStatus.TOO_MANY_REQUESTS
    table = {**STATUS, **_OURS}
    return next(table[kind] for kind in type(error).__mro__ if kind in table)


def body_of(error: TerraError) -> dict[str, Any]:
    """The one shape of an error."""
    details = {name: value for name, value in error.details.items() if name not in _NOT_TOLD}
    return {"error": {"code": error.code, "message": error.message, "details": details}}


def install(app: FastAPI, *, is_api: Callable[[Request], bool], page: ErrorPage) -> None:
    """Let every error of `app` leave in our shape; `page` makes the answer for what is not REST."""

    async def tell(request: Request, error: TerraError) -> Response:
        status = status_of(error)
        _log(request, error, status)
        if not is_api(request):
            return await page(request, error, status)
        return JSONResponse(body_of(error), status, headers=_headers(error, status))

    async def on_error(request: Request, error: Exception) -> Response:
        return await tell(request, _translated(request, error))

    for kind in (TerraError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, on_error)


def _headers(error: TerraError, status: int) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers["Retry-After"] = str(error.details.get("seconds", RETRY_SECONDS))
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        headers["Content-Range"] = f"bytes */{error.details['size']}"
    if isinstance(error, errors_files.TusVersionUnknown):
        headers["Tus-Version"] = "1.0.0"
    return headers


def _log(request: Request, error: TerraError, status: int) -> None:
    cause = error.details.get("cause", "")
    level = logging.ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
    log.log(level, "%s %s: %s %s %s", request.method, request.url.path, status, error.code, cause)


def _malformed(error: RequestValidationError) -> Malformed:
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]), "fault": fault["msg"]}
        for fault in error.errors()
    ]
    first = faults[0]
    return Malformed(f"The request cannot be read: {first['field']}: {first['fault']}.", faults=faults)


def _translated(request: Request, error: Exception) -> TerraError:
    """Whatever was raised, as one of ours."""
    if isinstance(error, TerraError):
        return error
    if isinstance(error, RequestValidationError):
        return _malformed(error)
    if isinstance(error, HTTPException):
        return _by_status(error)
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    return TerraError()


def _by_status(error: HTTPException) -> TerraError:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return errors.NotFound("There is nothing at this address. Check it, or begin at your workspaces.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodUnknown()
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge()
    return Malformed(f"The request cannot be read: {error.detail}")
