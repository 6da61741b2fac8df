"""What becomes of the rest of a body that is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from starlette.types import Message, Receive, Scope, Send

from terraspawner.web.limits import DRAINED, ReadBodies

PIECE = 1024 * 1024


async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that does not look at the body."""
    await send({"type": "http.response.start", "status": 413, "headers": []})
    await send({"type": "http.response.body", "body": b"too large"})


async def reads_one_piece(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await refuses(scope, receive, send)


class Client:
    """Sends a body in `pieces`, then nothing, and knows how much of it was taken when the answer began."""

    def __init__(self, pieces: int, *, ends: bool = True, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        announced = (b"content-length", str(pieces * PIECE).encode())
        self.scope: Scope = {"type": "http", "method": "POST", "headers": [announced, *headers]}
        self.is_hung_up_on = False
        self.taken = 0
        self.taken_at_the_answer = -1
        self._pieces: Iterator[Message] = iter(
            {"type": "http.request", "body": bytes(PIECE), "more_body": number < pieces - 1 or not ends}
            for number in range(pieces)
        )

    async def receive(self) -> Message:
        message = next(self._pieces, None)
        if message is None:
            await asyncio.Event().wait()
        self.taken += 1
        return message or {}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.taken_at_the_answer = self.taken
            self.is_hung_up_on = (b"connection", b"close") in message["headers"]


@pytest.mark.parametrize("app", [refuses, reads_one_piece])
@pytest.mark.parametrize("pieces", [1, 5])
async def test_what_is_left_of_a_body_is_taken_before_the_answer(app: object, pieces: int) -> None:
    client = Client(pieces)
    await ReadBodies(app)(client.scope, client.receive, client.send)  # type: ignore[arg-type]
    assert (client.taken_at_the_answer, client.is_hung_up_on) == (pieces, False)


async def test_no_more_is_taken_than_is_sensible() -> None:
    client = Client(3 * DRAINED // PIECE)
    await ReadBodies(refuses)(client.scope, client.receive, client.send)
    assert (client.taken_at_the_answer, client.is_hung_up_on) == (DRAINED // PIECE, True)


async def test_a_body_that_stops_coming_keeps_nobody_waiting() -> None:
    client = Client(2, ends=False)
    await ReadBodies(refuses, seconds=0.01)(client.scope, client.receive, client.send)
    assert (client.taken_at_the_answer, client.is_hung_up_on) == (2, True)


async def test_who_asks_first_whether_to_send_is_told_not_to() -> None:
    client = Client(5, headers=((b"expect", b"100-continue"),))
    await ReadBodies(refuses)(client.scope, client.receive, client.send)
    assert client.taken_at_the_answer == 0


@pytest.mark.parametrize("status", [200, 401, 404, 409, 503])
async def test_every_answer_waits_for_the_body(status: int) -> None:
    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"said"})

    client = Client(5)
    await ReadBodies(answers)(client.scope, client.receive, client.send)
    assert client.taken_at_the_answer == 5


async def test_where_no_body_comes_none_is_waited_for() -> None:
    client = Client(0)
    await ReadBodies(refuses)(client.scope, client.receive, client.send)
    assert (client.taken_at_the_answer, client.is_hung_up_on) == (0, False)
