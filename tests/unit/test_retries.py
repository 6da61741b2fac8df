"""Waiting for a service of ours that is on its way back."""

from __future__ import annotations

import httpx
import pytest

from terraspawner.retries import Retrying

NOBODY, CUT_OFF = httpx.ConnectError("nobody"), httpx.RemoteProtocolError("cut off")


class ServiceThatComesBack(httpx.AsyncBaseTransport):
    """Fails in these ways, one after the other, and answers from then on."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.asked: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(await request.aread())
        if self._failures:
            raise self._failures.pop(0)
        return httpx.Response(200)


async def ask(service: ServiceThatComesBack, method: str, seconds: float) -> int:
    async with httpx.AsyncClient(transport=Retrying(service, seconds), base_url="http://service") as client:
        return (await client.request(method, "/", content=b"what is asked")).status_code


async def test_what_met_nobody_is_asked_again_and_so_is_what_was_cut_off() -> None:
    service = ServiceThatComesBack(NOBODY, CUT_OFF)
    assert await ask(service, "PUT", 60) == 200
    assert service.asked == [b"what is asked"] * 3


async def test_what_may_be_done_once_alone_is_asked_again_only_where_it_met_nobody() -> None:
    assert await ask(ServiceThatComesBack(NOBODY), "POST", 60) == 200
    service = ServiceThatComesBack(CUT_OFF)
    with pytest.raises(httpx.RemoteProtocolError):
        await ask(service, "POST", 60)
    assert len(service.asked) == 1


async def test_without_patience_it_is_asked_once() -> None:
    service = ServiceThatComesBack(NOBODY)
    with pytest.raises(httpx.ConnectError):
        await ask(service, "GET", 0)
    assert len(service.asked) == 1


async def test_a_time_out_is_an_answer() -> None:
    service = ServiceThatComesBack(httpx.ReadTimeout("nothing"))
    with pytest.raises(httpx.ReadTimeout):
        await ask(service, "GET", 60)
    assert len(service.asked) == 1
