"""Requests made up from the OpenAPI document, well-formed and not: no crash, and every answer is one that it names.

The same requests at each run. Half of them name the workspace and the notebook that are there, so that they get past
the first 404.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.hubs import serving
from tests.web.sites import API, CALM, Site, opened
from tests.web.test_callers import ENVIRONMENT, ROUTES

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
THERE = {"namespace": "ana", "name": "alpha", "path": "a.ipynb"}
EXAMPLES = 10
"""Of each operation and kind."""
BYTES = {"application/octet-stream", "application/offset+octet-stream"}
"""A body of this kind cannot be ill-formed: any bytes are a file."""
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, pace=replace(CALM, stream=0.02, call=0.02, ask=0.05, delete=0.05)) as made:
        yield made


@pytest.mark.parametrize("route", [route for route in ROUTES if f" {API}/" in route])
async def test_every_answer_is_one_that_the_document_names(site: Site, route: str) -> None:
    key = site.running(site.workspace()).key
    async with site.person() as ana:
        await ana.post("workspaces/ana/alpha/notebooks", json={"name": "a"})
        there = THERE | {"library_id": (await ana.post("libraries", json={"name": "a"})).json()["id"]}
        document = (await ana.get("openapi.json")).json()
        token = ana.headers["authorization"]
    authorization = f"environment {key}" if ROUTES[route] == ENVIRONMENT else token
    async with serving(site.door) as url:
        await asyncio.to_thread(ask, operation_of(document, route), url, authorization, there)


def operation_of(document: dict[str, Any], route: str) -> schemathesis.APIOperation[Any, Any]:
    method, _, path = re.sub(r":\w+}", "}", route).partition(" ")
    return schemathesis.openapi.from_dict(document)[path][method]


def ask(operation: schemathesis.APIOperation[Any, Any], url: str, authorization: str, there: dict[str, str]) -> None:
    """Call one operation with all examples; raises what schemathesis finds."""
    call_with(operation, GenerationMode.POSITIVE, url, authorization, there)
    if can_be_ill_formed(operation):
        call_with(operation, GenerationMode.NEGATIVE, url, authorization, there)


def can_be_ill_formed(operation: schemathesis.APIOperation[Any, Any]) -> bool:
    """What stands in a path or a header is text, which cannot."""
    return bool(operation.query) or any(body.media_type not in BYTES for body in operation.body)


def call_with(
    operation: schemathesis.APIOperation[Any, Any],
    mode: GenerationMode,
    url: str,
    authorization: str,
    there: dict[str, str],
) -> None:

    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), is_there=strategies.booleans())
    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def call(case: schemathesis.Case, is_there: bool) -> None:
        if is_there:
            case.path_parameters |= {name: value for name, value in there.items() if name in case.path_parameters}
        answer = case.call(base_url=url, headers={"Authorization": authorization}, timeout=30)
        case.validate_response(answer, checks=CHECKS)

    call()
