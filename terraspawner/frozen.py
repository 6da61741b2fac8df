"""Frozen: stopped for the Hub, with processes that stand still and memory that stays (``docker pause``).

The Hub knows no such state (TRAPS.md 1, 2, 10-12). Here is all that makes one of its stop and start: the spawner's
part (`Freezes`), and the Hub's own address for a server (`ServerHandler`), whose DELETE does nothing for what is
stopped already.

The server goes on with its token after a wake, so that one outlives the stop: sealed in the Hub's state, put back at
the wake, revoked when the frozen one ends otherwise. Only a wake that could be cut off anywhere is worth having:
whoever finds its container running and the token not handed back freezes it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import docker
from cryptography.fernet import Fernet, InvalidToken
from jupyterhub import orm
from jupyterhub.apihandlers.users import UserServerAPIHandler
from jupyterhub.scopes import needs_scope
from jupyterhub.utils import AnyTimeoutError, url_path_join, wait_for_shielded

from terraspawner import wiring
from terraspawner.containers import plan
from terraspawner.containers.away import through_restart
from terraspawner.containers.pooled import NO_ANSWER, PooledDockerSpawner
from terraspawner.domain.environment import State
from terraspawner.operations import environments, freezing
from terraspawner.operations.context import Context

IS_FROZEN = "It is frozen."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What outlives a freeze: which start is frozen, and the token that its server goes on using."""

    environment_id: str
    start_number: int
    token: str = field(repr=False)


