"""What this environment knows of each notebook's lease, and the one place where the service is asked to change it."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace

from terraspawner_environment import lease
from terraspawner_environment.desk import Desk
from terraspawner_environment.lease import Claim, Deed, Post, Sight, Step
from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.trouble import LeaseRefused, NotReached, RefusedByService, full_sentence

CHANGED = "It was changed in the workspace while this tab did not hold it. Open it again, or keep your text as a copy."


class NotThere(Exception):
    """The workspace has no such notebook, so nobody can hold it."""


class Posts:
    """Notebook -> `Post`. `server` is the session of this server itself, which renews and resumes without asking what
    its text is based on: each save says that by its version."""

    def __init__(
        self, desk: Desk, service: WorkspaceService, *, server: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self.server = server
        self._desk = desk
        self._service = service
        self._posts: dict[str, Post] = {}

    def of(self, notebook: str) -> Post:
        return self._posts.get(notebook) or Post(notebook=notebook)

    def put(self, post: Post) -> None:
        self._posts[post.notebook] = post

    def forget(self, notebook: str) -> None:
        self._posts.pop(notebook, None)

    def known(self) -> list[str]:
        return list(self._posts)

    async def carry_out(self, notebook: str, step: Step, *, raises: bool = False) -> None:
        """Say it and note the answer; the caller holds the notebook's lock.

        `raises`: NotThere, NotReached and RefusedByService, which say nothing of who holds it, are raised besides.
        """
        try:
            sight = await self._say(notebook, step)
        except LeaseRefused as no:
            await self._not_ours(notebook, step, lease.sight_of(no.details))
        except (NotReached, RefusedByService) as trouble:
            if step.deed is Deed.LOOK and self.of(notebook).claim is not None:
                self.note(notebook, lambda post, now: lease.seen(post, None, now))
                return
            self._note_trouble(notebook, trouble)
            if raises:
                is_missing = trouble.code == "notebook-not-found"
                raise NotThere(trouble.sentence) if is_missing else trouble from trouble
        else:
            self._note_done(notebook, step, sight)

    def note(self, notebook: str, change: Callable[[Post, float], Post]) -> None:
        self._posts[notebook] = change(self.of(notebook), self.clock())

    async def ask(self, notebook: str) -> None:
        """Tell its holder that this person would like to have it; raises ServiceTrouble."""
        sight = await self._service.lease(notebook, "POST", deed="/request")
        if self.of(notebook).claim is None:
            self.note(notebook, lambda post, now: lease.missed(replace(post, has_asked=True), sight, now))

    async def decline(self, notebook: str, claim: Claim, user: str) -> None:
        """Say no to somebody who asked; raises ServiceTrouble."""
        body = {"session": claim.session, "fence": claim.fence, "user": user}
        sight = await self._service.lease(notebook, "POST", body, deed="/decline")
        self.note(notebook, lambda post, now: lease.won(post, claim.session, sight, now))

    async def hand_over(self, notebook: str, claim: Claim, user: str) -> None:
        """Give it to somebody who asked; raises ServiceTrouble."""
        body = {"session": claim.session, "fence": claim.fence, "to": user}
        sight = await self._service.lease(notebook, "POST", body, deed="/handover")
        self.note(notebook, lambda post, now: lease.given(post, sight, now))

    async def _say(self, notebook: str, step: Step) -> Sight:
        claim = self.of(notebook).claim
        mine = {"session": claim.session, "fence": claim.fence} if claim else {}
        match step.deed:
            case Deed.ACQUIRE:
                return await self._service.lease(notebook, "POST", {"session": step.session})
            case Deed.RENEW:
                return await self._service.lease(notebook, "PATCH", mine)
            case Deed.HAND:
                body = {**mine, "to_session": step.session}
                return await self._service.lease(notebook, "POST", body, deed="/handover")
            case Deed.RELEASE:
                return await self._service.lease(notebook, "DELETE", mine)
            case Deed.LOOK:
                # its holder alone is told the fence
                deed = f"?session={claim.session}" if claim else ""
                return await self._service.lease(notebook, "GET", deed=deed)

    def _note_done(self, notebook: str, step: Step, sight: Sight) -> None:
        match step.deed:
            case Deed.LOOK:
                self.note(notebook, lambda post, now: lease.seen(post, sight, now))
            case Deed.RELEASE:
                self.note(notebook, lambda post, now: lease.given(post, None, now))
            case _:
                self.note(notebook, lambda post, now: lease.won(post, step.session, sight, now))

    def _note_trouble(self, notebook: str, trouble: NotReached | RefusedByService) -> None:
        reason = full_sentence(trouble)
        # what is not in the workspace yet can be held in a moment
        is_later = isinstance(trouble, NotReached) or trouble.code == "notebook-not-found"
        self.note(notebook, lambda post, now: (lease.unreached if is_later else lease.refused)(post, now, reason))

    async def _not_ours(self, notebook: str, step: Step, sight: Sight) -> None:
        """The lease was lost, or is somebody else's. One that nobody took is taken up again by who had it."""
        is_free = sight.holder is None and sight.reserved_for in (None, self._desk.user)
        if step.deed is Deed.RENEW and is_free:
            await self._resume(notebook, step.session)
        elif step.deed is Deed.RELEASE:
            self.note(notebook, lambda post, now: lease.given(post, None, now))
        else:
            is_void = is_free and step.deed is Deed.HAND
            self.note(notebook, lambda post, now: _at_once(lease.missed(post, sight, now), is_void))

    async def _resume(self, notebook: str, session: str) -> None:
        """After a pause, a freeze or a long silence: its text may go on where the workspace has no other by now."""
        try:
            sight = await self._service.lease(notebook, "POST", {"session": session})
            if session != self.server and await self._moved_on(notebook):
                await self._service.lease(notebook, "DELETE", {"session": session, "fence": sight.fence})
                self.note(notebook, lambda post, now: lease.missed(post, lease.NOBODYS, now, reason=CHANGED))
            else:
                self.note(notebook, lambda post, now: lease.won(post, session, sight, now))
        except LeaseRefused as no:
            taken = lease.sight_of(no.details)
            self.note(notebook, lambda post, now: lease.missed(post, taken, now))
        except (NotReached, RefusedByService) as trouble:
            self._note_trouble(notebook, trouble)

    async def _moved_on(self, notebook: str) -> bool:
        line = self._desk.ledger.of(notebook)
        if line.base is None:
            return False
        fetched = await self._service.read(notebook, known=line.base.version)
        if fetched is None or fetched.content is None:
            return fetched is None
        return hashlib.sha256(fetched.content).hexdigest() not in (line.base.sha256, *line.sent)


def _at_once(post: Post, is_at_once: bool) -> Post:
    return replace(post, due=0.0) if is_at_once else post
