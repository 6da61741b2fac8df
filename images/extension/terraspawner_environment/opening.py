"""Opening a workspace notebook: gather the three texts, ask `compare.decide`, do what it says."""

import asyncio
import hashlib
import logging

from terraspawner_environment.compare import Base, Decision, Present, Remote, Step, decide
from terraspawner_environment.courier import Courier
from terraspawner_environment.desk import Desk
from terraspawner_environment.files import write_whole
from terraspawner_environment.leases import Leases
from terraspawner_environment.service import Fetched, WorkspaceService
from terraspawner_environment.trouble import NotReached, ServiceTrouble

log = logging.getLogger(__name__)

# A stalled upload of the same notebook must not keep its reader waiting: then the text on the disk is shown.
PATIENCE_WITH_TRAFFIC = 5.0


class CannotOpen(Exception):
    """The notebook cannot be shown; the text is a sentence for the user."""

    def __init__(self, sentence: str, *, is_missing: bool) -> None:
        super().__init__(sentence)
        self.is_missing = is_missing


class Opener:
    """Makes the text on the disk the one to show."""

    def __init__(self, desk: Desk, service: WorkspaceService, courier: Courier, leases: Leases) -> None:
        self._desk = desk
        self._service = service
        self._courier = courier
        self._leases = leases

    async def open(self, notebook: str) -> Step:
        """Bring disk and workspace together for one notebook and return what was done; raises CannotOpen, OSError.

        A tab that shall change it is given the lease before this is called; whoever only reads needs none.
        """
        traffic = self._desk.traffic.of(notebook)
        try:
            async with asyncio.timeout(PATIENCE_WITH_TRAFFIC):
                await traffic.acquire()
        except TimeoutError:
            return await self._carry_out(notebook, None, Remote.UNKNOWN)
        try:
            fetched, remote = await self._look(notebook)
            return await self._carry_out(notebook, fetched, remote)
        finally:
            traffic.release()

    async def _look(self, notebook: str) -> tuple[Fetched | None, Present | Remote]:
        line = self._desk.ledger.of(notebook)
        is_here = self._desk.file_of(notebook).exists()
        try:
            fetched = await self._service.read(notebook, known=line.base.version if line.base and is_here else None)
        except NotReached:
            return None, Remote.UNKNOWN
        except ServiceTrouble as trouble:
            if is_here:
                log.warning("%s: the workspace does not show it: %s", notebook, trouble.sentence)
                return None, Remote.UNKNOWN
            raise CannotOpen(trouble.sentence, is_missing=False) from trouble
        if fetched is None:
            return None, Remote.ABSENT
        if fetched.content is None:
            return fetched, Present(version=fetched.version, sha256=line.base.sha256 if line.base else "")
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(fetched.content or b"").hexdigest())
        return fetched, Present(version=fetched.version, sha256=sha256)

    async def _carry_out(self, notebook: str, fetched: Fetched | None, remote: Present | Remote) -> Step:
        desk = self._desk
        async with desk.local.of(notebook):
            line = desk.ledger.of(notebook)
            local = await desk.sha256_of(notebook)
            kept = line.kept.sha256 if line.kept else None
            decision = decide(local=local, base=line.base, remote=remote, sent=line.sent, kept=kept)
            log.info("%s: %s", notebook, decision.because)
            match decision.step:
                case Step.NOT_THERE:
                    raise CannotOpen(f"There is no notebook “{notebook}” in this workspace.", is_missing=True)
                case Step.CANNOT_TELL:
                    raise CannotOpen(
                        f"“{notebook}” is not on this environment's disk yet, and the workspace cannot be reached to "
                        "fetch it. Try again in a moment.",
                        is_missing=False,
                    )
                case Step.OPEN_LOCAL:
                    pass
                case Step.ADOPT:
                    await self._agree(notebook, remote)
                case Step.SEND:
                    await self._send(notebook, local or "", remote)
                case Step.TAKE_THEIRS | Step.KEEP_COPY | Step.SET_ASIDE:
                    await self._replace(notebook, local, fetched, remote, decision)
        for entry in desk.outbox.pending():
            self._courier.wake(entry.notebook)
        return decision.step

    async def _agree(self, notebook: str, remote: Present | Remote) -> None:
        if not isinstance(remote, Present):
            return
        at = self._desk.time()
        base = Base(version=remote.version, sha256=remote.sha256)
        await asyncio.to_thread(self._desk.ledger.settle, notebook, base, at)
        await asyncio.to_thread(self._desk.ledger.keep, notebook, None)
        entry = self._desk.outbox.newest(notebook)
        if entry is not None:
            self._desk.outbox.remove(entry)
        self._desk.show(notebook, "workspace", at=at)

    async def _send(self, notebook: str, local: str, remote: Present | Remote) -> None:
        line = self._desk.ledger.of(notebook)
        if isinstance(remote, Present) and (line.base is None or remote.version != line.base.version):
            base = Base(version=remote.version, sha256=remote.sha256)
            await asyncio.to_thread(self._desk.ledger.settle, notebook, base, self._desk.time())
        await asyncio.to_thread(self._desk.ledger.keep, notebook, None)
        entry = self._desk.outbox.newest(notebook)
        if entry is None or entry.sha256 != local:
            await self._desk.enqueue(notebook, local, self._leases.present(notebook))

    async def _replace(
        self, notebook: str, local: str | None, fetched: Fetched | None, remote: Present | Remote, decision: Decision
    ) -> None:
        """Take the workspace's side, after every text that is only here has been kept."""
        copy = await self._keep_what_is_only_here(notebook, local, decision)
        entry = self._desk.outbox.newest(notebook)
        if isinstance(remote, Present):
            content = fetched.content if fetched and fetched.content is not None else await self._read(notebook)
            target = self._desk.file_of(notebook)
            await asyncio.to_thread(lambda: target.parent.mkdir(parents=True, exist_ok=True))
            await asyncio.to_thread(write_whole, target, content)
            await self._agree(notebook, remote)
            if copy is not None:
                self._desk.show(notebook, "conflict", reason=f"It was opened anew: {decision.because}.", copy=copy)
            return
        if entry is not None:
            self._desk.outbox.remove(entry)
        await self._set_aside(notebook)
        raise CannotOpen(f"“{notebook}” was deleted in the workspace.", is_missing=True)

    async def _keep_what_is_only_here(self, notebook: str, local: str | None, decision: Decision) -> str | None:
        kept = self._desk.ledger.of(notebook).kept
        entry = self._desk.outbox.newest(notebook)
        only_here: dict[str, bytes] = {}
        if entry is not None and entry.sha256 != local:
            only_here[entry.sha256] = await asyncio.to_thread(self._desk.outbox.text_of(entry).read_bytes)
        if local is not None and decision.step is Step.KEEP_COPY:
            only_here[local] = await asyncio.to_thread(self._desk.file_of(notebook).read_bytes)
        copy = None
        for sha256, content in only_here.items():
            if kept is None or kept.sha256 != sha256:
                copy = await self._desk.keep_copy(notebook, content, decision.because)
                log.warning("%s: the text on the disk is kept as %s", notebook, copy)
        return copy

    async def _read(self, notebook: str) -> bytes:
        fetched = await self._service.read(notebook)
        if fetched is None or fetched.content is None:
            raise CannotOpen(f"“{notebook}” was deleted in the workspace a moment ago.", is_missing=True)
        return fetched.content

    async def _set_aside(self, notebook: str) -> None:
        """Its text was the workspace's, and the workspace deleted it: kept out of sight, not thrown away."""
        target = self._desk.ledger.file.parent / "removed" / f"{self._desk.now():%Y%m%dT%H%M%S}" / notebook
        source = self._desk.file_of(notebook)
        await asyncio.to_thread(lambda: target.parent.mkdir(parents=True, exist_ok=True))
        await asyncio.to_thread(source.replace, target)
        await asyncio.to_thread(self._desk.ledger.forget, notebook)
        self._desk.states.forget(self._desk.paths.lab_path(notebook))
