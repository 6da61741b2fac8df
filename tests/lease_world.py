"""One lease, many who want it, clocks that jump, sessions that crash; beside it what must be true, kept in other words.

The service's side is the lease alone, stored when a transition succeeds. The oracle keeps who was granted what and
until when in numbers of its own.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import builders
from terraspawner.domain import lease_holding, lease_requests
from terraspawner.domain.lease import LEASE, RESERVATION, Claim, Editor, Lease, as_of, is_live, seconds_left
from terraspawner.domain.lease_requests import COUNTDOWN
from terraspawner.domain.lease_saving import may_save
from terraspawner.errors import LeaseHeld, LeaseLost, Refused, WrongState

USERS = ("ana", "ben", "eva")
ACTS = (
    "acquire", "acquire", "acquire", "renew", "renew", "save", "save", "release", "crash", "ask", "decline",
    "hand_over", "hand_to_session", "take_over", "forge", "wait", "wait", "wait", "clock_back", "outage",
)  # fmt: skip


class World:
    """Two tabs of each user. `told` is what fence each session was told last."""

    def __init__(self) -> None:
        self.now = builders.NOON
        self.lease = Lease(workspace_id="w", path="a.ipynb")
        self.tabs = [Editor(user=user, environment=f"e-{user}", session=f"{tab}") for user in USERS for tab in (1, 2)]
        self.crashed = 0
        self.told: dict[Editor, int] = {}
        self.grants: list[Editor] = []
        # the oracle
        self.owner: Editor | None = None
        self.until = self.now
        self.taker: tuple[str, object] | None = None
        self.kept_for: tuple[str, object] | None = None

    def step(self, act: str, which: int, other: int, amount: int) -> None:
        """One act; `which`, `other` and `amount` choose who and how much, whatever they are."""
        tab, user = self.tabs[which % len(self.tabs)], USERS[other % len(USERS)]
        before = self.lease
        getattr(self, act)(tab, user, amount)
        self.check(before)

    # --- acts ---

    def acquire(self, tab: Editor, user: str, amount: int) -> None:
        self.pass_time()
        try:
            after = lease_holding.acquire(self.lease, tab, self.now)
        except LeaseHeld:
            assert self.is_withheld_from(tab)
            return
        assert not self.is_withheld_from(tab)
        assert after.fence - self.lease.fence == (0 if self.owner == tab else 1)
        if self.owner != tab:
            self.grant(tab)
        self.lease, self.told[tab], self.until = after, after.fence, self.now + LEASE

    def renew(self, tab: Editor, user: str, amount: int) -> None:
        self.pass_time()
        try:
            after = lease_holding.renew(self.lease, self.claim(tab), self.now)
        except LeaseLost:
            assert not self.owns(tab)
            return
        assert self.owns(tab)
        self.lease, self.until = after, self.now + LEASE

    def save(self, tab: Editor, user: str, amount: int) -> None:
        self.pass_time()
        assert bool(may_save(self.lease, self.claim(tab), self.now)) == self.owns(tab)

    def release(self, tab: Editor, user: str, amount: int) -> None:
        self.pass_time()
        try:
            after = lease_holding.release(self.lease, self.claim(tab), self.now)
        except LeaseLost:
            assert not self.owns(tab)
            return
        self.lease = after
        if self.owns(tab):
            self.vacate(self.taker[0] if self.taker else None)

    def crash(self, tab: Editor, user: str, amount: int) -> None:
        """The tab is gone, and another one is opened."""
        self.crashed += 1
        self.tabs[self.tabs.index(tab)] = replace(tab, session=f"after-{self.crashed}")

    def ask(self, tab: Editor, user: str, amount: int) -> None:
        self.change(lambda: lease_requests.ask(self.lease, user, self.now))

    def decline(self, tab: Editor, user: str, amount: int) -> None:
        if self.change(lambda: lease_requests.decline(self.lease, self.claim(tab), user, self.now)):
            assert self.owns(tab)

    def hand_over(self, tab: Editor, user: str, amount: int) -> None:
        if self.change(lambda: lease_requests.hand_over(self.lease, self.claim(tab), user, self.now)):
            assert self.owns(tab)
            self.vacate(user)

    def hand_to_session(self, tab: Editor, user: str, amount: int) -> None:
        to = next(each for each in self.tabs if each.user == tab.user and each != tab)
        if self.change(lambda: lease_requests.hand_to_session(self.lease, self.claim(tab), to.session, self.now)):
            assert self.owns(tab)
            taker = self.taker
            self.grant(to)
            self.taker = taker
            self.told[to], self.until = self.lease.fence, self.now + LEASE

    def take_over(self, tab: Editor, user: str, amount: int) -> None:
        if self.change(lambda: lease_requests.take_over(self.lease, user, self.now)):
            if self.owner and self.owner.user != user and self.now < self.until:
                self.taker = self.taker or (user, self.now + COUNTDOWN)
                assert self.taker[0] == user
            else:
                self.vacate(user)

    def forge(self, tab: Editor, user: str, amount: int) -> None:
        """A session that names any fence but the one it was told."""
        self.pass_time()
        claim = Claim(editor=tab, fence=amount % (self.lease.fence + 2))
        if claim.fence != self.told.get(tab) or not self.owns(tab):
            assert not may_save(self.lease, claim, self.now)
            assert not self.change(lambda: lease_holding.renew(self.lease, claim, self.now))

    def wait(self, tab: Editor, user: str, amount: int) -> None:
        self.now += timedelta(seconds=amount % 50)

    def clock_back(self, tab: Editor, user: str, amount: int) -> None:
        self.lease = as_of(self.lease, self.now)
        self.now -= timedelta(seconds=amount % 200)
        self.lease = lease_holding.clipped(self.lease, self.now)
        self.until = min(self.until, self.now + LEASE)
        if self.kept_for:
            self.kept_for = (self.kept_for[0], min(self.kept_for[1], self.now + RESERVATION))

    def outage(self, tab: Editor, user: str, amount: int) -> None:
        silent, gap = self.now, timedelta(seconds=amount % 1000)
        self.pass_time()
        self.now += gap
        self.lease = lease_holding.extended(self.lease, silent, self.now)
        self.until += gap if self.until > silent else timedelta(0)
        if self.taker:
            self.taker = (self.taker[0], self.taker[1] + gap)
        if self.kept_for:
            self.kept_for = (self.kept_for[0], self.kept_for[1] + gap)

    def change(self, act) -> bool:  # type: ignore[no-untyped-def]
        self.pass_time()
        try:
            self.lease = act()
        except (LeaseHeld, LeaseLost, Refused, WrongState):
            return False
        return True

    # --- the oracle ---

    def claim(self, tab: Editor) -> Claim:
        return Claim(editor=tab, fence=self.told.get(tab, 0))

    def owns(self, tab: Editor) -> bool:
        """Nobody was granted it since this tab was, and it gave it up to nobody."""
        return self.owner == tab

    def is_withheld_from(self, tab: Editor) -> bool:
        if self.owner == tab:
            return False
        if self.owner and self.now < self.until:
            return True
        return self.kept_for is not None and self.kept_for[0] != tab.user

    def grant(self, tab: Editor) -> None:
        self.grants.append(tab)
        self.owner, self.taker, self.kept_for = tab, None, None

    def vacate(self, user: str | None, since: object = None) -> None:
        self.owner, self.taker = None, None
        self.kept_for = (user, (since or self.now) + RESERVATION) if user else None  # type: ignore[operator]

    def pass_time(self) -> None:
        """What is over by now."""
        if self.taker and self.now >= (ends := min(self.taker[1], self.until)):
            self.vacate(self.taker[0], ends)
        if self.kept_for and self.now >= self.kept_for[1]:
            self.kept_for = None

    def check(self, before: Lease) -> None:
        assert self.lease.fence == len(self.grants) >= before.fence
        if self.lease.fence == before.fence:
            assert self.lease.holder in (before.holder, None)
        self.pass_time()
        assert is_live(self.lease, self.now) == (self.owner is not None and self.now < self.until)
        good = [
            (tab, fence)
            for tab, fence in self.told.items()
            if tab in self.tabs and may_save(self.lease, Claim(editor=tab, fence=fence), self.now)
        ]
        assert len(good) <= 1
        assert seconds_left(self.lease, self.now) <= RESERVATION.total_seconds()
        assert len(self.lease.requests) <= lease_requests.MOST_REQUESTS


def walk(steps: int, seed: int) -> World:
    """A world after that many steps of chance."""
    world, chance = World(), random.Random(seed)
    for _ in range(steps):
        world.step(chance.choice(ACTS), chance.randrange(60), chance.randrange(60), chance.randrange(6000))
        if len(world.told) > 50:
            world.told = {tab: fence for tab, fence in world.told.items() if tab in world.tabs}
    return world
