"""REST of the extension for two texts of which one has to be chosen (`choices.py`); asked by the dialog in Lab."""

import json
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment.assembly import Workspace
from terraspawner_environment.choices import VIEWS, CannotChoose, Sight
from terraspawner_environment.files import NO_ROOM, no_room_sentence

# The document holds what others wrote. It is cleaned by the service and comes as text for a frame without scripts;
# opened by its address it could do no more.
DOCUMENT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)


class OfNotebook(APIHandler):
    """What is asked of a workspace notebook, named by Lab's path."""

    def initialize(self, workspace: Workspace | None) -> None:
        self.workspace = workspace

    def asked(self, path: str) -> tuple[Workspace, str]:
        notebook = self.workspace.paths.notebook_of(path) if self.workspace else None
        if self.workspace is None or notebook is None:
            raise web.HTTPError(404, f"“{path}” is no workspace notebook.")
        return self.workspace, notebook


class ConflictHandler(OfNotebook):
    """`GET <base>/terraspawner/api/conflict?path=` -> what `facts` tells.

    `POST` `{"path": …, "choice": "theirs" | "merge"}` -> `{"conflicts": [cell or null, …]}`, in which both changed the
    same.
    """

    @web.authenticated
    async def get(self) -> None:
        workspace, notebook = self.asked(self.get_query_argument("path", ""))
        try:
            sight = await workspace.choices.look(notebook)
        except CannotChoose as trouble:
            raise web.HTTPError(404, str(trouble)) from trouble
        self.finish(json.dumps(facts(sight, workspace)))

    @web.authenticated
    async def post(self) -> None:
        wanted = self.get_json_body() or {}
        choice = wanted.get("choice")
        if choice not in ("theirs", "merge"):
            raise web.HTTPError(400, "choice must be theirs or merge.")
        workspace, notebook = self.asked(str(wanted.get("path", "")))
        conflicts: tuple[int | None, ...] = ()
        try:
            if choice == "merge":
                conflicts = (await workspace.choices.merge(notebook)).conflicts
            else:
                await workspace.choices.take_theirs(notebook)
        except CannotChoose as trouble:
            raise web.HTTPError(503 if trouble.is_later else 409, str(trouble)) from trouble
        except OSError as error:
            full = error.errno in NO_ROOM
            sentence = no_room_sentence(f"“{notebook}”") if full else f"“{notebook}” was not written: {error.strerror}."
            raise web.HTTPError(507 if full else 500, sentence) from error
        self.finish(json.dumps({"conflicts": conflicts}))


class ConflictChangesHandler(OfNotebook):
    """`GET <base>/terraspawner/api/conflict/changes?path=&view=both|theirs|mine&theme=` -> an HTML document."""

    @web.authenticated
    async def get(self) -> None:
        workspace, notebook = self.asked(self.get_query_argument("path", ""))
        view = next((each for each in VIEWS if each == self.get_query_argument("view", "both")), None)
        theme = self.get_query_argument("theme", "")
        if view is None or theme not in ("", "light", "dark"):
            raise web.HTTPError(400, f"view must be one of {', '.join(VIEWS)}, and theme light or dark.")
        try:
            document = await workspace.choices.show(notebook, view, theme=theme)
        except CannotChoose as trouble:
            raise web.HTTPError(503 if trouble.is_later else 409, str(trouble)) from trouble
        self.set_header("Content-Security-Policy", DOCUMENT_POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(document, set_content_type="text/html; charset=utf-8")


def facts(sight: Sight, workspace: Workspace) -> dict[str, Any]:
    theirs = sight.theirs
    return {
        "copy": workspace.paths.lab_path(sight.conflict.copy),
        "reason": sight.conflict.reason,
        "at": sight.conflict.at,
        "theirs": {"number": theirs.number, "author": theirs.author, "at": theirs.at} if theirs else None,
        "trouble": sight.trouble,
        "no_merge": sight.no_merge,
        "is_compared": theirs is not None and sight.conflict.base is not None,
    }
