"""Starts take turns: no more at once than is set, nobody is kept waiting by another's many, none is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from terraspawner.containers.progress import Progress
from terraspawner.containers.turns import Turn, Turns
from terraspawner.containers.uncut import Uncut
from terraspawner.domain.start import StepName, Steps
from terraspawner.errors import DatabaseUnavailable
from tests.builders import Clock

pytestmark = pytest.mark.feature("C12")


class Starts:
    """Starts of people, and what each was told of its place."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.granted: list[str] = []
        self.told: dict[str, list[int]] = {}
        self.held: dict[str, Turn] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, *names: str) -> None:
        """`ana1` is a start of ana's."""
        for name in names:
            self.tasks[name] = asyncio.create_task(self._take(name))
            await self.settle()

    async def _take(self, name: str) -> None:
        places = self.told.setdefault(name, [])
        self.held[name] = await self.turns.take(name[:3], places.append)
        self.granted.append(name)

    async def end(self, name: str) -> None:
        self.turns.give_back(self.held.pop(name))
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def close(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


@pytest.fixture
async def starts() -> AsyncIterator[Starts]:
    made = Starts(Turns(2))
    yield made
    await made.close()


async def test_one_that_need_not_wait_is_told_nothing(starts: Starts) -> None:
    await starts.ask("ana1", "ben1")
    assert starts.granted == ["ana1", "ben1"]
    assert starts.told == {"ana1": [], "ben1": []}


async def test_the_others_wait_and_are_told_how_many_are_before_them(starts: Starts) -> None:
    await starts.ask("ana1", "ben1", "ana2", "cat1", "cat2")
    # cat has none under way and had no turn yet, so hers come before ana's second
    assert starts.told == {"ana1": [], "ben1": [], "ana2": [0, 1, 2], "cat1": [0], "cat2": [1]}
    await starts.end("ben1")
    assert starts.granted == ["ana1", "ben1", "cat1"]
    # now each has one under way, and ana's last turn is longer ago
    assert starts.told["ana2"][-1] == 0
    assert starts.told["cat2"][-1] == 1


async def test_one_person_never_has_all_turns(starts: Starts) -> None:
    await starts.ask("ana1", "ana2", "ana3")
    assert starts.granted == ["ana1"]
    await starts.ask("ben1")
    assert starts.granted == ["ana1", "ben1"]


async def test_where_there_is_one_turn_everybody_gets_it_in_time() -> None:
    starts = Starts(Turns(1))
    await starts.ask("ana1", "ana2", "ana3", "ben1")
    await starts.end("ana1")
    await starts.end("ben1")
    await starts.end("ana2")
    assert starts.granted == ["ana1", "ben1", "ana2", "ana3"]
    await starts.close()


async def test_one_that_is_cancelled_while_it_waits_makes_room(starts: Starts) -> None:
    await starts.ask("ana1", "ben1", "cat1", "dan1")
    starts.tasks["cat1"].cancel()
    await starts.settle()
    assert starts.told["dan1"][-1] == 0
    await starts.end("ana1")
    assert starts.granted[-1] == "dan1"


async def test_one_that_is_cancelled_as_its_turn_comes_passes_it_on(starts: Starts) -> None:
    await starts.ask("ana1", "ben1", "cat1", "dan1")
    starts.turns.give_back(starts.held.pop("ana1"))
    starts.tasks["cat1"].cancel()  # granted already, and not yet run
    await starts.settle()
    assert "dan1" in starts.granted


async def test_a_turn_given_back_twice_is_one_turn(starts: Starts) -> None:
    await starts.ask("ana1", "ben1", "cat1", "dan1")
    turn = starts.held["ana1"]
    await starts.end("ana1")
    starts.turns.give_back(turn)
    await starts.settle()
    assert starts.granted == ["ana1", "ben1", "cat1"]


async def test_one_that_only_waits_by_now_loses_its_turn() -> None:
    starts = Starts(Turns(1, longest=0))
    await starts.ask("ana1", "ben1")
    await asyncio.wait(starts.tasks.values(), timeout=10)
    assert starts.granted == ["ana1", "ben1"]


async def test_a_thread_that_cannot_be_called_back_is_waited_for_before_undoing() -> None:
    uncut, may_end, done = Uncut(), asyncio.Event(), []

    async def work() -> None:
        await may_end.wait()
        done.append("made")

    asking = asyncio.create_task(uncut(work()))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled()
    settling = asyncio.create_task(uncut.settled())
    may_end.set()
    await settling
    assert done == ["made"]


class Rows:
    """Remembers what is written; holds the first write until it is told."""

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self.may_write, self.has_two = asyncio.Event(), asyncio.Event()

    async def write(self, steps: Steps) -> None:
        await self.may_write.wait()
        self.written.append([step.name for step in steps])
        if len(self.written) == 1:
            raise DatabaseUnavailable
        self.has_two.set()


async def test_steps_are_written_beside_the_work_and_those_that_pile_up_go_together() -> None:
    rows, progress = Rows(), Progress(Clock())
    progress.begin(StepName.CHECK)
    progress.write_with(rows.write)
    progress.begin(StepName.DISK)
    progress.begin(StepName.CONTAINER)
    await asyncio.sleep(0)
    progress.begin(StepName.START)
    progress.begin(StepName.ANSWER)
    rows.may_write.set()
    await rows.has_two.wait()
    # a write that failed is no end: the next has all of them
    assert [written[-1] for written in rows.written] == ["container", "answer"]
    assert [step.ended_at is None for step in progress.end()] == [False] * 5


async def test_the_hubs_page_hears_each_step_once() -> None:
    progress = Progress(Clock())
    progress.begin(StepName.CHECK)
    events = progress.events()
    assert (await anext(events))["message"] == "Checking your workspace"
    progress.begin(StepName.START)
    assert await anext(events) == {"progress": 40, "message": "Starting the container"}
    await events.aclose()  # type: ignore[attr-defined]


async def test_what_has_just_ended_is_not_waited_for() -> None:
    """Its callback has had no turn yet: waiting for it in a way that gives the loop none stopped the whole Hub."""
    uncut, work = Uncut(), asyncio.get_running_loop().create_future()
    asking = asyncio.create_task(uncut(work))
    await asyncio.sleep(0)
    work.set_result("done")
    settling = uncut.settled()
    with pytest.raises(StopIteration):  # at once, without the loop's help
        settling.send(None)
    assert await asking == "done"
