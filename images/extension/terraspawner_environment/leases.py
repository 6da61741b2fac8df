"""Keeps the leases of this environment: does at its time what `lease.next_step` finds, gives saves their lease, and
tells the tabs.

One task and one lock per notebook. Lock order: a notebook's `traffic` and `local` locks (`desk.py`) before its lock
here; so nothing that takes those is awaited under it.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from terraspawner_environment import lease
from terraspawner_environment.desk import Desk
from terraspawner_environment.lease import Claim, Deed, Post, Step
from terraspawner_environment.locks import PathLocks
from terraspawner_environment.posts import Posts
from terraspawner_environment.service import WorkspaceService

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.25
"""How often is looked whether work on a notebook that no tab shows has ended: it is free within two seconds."""

Listener = Callable[[dict[str, Any]], None]


class NotYours(Exception):
    """This session does not hold the notebook; the text says who does. `was_held`: it did, before. `is_own`: the same
    person does, in a place that is not known here."""

    def __init__(self, sentence: str, *, was_held: bool = False, is_own: bool = False) -> None:
        super().__init__(sentence)
        self.was_held = was_held
        self.is_own = is_own


async def _nothing_runs(_: str) -> bool:
    return False


async def _as_it_is(_: str) -> None:
    return None


class Leases:
    """See the module. `is_busy` says whether a notebook's kernel runs something; `compare` brings the text on the disk
    and the workspace's together after a tab was given a notebook, before it is told so."""

    def __init__(
        self, desk: Desk, service: WorkspaceService, *, server: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.posts = Posts(desk, service, server=server, clock=clock)
        self.is_busy: Callable[[str], Awaitable[bool]] = _nothing_runs
        self.compare: Callable[[str], Awaitable[object]] = _as_it_is
        self._desk = desk
        self._locks = PathLocks()
        self._kicks: dict[str, asyncio.Event] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._saving: Counter[str] = Counter()
        self._listeners: dict[str, Listener] = {}
        self._said: dict[tuple[str, str], dict[str, Any]] = {}
        self._texts: dict[str, tuple[Claim, str | None]] = {}

    # ---- tabs ------------------------------------------------------------------------------------------------------

    def listen(self, tab: str, listener: Listener) -> None:
        """What is told to this tab goes there from now on."""
        self._listeners[tab] = listener
        self._said = {key: said for key, said in self._said.items() if key[1] != tab}

    def deafen(self, tab: str, listener: Listener) -> None:
        """That connection is gone; a newer one of the same tab goes on hearing."""
        if self._listeners.get(tab) == listener:
            del self._listeners[tab]

    def show(self, tab: str, notebook: str, *, anew: bool = False) -> None:
        """A tab shows the notebook: the lease is asked for, `anew` also after it was lost; the tab is told of it."""
        self._said.pop((notebook, tab), None)
        self.posts.put(lease.shown(self.posts.of(notebook), tab, anew=anew))
        self.hurry(notebook)

    def leave(self, tab: str, notebook: str | None = None) -> None:
        """A tab shows it no more, None: the tab is gone."""
        for name in [notebook] if notebook is not None else self.posts.known():
            self._said.pop((name, tab), None)
            if tab in self.posts.of(name).tabs:
                self.posts.put(lease.left(self.posts.of(name), tab))
                self.hurry(name)

    def hurry(self, notebook: str) -> None:
        """Something changed: look what is to be done now."""
        self._kicks.setdefault(notebook, asyncio.Event()).set()
        if notebook not in self._watches:
            self._watches[notebook] = asyncio.create_task(self._watch(notebook), name=f"lease {notebook}")

    # ---- saves -----------------------------------------------------------------------------------------------------

    def present(self, notebook: str) -> Claim | None:
        """The lease that a session of this environment holds, as far as is known here."""
        return self.posts.of(notebook).claim

    def held_by_tabs(self) -> list[str]:
        """Notebooks of which somebody here could be asked."""
        posts = map(self.posts.of, self.posts.known())
        return [post.notebook for post in posts if post.claim is not None and post.claim.session in post.tabs]

    def look_at_held(self) -> None:
        """Somebody asks for one of them."""
        for notebook in self.held_by_tabs():
            self.posts.note(notebook, lambda post, now: replace(post, look=now))
            self.hurry(notebook)

    @asynccontextmanager
    async def saving(self, notebook: str, session: str | None) -> AsyncIterator[Claim | None]:
        """The lease by which `session` may save, None: this server's own; it is not given back before the block ends.

        Yields None where it cannot be told now. Raises NotYours before anything was changed.
        """
        self._saving[notebook] += 1
        try:
            yield await self._claim(notebook, session or self.posts.server)
        finally:
            self._saving[notebook] -= 1
            self.hurry(notebook)

    @asynccontextmanager
    async def still(self, notebook: str) -> AsyncIterator[Claim | None]:
        """The lease that this environment holds; nothing is said of it while the block runs."""
        async with self.lock(notebook):
            yield self.present(notebook)

    def lock(self, notebook: str) -> asyncio.Lock:
        return self._locks.of(notebook)

    def move(self, notebook: str, to: str, fence: int | None) -> None:
        """It was renamed under `still`; its lease went along, with another fence. Its tabs say so themselves, soon."""
        before, there = self.posts.of(notebook), self.posts.of(to)
        if before.claim is None or fence is None:
            return
        claim = Claim(session=before.claim.session, fence=fence)
        tabs = tuple(dict.fromkeys((*there.tabs, *before.tabs)))
        self.posts.put(replace(there, tabs=tabs, claim=claim, good_until=before.good_until, due=0.0))
        self.posts.forget(notebook)
        for name in (notebook, to):
            self.hurry(name)

    async def to_send(self, notebook: str, void: Claim | None) -> Claim:
        """A lease to send waiting work by, other than `void`, which was refused.

        Raises NotYours where somebody else has it, NotThere, NotReached, RefusedByService.
        """
        posts = self.posts
        async with self.lock(notebook):
            held = self.present(notebook)
            if held is not None and held == void:
                await posts.carry_out(notebook, Step(deed=Deed.RENEW, session=held.session, at=0.0))
            step = Step(deed=Deed.ACQUIRE, session=posts.server, at=0.0)
            if self.present(notebook) in (None, void):
                await posts.carry_out(notebook, step, raises=True)
            post = posts.of(notebook)
            is_own = post.claim is None and post.sight is not None and post.sight.holder == self._desk.user
            if is_own and void is not None and post.sight is not None and post.sight.session == void.session:
                # this server was killed after it had asked for it anew, and before it heard the answer
                await posts.carry_out(notebook, replace(step, session=void.session), raises=True)
                post = posts.of(notebook)
        self.hurry(notebook)
        if post.claim is None:
            raise NotYours(lease.sentence(post, posts.server, user=self._desk.user), is_own=is_own)
        return post.claim

    async def _claim(self, notebook: str, session: str) -> Claim | None:
        posts = self.posts
        if not lease.is_good(posts.of(notebook), session, posts.clock()):
            async with self.lock(notebook):
                step = lease.step_to_save(posts.of(notebook), session, server=posts.server, now=posts.clock())
                if step is not None:
                    await posts.carry_out(notebook, step)
            self._tell(notebook)
        post = posts.of(notebook)
        if post.claim is not None and post.claim.session == session:
            return post.claim
        if lease.is_elsewhere(post, session, self._desk.user):
            sentence = lease.sentence(post, session, user=self._desk.user)
            raise NotYours(sentence, was_held=session in post.lost)
        return None

    # ---- going on --------------------------------------------------------------------------------------------------

    async def _watch(self, notebook: str) -> None:
        kick = self._kicks.setdefault(notebook, asyncio.Event())
        try:
            while True:
                kick.clear()
                async with self.lock(notebook):
                    step = await self._next(notebook)
                    if step is None:
                        self.posts.forget(notebook)
                        return
                    is_due = step.at <= self.posts.clock()
                    if is_due:
                        await self.posts.carry_out(notebook, step)
                await self._look_at_text(notebook, has_asked=is_due and step.deed in (Deed.ACQUIRE, Deed.HAND))
                self._tell(notebook)
                if not is_due:
                    await self._wait(kick, self.posts.of(notebook), step)
        except Exception:  # one notebook's odd case must not end the others' leases; a kick begins anew
            log.exception("The lease of %s is not watched until something happens to it", notebook)
        finally:
            del self._watches[notebook], self._kicks[notebook]
            if self.posts.of(notebook).tabs and not asyncio.current_task().cancelling():  # type: ignore[union-attr]
                asyncio.get_running_loop().call_later(lease.RENEW_SECONDS, self.hurry, notebook)

    async def _next(self, notebook: str) -> Step | None:
        return lease.next_step(self.posts.of(notebook), self.posts.clock(), must_stay=await self._must_stay(notebook))

    async def _must_stay(self, notebook: str) -> bool:
        post = self.posts.of(notebook)
        if post.claim is None or post.claim.session in post.tabs:
            return False
        waiting = self._desk.outbox.newest(notebook)
        if self._saving[notebook] or (waiting is not None and waiting.refused is None):
            return True
        return post.claim.session != self.posts.server and await self.is_busy(notebook)

    async def _wait(self, kick: asyncio.Event, post: Post, step: Step) -> None:
        seconds = step.at - self.posts.clock()
        if post.claim is not None and post.claim.session not in post.tabs:
            seconds = min(seconds, LOOK_EVERY_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.0)):
                await kick.wait()

    async def _look_at_text(self, notebook: str, *, has_asked: bool) -> None:
        """A tab that was given the notebook is told which text it is given."""
        claim = self.present(notebook)
        if claim is None:
            self._texts.pop(notebook, None)
            return
        if self._texts.get(notebook, (None, None))[0] == claim:
            return
        if has_asked and claim.session != self.posts.server:
            try:
                await self.compare(notebook)
            except Exception:  # whatever hinders its opening is said to whoever opens it; the lease holds all the same
                log.exception("%s was not compared with the workspace", notebook)
        self._texts[notebook] = (claim, await self._desk.sha256_of(notebook))

    def _tell(self, notebook: str) -> None:
        post, now = self.posts.of(notebook), self.posts.clock()
        if not (post.claim or post.sight or post.reason):
            return  # nothing has been answered yet
        known, text = self._texts.get(notebook, (None, None))
        for tab in post.tabs:
            listener = self._listeners.get(tab)
            is_mine = post.claim is not None and post.claim.session == tab
            if listener is None or (is_mine and known != post.claim):
                continue
            path = self._desk.paths.lab_path(notebook)
            message = lease.told(post, tab, path=path, user=self._desk.user, now=now)
            news = {name: value for name, value in message.items() if name != "seconds_left"}
            if self._said.get((notebook, tab)) != news:
                self._said[notebook, tab] = news
                listener({**message, "hash": text if is_mine else None})

    async def close(self, *, seconds: float) -> None:
        """The server ends: give back what can be given back so soon. The service does the same when it hears of it."""
        for task in list(self._watches.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        held = [post for post in map(self.posts.of, self.posts.known()) if post.claim is not None]
        releases = [
            asyncio.create_task(
                self.posts.carry_out(post.notebook, Step(deed=Deed.RELEASE, session=post.claim.session, at=0.0))
            )
            for post in held
            if post.claim is not None and self._desk.outbox.newest(post.notebook) is None
        ]
        if releases:
            _, late = await asyncio.wait(releases, timeout=seconds)
            for task in late:
                task.cancel()
