"""What a service on a unix socket refuses is told in its own words; whatever else it says, by its status."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from terraspawner.errors_mounts import MounterUnavailable
from terraspawner.socket_client import SocketClient, code_of, message_of


def test_a_refusal_is_told_in_its_own_words() -> None:
    answer = httpx.Response(409, json={"error": {"code": "disk-attached", "message": "It is in use."}})
    assert (code_of(answer), message_of(answer)) == ("disk-attached", "It is in use.")


@pytest.mark.parametrize("body", ["", "<h1>Bad Gateway</h1>", "[]", "null", *map(json.dumps, ({}, {"error": "no"}))])
def test_whatever_else_is_said_is_told_by_its_status(body: str) -> None:
    answer = httpx.Response(502, text=body)
    assert (code_of(answer), message_of(answer)) == ("", "it answered 502")


async def test_nobody_there_is_the_error_that_says_so(tmp_path: Path) -> None:
    client = SocketClient(str(tmp_path / "nobody.sock"), "mounter", MounterUnavailable, seconds=5)
    with pytest.raises(MounterUnavailable) as refused:
        await client.ask("GET", "/health")
    assert refused.value.details["cause"]
    await client.close()


async def test_what_went_wrong_names_the_service(tmp_path: Path) -> None:
    client = SocketClient(str(tmp_path / "nobody.sock"), "mounter", MounterUnavailable, seconds=5)
    told = client.failure(httpx.Response(500, json={"error": {"code": "internal", "message": "The disk is full."}}))
    assert (type(told), told.message) == (MounterUnavailable, "The mounter could not do this: The disk is full.")
    await client.close()
