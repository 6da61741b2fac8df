"""The OpenAPI document is complete and true; health tells what is down."""

from __future__ import annotations

import json
import re
from pathlib import Path

from fastapi.routing import APIRoute, iter_route_contexts
from openapi_spec_validator import validate

import papers
from terraspawner import errors
from terraspawner.web import auth, responses
from tests.web.hosts import HostThatIsSilent, HostThatObeys
from tests.web.sites import API, PREFIX, Site, opened


async def document_of(site: Site) -> dict:  # type: ignore[type-arg]
    async with site.client() as client:
        answer = await client.get(f"{API}/openapi.json")
    assert answer.status_code == 200
    return answer.json()  # type: ignore[no-any-return]


async def test_the_document_is_valid_and_has_every_rest_route(site: Site) -> None:
    document = await document_of(site)
    validate(document)
    documented = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    routes = {
        f"{method} {re.sub(':tail|:id', '', context.path)}"
        for context in iter_route_contexts(site.app.routes)
        if isinstance(context.original_route, APIRoute) and (context.path or "").startswith(API)
        for method in context.methods or ()
    }
    assert documented == routes


async def test_each_operation_says_what_it_does_who_may_and_how_it_refuses(site: Site) -> None:
    document = await document_of(site)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation.get("description"), where
            assert "security" in operation, where
            codes = set(operation["responses"])
            assert "503" in codes, where
            assert not operation["security"] or {"401", "403"} <= codes, where
            for code in codes & {"400", "401", "403", "404", "409", "413", "422", "429"}:
                schema = operation["responses"][code]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorBody"}, (where, code)
    assert "HTTPValidationError" not in json.dumps(document)


def test_every_error_of_ours_has_a_status_and_a_sentence() -> None:
    def below(kind: type[errors.TerraError]) -> set[type[errors.TerraError]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    for kind in below(errors.TerraError) - {errors.TerraError}:
        if kind.__module__ in (*papers.ERRORS_AT, auth.__name__, responses.__name__):
            error = kind()
            assert 400 <= responses.status_of(error) < 600, kind
            assert error.message.rstrip().endswith("."), kind
            assert set(responses.body_of(error)["error"]) == {"code", "message", "details"}


def test_the_cause_of_an_error_stays_in_the_log() -> None:
    told = responses.body_of(errors.HubUnavailable(cause="http://hub:8081 with token abc"))
    assert "abc" not in json.dumps(told)


async def test_an_unknown_address_and_method_are_refused_in_our_shape(site: Site) -> None:
    async with site.person() as ana:
        missing = await ana.get("nothing")
        wrong = await ana.patch("whoami")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not-found")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method-not-allowed")


async def test_a_page_that_is_not_there_is_told_in_the_hubs_look(site: Site) -> None:
    async with site.client() as client:
        answer = await client.get(f"{PREFIX}/nothing/here")
    assert answer.status_code == 404
    assert "text/html" in answer.headers["content-type"]
    assert "There is nothing at this address" in answer.text


async def test_health_is_ready_when_every_part_is(site: Site) -> None:
    async with site.client() as client:
        answer = await client.get(f"{API}/health")
    said = answer.json()
    assert answer.status_code == 200
    assert said["parts"]["database"]["ok"] is said["parts"]["hub"]["ok"] is said["parts"]["host"]["ok"] is True
    assert "20.10.24" in said["parts"]["host"]["message"]
    assert said["ready"] is True


class HostWithAnOpenNetwork(HostThatObeys):
    """Its probe found that environments reach each other."""

    async def health(self) -> dict:  # type: ignore[type-arg]
        finding = {"check": "neighbour", "ok": False, "message": "Two environments reached each other."}
        return {"engine": {"version": "20.10.24"}, "network": {"ok": False, "findings": [finding]}}


async def test_an_open_network_is_not_ready_and_says_why(tmp_path: Path) -> None:
    async with opened(tmp_path, host=HostWithAnOpenNetwork()) as site, site.client() as client:
        answer = await client.get(f"{PREFIX}/health")
    assert (answer.status_code, answer.json()["ready"]) == (200, False)
    assert answer.json()["network"][0]["message"] == "Two environments reached each other."


async def test_without_the_host_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with opened(tmp_path, host=HostThatIsSilent()) as site, site.client() as client:
        answer = await client.get(f"{PREFIX}/health")
    assert (answer.status_code, answer.json()["ready"]) == (200, False)


async def test_without_its_database_it_is_503(site: Site, tmp_path: Path) -> None:
    with site.context.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE environment RENAME TO lost")
    async with site.client() as client:
        answer = await client.get(f"{PREFIX}/health")
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"]["ok"] is False
