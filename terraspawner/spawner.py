"""`TerraSpawner`: one container and one named volume for each user and workspace.

A DockerSpawner (`containers.pooled` asks Docker) that keeps the container at a stop (pause), starts the same one
again (resume) with a fresh token delivered as a file, and reports each step to our row; what is frozen is
`terraspawner.frozen`'s, what is saved before a stop `terraspawner.settling`'s, how a container is made
`terraspawner.making`'s, what a client sends along and is told `terraspawner.asking`'s. What may start, and made of
what, is decided by `operations.environments` and `containers.plan`; this translates. Nothing of `start`, `stop` or the
token dance is copied: the Hub's own order of things stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeVar

from terraspawner import wiring
from terraspawner.asking import Asks
from terraspawner.containers import plan, start_file
from terraspawner.containers.away import through_restart
from terraspawner.containers.faults import sentence
from terraspawner.containers.pooled import NO_ANSWER
from terraspawner.containers.progress import Progress
from terraspawner.containers.readiness import answers
from terraspawner.containers.turns import Turn, Turns
from terraspawner.domain.environment import Environment, Event, is_possible
from terraspawner.domain.start import StepName, ended, waiting_words
from terraspawner.errors import NotAllowed, TerraError
from terraspawner.errors_starts import ScriptFailed, StartFailed
from terraspawner.frozen import Freezes
from terraspawner.making import Makes
from terraspawner.operations import deletions, environments, freezing
from terraspawner.settling import Settles

Result = TypeVar("Result")

DEED_SECONDS = 15.0
A_DAY = 24 * 3600

_deeds = ThreadPoolExecutor(max_workers=8, thread_name_prefix="deed")


class TerraSpawner(Asks, Makes, Settles, Freezes):
    """A named server is the environment of the workspace that has its name as slug."""

    port = plan.PORT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environment_id = ""
        self.start_number = 0
        self._ticket: environments.Ticket
        self.plan: plan.ContainerPlan
        self.steps = Progress(self.context.now)
        self._turn: Turn | None = None
        self._ending: asyncio.Future[BaseException] | None = None
        self._is_unclean = False
        settings = self.context.settings
        self.deployment, self.stop_seconds = settings.deployment, settings.stop_timeout
        self.use_internal_ip = True
        self.network_name = settings.users_network
        self.start_timeout = A_DAY  # it counts the time in the queue; ours begins with the turn

    async def deed(self, act: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Carry out a deed in a thread, with a bound: the Hub's loop never waits for our database."""
        call = partial(act, self.context, *args, **kwargs)
        running = asyncio.get_running_loop().run_in_executor(_deeds, call)
        return await self.uncut(asyncio.wait_for(running, DEED_SECONDS))

    # --- state over a restart of the Hub ---

    def get_state(self) -> dict[str, Any]:
        state = super().get_state()
        if self.environment_id:
            state |= {"environment_id": self.environment_id, "start_number": self.start_number}
            if self.api_token:
                state["sealed_token"] = self.seal(self.api_token)
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.environment_id = state.get("environment_id", "")
        self.start_number = state.get("start_number", 0)
        self.api_token = self.unseal(state.get("sealed_token", ""))

    def clear_state(self) -> None:
        super().clear_state()
        self.object_id = self.environment_id = ""
        self.start_number = 0

    # --- starting ---

    async def start(self) -> tuple[str, int]:
        """Start or resume. A refusal is a sentence to the user; a failure returns to paused with its reason."""
        self._ending = None
        self._turn = None
        self.begin_making()
        self.steps.begin(StepName.CHECK)
        if not self.name:
            raise self.refusal(StartFailed("Environments belong to workspaces. Open your workspaces and choose one."))
        try:
            if await self.uncut(self.wakes()):
                return await self._wake()
            await self.host().check_network()
            self.forget_tokens()
            await self.uncut(self._admit())
            return await self._carry_out()
        except BaseException as error:  # a start that is cancelled is given up as one that fails
            if not self.environment_id and isinstance(error, TerraError):
                raise self.refusal(error) from error
            # a task of its own: the Hub, when it cancels, gives a second and no more (`poll` waits for the rest)
            self._ending = asyncio.ensure_future(self._give_up(error))
            if isinstance(error, asyncio.CancelledError):
                raise
            raise await asyncio.shield(self._ending) from error
        finally:
            self.give_turn_back()

    async def _admit(self) -> None:
        """Once it is asked for, the row may be on its way: so this is seen to its end, also when cancelled."""
        steps = ended(self.steps.steps, self.context.now())
        wishes = await self.looked_into(self.wishes)
        asked = self.deed(environments.admit, user=self.user.name, slug=self.name, steps=steps, **wishes)
        self._accept(await asked)

    async def _carry_out(self) -> tuple[str, int]:
        self._turn = await self._turns().take(self.user.name, self._wait)
        await self.uncut(self.begin_view())
        await self.mount_disks()
        return await self._answered(await super().start())

    async def _wake(self) -> tuple[str, int]:
        """Let the frozen one go on. It was started in a closed network and still is in it: nothing to check again."""
        self.steps.begin(StepName.WAKE)
        self.object_id = (await self.get_object())["Id"]
        await self.thaw_object()
        address = await self._answered(await self.get_ip_and_port())
        self.hand_back()
        return address

    async def _answered(self, address: tuple[str, int]) -> tuple[str, int]:
        self.steps.begin(StepName.ANSWER)
        url = f"http://{address[0]}:{address[1]}{self.server.base_url}api"
        await answers(url, within=self.context.settings.start_timeout, look=self._check_alive)
        self.steps.begin(StepName.READY)
        end = (self.steps.end(), self.script_log)
        await self.deed(environments.started, self.environment_id, self.start_number, self.object_id, *end)
        return address

    def _wait(self, ahead: int) -> None:
        self.steps.begin(StepName.QUEUE, waiting_words(ahead))

    def give_turn_back(self) -> None:
        if self._turn:
            self._turns().give_back(self._turn)

    @classmethod
    @cache
    def _turns(cls) -> Turns:
        return Turns(wiring.settings_from_environ().starts_at_once)

    def _accept(self, ticket: environments.Ticket) -> None:
        self.ticket = ticket
        self.environment_id, self.start_number = ticket.environment.id, ticket.environment.start_number
        self.plan = plan.plan_environment(
            self.context.settings, ticket.environment, ticket.workspace, ticket.drive, self.images
        )
        self.image, self.object_name = self.plan.image, self.plan.name
        self.steps.write_with(partial(self.deed, environments.note_steps, self.environment_id, self.start_number))

    async def _check_alive(self) -> None:
        """A container that has ended is not waited for."""
        if not (await self.inspected())["Running"]:
            raise StartFailed(
                f"{await self.how_it_ended()} The last lines of its log may say why. Try again; if it goes on, delete"
                " the environment, keep its disk, and start a new one."
            )

    async def _give_up(self, error: BaseException) -> BaseException:
        """Undo what a failed start left: nothing runs, no secret lies in the layer, the row says why."""
        is_cancelled = isinstance(error, asyncio.CancelledError)
        if is_cancelled and self.environment_id and not self.kept:
            await self.deed(environments.begin_pause, self.environment_id)
        await self.uncut.settled()
        if not self.environment_id:
            return error
        if is_cancelled and self.kept:
            await self.take_back()
            return error
        reason = sentence(error)
        log = error.log if isinstance(error, ScriptFailed) else await self.last_lines()
        try:
            await (self.stop_object() if self.kept else self.end_at_once(start_file.empty_archive()))
        except NO_ANSWER:
            self._is_unclean = True  # the Hub stops what failed, and its poll then waits for the Engine
            self.log.exception("Cleaning up after a failed start of %s", self._log_name)
        self.let_go()
        if is_cancelled:
            await self.deed(environments.stopped, self.environment_id, self.start_number, reason)
            return error
        end = (reason, log, self.steps.end(), self.script_log)
        await self.deed(environments.start_failed, self.environment_id, self.start_number, *end)
        self.log.warning("Start of %s failed: %s", self._log_name, reason)
        return self.refusal(StartFailed(reason))

    # --- what the user sees meanwhile ---

    def progress(self) -> AsyncIterator[dict[str, object]]:
        """The steps under way, for the Hub's own pending page."""
        return self.steps.events()

    # --- running, stopping ---

    async def poll(self) -> int | str | None:
        """None while it runs. An Engine that does not answer is waited for: silence is never "stopped"."""
        if self._ending:
            await asyncio.wait({self._ending})
        await self._find()
        if not self.api_token:
            self.forget_tokens()
        if not self.environment_id:
            return 0
        container = await self.listed()
        if self._is_unclean:
            await self.end_at_once(start_file.empty_archive())
            self._is_unclean, container = False, await self.listed()
        if container is None:
            await self._report_stopped("The container is gone.", "")
            return 0
        if frozen := await self.looks_frozen(container["State"]):
            return frozen
        if container["State"] in ("running", "paused", "restarting"):
            if not self.api_token:
                return await self._end_interrupted_start()
            return None
        reason = await self.how_it_ended()
        await self._report_stopped(reason, await self.last_lines())
        return reason

    async def get_url(self) -> str:
        """Where it answers now: an address can change while the Hub is away."""
        ip, port = await self.get_ip_and_port()
        return f"http://{ip}:{port}{self.server.base_url}"

    async def stop(self, now: bool = False) -> None:
        """Freeze where that is what the row asks for, else pause: the container is stopped and kept."""
        await self._find()
        reason = ""
        if await self.deed(freezing.is_wanted, self.environment_id):
            reason = await self.freeze()
            if not reason:
                return
        await self.deed(environments.begin_pause, self.environment_id)
        environment_id, start_number = self.environment_id, self.start_number
        await through_restart(partial(super().stop, now))
        await self.empty_scratch(environment_id)
        await self.deed(environments.stopped, environment_id, start_number, reason, unsaved=self.unsaved_words())
        await self.unmount_disks(environment_id)

    async def delete_forever(self) -> None:
        """The Hub deletes the server: write that down. The row, not this call, carries the deletion out.

        The disk is kept unless our service was told otherwise before.
        """
        self.let_go()
        environment = await self._row()
        if environment is not None and is_possible(environment.state, Event.DELETE):
            await self.deed(deletions.mark_deleting, environment.id)

    async def rename(self, old_name: str, new_name: str) -> None:
        raise self.refusal(NotAllowed("An environment keeps its name: it is the address of its workspace."))

    async def _report_stopped(self, reason: str, log: str) -> None:
        """Scratch is left to the next start: a poll that takes long meets the Hub's next one, and a start asked for in
        between would be refused with a bare 500."""
        self.let_go()
        await self.deed(environments.stopped, self.environment_id, self.start_number, reason, log)

    async def _end_interrupted_start(self) -> str:
        """The Hub was killed or told to cancel while this was starting: it runs with a token that nobody keeps."""
        reason = "The start was interrupted before it was done. Start it again."
        await self.stop_object()
        await self._report_stopped(reason, "")
        return reason

    # --- finding the row and the container ---

    async def _row(self) -> Environment | None:
        return await self.deed(environments.by_slug, user=self.user.name, slug=self.name)

    async def _find(self) -> None:
        """After an interrupted start the Hub's state knows nothing: ask our row."""
        if self.environment_id:
            return
        environment = await self._row()
        if environment is not None:
            self.environment_id, self.start_number = environment.id, environment.start_number
            self.object_name = plan.container_name(self.context.settings, environment.id)
