"""What a person does with a lease from a tab: ask for it, decline, hand it over, take it to this tab, try again."""

from collections.abc import Awaitable, Callable

from terraspawner_environment import lease
from terraspawner_environment.lease import Claim, Deed, Step
from terraspawner_environment.leases import Leases
from terraspawner_environment.trouble import ServiceTrouble, full_sentence

SECONDS_TO_SEND = 5.0

Flush = Callable[[str, float], Awaitable[object]]


class LeaseActs:
    """Each act answers None, or the sentence that says why it was not done."""

    def __init__(self, leases: Leases, flush: Flush, *, user: str) -> None:
        self._leases = leases
        self._flush = flush
        self._user = user

    async def act(self, tab: str, notebook: str, act: str, user: str | None) -> str | None:
        try:
            match act:
                case "ask":
                    async with self._leases.still(notebook):
                        await self._leases.posts.ask(notebook)
                case "retry":
                    self._leases.show(tab, notebook, anew=True)
                case "take-here":
                    return await self._take_here(tab, notebook)
                case "decline" | "hand-over" if user:
                    return await self._answer(tab, notebook, act, user)
                case _:
                    return f"There is no act {act!r} that could be done with a lease, or it lacks the field user."
        except ServiceTrouble as trouble:
            return full_sentence(trouble)
        finally:
            self._leases.hurry(notebook)
        return None

    async def _answer(self, tab: str, notebook: str, act: str, user: str) -> str | None:
        """Say yes or no to somebody who asked."""
        if act == "hand-over":
            await self._flush(notebook, SECONDS_TO_SEND)
        posts = self._leases.posts
        async with self._leases.still(notebook) as claim:
            if claim is None or claim.session != tab:
                return self._not_held(tab, notebook, claim)
            if act == "decline":
                await posts.decline(notebook, claim, user)
            else:
                await posts.hand_over(notebook, claim, user)
        return None

    async def _take_here(self, tab: str, notebook: str) -> str | None:
        """From another tab of this environment, which loses it; a notebook that nobody has is simply acquired."""
        await self._flush(notebook, SECONDS_TO_SEND)
        posts = self._leases.posts
        posts.put(lease.shown(posts.of(notebook), tab, anew=True))
        async with self._leases.still(notebook) as claim:
            if claim is None or claim.session != tab:
                deed = Deed.ACQUIRE if claim is None else Deed.HAND
                await posts.carry_out(notebook, Step(deed=deed, session=tab, at=0.0))
        claim = self._leases.present(notebook)
        return None if claim and claim.session == tab else self._not_held(tab, notebook, claim)

    def _not_held(self, tab: str, notebook: str, claim: Claim | None) -> str:
        if claim is None and not self._leases.posts.of(notebook).is_reached:
            return "The workspace cannot be reached. Try again in a moment."
        return (
            lease.why(self._leases.posts.of(notebook), tab, user=self._user) or "This tab does not hold it. Try again."
        )
