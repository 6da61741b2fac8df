"""The rule of an environment's leases, walked at random beside a service that keeps its own; and what tabs are told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("aiohttp")

from extension.lease_book import BEN, LeaseBook, here
from terraspawner.domain import lease_holding
from terraspawner.domain.lease import Claim as Theirs
from terraspawner.domain.lease import is_live
from terraspawner.errors import TerraError
from terraspawner_environment import lease
from terraspawner_environment.compare import Base
from terraspawner_environment.lease import Claim, Deed, Post, Sight, Step
from terraspawner_environment.ledger import Line
from terraspawner_environment.posts import Posts
from terraspawner_environment.service import Fetched
from terraspawner_environment.trouble import LeaseRefused, NotReached

A = "a.ipynb"
TABS = ("tab-1", "tab-2", "tab-3")
SERVER = "server-0"
LONG = 400.0
ACTS = (
    "open",
    "open",
    "close",
    "retry",
    "save",
    "save",
    "wait",
    "wait",
    "wait",
    "ben",
    "ben saves",
    "freeze",
    "outage",
)


class BookAt(LeaseBook):
    """Its time is the world's."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    @property
    def now(self) -> datetime:
        return datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=self._world.clock)


class ServiceByTheBook:
    """Answers as REST does, unless it is down."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def lease(self, path: str, method: str, body: dict[str, Any] | None = None, *, deed: str = "") -> Sight:
        self._reach()
        if deed.startswith("?"):
            deed, body = "", dict(parse_qsl(deed[1:]))
        try:
            answer = self._world.book.answer(path, deed.removeprefix("/"), method, body or {})
        except TerraError as no:
            raise LeaseRefused(no.message, code=no.code, details=no.details) from no
        self._world.is_fresh = True
        return lease.sight_of(answer) if answer else lease.NOBODYS

    async def read(self, path: str, *, known: str) -> Fetched:
        self._reach()
        version = str(self._world.version)
        return Fetched(version=version, content=None if version == known else b"ben's")

    def _reach(self) -> None:
        if self._world.is_down:
            raise NotReached("the workspace cannot be reached")


class World:
    """One notebook, three tabs of ana's environment, and ben."""

    def __init__(self) -> None:
        self.clock = 0.0
        self.is_down = False
        self.is_fresh = True
        self.version = self.base = 1
        self.book = BookAt(self)
        self.bens: Theirs | None = None
        desk: Any = SimpleNamespace(user="ana", ledger=SimpleNamespace(of=lambda _: self.line))
        service: Any = ServiceByTheBook(self)
        self.posts = Posts(desk, service, server=SERVER, clock=lambda: self.clock)

    @property
    def line(self) -> Line:
        return Line(base=Base(version=str(self.base), sha256="of our text"))

    @property
    def post(self) -> Post:
        return self.posts.of(A)

    async def step(self, act: str, which: int) -> None:
        await getattr(self, act.replace(" ", "_"))(TABS[which % len(TABS)], which)
        if self.bens is not None:  # his tab is open
            claim = self.bens
            self.book.change(A, lambda it, now: lease_holding.renew(it, claim, now))
        await self.settle()
        self.check()

    async def settle(self) -> None:
        """What is due is done; it comes to an end by itself."""
        for _ in range(12):
            due = lease.next_step(self.post, self.clock, must_stay=False)
            if due is None or due.at > self.clock:
                return
            await self.posts.carry_out(A, due)
        raise AssertionError(f"always something to do: {self.post}")

    async def open(self, tab: str, _: int) -> None:
        self.posts.put(lease.shown(self.post, tab))

    async def retry(self, tab: str, _: int) -> None:
        if tab in self.post.tabs:
            self.posts.put(lease.shown(self.post, tab, anew=True))
            self.base = self.version

    async def close(self, tab: str, _: int) -> None:
        self.posts.put(lease.left(self.post, tab))

    async def save(self, tab: str, _: int) -> None:
        had_lost = tab in self.post.lost
        step = lease.step_to_save(self.post, tab, server=SERVER, now=self.clock)
        if step is not None:
            await self.posts.carry_out(A, step)
        claim = self.post.claim
        if claim is None or claim.session != tab or self.is_down:
            return
        assert not had_lost
        headers = {"Lease-Session": claim.session, "Lease-Fence": str(claim.fence)}
        try:
            self.book.check_save(A, headers, creates=False)
        except TerraError:
            assert not self.is_fresh, "a lease that was good a moment ago"
            return
        assert self.book.holder(A) == tab
        if self.version == self.base:
            self.version = self.base = self.version + 1

    async def wait(self, _: str, amount: int) -> None:
        self.clock += amount % 60

    async def ben(self, _: str, __: int) -> None:
        """Takes it where he can, gives it back where he has it."""
        if self.bens is not None:
            self.book.give_back(A, self.bens)
            self.bens = None
        elif not is_live(self.book.of(A), self.book.now):
            self.bens = self.book.take(A)

    async def ben_saves(self, _: str, __: int) -> None:
        if self.bens is not None:
            self.version += 1

    async def freeze(self, _: str, amount: int) -> None:
        """The service lets its leases go, and the clock runs on."""
        if self.bens is None:
            self.book.end_all()
            self.is_fresh = False
            self.clock += amount

    async def outage(self, _: str, __: int) -> None:
        self.is_down = not self.is_down

    def check(self) -> None:
        post, book = self.post, self.book.of(A)
        told = [lease.told(post, tab, path=A, user="ana", now=self.clock) for tab in post.tabs]
        assert sum(each["is_mine"] for each in told) <= 1
        for tab, each in zip(post.tabs, told, strict=True):
            assert each["is_mine"] == (post.claim is not None and post.claim.session == tab)
            assert (each["state"] == "lost") <= (tab in post.lost)
            assert each["state"] != "held" or each["is_mine"]
            assert each["state"] in ("held", "unknown") or each["reason"], each
        assert post.claim is None or post.claim.session not in post.lost
        if post.claim and self.is_fresh and self.clock < post.good_until:
            assert book.holder == here(post.claim.session)
            assert book.fence == post.claim.fence
        if self.bens is not None:
            assert book.holder == BEN


