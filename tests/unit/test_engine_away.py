"""What waits for an Engine that is being restarted, and what does not."""

from __future__ import annotations

import docker
import pytest
import requests

from terraspawner.containers.away import LONGEST_SECONDS, through_restart


class EngineThatIsAway:
    """For so many questions, or for ever."""

    def __init__(self, error: Exception, times: float = float("inf")) -> None:
        self.error, self.left, self.asked, self.now = error, times, 0, 0.0

    async def ask(self) -> str:
        self.asked += 1
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return "done"

    async def pause(self, seconds: float) -> None:
        self.now += seconds

    async def asked_through(self) -> str:
        return await through_restart(self.ask, clock=lambda: self.now, pause=self.pause)


REFUSED = requests.ConnectionError("Connection refused")
NO_VERSION = docker.errors.DockerException("Error while fetching server API version")


@pytest.mark.parametrize("error", [REFUSED, NO_VERSION], ids=["known client", "new client"])
async def test_an_engine_that_comes_back_does_it(error: Exception) -> None:
    engine = EngineThatIsAway(error, times=3)
    assert await engine.asked_through() == "done"
    assert engine.asked == 4


async def test_one_that_stays_away_is_waited_for_as_long_as_a_restart_takes() -> None:
    engine = EngineThatIsAway(REFUSED)
    with pytest.raises(requests.ConnectionError):
        await engine.asked_through()
    assert engine.now == LONGEST_SECONDS


@pytest.mark.parametrize(
    "error", [docker.errors.NotFound("gone"), docker.errors.APIError("no"), requests.ReadTimeout()]
)
async def test_one_that_refuses_is_there(error: Exception) -> None:
    engine = EngineThatIsAway(error)
    with pytest.raises(type(error)):
        await engine.asked_through()
    assert engine.asked == 1
