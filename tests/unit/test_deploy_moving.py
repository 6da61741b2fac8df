"""`make move`: whatever ends it, the deployment runs, and it is said on what."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from terraspawner.deploy.commands import SetupStopped
from terraspawner.deploy.moving import Acts, carry_out

pytestmark = pytest.mark.feature("H1")


@dataclass
class DeploymentThatTells:
    """Notes what is done with it; `fails` are acts, by how often they were done, that something ends."""

    fails: dict[tuple[str, int], Callable[[], None]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def does(self, what: str) -> Callable[[], None]:
        def act() -> None:
            self.done.append(what)
            self.fails.get((what, self.done.count(what)), lambda: None)()

        return act

    @property
    def acts(self) -> Acts:
        return Acts(
            copy=self.does("copy"), down=self.does("down"), up_there=self.does("there"), up_here=self.does("here")
        )


def breaks() -> None:
    raise SetupStopped("The store does not answer.")


def interrupted(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def test_it_copies_beside_people_and_once_more_when_all_stands_still() -> None:
    deployment = DeploymentThatTells()
    carry_out(deployment.acts)
    assert deployment.done == ["copy", "down", "copy", "there"]


def test_a_first_round_that_fails_stops_nothing() -> None:
    deployment = DeploymentThatTells({("copy", 1): breaks})
    with pytest.raises(SetupStopped, match="does not answer"):
        carry_out(deployment.acts)
    assert deployment.done == ["copy"]


@pytest.mark.parametrize("where", [("down", 1), ("copy", 2), ("there", 1)])
@pytest.mark.parametrize("why", [breaks, interrupted(signal.SIGINT), interrupted(signal.SIGTERM)])
def test_what_ends_it_later_brings_everything_back_on_the_folder(
    where: tuple[str, int], why: Callable[[], None]
) -> None:
    deployment = DeploymentThatTells({where: why})
    with pytest.raises(SetupStopped, match=r"runs on the folder again(.|\n)*goes on from here"):
        carry_out(deployment.acts)
    assert deployment.done[-2:] == ["down", "here"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_who_cannot_wait_while_it_comes_back_changes_nothing() -> None:
    deployment = DeploymentThatTells({("copy", 2): breaks, ("here", 1): interrupted(signal.SIGINT)})
    with pytest.raises(SetupStopped, match="runs on the folder again"):
        carry_out(deployment.acts)


def test_what_does_not_come_back_is_said_with_the_way() -> None:
    deployment = DeploymentThatTells({("copy", 2): breaks, ("here", 1): breaks})
    with pytest.raises(SetupStopped, match="Run `make up` without the settings of the store"):
        carry_out(deployment.acts)
