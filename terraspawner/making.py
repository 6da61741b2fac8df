"""How an environment's container is made and started, and its startup script run: the spawner's part for that.

What it is made of is `containers.plan`'s; `host` runs the script (FEATURES.md C11), since root in a container is power.
A container that never came up is half-made, and is made anew at the next start; what has come up once is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any

from terraspawner import wiring
from terraspawner.containers import plan, start_file
from terraspawner.containers.mounts import for_mounter
from terraspawner.containers.pooled import LOG_LINES, PooledDockerSpawner
from terraspawner.containers.progress import Progress
from terraspawner.domain.catalogue import OfferedImage
from terraspawner.domain.disk import DiskForm
from terraspawner.domain.start import StepName
from terraspawner.errors import TerraError
from terraspawner.errors_starts import ScriptFailed
from terraspawner.host_client import HostClient
from terraspawner.mounter_client import MounterClient
from terraspawner.mounts_client import MountsClient
from terraspawner.operations import disks, environments, images
from terraspawner.operations.context import Context

PATIENCE_SECONDS = 8.0
"""A helper that was killed is back by then, and one that is away for longer is told while the Hub still waits to say so
in its first answer."""
AFTER_A_SCRIPT = (
    "What it did is thrown away, the disk was not touched. Try again with a mended script, or start without the script."
)


class Makes(PooledDockerSpawner):
    """The part of `TerraSpawner` that makes and starts. `script_log` is what a script said in this start."""

    environment_id: str
    context: Context
    give_turn_back: Callable[[], None]
    deed: Callable[..., Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begin_making()

    def begin_making(self) -> None:
        """Nothing is known of a start yet."""
        self.steps = Progress(self.context.now)
        self.ticket: environments.Ticket | None = None
        self.plan: plan.ContainerPlan | None = None
        self._script_to_run = ""
        self.script_log: str | None = None

    async def looked_into(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """The wishes of a start, with what an image beside the catalogue is for. Raises `Refused` where nobody may have
        it, or no environment can be made from it."""
        name = wishes["image"]
        if name is None or self.context.catalogue.find_image(name):
            return wishes
        offered = await self.deed(images.allow, user=self.user.name, name=name)
        fit = images.refuse_unfit(offered, await self.host().look_at_image(offered.reference))
        return {**wishes, "language": str(fit.language)}

    async def _refuse_unfit(self) -> None:
        """An image beside the catalogue may be another one by now, under the same name."""
        here = self.ticket.environment
        if self.context.catalogue.find_image(here.image_name):
            return
        offered = OfferedImage(
            name=here.image_name, title=here.image_name, about="", reference=here.image, language=here.language
        )
        images.refuse_unfit(offered, await self.host().look_at_image(here.image))

    async def create_object(self) -> dict[str, Any]:
        """Make the container, and first its volumes: one that Docker made by itself would bear no labels."""
        await self._refuse_unfit()
        if self._has_mounted_bucket:
            await self.bucket_mounts().ensure(self.ticket.workspace.id)
        self.steps.begin(StepName.DISK)
        self._script_to_run = self.ticket.environment.startup_script
        settings, environment = self.context.settings, self.ticket.environment
        for name, labels in plan.volumes(settings, environment, self.images).items():
            await self.docker("create_volume", name, labels=labels)
        self.steps.begin(StepName.CONTAINER)
        host_config = self.client.create_host_config(**self.plan.host_arguments())
        return await self.docker("create_container", host_config=host_config, **self.plan.create_arguments())

    async def get_object(self) -> dict[str, Any] | None:
        """The container. One that never came up (its script failed, its start was cancelled) is thrown away instead,
        and so is one of another image or with another data disk, or that may write what its person may not any more."""
        found = await super().get_object()
        if found is None or self.ticket is None:
            return found
        has_come_up = found["Id"] == self.ticket.environment.container_id
        if has_come_up and not plan.must_be_made_anew(self.plan, found):
            # DockerSpawner looks for a token there; ours are in none, and one that an image brings along is not taken
            found["Config"]["Env"] = []
            return found
        await self.docker("remove_container", found["Id"], v=True, force=True)
        self.object_id = ""
        return None

    async def begin_view(self) -> None:
        """What the drive shows, made anew while nothing runs that could have any of it open. Raises
        `MounterUnavailable`: what may not be seen any more might be."""
        if self.ticket.workspace.has_drive:
            await self.mounter().delete_view(self.environment_id)
            await self.mounter().show(self.environment_id, map(for_mounter, self.ticket.drive))

    async def mount_disks(self) -> None:
        """Those that are images are there before any container is told of them: at every start, as the machine may have
        been started anew since. What a new one is made as it stays. Raises `DiskLost`, `MachineFull`."""
        for disk in self.ticket.disks:
            if disk.id in self.images:
                self.steps.begin(StepName.DISK)
                await self.uncut(self.mounter().mount_disk(disk.id, disk.size, is_new=disk.form is None))
        made = [disk.id for disk in self.ticket.disks if disk.form is None]
        if made:
            await self.deed(disks.note_made, made, self.standard_form)

    async def unmount_disks(self, environment_id: str) -> None:
        """Nothing runs any more. How full they were is known now; what stays mounted is mounted at the next start."""
        try:
            for disk in await self.deed(disks.images_of, environment_id):
                space = await self.uncut(self.mounter().unmount_disk(disk.id))
                if space.used is not None:
                    await self.deed(disks.note_measure, disk.id, space.used, disk.folders)
        except TerraError as error:
            self.log.warning("The disks of %s stay mounted for now: %s", self._log_name, error.message)

    async def start_object(self) -> None:
        self.steps.begin(StepName.START)
        await self._have_bucket()
        found = await self._take_size()
        variables = self._variables(self.ticket) | plan.rooms(found["Mounts"])
        await self.start_with(start_file.start_archive(variables, self._script_to_run))
        if self._script_to_run:
            await self._run_script()

    @property
    def _has_mounted_bucket(self) -> bool:
        return self.context.settings.mounts_buckets and not self.ticket.workspace.has_drive

    async def _have_bucket(self) -> None:
        """What is kept has its folder already: it starts without its bucket, which is mounted in it later."""
        if not self._has_mounted_bucket:
            return
        try:
            await self.uncut(self.bucket_mounts().ensure(self.ticket.workspace.id))
        except TerraError as error:
            self.log.warning("The bucket of %s is not mounted yet: %s", self._log_name, error.message)

    async def _take_size(self) -> dict[str, Any]:
        """A kept container follows the row: with the size that was chosen meanwhile, it stays the same one. What the
        Engine tells of it."""
        found = await self.docker("inspect_container", self.object_id)
        if self.plan.has_limits(found["HostConfig"]):
            return found
        if found["State"]["Running"]:  # left by an interrupted start; with less memory it could be killed, not ended
            await self.stop_object()
        await self.docker("update_container", self.object_id, **self.plan.limits())
        return found

    async def _run_script(self) -> None:
        """`host` runs it, told which environment and nothing else. It takes no turn: its container has its limits."""
        self.steps.begin(StepName.SCRIPT)
        self.give_turn_back()
        limit = self.context.settings.script_timeout
        try:
            async with asyncio.timeout(limit):
                exit_code, log = await self.host().run_startup_script(self.environment_id)
        except TimeoutError:
            lines = await self.host().startup_log(self.environment_id, LOG_LINES)
            self.script_log = "\n".join(lines)
            raise ScriptFailed(
                f"The startup script was not done within {limit} seconds and was ended. {AFTER_A_SCRIPT}",
                log=self.script_log,
            ) from None
        self.script_log = log
        if exit_code:
            raise ScriptFailed(f"The startup script ended with exit code {exit_code}. {AFTER_A_SCRIPT}", log=log)

    async def empty_scratch(self, environment_id: str) -> None:
        """Nothing runs any more. What cannot be emptied now is emptied as the next start begins."""
        try:
            await self.uncut(self.host().empty_scratch(environment_id))
        except TerraError as error:
            self.log.warning("Scratch of %s is not emptied yet: %s", self._log_name, error.message)

    def _variables(self, ticket: environments.Ticket) -> dict[str, str]:
        """Everything the server is told at this start; nothing of it is in the container's configuration."""
        ours = start_file.workspace_variables(
            self.context.settings, ticket.workspace, ticket.account.address, ticket.environment.id, ticket.key
        )
        return {name: str(value) for name, value in self.get_env().items()} | ours

    @property
    def standard_form(self) -> DiskForm:
        """What new disks are made as."""
        return DiskForm(self.context.settings.disks)

    @property
    def images(self) -> frozenset[str]:
        """Of this start's disks those that are images, or are made as such."""
        wanted = self.standard_form
        return frozenset(disk.id for disk in self.ticket.disks if disk.formed(wanted) is DiskForm.IMAGE)

    @classmethod
    @cache
    def mounter(cls) -> MounterClient:
        return MounterClient(wiring.settings_from_environ().mounter_socket, patience=PATIENCE_SECONDS)

    @classmethod
    @cache
    def bucket_mounts(cls) -> MountsClient:
        return MountsClient(wiring.settings_from_environ().mounts_socket, patience=PATIENCE_SECONDS)

    @classmethod
    @cache
    def host(cls) -> HostClient:
        return HostClient(wiring.settings_from_environ().host_socket, patience=PATIENCE_SECONDS)
