"""The websocket of a tab: which workspace notebooks it shows, and how their leases stand.

`<base>/terraspawner/api/session?session=tab-<hex>`: a tab of Lab makes its name when the page is loaded and keeps one
connection open. Authenticated and checked for its origin as Jupyter's own websockets. JSON both ways; `path` is Lab's.

tab -> server
    {"type": "open", "path": …}
        The tab shows this workspace notebook (below `<workspace>/edit/`). Send it for all of them after each connect,
        and before the text is read: the text that is read after the first `lease` is the one that may be changed.
    {"type": "close", "path": …}
    {"type": "act", "id": n, "path": …, "act": "ask" | "decline" | "hand-over" | "take-here" | "retry", "user"?: …}
        `user` with decline and hand-over: who asked. take-here: another tab of this environment loses it at once.
        retry: a tab that lost it shows it anew and asks for it.
server -> tab
    {"type": "lease", "path": …, "state": "held" | "elsewhere" | "unknown" | "lost",
     "holder": {"user": …, "where": "tab" | "environment" | "person"} | null, "is_mine": bool, "seconds_left": n | null,
     "asked_by": [users], "reserved_for": user | null, "reason": sentence | null, "hash": SHA-256 | null}
        At each change, and once after each open.
        held: saves go through. elsewhere: a save is refused with 423; it is asked for again every 20 s, and every 5 s
        once this person has asked its holder, so `held` may follow by itself. unknown: the service cannot be reached,
        edits go on and saves wait on the disk. lost: this tab had it and must not save any more, until it is closed and
        opened, or `retry`.
        `asked_by`: who holds it is told of all, others whether they have asked themselves and were not told no.
        `is_mine`: this tab is the holder.
        `hash` is that of the text on the disk when this tab was given the notebook: a tab that shows another text reads
        it again before it is changed; one that was `lost` and has changes asks its person.
    {"type": "done", "id": n, "error": null | sentence}
    {"type": "settle", "id": n, "seconds": s}
        The environment is about to end or to stand still: save all that is open and changed, and answer in that time
        {"type": "settled", "id": n, "unsaved": [path, …]} with what could not be saved, Lab's paths.

A save carries `terra_session` in its model; one without is this server's own, in a session that it takes for the save.
A connection that breaks is a closed tab after `GRACE_SECONDS`, unless the same session connects again.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from terraspawner_environment.last_tab import LastTab
from terraspawner_environment.lease import TAB
from terraspawner_environment.lease_acts import LeaseActs
from terraspawner_environment.leases import Leases
from terraspawner_environment.paths import WorkspacePaths

GRACE_SECONDS = 1.5
MOST_NAMED, LONGEST_PATH = 100, 500

Send = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What open tabs answered: documents that they could not save, and how many of them said nothing."""

    unsaved: tuple[str, ...] = ()
    silent: int = 0