@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 200)), max_size=40))
def test_whatever_happens_one_session_holds_it_and_lets_go_in_the_end(acts: list[tuple[str, int]]) -> None:
    async def walk() -> None:
        world = World()
        for act, which in acts:
            await world.step(act, which)
        world.is_down = False
        if world.bens is not None:
            await world.ben("", 0)
        for seconds in (LONG, lease.RENEW_SECONDS):  # a tab that waited behind one that has just lost it asks next time
            world.clock += seconds
            await world.settle()
        if any(tab not in world.post.lost for tab in world.post.tabs):
            holder = world.book.of(A).holder
            assert holder is None or holder.session in world.post.tabs
            assert holder is not None or set(world.post.tabs) <= world.post.lost
        for tab in TABS:
            await world.close(tab, 0)
        world.clock += LONG
        await world.settle()
        assert (world.post.claim, world.book.holder(A)) == (None, None)

    asyncio.run(walk())


HELD = Post(
    notebook=A, tabs=("tab-1", "tab-2"), claim=Claim(session="tab-1", fence=3), good_until=90.0,
    sight=Sight(holder="ana", session="tab-1", fence=3, left=90.0, asked_by=("ben",)),
)  # fmt: skip
BENS = Post(notebook=A, tabs=("tab-1",), sight=Sight(holder="ben", session="x", left=40.0))
HERE, THERE = {"user": "ana", "where": "tab"}, {"user": "ben", "where": "person"}
DOWN, DOWN_AND_BENS = lease.unreached(HELD, 0.0, "Down."), lease.unreached(BENS, 0.0, "Down.")
MY_PROGRAMS = replace(BENS, sight=Sight(holder="ana", session="program"))
RESERVED = {who: replace(BENS, sight=Sight(holder=None, session=None, reserved_for=who)) for who in ("ana", "eva")}
READER = lease.refused(Post(notebook=A, tabs=("tab-1",)), 0.0, "You may read.")
TAKEN_OVER = replace(
    HELD, sight=Sight(holder="ana", session="tab-1", fence=3, left=9.0, taker="eva", asked_by=("ben",))
)
CASES = {
    "the tab that holds it": (HELD, "tab-1", "held", HERE, None),
    "another tab": (HELD, "tab-2", "elsewhere", HERE, "in another tab"),
    "held, and no answer": (DOWN, "tab-1", "unknown", HERE, "Down."),
    "another person": (BENS, "tab-1", "elsewhere", THERE, "ben is editing"),
    "another person, and no answer": (DOWN_AND_BENS, "tab-1", "elsewhere", THERE, "ben is editing"),
    "another place": (MY_PROGRAMS, "tab-1", "elsewhere", {"user": "ana", "where": "environment"}, "in another place"),
    "lost to another": (replace(BENS, lost=frozenset({"tab-1"})), "tab-1", "lost", THERE, "ben is editing"),
    "reserved": (RESERVED["eva"], "tab-1", "elsewhere", None, "for eva"),
    "reserved for oneself": (RESERVED["ana"], "tab-1", "unknown", None, None),
    "a reader": (READER, "tab-1", "elsewhere", None, "You may read."),
    "taken over": (TAKEN_OVER, "tab-1", "held", HERE, "eva takes"),
}