class Freezes(PooledDockerSpawner):
    """The part of `TerraSpawner` that freezes, wakes, and ends what is frozen. `kept` is set from freeze to wake."""

    environment_id: str
    start_number: int
    deed: Callable[..., Any]
    empty_scratch: Callable[[str], Awaitable[None]]
    _stop_future: asyncio.Future[None] | None
    unsaved_words: Callable[[], str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept: Kept | None = None

    @property
    def context(self) -> Context:
        return wiring.deployment_context()

    @property
    def will_resume(self) -> bool:
        """True: the Hub leaves token and OAuth client alone when this stops.

        The client stays, and with it the sign-in of open Lab tabs: they may ask how their environment is and start it
        (`web.lab_pages`), and for that they must be known while it is frozen or paused. They end with the person's
        session and with the environment. The server's own token is ended below.
        """
        return True

    def run_post_stop_hook(self) -> Any:
        """The end of every stop, however it came: the server's token is dead, but a frozen one's."""
        if self.kept is None:
            self._forget_the_new_token()
        return super().run_post_stop_hook()

    # --- state over a restart of the Hub; `clear_state` leaves it, as the Hub clears at each stop and start ---

    def get_state(self) -> dict[str, Any]:
        state = super().get_state()
        if self.kept:
            state["frozen"] = {
                "environment_id": self.kept.environment_id,
                "start_number": self.kept.start_number,
                "sealed_token": self.seal(self.kept.token),
            }
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        frozen = state.get("frozen", {})
        token = self.unseal(frozen.get("sealed_token", ""))
        if token:
            self._keep(frozen["environment_id"], frozen["start_number"], token)

    def seal(self, token: str) -> str:
        return Fernet(self.context.settings.secret_key).encrypt(token.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """The token; empty where there is none, or it was sealed with another key."""
        try:
            return Fernet(self.context.settings.secret_key).decrypt(sealed.encode()).decode()
        except InvalidToken:
            return ""

    def _keep(self, environment_id: str, start_number: int, token: str) -> Kept:
        self.kept = Kept(environment_id=environment_id, start_number=start_number, token=token)
        self.object_name = plan.container_name(self.context.settings, environment_id)
        return self.kept

    # --- freezing ---

    async def freeze(self) -> str:
        """Freeze what runs; why it could not be done, empty where it was."""
        try:
            if not self.api_token:
                raise docker.errors.DockerException("the Hub does not know its token")
            await through_restart(self.freeze_object)
        except NO_ANSWER as error:
            self.log.exception("Freezing %s", self._log_name)
            return f"It could not be frozen ({error}), so it was paused: files are kept, variables are lost."
        await self.found_frozen()
        return ""

    async def found_frozen(self) -> str:
        """Its container stands still: for the Hub it is stopped from here on, and the row says so."""
        kept = self.kept or self._keep(self.environment_id, self.start_number, self.api_token)
        try:
            memory = await self.memory_held()
        except NO_ANSWER:
            self.log.exception("Asking what %s holds", self._log_name)
            memory = 0
        await self.deed(freezing.frozen, kept.environment_id, kept.start_number, memory, self.unsaved_words())
        return IS_FROZEN

    async def looks_frozen(self, status: str) -> str:
        """What a poll answers for a frozen one, whose container has this status; empty where it is none.

        A wake that was cut off is taken back: the Hub that would have gone on with the token is no more, and so
        what the kernels hold is kept.
        """
        if status == "paused" and (self.kept or self.api_token):
            # not before the Hub is at stopping it: who reads "frozen" may ask for a wake at once
            return await self.found_frozen() if self._stop_pending else IS_FROZEN
        if self.kept is None or status not in ("running", "restarting"):
            return ""
        self.log.warning("The wake of %s was interrupted: it is frozen again", self._log_name)
        await self.take_back()
        return IS_FROZEN

    # --- waking ---

    async def wakes(self) -> bool:
        """Whether a start is a wake, and if so, what the Hub has to know before. What cannot be woken is let go.

        Raises `NotAllowed`, `WorkspaceMissing`: it stays frozen then.
        """
        kept = self.kept
        if kept is None:
            return False
        state = await self._inspected_if_there()
        # a token that its owner revoked meanwhile must not come to life again
        if state and state["Paused"] and orm.APIToken.find(self.user.db, kept.token) is not None:
            try:
                is_on_its_way = await self.deed(
                    freezing.wake, kept.environment_id, kept.start_number, user=self.user.name, slug=self.name
                )
            except BaseException:  # cancelled by the Hub as well: a token that nothing was told of must not live
                self._forget_the_new_token()
                raise
            if is_on_its_way:
                self.environment_id, self.start_number = kept.environment_id, kept.start_number
                return True
        self.let_go()
        return False

    def hand_back(self) -> None:
        """It runs again: the Hub goes on with the token that the server has."""
        if self.kept is not None:
            self.api_token, self.kept = self.kept.token, None

    def let_go(self) -> None:
        """It will not be woken: its token is dead."""
        if self.kept is not None:
            self.kept = None
            self.forget_tokens()

    async def take_back(self) -> None:
        """A wake was called off: it stands still again."""
        self._forget_the_new_token()
        await self.freeze_object()
        await self.found_frozen()

    def _forget_the_new_token(self) -> None:
        """The one that the Hub minted for the last start; as the server will resume, it would leave it."""
        self.api_token = ""
        self.forget_tokens()

    def forget_tokens(self) -> None:
        """Tokens of this server that nobody keeps, as a start leaves one that the Hub was killed in.

        They are known by the Hub's own note on them.
        """
        held = [self.api_token, self.kept.token if self.kept else ""]
        note = f"Server at {url_path_join(self.user.base_url, self.name, '/')}"
        for token in self.user.db.query(orm.APIToken).filter_by(user_id=self.user.id, note=note):
            if not any(token.match(one) for one in held):
                self.user.db.delete(token)
        self.user.db.commit()

    # --- ending what is frozen ---

    async def holds_frozen(self) -> bool:
        """Whether something frozen is behind this stopped server."""
        if self.kept is not None:
            return True
        row = await self.deed(environments.by_slug, user=self.user.name, slug=self.name)
        return row is not None and row.state is State.FROZEN

    def ending(self) -> asyncio.Future[None]:
        """`end_frozen` under way. From here on the server is pending for the Hub, as at its own stop."""
        self._stop_pending = True
        self._stop_future = asyncio.ensure_future(self._end_and_tell())
        return self._stop_future

    async def _end_and_tell(self) -> None:
        try:
            await self.end_frozen()
        finally:
            self._stop_pending, self._stop_future = False, None

    async def end_frozen(self) -> None:
        """Pause from frozen: thawed, so that it can save, then stopped; the kept token is dead. Can be repeated."""
        environment_id, start_number = await self._which()
        await self.deed(environments.begin_pause, environment_id)
        state, reason = await self._inspected_if_there(), ""
        if state is None:
            reason = "The container is gone."
        elif state["Running"]:
            await self.stop_object()
        else:
            reason = f"It ended while it was frozen. {await self.how_it_ended()}"
        await self.empty_scratch(environment_id)
        self.let_go()
        self.clear_state()
        self.orm_spawner.state = self.get_state()
        self.user.db.commit()
        await self.deed(environments.stopped, environment_id, start_number, reason)

    async def _which(self) -> tuple[str, int]:
        if self.kept is not None:
            return self.kept.environment_id, self.kept.start_number
        row = await self.deed(environments.by_slug, user=self.user.name, slug=self.name)
        self.object_name = plan.container_name(self.context.settings, row.id)
        return row.id, row.start_number

    async def _inspected_if_there(self) -> dict[str, Any] | None:
        with suppress(docker.errors.NotFound):
            return await self.inspected()
        return None


class ServerHandler(UserServerAPIHandler):
    """The Hub's own address of a server. DELETE of a frozen one pauses it, as it would one that runs."""

    @needs_scope("delete:servers")
    async def delete(self, user_name: str, server_name: str = "") -> None:
        user = self.find_user(user_name)
        if user is not None and server_name in user.orm_spawners:
            spawner = user.spawners[server_name]
            if not spawner.active and await spawner.holds_frozen() and not spawner.active:
                with suppress(AnyTimeoutError):
                    await wait_for_shielded(spawner.ending(), timeout=self.slow_stop_timeout)
        # what takes longer is pending from here on, and the Hub's own code knows what to do then
        await super().delete(user_name, server_name)


ROUTE = (r"/api/users/([^/]+)/servers/([^/]*)", ServerHandler)