class Tabs:
    """Which tabs are connected; one that is connected twice is there until the last connection ends."""

    def __init__(
        self,
        leases: Leases,
        acts: LeaseActs,
        paths: WorkspacePaths,
        *,
        last: LastTab | None = None,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self.leases = leases
        self._last = last
        self.acts = acts
        self.paths = paths
        self._grace = grace
        self._connections: Counter[str] = Counter()
        self._going: dict[str, asyncio.TimerHandle] = {}
        self._asked: dict[tuple[int, Send], asyncio.Future[tuple[str, ...]]] = {}
        self._sends: list[Send] = []
        self._numbers = count(1)

    def connected(self, tab: str, send: Send) -> None:
        self._sends.append(send)
        self._connections[tab] += 1
        if self._last is not None:
            self._last.came()
        if tab in self._going:
            self._going.pop(tab).cancel()

    def disconnected(self, tab: str, send: Send, *, on_purpose: bool = False) -> None:
        self._sends.remove(send)
        for number, asked in list(self._asked):
            if asked == send:
                self.answered(number, send, ())  # what it shows goes with it, or stays in it: nobody waits for that
        self._connections[tab] -= 1
        if self._connections[tab] <= 0:
            del self._connections[tab]
            self._going[tab] = asyncio.get_running_loop().call_later(self._grace, self._gone, tab)
        if not self._connections and self._last is not None:
            self._last.left(on_purpose=on_purpose)

    async def save_all(self, *, seconds: float) -> Saved:
        """Ask every tab to save what is changed in it, and wait for all answers, at most so long."""
        number = next(self._numbers)
        asked = {send: asyncio.get_running_loop().create_future() for send in self._sends}
        if not asked:
            return Saved()
        self._asked |= {(number, send): answer for send, answer in asked.items()}
        try:
            for send in asked:
                send({"type": "settle", "id": number, "seconds": seconds})
            done, late = await asyncio.wait(asked.values(), timeout=seconds)
        finally:
            for send in asked:
                self._asked.pop((number, send), None)
        unsaved = sorted({path for answer in done for path in answer.result()})
        return Saved(unsaved=tuple(unsaved), silent=len(late))

    def answered(self, number: object, send: Send, unsaved: tuple[str, ...]) -> None:
        answer = self._asked.get((number, send)) if isinstance(number, int) else None
        if answer is not None and not answer.done():
            answer.set_result(unsaved)

    def _gone(self, tab: str) -> None:
        self._going.pop(tab, None)
        self.leases.leave(tab)


class SessionHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """See the module."""

    auth_resource = "contents"

    def initialize(self, tabs: Tabs | None) -> None:
        self._known = tabs
        self.tab = ""
        self._acts: set[asyncio.Task[None]] = set()
        self._protocol: Any = None

    @property
    def tabs(self) -> Tabs:
        """Asked only of a connection that was accepted."""
        return cast("Tabs", self._known)

    def set_default_headers(self) -> None:
        """As Jupyter's own websockets: none."""

    def get_compression_options(self) -> dict[str, Any] | None:
        return None

    async def pre_get(self) -> None:
        """Who may not write notebooks may hold none."""
        user = self.current_user
        if not await ensure_async(self.authorizer.is_authorized(self, user, "write", self.auth_resource)):
            raise web.HTTPError(403)

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        await self.pre_get()
        if self._known is None:
            raise web.HTTPError(404, "This server belongs to no workspace.")
        self.tab = self.get_query_argument("session", "")
        if not TAB.fullmatch(self.tab):
            raise web.HTTPError(400, "A session is named tab- and 1 to 60 letters a-z, digits, '-' and '_'.")
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        super().open(*args, **kwargs)
        self._protocol = self.ws_connection
        self.tabs.connected(self.tab, self._send)
        self.tabs.leases.listen(self.tab, self._send)

    def on_message(self, message: str | bytes) -> None:
        try:
            said = json.loads(message)
            kind, path = said["type"], str(said.get("path", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            self.log.warning("A tab said what is no message of a session; nothing was done")
            return
        notebook = self.tabs.paths.notebook_of(path)
        match kind:
            case "open" if notebook:
                self.tabs.leases.show(self.tab, notebook)
            case "close" if notebook:
                self.tabs.leases.leave(self.tab, notebook)
            case "settled":
                self.tabs.answered(said.get("id"), self._send, _paths(said.get("unsaved")))
            case "act":
                task = asyncio.create_task(self._act(said, notebook))
                self._acts.add(task)
                task.add_done_callback(self._acts.discard)

    async def _act(self, said: dict[str, Any], notebook: str | None) -> None:
        error: str | None = "Only a notebook of the workspace has a lease."
        if notebook:
            user = said.get("user")
            error = await self.tabs.acts.act(self.tab, notebook, str(said.get("act")), str(user) if user else None)
        self._send({"type": "done", "id": said.get("id"), "error": error})

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self.write_message(json.dumps(message))
        except WebSocketClosedError:
            self.log.debug("A tab is gone before it was told something")

    def on_close(self) -> None:
        super().on_close()
        if self._known is not None and self.tab:
            self.tabs.leases.deafen(self.tab, self._send)
            # as of a kernel's connection: a browser says goodbye, a line that breaks says nothing
            is_on_purpose = bool(getattr(self._protocol, "client_terminated", False))
            self.tabs.disconnected(self.tab, self._send, on_purpose=is_on_purpose)


def _paths(said: object) -> tuple[str, ...]:
    """A tab is a page of the user's: what it says is cut to what fits into a sentence's list."""
    return tuple(str(path)[:LONGEST_PATH] for path in said[:MOST_NAMED]) if isinstance(said, list) else ()