@pytest.mark.feature("F11")
def test_a_holder_that_is_called_looks_at_once_and_renews_at_its_time() -> None:
    held = won_again(HELD, HELD.sight, 0.0)
    assert lease.next_step(held, 3.0, must_stay=False) == Step(deed=Deed.RENEW, session="tab-1", at=20.0)
    called = replace(held, look=3.0)
    assert lease.next_step(called, 3.0, must_stay=False) == Step(deed=Deed.LOOK, session="tab-1", at=3.0)
    sight = replace(HELD.sight or lease.NOBODYS, asked_by=("eva",))
    looked = lease.seen(called, sight, 3.0)
    assert lease.told(looked, "tab-1", path=A, user="ana", now=3.0)["asked_by"] == ["eva"]
    assert lease.next_step(looked, 3.0, must_stay=False) == Step(deed=Deed.RENEW, session="tab-1", at=20.0)


def won_again(post: Post, sight: Sight | None, now: float) -> Post:
    return lease.won(post, "tab-1", sight or lease.NOBODYS, now)


def test_a_look_that_finds_another_holder_or_no_answer_is_followed_by_a_renewal() -> None:
    held = won_again(HELD, HELD.sight, 0.0)
    step = lease.next_step(lease.seen(held, BENS.sight, 5.0), 5.0, must_stay=False)
    assert step is not None
    assert (step.deed, step.at) == (Deed.RENEW, 5.0)
    assert lease.seen(replace(held, look=5.0), None, 5.0) == held


def test_who_has_asked_looks_soon_whether_it_is_free() -> None:
    asked = replace(BENS, has_asked=True)
    sight = Sight(holder="ben", session="x", asked_by=("ana",))
    assert lease.missed(asked, sight, 0.0).due == lease.ASKED_SECONDS
    assert lease.missed(BENS, sight, 0.0).due == lease.RENEW_SECONDS
    assert lease.missed(asked, lease.NOBODYS, 0.0).due == lease.RENEW_SECONDS


@pytest.mark.feature("F2", "F12")
@pytest.mark.parametrize("case", CASES)
def test_a_tab_is_told_who_holds_it_and_what_to_do(case: str) -> None:
    post, tab, state, holder, reason = CASES[case]
    told = lease.told(post, tab, path="study/edit/a.ipynb", user="ana", now=10.0)
    assert (told["state"], told["holder"]) == (state, holder)
    assert (reason or "") in (told["reason"] or "")
    assert told["asked_by"] == (["ben"] if told["is_mine"] else [])
    assert (told["reason"] is None) == (reason is None)
